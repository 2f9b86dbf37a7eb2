// SPDX-License-Identifier: Apache-2.0
// The conformance tests of CESQL, read from where they are; they are not part of this project.
#include "cloudevents/cesql/cesql.h"

#include "io/file.h"

#include <ctype.h>
#include <strings.h>
#include <yaml.h>

#include "base/test.h"

enum { TCK_CASES = 275 };

static const char *const files[] = {
    "binary_comparison_operators",
    "binary_logical_operators",
    "binary_math_operators",
    "case_sensitivity",
    "casting_functions",
    "context_attributes_access",
    "exists_expression",
    "in_expression",
    "integer_builtin_functions",
    "like_expression",
    "literals",
    "negate_operator",
    "not_operator",
    "parse_errors",
    "spec_examples",
    "string_builtin_functions",
    "sub_expression",
    "subscriptions_api_recreations",
};

// A YAML mapping as an event; behind it, for names that it does not have, a usual one.
struct tck_event {
    yaml_document_t *document;
    yaml_node_t *attributes; // NULL: none
    bool has_usual;
};

static yaml_node_t *member(yaml_document_t *document, yaml_node_t *mapping, const char *name)
{
    if (mapping == NULL)
        return NULL;
    assert_int_equal(mapping->type, YAML_MAPPING_NODE);
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (strcmp((const char *)key->data.scalar.value, name) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

static const char *text_at(yaml_document_t *document, yaml_node_t *mapping, const char *name)
{
    yaml_node_t *node = member(document, mapping, name);
    return node == NULL ? NULL : (const char *)node->data.scalar.value;
}

static struct cesql_value scalar_value(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    bool is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    int64_t integer;
    if (is_plain && (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0))
        return (struct cesql_value){ .type = CESQL_BOOLEAN, .boolean = tolower(text[0]) == 't' };
    if (is_plain && bytes_to_int64(bytes_of_text(text), &integer))
        return (struct cesql_value){ .type = CESQL_INTEGER, .integer = (int32_t)integer };
    return (struct cesql_value){ .type = CESQL_STRING, .text = bytes_of_text(text) };
}

static bool tck_get(const void *context, bytes_t name, struct cesql_value *ret_value)
{
    static const char *const usual[] = { "specversion", "1.0", "id", "1", "source", "/usual", "type", "usual" };
    const struct tck_event *event = context;
    char text[64];
    (void)snprintf(text, sizeof text, "%.*s", BYTES_ARG(name));
    yaml_node_t *node = member(event->document, event->attributes, text);
    if (node != NULL) {
        *ret_value = scalar_value(node);
        return true;
    }
    for (size_t i = 0; event->has_usual && i < sizeof usual / sizeof usual[0]; i += 2) {
        if (strcmp(usual[i], text) == 0) {
            *ret_value = (struct cesql_value){ .type = CESQL_STRING, .text = bytes_of_text(usual[i + 1]) };
            return true;
        }
    }
    return false;
}

static bool is_same(const struct cesql_value *a, const struct cesql_value *b)
{
    return a->type == b->type && a->boolean == b->boolean && a->integer == b->integer && bytes_equal(a->text, b->text);
}

static enum cesql_error run(bytes_t expression, const struct cesql_event *event, struct arena *arena,
                            struct cesql_value *ret_value)
{
    struct cesql cesql;
    *ret_value = (struct cesql_value){ .type = CESQL_BOOLEAN };
    if (cesql_compile(expression, arena, &cesql, NULL) != ERR_OK)
        return CESQL_ERROR_PARSE;
    return cesql_evaluate(&cesql, event, arena, ret_value);
}

// True when the case came out as it should.
static bool check(yaml_document_t *document, yaml_node_t *test)
{
    yaml_node_t *event = member(document, test, "event"), *overrides = member(document, test, "eventOverrides");
    yaml_node_t *result = member(document, test, "result");
    struct tck_event tck = { document, event == NULL ? overrides : event, event == NULL };
    struct cesql_event view = { tck_get, &tck };
    struct arena arena = ARENA_INIT;
    struct cesql_value value;
    const char *wanted = text_at(document, test, "error");
    enum cesql_error error = run(bytes_of_text(text_at(document, test, "expression")), &view, &arena, &value);
    bool is_right = strcmp(cesql_error_name(error), wanted == NULL ? "none" : wanted) == 0;
    if (is_right && result != NULL) {
        struct cesql_value expected = scalar_value(result);
        is_right = is_same(&value, &expected);
    }
    if (!is_right)
        print_error("%s: %s: error %s\n", text_at(document, test, "name"), text_at(document, test, "expression"),
                    cesql_error_name(error));
    arena_free(&arena);
    return is_right;
}

static void check_file(const char *name, size_t *right, size_t *all)
{
    char path[1024];
    struct buf *file;
    yaml_parser_t parser;
    yaml_document_t document;
    (void)snprintf(path, sizeof path, "%s/%s.yaml", CESQL_TCK, name);
    assert_int_equal(file_read_whole(path, 1 << 20, &file), ERR_OK);
    assert_int_equal(yaml_parser_initialize(&parser), 1);
    yaml_parser_set_input_string(&parser, file->data, file->capacity);
    assert_int_equal(yaml_parser_load(&parser, &document), 1);
    yaml_node_t *tests = member(&document, yaml_document_get_root_node(&document), "tests");
    for (yaml_node_item_t *item = tests->data.sequence.items.start; item < tests->data.sequence.items.top; item++) {
        *all += 1;
        *right += check(&document, yaml_document_get_node(&document, *item)) ? 1 : 0;
    }
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    buf_unref(file);
}

static void passes_the_conformance_tests(void **state)
{
    (void)state;
    size_t right = 0, all = 0;
    if (CESQL_TCK[0] == '\0')
        skip();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        check_file(files[i], &right, &all);
    assert_int_equal(all, TCK_CASES);
    assert_int_equal(right, all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_the_conformance_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
