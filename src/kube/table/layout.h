// SPDX-License-Identifier: Apache-2.0
// Lines of cells as kubectl lays them out: each column as wide as its widest cell and three spaces, six at least; the
// last cell of a line ends it. Widths stay from one flush to the next, so that a watch keeps its columns.
#pragma once

#include "base/arena.h"
#include "base/writer.h"

struct layout {
    struct arena arena; // of the cells
    bytes_t *cells;     // of all lines
    size_t cell_count, cell_capacity;
    size_t *ends; // by line: the cells up to its end
    size_t line_count, line_capacity;
    size_t *widths; // by column, the widest so far
    size_t width_count;
};

#define LAYOUT_INIT ((struct layout){ 0 })

// Takes a copy. Tabs and line breaks must not be in it.
void layout_cell(struct layout *layout, bytes_t text);
void layout_line(struct layout *layout);
// Writes the lines that were made since the last time.
void layout_flush(struct layout *layout, struct writer *out);
void layout_free(struct layout *layout);

// TEXT made fit for a cell and for a terminal: it ends at a line break ("..." follows then), ESC becomes ^[, a tab a
// space. In ARENA, or TEXT itself.
bytes_t layout_text(struct arena *arena, bytes_t text);
