// SPDX-License-Identifier: Apache-2.0
// Allocation that aborts on exhaustion: every size a peer can influence is checked against a limit before it comes
// here, so that running out means a programming error or a machine without memory. Release with free().
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_text(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_format(const char *format, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

// Gives freed memory back to the system when what was taken from it is more than LIMIT bytes, and several megabytes of
// that lie around in holes between what is in use. Takes milliseconds then, and as much again when the holes are
// filled: for places that free megabytes. Any thread.
void mem_give_back(size_t limit);

// A growing array: makes room for one more item; DATA, COUNT and CAPACITY are the caller's lvalues.
#define MEM_GROW(data, count, capacity)                                                                                \
    do {                                                                                                               \
        if ((count) == (capacity)) {                                                                                   \
            (capacity) = (capacity) == 0 ? 8 : (capacity)*2;                                                           \
            (data) = mem_realloc((data), (size_t)(capacity) * sizeof(*(data)));                                        \
        }                                                                                                              \
    } while (0)
