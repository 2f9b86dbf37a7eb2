// SPDX-License-Identifier: Apache-2.0
#include "kube/object.h"

#include "kube/testing/world.h"

#define BODY                                                                                                           \
    "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"spec\":{\"size\":2},\"metadata\":{\"name\":\"a\","        \
    "\"resourceVersion\":\"77\",\"namespace\":\"ns\"},\"status\":{}}"

static bytes_t encoded(struct writer *out, enum change change, const char *text)
{
    object_encode(out, change, world_tree(text));
    return writer_view(out);
}

static void stores_metadata_first_and_nothing_that_follows_from_the_row(void **state)
{
    struct writer out = WRITER_INIT;
    bytes_t value = encoded(&out, CHANGE_MODIFIED, BODY);
    (void)state;
    assert_true(object_is_valid(value));
    assert_int_equal(object_change(value), CHANGE_MODIFIED);
    assert_string_equal(arena_text(&world.arena, bytes_of(value.data + 2, value.size - 2)),
                        "{\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\"},\"spec\":{\"size\":2},\"status\":{}}");
    writer_free(&out);
}

static void shows_the_version_that_is_asked_for(void **state)
{
    struct writer out = WRITER_INIT, shown = WRITER_INIT;
    bytes_t value = encoded(&out, CHANGE_ADDED, BODY);
    (void)state;
    object_write(&shown, world.things, kind_version_find(world.things, BYTES_LITERAL("v1beta1")), value, 12);
    assert_string_equal(arena_text(&world.arena, writer_view(&shown)),
                        "{\"apiVersion\":\"example.com/v1beta1\",\"kind\":\"Thing\",\"metadata\":{\"resourceVersion\":"
                        "\"12\",\"name\":\"a\",\"namespace\":\"ns\"},\"spec\":{\"size\":2},\"status\":{}}");
    writer_free(&out);
    writer_free(&shown);
}

static void what_is_written_and_what_is_decoded_agree(void **state)
{
    struct writer out = WRITER_INIT, shown = WRITER_INIT;
    bytes_t value = encoded(&out, CHANGE_ADDED, BODY);
    struct json_value *decoded = NULL;
    (void)state;
    object_write(&shown, world.things, world.v1, value, 12);
    assert_int_equal(object_decode(value, world.things, world.v1, 12, &world.arena, &decoded), ERR_OK);
    const struct json_value *read = world_tree(arena_text(&world.arena, writer_view(&shown)));
    assert_true(json_equal(decoded, read));
    assert_true(bytes_is(object_meta_text(decoded, "resourceVersion"), "12"));
    writer_free(&out);
    writer_free(&shown);
}

static void refuses_what_this_eddy_did_not_write(void **state)
{
    struct writer out = WRITER_INIT;
    bytes_t value = encoded(&out, CHANGE_ADDED, BODY);
    struct json_value *decoded = NULL;
    (void)state;
    for (size_t size = 0; size < value.size; size++)
        assert_int_equal(object_decode(bytes_of(value.data, size), world.things, world.v1, 1, &world.arena, &decoded),
                         ERR_CORRUPT);
    static const size_t header[] = { 0, 1 };
    for (size_t i = 0; i < 2; i++) {
        struct buf *damaged = buf_copy(value);
        damaged->data[header[i]] = 9;
        assert_false(object_is_valid(bytes_of(damaged->data, value.size)));
        buf_unref(damaged);
    }
    writer_free(&out);
}

static void tells_parts_that_are_missing_or_of_another_type(void **state)
{
    const struct json_value *odd = world_tree("{\"metadata\":{\"name\":3,\"finalizers\":\"x\",\"generation\":\"4\"}}");
    const struct json_value *held = world_tree("{\"metadata\":{\"finalizers\":[\"a/b\"],\"deletionTimestamp\":\"t\"}}");
    (void)state;
    assert_null(object_metadata(world_tree("{\"metadata\":[]}")));
    assert_int_equal(object_name(odd).size, 0);
    assert_int_equal(object_generation(odd), 0);
    assert_false(object_has_finalizer(odd, BYTES_NULL));
    assert_false(object_is_deleting(odd));
    assert_true(object_has_finalizer(held, BYTES_NULL));
    assert_true(object_has_finalizer(held, BYTES_LITERAL("a/b")));
    assert_false(object_has_finalizer(held, BYTES_LITERAL("a")));
    assert_true(object_is_deleting(held));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_metadata_first_and_nothing_that_follows_from_the_row),
        cmocka_unit_test(shows_the_version_that_is_asked_for),
        cmocka_unit_test(what_is_written_and_what_is_decoded_agree),
        cmocka_unit_test(refuses_what_this_eddy_did_not_write),
        cmocka_unit_test(tells_parts_that_are_missing_or_of_another_type),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
