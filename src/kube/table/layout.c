// SPDX-License-Identifier: Apache-2.0
#include "kube/table/layout.h"

#include "base/mem.h"

#include <stdlib.h>

enum { PADDING = 3, WIDTH_MIN = 6 };

void layout_cell(struct layout *layout, bytes_t text)
{
    MEM_GROW(layout->cells, layout->cell_count, layout->cell_capacity);
    layout->cells[layout->cell_count++] = arena_copy(&layout->arena, text);
}

void layout_line(struct layout *layout)
{
    MEM_GROW(layout->ends, layout->line_count, layout->line_capacity);
    layout->ends[layout->line_count++] = layout->cell_count;
}

// Code points: as kubectl counts, whatever a terminal makes of them.
static size_t width_of(bytes_t text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.size; i++)
        width += (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    return width;
}

static size_t start_of(const struct layout *layout, size_t line)
{
    return line == 0 ? 0 : layout->ends[line - 1];
}

static void measure(struct layout *layout)
{
    for (size_t line = 0; line < layout->line_count; line++) {
        size_t start = start_of(layout, line), columns = layout->ends[line] - start;
        for (size_t i = 0; i + 1 < columns; i++) {
            if (i == layout->width_count) {
                layout->widths = mem_realloc(layout->widths, (i + 1) * sizeof *layout->widths);
                layout->widths[layout->width_count++] = WIDTH_MIN;
            }
            size_t width = width_of(layout->cells[start + i]) + PADDING;
            layout->widths[i] = width > layout->widths[i] ? width : layout->widths[i];
        }
    }
}

void layout_flush(struct layout *layout, struct writer *out)
{
    measure(layout);
    for (size_t line = 0; line < layout->line_count; line++) {
        size_t start = start_of(layout, line), columns = layout->ends[line] - start;
        for (size_t i = 0; i < columns; i++) {
            bytes_t cell = layout->cells[start + i];
            writer_bytes(out, cell);
            size_t width = i + 1 < columns ? layout->widths[i] : 0;
            for (size_t at = width_of(cell); at < width; at++)
                writer_u8(out, ' ');
        }
        writer_u8(out, '\n');
    }
    layout->cell_count = layout->line_count = 0;
    arena_reset(&layout->arena);
}

void layout_free(struct layout *layout)
{
    free(layout->cells);
    free(layout->ends);
    free(layout->widths);
    arena_free(&layout->arena);
    *layout = LAYOUT_INIT;
}

bytes_t layout_text(struct arena *arena, bytes_t text)
{
    struct writer out = WRITER_INIT;
    bool changed = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '\n' || c == '\r' || c == '\f') {
            writer_text(&out, "...");
            changed = true;
            break;
        }
        changed = changed || c == 0x1b || c == '\t' || c == '\v';
        if (c == 0x1b)
            writer_text(&out, "^[");
        else
            writer_u8(&out, c == '\t' || c == '\v' ? ' ' : c);
    }
    bytes_t fit = changed ? arena_copy(arena, writer_view(&out)) : text;
    writer_free(&out);
    return fit;
}
