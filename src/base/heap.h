// SPDX-License-Identifier: Apache-2.0
// A binary min-heap of embedded nodes, ordered by a 64-bit key, ties by insertion (so that equal timers fire in the
// order they were started). Used for timers in both worlds.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t key;
    uint64_t order;
    size_t place; // 1-based index in the heap; 0 means not in it
};

struct heap {
    struct heap_node **nodes; // nodes[0] is unused
    size_t count, capacity;
    uint64_t next_order;
};

#define HEAP_INIT ((struct heap){ 0 })

void heap_push(struct heap *heap, struct heap_node *node, int64_t key);
// Safe on a node that is not in the heap.
void heap_remove(struct heap *heap, struct heap_node *node);
// NULL when empty.
struct heap_node *heap_first(const struct heap *heap);
void heap_free(struct heap *heap);
