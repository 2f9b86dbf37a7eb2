// SPDX-License-Identifier: Apache-2.0
#include "base/json_edit.h"

#include "base/test.h"

static struct json_value *parsed(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 200000 };
    diag_t diag = { 0 };
    struct json_value *value = NULL;
    err_t err = json_parse(bytes_of_text(text), &limits, arena, &value, &diag);
    if (err != ERR_OK)
        fail_msg("%s: %s: %s", text, diag.where, diag.text);
    return value;
}

static void expect(const struct json_value *value, const char *text)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    assert_true(bytes_is(bytes_of(out.buf->data, out.size), text));
    buf_unref(out.buf);
}

// Counts, ends and parents agree all over the tree.
static void expect_whole(const struct json_value *value)
{
    size_t count = 0;
    const struct json_value *last = NULL;
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next, count++) {
        assert_ptr_equal(inside->up, value);
        expect_whole(inside);
        last = inside;
    }
    assert_int_equal(count, value->count);
    assert_ptr_equal(value->last, last);
}

static void a_tree_is_built(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *root = json_new(&arena, JSON_OBJECT);
    json_set_text(root, &arena, "kind", "Status");
    json_set_int(root, &arena, "code", 404);
    json_set_text(root, &arena, "kind", "Other");
    json_set(root, BYTES_LITERAL("ok"), json_new_bool(&arena, true));
    struct json_value *list = json_new(&arena, JSON_ARRAY);
    json_set(json_set_object(root, &arena, "details"), BYTES_LITERAL("causes"), list);
    json_set_text(json_set_object(root, &arena, "details"), &arena, "name", "x");
    json_append(list, json_new_text(&arena, "b"));
    json_insert(list, 0, json_new_text(&arena, "a"));
    json_insert(list, 2, json_new(&arena, JSON_NULL));
    expect(root,
           "{\"kind\":\"Other\",\"code\":404,\"ok\":true,\"details\":{\"causes\":[\"a\",\"b\",null],\"name\":\"x\"}}");
    expect_whole(root);
    arena_free(&arena);
}

static void values_are_taken_out_and_replaced(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *root = parsed(&arena, "{\"a\":[1,2,3],\"b\":{\"c\":null},\"d\":\"e\"}");
    struct json_value *list = json_find(root, BYTES_LITERAL("a"));
    struct json_value *three = json_at(list, 2);
    json_detach(three);
    json_detach(three); // a root stays
    json_replace(json_at(list, 0), three);
    json_detach(json_at(list, 1));
    assert_true(json_unset(root, BYTES_LITERAL("d")));
    assert_false(json_unset(root, BYTES_LITERAL("d")));
    expect(root, "{\"a\":[3],\"b\":{\"c\":null}}");
    expect_whole(root);
    assert_null(json_at(list, 1));
    assert_null(json_at(root, 0));
    assert_null(json_find(list, BYTES_LITERAL("a")));
    arena_free(&arena);
}

static void a_member_is_put_where_it_belongs(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *root = parsed(&arena, "{\"c\":3}");
    static const char *const names[] = { "a", "b" };
    for (size_t i = 0; i < 2; i++) {
        struct json_value *member = json_new_int(&arena, (int64_t)i);
        member->name = bytes_of_text(names[i]);
        json_insert(root, i, member);
    }
    expect(root, "{\"a\":0,\"b\":1,\"c\":3}");
    expect_whole(root);
    arena_free(&arena);
}

static void a_copy_is_a_tree_of_its_own(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *root = parsed(&arena, "{\"a\":[1,[],{\"x\":[[2]]},true],\"b\":{}}");
    struct json_value *copy = json_copy(&arena, root);
    struct json_value *inner = json_copy(&arena, json_find(root, BYTES_LITERAL("a")));
    json_unset(root, BYTES_LITERAL("a"));
    expect(copy, "{\"a\":[1,[],{\"x\":[[2]]},true],\"b\":{}}");
    expect_whole(copy);
    expect(inner, "[1,[],{\"x\":[[2]]},true]");
    assert_null(inner->up);
    assert_null(inner->next);
    arena_free(&arena);
}

static void values_are_compared_by_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "{\"a\":1,\"b\":[2,{}]}", "{\"b\":[2,{}],\"a\":1}", true },
        { "{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false },
        { "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
        { "{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}", false },
        { "1", "1.0", true },
        { "1e2", "100", true },
        { "9007199254740993", "9007199254740992", false },
        { "1", "\"1\"", false },
        { "null", "false", false },
        { "true", "false", false },
        { "[1,2]", "[2,1]", false },
        { "[1,2]", "[1]", false },
        { "\"a\"", "\"\\u0061\"", true },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_value *a = parsed(&arena, cases[i].a), *b = parsed(&arena, cases[i].b);
        if (json_equal(a, b) != cases[i].equal || json_equal(b, a) != cases[i].equal)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
    struct json_value *value = parsed(&arena, "1");
    assert_true(json_same(NULL, NULL) && json_same(value, parsed(&arena, "1.0")));
    assert_false(json_same(NULL, value) || json_same(value, NULL) || json_same(value, parsed(&arena, "null")));
    arena_free(&arena);
}

struct hidden {
    size_t count;
    bytes_t texts[4];
};

static void on_hidden(void *owner, const struct json_value *member)
{
    struct hidden *hidden = owner;
    assert_non_null(member->up);
    hidden->texts[hidden->count++] = member->text;
}

static void the_last_of_a_name_stays(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *root = parsed(&arena, "{\"a\":1,\"b\":[{\"x\":2,\"x\":3}],\"a\":4,\"c\":5,\"a\":6}");
    struct hidden hidden = { 0 };
    json_unique(root, on_hidden, &hidden);
    expect(root, "{\"b\":[{\"x\":3}],\"c\":5,\"a\":6}");
    expect_whole(root);
    assert_int_equal(hidden.count, 3);
    assert_true(bytes_is(hidden.texts[0], "1") && bytes_is(hidden.texts[1], "4") && bytes_is(hidden.texts[2], "2"));
    arena_free(&arena);
}

// A text of somebody else with very many members must not cost their square.
static void many_members_in_another_order_are_quick(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct arena arena = ARENA_INIT;
    struct json_value *a = json_new(&arena, JSON_OBJECT), *b = json_new(&arena, JSON_OBJECT);
    for (int i = 0; i < COUNT; i++) {
        struct json_value *of_a = json_new_int(&arena, i), *of_b = json_new_int(&arena, COUNT - 1 - i);
        of_a->name = of_a->text;
        of_b->name = of_b->text;
        json_append(a, of_a);
        json_append(b, of_b);
    }
    assert_true(json_equal(a, b));
    json_unique(a, NULL, NULL);
    assert_int_equal(a->count, COUNT);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_is_built),
        cmocka_unit_test(values_are_taken_out_and_replaced),
        cmocka_unit_test(a_member_is_put_where_it_belongs),
        cmocka_unit_test(a_copy_is_a_tree_of_its_own),
        cmocka_unit_test(values_are_compared_by_what_they_say),
        cmocka_unit_test(the_last_of_a_name_stays),
        cmocka_unit_test(many_members_in_another_order_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
