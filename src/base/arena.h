// SPDX-License-Identifier: Apache-2.0
// Memory for one request or one parse: many small allocations, one release. Not thread-safe; one owner.
#pragma once

#include "base/bytes.h"

struct arena {
    struct arena_block *blocks;
    size_t used;  // in the newest block
    size_t total; // bytes taken from the heap, to compare with a limit
    size_t first; // bytes of its first block; 0: as many as a request needs
};

#define ARENA_INIT ((struct arena){ 0 })
// For what is small and stays, thousands of times.
#define ARENA_SMALL ((struct arena){ .first = 256 })

// Aligned for any type; zeroed. Size 0 gives a valid pointer.
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
// count * size, aborts on overflow.
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
// Null stays null.
bytes_t arena_copy(struct arena *arena, bytes_t bytes);
// The same with the letters of ASCII in lower case.
bytes_t arena_lower(struct arena *arena, bytes_t bytes);
// A terminated copy.
char *arena_text(struct arena *arena, bytes_t bytes);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Gives back all but the newest block, for reuse.
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);
