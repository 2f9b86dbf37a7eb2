// SPDX-License-Identifier: Apache-2.0
// Sequences of applies and updates, with what Kubernetes' own code (apimachinery 0.33, structured-merge-diff 4.6)
// makes of them: golden_cases.jsonl, whose first line has the schemas. Another file of that form may be named as an
// argument.
#include "kube/apply/server_side.h"

#include "base/civil.h"
#include "io/file.h"
#include "kube/apply/testing_schema.h"

static const char *cases_path = KUBE_APPLY_CASES;

struct sequence {
    struct arena *arena;
    struct apply_scope scope;
    bytes_t name;
    struct json_value *live; // NULL: not created yet
    size_t step;
};

static void mismatch(const struct sequence *sequence, const char *what, const char *expected, const char *got)
{
    fprintf(stderr, "%.*s, step %zu: %s\nlive     %s\nexpected %s\ngot      %s\n", BYTES_ARG(sequence->name),
            sequence->step, what, sequence->live == NULL ? "-" : text_of(sequence->arena, sequence->live), expected,
            got);
    fail();
}

static void expect_object(struct sequence *sequence, const struct json_value *expected, const struct json_value *got)
{
    if (!json_equal(expected, got))
        mismatch(sequence, "the object", text_of(sequence->arena, expected), text_of(sequence->arena, got));
    // What is written can be read again.
    struct json_value *again = tree(sequence->arena, text_of(sequence->arena, got));
    assert_true(json_equal(again, got));
}

static void expect_conflicts(struct sequence *sequence, bytes_t message, const struct apply_conflicts *conflicts)
{
    if (!bytes_equal(conflicts->message, message))
        mismatch(sequence, "the conflicts", arena_text(sequence->arena, message),
                 arena_text(sequence->arena, conflicts->message));
    assert_int_equal(apply_conflict_causes(conflicts, sequence->arena)->count, conflicts->count);
}

static err_t run_step(struct sequence *sequence, const struct json_value *step, struct json_value **ret_object,
                      struct apply_conflicts *ret_conflicts, diag_t *diag)
{
    static const char *const of_status[] = { "spec" }, *const of_all[] = { "status" };
    const struct json_value *object = json_get(step, "object");
    bytes_t manager = json_text_at(step, "manager");
    sequence->scope.subresource = json_text_at(step, "sub");
    sequence->scope.ignored =
        field_set_of(sequence->arena, sequence->scope.subresource.size > 0 ? of_status : of_all, 1);
    if (bytes_is(json_text_at(step, "op"), "apply"))
        return server_side_apply(&sequence->scope, sequence->live, object, manager, schema_flag(step, "force"),
                                 sequence->arena, ret_object, ret_conflicts, diag);
    *ret_object = json_copy(sequence->arena, object);
    return managed_update(&sequence->scope, sequence->live, *ret_object, manager, sequence->arena, diag);
}

static void check_step(struct sequence *sequence, const struct json_value *step)
{
    struct arena *arena = sequence->arena;
    struct json_value *object = NULL;
    struct apply_conflicts conflicts = { 0 };
    diag_t diag = { 0 };
    const struct json_value *before = sequence->live == NULL ? NULL : json_copy(arena, sequence->live);
    err_t err = run_step(sequence, step, &object, &conflicts, &diag);
    assert_true(before == NULL || json_equal(before, sequence->live));
    bytes_t message = json_text_at(step, "conflict"), error = json_text_at(step, "error");
    if (message.size > 0 && err == ERR_CONFLICT) {
        expect_conflicts(sequence, message, &conflicts);
        return;
    }
    if (error.size > 0 && err == ERR_INVALID)
        return;
    if (message.size > 0 || error.size > 0 || err != ERR_OK)
        mismatch(sequence, "the outcome", text_of(arena, step),
                 arena_format(arena, "%s: %s: %s %.*s %s", err_name(err), diag.where, diag.text,
                              BYTES_ARG(conflicts.message), object == NULL ? "" : text_of(arena, object)));
    expect_object(sequence, json_get(step, "expect"), object);
    sequence->live = object;
    json_set_text(json_set_object(object, arena, "metadata"), arena, "uid", "u");
}

static void check_sequence(const struct json_value *schemas, const struct json_value *line)
{
    const bytes_t served[] = { BYTES_LITERAL("t.io/v0") };
    struct arena arena = ARENA_INIT;
    int64_t epoch_ms;
    assert_int_equal(civil_parse(BYTES_LITERAL("2020-01-01T00:00:00Z"), &epoch_ms), ERR_OK);
    struct sequence sequence = { .arena = &arena, .name = json_text_at(line, "name") };
    sequence.scope =
        (struct apply_scope){ .schema = schema_of(&arena, json_find(schemas, json_text_at(line, "schema"))),
                              .api_version = BYTES_LITERAL("t.io/v1"),
                              .served = served,
                              .served_count = 1 };
    const struct json_value *step = json_get(line, "steps")->first;
    for (; step != NULL; step = step->next) {
        sequence.scope.now_s = epoch_ms / 1000 + (int64_t)++sequence.step;
        check_step(&sequence, step);
    }
    arena_free(&arena);
}

static void each_sequence_ends_as_with_kubernetes(void **state)
{
    (void)state;
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct buf *file;
    struct arena arena = ARENA_INIT;
    const struct json_value *schemas = NULL;
    assert_int_equal(file_read_whole(cases_path, 1 << 30, &file), ERR_OK);
    const uint8_t *at = file->data, *end = at + file->capacity;
    size_t count = 0;
    while (at < end) {
        const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
        bytes_t text = bytes_of(at, (size_t)((line_end == NULL ? end : line_end) - at));
        struct arena own = ARENA_INIT;
        struct json_value *line;
        assert_int_equal(json_parse(text, &limits, schemas == NULL ? &arena : &own, &line, NULL), ERR_OK);
        if (schemas == NULL)
            schemas = json_get(line, "schemas");
        else
            check_sequence(schemas, line), count++;
        arena_free(&own);
        at += text.size + 1;
    }
    assert_true(count >= 100);
    arena_free(&arena);
    buf_unref(file);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        cases_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sequence_ends_as_with_kubernetes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
