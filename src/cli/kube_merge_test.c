// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_merge.h"

#include "base/test.h"

static struct json_value *tree(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 16, .values = 1 << 12 };
    struct json_value *value = NULL;
    if (text != NULL)
        assert_int_equal(json_parse(bytes_of_text(text), &limits, arena, &value, NULL), ERR_OK);
    return value;
}

static const char *text_of(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void makes_the_patch_that_kubectl_would_send(void **state)
{
    (void)state;
    static const struct {
        const char *original, *wanted, *live, *patch;
    } rows[] = {
        { NULL, "{\"a\":1}", "{\"a\":1,\"b\":2}", "{}" },
        { NULL, "{\"a\":1}", "{\"a\":2}", "{\"a\":1}" },
        { NULL, "{\"a\":1}", "{\"a\":1.0}", "{}" },
        { "{\"b\":2}", "{\"a\":1}", "{\"a\":1,\"b\":3}", "{\"b\":null}" },
        { "{\"b\":2}", "{\"a\":1}", "{\"a\":1}", "{}" }, // somebody took it away already
        { "{\"m\":{\"x\":1,\"y\":2}}", "{\"m\":{\"x\":1}}", "{\"m\":{\"x\":1,\"y\":2,\"z\":3}}",
          "{\"m\":{\"y\":null}}" },
        { "{\"m\":{\"x\":1}}", "{}", "{\"m\":{\"x\":1,\"z\":3}}", "{\"m\":null}" },
        { NULL, "{\"m\":{\"x\":1}}", "{}", "{\"m\":{\"x\":1}}" },
        { NULL, "{\"m\":{\"x\":1}}", "{\"m\":[]}", "{\"m\":{\"x\":1}}" },
        { NULL, "{\"l\":[1,2]}", "{\"l\":[2,1]}", "{\"l\":[1,2]}" },
        { NULL, "{\"l\":[{\"n\":1}]}", "{\"l\":[{\"n\":1}]}", "{}" },
        { NULL, "{\"a\":null,\"m\":{\"b\":null}}", "{\"a\":1}", "{\"m\":{}}" },
        { "{\"a\":1}", "{\"a\":null}", "{\"a\":1}", "{\"a\":null}" },
        { "{\"a\":1}", "{}", "{\"a\":null}", "{}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = ARENA_INIT;
        const struct json_value *patch = kube_merge_patch(&arena, tree(&arena, rows[i].original),
                                                          tree(&arena, rows[i].wanted), tree(&arena, rows[i].live));
        assert_string_equal(text_of(&arena, patch), rows[i].patch);
        arena_free(&arena);
    }
}

static void keeps_the_manifest_in_an_annotation(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct json_value *object =
        tree(&arena, "{\"kind\":\"K\",\"metadata\":{\"name\":\"n\",\"annotations\":{\"x\":\"<y>\",\"" KUBE_LAST_APPLIED
                     "\":\"old\"}}}");
    struct json_value *annotated = kube_merge_annotate(&arena, object);
    bytes_t text = json_text_at(json_get(json_get(annotated, "metadata"), "annotations"), KUBE_LAST_APPLIED);
    assert_true(
        bytes_is(text, "{\"kind\":\"K\",\"metadata\":{\"annotations\":{\"x\":\"\\u003cy\\u003e\"},\"name\":\"n\"}}\n"));
    assert_string_equal(text_of(&arena, kube_merge_original(&arena, annotated)),
                        "{\"kind\":\"K\",\"metadata\":{\"annotations\":{\"x\":\"<y>\"},\"name\":\"n\"}}");
    assert_null(kube_merge_original(&arena, object)); // "old" is no JSON
    assert_null(kube_merge_original(&arena, tree(&arena, "{}")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_patch_that_kubectl_would_send),
        cmocka_unit_test(keeps_the_manifest_in_an_annotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
