// SPDX-License-Identifier: Apache-2.0
#include "base/list.h"

#include "base/test.h"

struct item {
    int value;
    struct list_node node;
};

static int digits(struct list_node *head)
{
    int value = 0;
    LIST_EACH(head, node)
    value = value * 10 + LIST_ITEM(node, struct item, node)->value;
    return value;
}

static void keeps_order_and_unlinks_from_anywhere(void **state)
{
    (void)state;
    struct list_node head;
    struct item items[4] = { { 1, { 0 } }, { 2, { 0 } }, { 3, { 0 } }, { 4, { 0 } } };
    list_init(&head);
    assert_true(list_empty(&head));
    assert_null(list_first(&head));
    assert_false(list_linked(&items[0].node));
    list_remove(&items[0].node); // zeroed: in no list
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].node);
    list_insert_before(&items[0].node, &items[3].node);
    assert_int_equal(digits(&head), 4123);
    list_remove(&items[1].node);
    list_remove(&items[1].node);
    assert_int_equal(digits(&head), 413);
    assert_true(list_linked(&items[0].node));
    assert_false(list_linked(&items[1].node));
}

static void the_loop_body_may_remove_the_node(void **state)
{
    (void)state;
    struct list_node head;
    struct item items[3] = { { 1, { 0 } }, { 2, { 0 } }, { 3, { 0 } } };
    list_init(&head);
    for (int i = 0; i < 3; i++)
        list_append(&head, &items[i].node);
    LIST_EACH(&head, node)
    list_remove(node);
    assert_true(list_empty(&head));
}

static void splicing_moves_all_in_order(void **state)
{
    (void)state;
    struct list_node a, b;
    struct item items[4] = { { 1, { 0 } }, { 2, { 0 } }, { 3, { 0 } }, { 4, { 0 } } };
    list_init(&a);
    list_init(&b);
    list_splice(&a, &b);
    assert_true(list_empty(&a));
    for (int i = 0; i < 4; i++)
        list_append(i < 2 ? &a : &b, &items[i].node);
    list_splice(&a, &b);
    assert_int_equal(digits(&a), 1234);
    assert_true(list_empty(&b));
    list_splice(&b, &a);
    assert_int_equal(digits(&b), 1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_unlinks_from_anywhere),
        cmocka_unit_test(the_loop_body_may_remove_the_node),
        cmocka_unit_test(splicing_moves_all_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
