// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include "base/test.h"

#define COUNT 500

// A small linear congruential generator: the same order in each run.
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void assert_drains_in_order(struct heap *heap, size_t expected)
{
    int64_t key = INT64_MIN;
    uint64_t order = 0;
    size_t count = 0;
    for (struct heap_node *node; (node = heap_first(heap)) != NULL; count++) {
        assert_true(node->key > key || (node->key == key && node->order > order));
        key = node->key;
        order = node->order;
        heap_remove(heap, node);
        assert_int_equal(node->place, 0);
    }
    assert_int_equal(count, expected);
}

static void gives_the_smallest_key_first_and_ties_by_insertion(void **state)
{
    (void)state;
    struct heap heap = HEAP_INIT;
    struct heap_node nodes[COUNT] = { 0 };
    uint32_t seed = 1;
    for (int i = 0; i < COUNT; i++)
        heap_push(&heap, &nodes[i], (int64_t)(next_random(&seed) % 50) - 25);
    assert_drains_in_order(&heap, COUNT);
    heap_free(&heap);
}

static void stays_ordered_when_nodes_leave_from_anywhere(void **state)
{
    (void)state;
    struct heap heap = HEAP_INIT;
    struct heap_node nodes[COUNT] = { 0 };
    uint32_t seed = 7;
    for (int i = 0; i < COUNT; i++)
        heap_push(&heap, &nodes[i], next_random(&seed) % 1000);
    for (int i = 0; i < COUNT; i += 2) {
        heap_remove(&heap, &nodes[i]);
        heap_remove(&heap, &nodes[i]); // a second time does nothing
    }
    for (int i = 0; i < COUNT; i += 4)
        heap_push(&heap, &nodes[i], next_random(&seed) % 1000);
    assert_drains_in_order(&heap, COUNT / 2 + COUNT / 4);
    heap_free(&heap);
}

static void an_empty_heap_has_no_first(void **state)
{
    (void)state;
    struct heap heap = HEAP_INIT;
    struct heap_node node = { 0 };
    assert_null(heap_first(&heap));
    heap_remove(&heap, &node);
    heap_push(&heap, &node, 5);
    assert_ptr_equal(heap_first(&heap), &node);
    heap_remove(&heap, &node);
    assert_null(heap_first(&heap));
    heap_free(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_smallest_key_first_and_ties_by_insertion),
        cmocka_unit_test(stays_ordered_when_nodes_leave_from_anywhere),
        cmocka_unit_test(an_empty_heap_has_no_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
