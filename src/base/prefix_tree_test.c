// SPDX-License-Identifier: Apache-2.0
#include "base/prefix_tree.h"

#include "base/test.h"

#include <stdlib.h>

enum { TEXTS = 64, SIZE = 8, SEEDS = 300, STEPS = 400 };

// What is in the tree, as a list.
struct model {
    struct prefix_tree tree;
    char texts[TEXTS][SIZE];
    bool is_in[TEXTS];
};

static uint32_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

// Of few letters, so that many begin alike.
static void make_text(char *text)
{
    size_t size = roll(SIZE);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + roll(2));
    text[size] = '\0';
}

static struct model model;
static const char *asked;
static size_t last_size, found;

static void on_item(void *owner, void *item)
{
    const char *text = item;
    assert_ptr_equal(owner, &model);
    assert_memory_equal(text, asked, strlen(text));
    assert_true(found == 0 || strlen(text) > last_size); // the shortest first, none twice
    last_size = strlen(text);
    found++;
}

static void compare(const char *text)
{
    size_t wanted = 0;
    for (size_t i = 0; i < TEXTS; i++)
        wanted += model.is_in[i] && strncmp(text, model.texts[i], strlen(model.texts[i])) == 0;
    asked = text;
    found = 0;
    prefix_tree_match(&model.tree, bytes_of_text(text), on_item, &model);
    assert_int_equal(found, wanted);
}

static size_t slot_of(const char *text)
{
    size_t i = 0;
    while (i < TEXTS && (!model.is_in[i] || strcmp(model.texts[i], text) != 0))
        i++;
    return i;
}

static void put(const char *text)
{
    size_t i = 0;
    while (i < TEXTS && model.is_in[i])
        i++;
    if (i == TEXTS)
        return;
    memcpy(model.texts[i], text, strlen(text) + 1);
    model.is_in[i] = true;
    void **item = prefix_tree_put(&model.tree, bytes_of_text(text));
    assert_null(*item);
    *item = model.texts[i];
}

static void step(void)
{
    char text[SIZE];
    make_text(text);
    size_t at = slot_of(text);
    void *item = prefix_tree_find(&model.tree, bytes_of_text(text));
    assert_ptr_equal(item, at == TEXTS ? NULL : model.texts[at]);
    if (at == TEXTS) {
        put(text);
    } else {
        prefix_tree_remove(&model.tree, bytes_of_text(text));
        model.is_in[at] = false;
    }
    make_text(text);
    compare(text);
}

static void finds_what_a_list_finds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SEEDS; i++) {
        seed = i;
        model = (struct model){ 0 };
        for (int j = 0; j < STEPS; j++)
            step();
        prefix_tree_free(&model.tree);
        assert_null(model.tree.root);
    }
}

static void a_removed_text_takes_its_nodes_along(void **state)
{
    (void)state;
    struct prefix_tree tree = { 0 };
    static char item;
    *prefix_tree_put(&tree, BYTES_LITERAL("abc")) = &item;
    *prefix_tree_put(&tree, BYTES_LITERAL("abd")) = &item;
    *prefix_tree_put(&tree, BYTES_LITERAL("")) = &item;
    prefix_tree_remove(&tree, BYTES_LITERAL("abc"));
    prefix_tree_remove(&tree, BYTES_LITERAL("abd"));
    assert_ptr_equal(prefix_tree_find(&tree, BYTES_LITERAL("")), &item);
    assert_null(prefix_tree_find(&tree, BYTES_LITERAL("ab")));
    prefix_tree_remove(&tree, BYTES_LITERAL(""));
    assert_null(prefix_tree_find(&tree, BYTES_LITERAL("")));
    prefix_tree_free(&tree);
    prefix_tree_free(&tree); // of nothing
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_list_finds),
        cmocka_unit_test(a_removed_text_takes_its_nodes_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
