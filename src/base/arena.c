// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_MIN 4096
#define BLOCK_MAX 262144

struct arena_block {
    alignas(max_align_t) struct arena_block *next;
    size_t size; // of data
    alignas(max_align_t) uint8_t data[];
};

static struct arena_block *block_add(struct arena *arena, size_t size)
{
    // Blocks double, so that a large parse costs few calls and a small one little memory.
    size_t first = arena->first == 0 ? BLOCK_MIN : arena->first;
    size_t wanted = arena->blocks == NULL ? first : arena->blocks->size * 2;
    if (wanted > BLOCK_MAX)
        wanted = BLOCK_MAX;
    if (wanted < size)
        wanted = size;
    struct arena_block *block = mem_alloc(sizeof *block + wanted);
    block->next = arena->blocks;
    block->size = wanted;
    arena->blocks = block;
    arena->used = 0;
    arena->total += sizeof *block + wanted;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    ASSERT(size <= PTRDIFF_MAX / 2);
    const size_t align = alignof(max_align_t);
    size = (size + align - 1) / align * align;
    struct arena_block *block = arena->blocks;
    if (block == NULL || size > block->size - arena->used)
        block = block_add(arena, size);
    void *memory = block->data + arena->used;
    arena->used += size;
    return memset(memory, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    bool overflow = __builtin_mul_overflow(count, size, &total);
    ASSERT(!overflow);
    return arena_alloc(arena, total);
}

bytes_t arena_copy(struct arena *arena, bytes_t bytes)
{
    if (bytes.data == NULL)
        return BYTES_NULL;
    uint8_t *copy = arena_alloc(arena, bytes.size);
    memcpy(copy, bytes.data, bytes.size);
    return bytes_of(copy, bytes.size);
}

bytes_t arena_lower(struct arena *arena, bytes_t bytes)
{
    if (bytes.data == NULL)
        return BYTES_NULL;
    uint8_t *copy = arena_alloc(arena, bytes.size);
    for (size_t i = 0; i < bytes.size; i++)
        copy[i] = bytes.data[i] >= 'A' && bytes.data[i] <= 'Z' ? bytes.data[i] | 0x20 : bytes.data[i];
    return bytes_of(copy, bytes.size);
}

char *arena_text(struct arena *arena, bytes_t bytes)
{
    char *text = arena_alloc(arena, bytes.size + 1);
    if (bytes.size > 0)
        memcpy(text, bytes.data, bytes.size);
    return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(size >= 0);
    char *text = arena_alloc(arena, (size_t)size + 1);
    (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_reset(struct arena *arena)
{
    struct arena_block *newest = arena->blocks;
    if (newest == NULL)
        return;
    blocks_free(newest->next);
    newest->next = NULL;
    arena->used = 0;
    arena->total = sizeof *newest + newest->size;
}

void arena_free(struct arena *arena)
{
    blocks_free(arena->blocks);
    *arena = ARENA_INIT;
}
