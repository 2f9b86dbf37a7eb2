// SPDX-License-Identifier: Apache-2.0
#include "cli/wrap.h"

#include "cli/plain.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void put_indent(struct writer *out, size_t indent)
{
    for (size_t i = 0; i < indent; i++)
        writer_u8(out, ' ');
}

static size_t characters(bytes_t text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

// The bytes at the start of LINE that are spaces, or are none; taken off.
static bytes_t take(bytes_t *line, bool spaces)
{
    size_t size = 0;
    while (size < line->size && is_space(line->data[size]) == spaces)
        size++;
    bytes_t part = bytes_of(line->data, size);
    *line = bytes_of(line->data + size, line->size - size);
    return part;
}

// A word that is as long as a line stays where it is: a break in front of it would not help.
static bool must_break(size_t column, size_t spaces, size_t word, size_t width)
{
    size_t seen = word < width ? word : width - 1;
    return column + spaces + seen > width;
}

static void wrap_line(bytes_t line, size_t width, size_t indent, struct writer *out)
{
    size_t column = 0;
    put_indent(out, indent);
    while (line.size > 0) {
        bytes_t spaces = take(&line, true), word = take(&line, false);
        size_t space_count = spaces.size, word_count = characters(word);
        if (word.size == 0 && column + space_count > width)
            return;
        if (word.size > 0 && must_break(column, space_count, word_count, width)) {
            writer_u8(out, '\n');
            put_indent(out, indent);
            column = 0;
            spaces.size = space_count = 0;
        }
        plain_put(out, spaces);
        plain_put(out, word);
        column += space_count + word_count;
    }
}

void wrap_text(bytes_t text, size_t width, size_t indent, struct writer *out)
{
    for (;;) {
        const uint8_t *lf = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);
        size_t size = lf == NULL ? text.size : (size_t)(lf - text.data);
        wrap_line(bytes_of(text.data, size), width, indent, out);
        if (lf == NULL)
            return;
        writer_u8(out, '\n');
        text = bytes_of(lf + 1, text.size - size - 1);
    }
}
