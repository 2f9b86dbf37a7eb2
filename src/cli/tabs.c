// SPDX-License-Identifier: Apache-2.0
#include "cli/tabs.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PADDING = 2 };

struct cell {
    bytes_t text;
    size_t width; // of its column; 0 while it is not known, and for the last of a line
};

struct line {
    size_t first, count; // of its cells
};

struct tabs {
    struct cell *cells;
    size_t cell_count, cell_capacity;
    struct line *lines;
    size_t line_count, line_capacity;
};

// Up to END or to the end of TEXT; taken off with END.
static bytes_t take(bytes_t *text, char end)
{
    const uint8_t *at = text->size == 0 ? NULL : memchr(text->data, end, text->size);
    size_t size = at == NULL ? text->size : (size_t)(at - text->data), taken = at == NULL ? size : size + 1;
    bytes_t part = bytes_of(text->data, size);
    *text = bytes_of(text->data + taken, text->size - taken);
    return part;
}

static void split(struct tabs *tabs, bytes_t text)
{
    while (text.size > 0) {
        bytes_t line = take(&text, '\n');
        MEM_GROW(tabs->lines, tabs->line_count, tabs->line_capacity);
        struct line *made = &tabs->lines[tabs->line_count++];
        *made = (struct line){ .first = tabs->cell_count, .count = 1 };
        for (size_t i = 0; i < line.size; i++)
            made->count += line.data[i] == '\t';
        for (size_t i = 0; i < made->count; i++) {
            MEM_GROW(tabs->cells, tabs->cell_count, tabs->cell_capacity);
            tabs->cells[tabs->cell_count++] = (struct cell){ .text = take(&line, '\t') };
        }
    }
}

// In characters.
static size_t width_of(bytes_t text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.size; i++)
        width += (text.data[i] & 0xc0) != 0x80;
    return width;
}

static bool has_column(const struct line *line, size_t column)
{
    return column + 1 < line->count;
}

// The lines from AT on that have the column, without a gap.
static size_t measure_block(struct tabs *tabs, size_t at, size_t column)
{
    size_t end = at, width = 0;
    for (; end < tabs->line_count && has_column(&tabs->lines[end], column); end++) {
        size_t own = width_of(tabs->cells[tabs->lines[end].first + column].text) + PADDING;
        width = own > width ? own : width;
    }
    for (size_t i = at; i < end; i++)
        tabs->cells[tabs->lines[i].first + column].width = width;
    return end;
}

static void measure(struct tabs *tabs)
{
    bool is_more = true;
    for (size_t column = 0; is_more; column++) {
        is_more = false;
        for (size_t at = 0; at < tabs->line_count;) {
            size_t end = measure_block(tabs, at, column);
            is_more = is_more || end > at;
            at = end > at ? end : at + 1;
        }
    }
}

void tabs_align(bytes_t text, struct writer *out)
{
    struct tabs tabs = { 0 };
    split(&tabs, text);
    measure(&tabs);
    for (size_t i = 0; i < tabs.line_count; i++) {
        for (size_t j = 0; j < tabs.lines[i].count; j++) {
            const struct cell *cell = &tabs.cells[tabs.lines[i].first + j];
            writer_bytes(out, cell->text);
            for (size_t at = width_of(cell->text); at < cell->width; at++)
                writer_u8(out, ' ');
        }
        writer_u8(out, '\n');
    }
    free(tabs.cells);
    free(tabs.lines);
}
