// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>

static bool before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void place(struct heap *heap, struct heap_node *node, size_t at)
{
    heap->nodes[at] = node;
    node->place = at;
}

static void sift_up(struct heap *heap, struct heap_node *node, size_t at)
{
    for (; at > 1 && before(node, heap->nodes[at / 2]); at /= 2)
        place(heap, heap->nodes[at / 2], at);
    place(heap, node, at);
}

static void sift_down(struct heap *heap, struct heap_node *node, size_t at)
{
    for (;;) {
        size_t child = at * 2;
        if (child > heap->count)
            break;
        if (child < heap->count && before(heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!before(heap->nodes[child], node))
            break;
        place(heap, heap->nodes[child], at);
        at = child;
    }
    place(heap, node, at);
}

void heap_push(struct heap *heap, struct heap_node *node, int64_t key)
{
    ASSERT(node->place == 0);
    if (heap->count + 1 >= heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 16 : heap->capacity * 2;
        heap->nodes = mem_realloc(heap->nodes, heap->capacity * sizeof(struct heap_node *));
    }
    node->key = key;
    node->order = heap->next_order++;
    heap->count++;
    sift_up(heap, node, heap->count);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (node->place == 0)
        return;
    size_t at = node->place;
    ASSERT(at <= heap->count && heap->nodes[at] == node);
    struct heap_node *last = heap->nodes[heap->count--];
    node->place = 0;
    if (last == node)
        return;
    if (at > 1 && before(last, heap->nodes[at / 2]))
        sift_up(heap, last, at);
    else
        sift_down(heap, last, at);
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count == 0 ? NULL : heap->nodes[1];
}

void heap_free(struct heap *heap)
{
    free(heap->nodes);
    *heap = HEAP_INIT;
}
