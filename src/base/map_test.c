// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/map.h"

#include "base/test.h"

#define COUNT 1000

struct item {
    char key[16];
    struct map_node node;
    bool seen;
};

static bytes_t item_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct item, node)->key);
}

static struct item *fill(struct map *map)
{
    struct item *items = calloc(COUNT, sizeof *items);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(items[i].key, sizeof items[i].key, "key-%d", i);
        map_insert(map, &items[i].node);
    }
    return items;
}

static void finds_every_item_through_all_growth(void **state)
{
    (void)state;
    struct map map = MAP_INIT(item_key);
    assert_null(map_find(&map, BYTES_LITERAL("key-0")));
    struct item *items = fill(&map);
    assert_int_equal(map.count, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(map_find(&map, bytes_of_text(items[i].key)), &items[i].node);
    assert_null(map_find(&map, BYTES_LITERAL("key-1000")));
    assert_null(map_find(&map, BYTES_NULL));
    map_free(&map);
    free(items);
}

static void removed_items_are_gone_and_the_others_stay(void **state)
{
    (void)state;
    struct map map = MAP_INIT(item_key);
    struct item *items = fill(&map);
    for (int i = 0; i < COUNT; i += 3)
        map_remove(&map, &items[i].node);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(map_find(&map, bytes_of_text(items[i].key)) != NULL, i % 3 != 0);
    for (int i = 0; i < COUNT; i += 3)
        map_insert(&map, &items[i].node);
    assert_int_equal(map.count, COUNT);
    map_free(&map);
    free(items);
}

static void a_walk_sees_each_item_once_and_may_remove_behind_itself(void **state)
{
    (void)state;
    struct map map = MAP_INIT(item_key);
    assert_null(map_next(&map, NULL));
    struct item *items = fill(&map);
    size_t count = 0;
    for (struct map_node *node = map_next(&map, NULL), *next; node != NULL; node = next, count++) {
        next = map_next(&map, node);
        struct item *item = CONTAINER_OF(node, struct item, node);
        assert_false(item->seen);
        item->seen = true;
        map_remove(&map, node);
    }
    assert_int_equal(count, COUNT);
    assert_int_equal(map.count, 0);
    map_free(&map);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_item_through_all_growth),
        cmocka_unit_test(removed_items_are_gone_and_the_others_stay),
        cmocka_unit_test(a_walk_sees_each_item_once_and_may_remove_behind_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
