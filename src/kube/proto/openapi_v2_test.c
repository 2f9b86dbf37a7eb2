// SPDX-License-Identifier: Apache-2.0
// What is written is compared with what gnostic's own code makes of the same document (gnostic-models 0.6.9).
#include "kube/proto/openapi_v2.h"

#include "base/base64.h"
#include "kube/proto/openapi_v2_cases.h"

#include "base/test.h"

static void documents_are_those_of_gnostic(void **state)
{
    (void)state;
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct writer out = WRITER_INIT;
        struct json_value *document;
        bytes_t text = bytes_of_text(cases[i].document);
        assert_int_equal(json_parse(text, &limits, &arena, &document, NULL), ERR_OK);
        openapi_v2_write(&out, document);
        char *base64 = arena_alloc(&arena, BASE64_SIZE(out.size) + 1);
        (void)base64_encode(BASE64_STANDARD, writer_view(&out), base64);
        if (strcmp(base64, cases[i].base64) != 0)
            fail_msg("%s\nexpected %s\ngot      %s", cases[i].document, cases[i].base64, base64);
        writer_free(&out);
        arena_free(&arena);
    }
}

// Schemas of users' kinds come along: whatever stands in them, the document can be read.
static void what_has_another_type_is_left_out(void **state)
{
    (void)state;
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    struct json_value *document;
    static const char odd[] =
        "{\"swagger\":5,\"definitions\":{\"A\":{\"description\":1,\"required\":\"x\",\"items\":[],"
        "\"maxLength\":\"x\",\"maximum\":{},\"readOnly\":0,\"properties\":7,\"odd\":1}}}";
    assert_int_equal(json_parse(BYTES_LITERAL(odd), &limits, &arena, &document, NULL), ERR_OK);
    openapi_v2_write(&out, document);
    // definitions, one of the name A, an empty schema.
    static const uint8_t expected[] = { 9 << 3 | 2, 7, 1 << 3 | 2, 5, 1 << 3 | 2, 1, 'A', 2 << 3 | 2, 0 };
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(writer_view(&out).data, expected, sizeof expected);
    writer_free(&out);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_those_of_gnostic),
        cmocka_unit_test(what_has_another_type_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
