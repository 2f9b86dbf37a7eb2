// SPDX-License-Identifier: Apache-2.0
// Schemas and objects, with what Kubernetes' own code (apiextensions-apiserver 0.33) makes of them: why a schema is
// refused, or, of each object, which fields are unknown, what is stored and what is wrong. One case a line in
// golden_cases.jsonl; "here" says where this code differs on purpose, and why. Another file of that form may be named
// as an argument.
#include "kube/schema/schema_compile.h"

#include "base/json_edit.h"
#include "io/file.h"
#include "kube/schema/schema_default.h"
#include "kube/schema/schema_prune.h"
#include "kube/schema/schema_validate.h"

#include "base/test.h"

static const char *cases_path = KUBE_SCHEMA_CASES;
static size_t wrong;

static const char *shown(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void expect(struct arena *arena, const struct json_value *line, const char *what,
                   const struct json_value *expected, const struct json_value *got)
{
    if (json_equal(expected, got))
        return;
    wrong++;
    fprintf(stderr, "%.*s: %s\nexpected %s\ngot      %s\n", BYTES_ARG(json_text_at(line, "name")), what,
            shown(arena, expected), shown(arena, got));
}

static const struct json_value *array_at(struct arena *arena, const struct json_value *object, const char *name)
{
    const struct json_value *array = json_get(object, name);
    return array != NULL ? array : json_new(arena, JSON_ARRAY);
}

// [[reason, field, text], ...], sorted: the order in Go is by chance.
static const struct json_value *errors_value(struct arena *arena, struct field_errors *errors)
{
    struct json_value *all = json_new(arena, JSON_ARRAY);
    field_errors_sort(errors);
    const struct field_error *before = NULL;
    for (const struct field_error *error = errors->first; error != NULL; before = error, error = error->next) {
        if (before != NULL && bytes_equal(before->field, error->field) && bytes_equal(before->text, error->text))
            continue;
        struct json_value *row = json_new(arena, JSON_ARRAY);
        json_append(row, json_new_text(arena, field_error_reason(error->type)));
        json_append(row, json_new_bytes(arena, error->field));
        json_append(row, json_new_bytes(arena, error->text));
        json_append(all, row);
    }
    return all;
}

static struct json_value *whole_object(struct arena *arena, const struct json_value *some)
{
    struct json_value *object = json_copy(arena, some);
    if (json_get(object, "apiVersion") == NULL)
        json_set_text(object, arena, "apiVersion", "example.com/v1");
    if (json_get(object, "kind") == NULL)
        json_set_text(object, arena, "kind", "Thing");
    if (json_get(object, "metadata") == NULL)
        json_set_text(json_set_object(object, arena, "metadata"), arena, "name", "x");
    return object;
}

static void check_object(struct arena *arena, const struct json_value *line, const struct json_value *given,
                         const struct schema *schema)
{
    struct json_value *object = whole_object(arena, json_get(given, "object"));
    struct schema_unknowns unknowns = schema_unknowns_in(arena);
    struct field_errors errors = field_errors_in(arena);
    struct json_value *paths = json_new(arena, JSON_ARRAY);
    const struct json_value *here = json_get(given, "here"), *stored = json_get(given, "stored");
    schema_prune(object, schema, &unknowns);
    for (const struct schema_unknown *unknown = unknowns.first; unknown != NULL; unknown = unknown->next)
        json_append(paths, json_new_bytes(arena, unknown->path));
    assert_int_equal(schema_default(object, schema, arena), ERR_OK);
    schema_validate(object, schema, &errors);
    const char *what = shown(arena, json_get(given, "object"));
    expect(arena, line, what, array_at(arena, given, "unknown"), paths);
    expect(arena, line, what, whole_object(arena, stored != NULL ? stored : json_get(given, "object")), object);
    expect(arena, line, what, array_at(arena, json_get(here, "errors") != NULL ? here : given, "errors"),
           errors_value(arena, &errors));
}

static void check_case(struct arena *arena, const struct json_value *line)
{
    struct field_errors errors = field_errors_in(arena);
    struct schema_compile how = { .where = BYTES_LITERAL("spec.validation.openAPIV3Schema") };
    const struct schema *schema = NULL;
    const struct json_value *here = json_get(line, "here");
    (void)json_get_bool(json_get(line, "status"), &how.has_status);
    err_t err = schema_compile(json_get(line, "schema"), &how, arena, &schema, &errors);
    assert_true((err == ERR_OK) == (errors.count == 0));
    expect(arena, line, "the schema", array_at(arena, json_get(here, "refused") != NULL ? here : line, "refused"),
           errors_value(arena, &errors));
    const struct json_value *given = err != ERR_OK ? NULL : array_at(arena, line, "objects")->first;
    for (; given != NULL; given = given->next)
        check_object(arena, line, given, schema);
}

static void each_schema_and_object_is_taken_as_kubernetes_takes_it(void **state)
{
    (void)state;
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct buf *file;
    assert_int_equal(file_read_whole(cases_path, 1 << 30, &file), ERR_OK);
    const uint8_t *at = file->data, *end = at + file->capacity;
    size_t count = 0;
    while (at < end) {
        const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
        bytes_t text = bytes_of(at, (size_t)((line_end == NULL ? end : line_end) - at));
        struct arena arena = ARENA_INIT;
        struct json_value *line;
        assert_int_equal(json_parse(text, &limits, &arena, &line, NULL), ERR_OK);
        check_case(&arena, line);
        count++;
        arena_free(&arena);
        at += text.size + 1;
    }
    buf_unref(file);
    assert_true(count >= 150);
    assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        cases_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_schema_and_object_is_taken_as_kubernetes_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
