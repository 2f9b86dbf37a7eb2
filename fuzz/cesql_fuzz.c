// SPDX-License-Identifier: Apache-2.0
// CloudEvents SQL (cloudevents/cesql/): the first line is an expression (a zero byte in it is a line feed), the other
// lines are the attributes a, b, c ... of an event. What compiles gives the same twice and in parentheses, matches as
// it evaluates, and can be explained; what does not is complained about.
#include "cloudevents/cesql/cesql.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { ATTRIBUTES = 8, EXPLANATION_MAX = 1 << 16 };

struct fuzz_event {
    bytes_t values[ATTRIBUTES];
    size_t count;
};

// The second one is an Integer and the third one a Boolean, as they are in some bindings.
static bool get(const void *context, bytes_t name, struct cesql_value *ret_value)
{
    const struct fuzz_event *event = context;
    ASSERT(name.size > 0);
    size_t index = (size_t)name.data[0] - 'a';
    if (name.size != 1 || index >= event->count)
        return false;
    bytes_t text = event->values[index];
    *ret_value = (struct cesql_value){ .type = CESQL_STRING, .text = text };
    if (index == 1)
        *ret_value = (struct cesql_value){ .type = CESQL_INTEGER, .integer = (int32_t)(text.size * 1000003) };
    if (index == 2)
        *ret_value = (struct cesql_value){ .type = CESQL_BOOLEAN, .boolean = text.size % 2 == 0 };
    return true;
}

static bool is_same(const struct cesql_value *a, const struct cesql_value *b)
{
    return a->type == b->type && a->boolean == b->boolean && a->integer == b->integer && bytes_equal(a->text, b->text);
}

static void check_again(const struct cesql *cesql, const struct cesql_event *event, enum cesql_error error,
                        const struct cesql_value *value)
{
    struct arena arena = ARENA_INIT;
    struct cesql again;
    struct cesql_value other;
    const char *text = arena_format(&arena, "(%.*s)", BYTES_ARG(cesql->source));
    // Longer and deeper than the limits, perhaps.
    err_t err = cesql_compile(bytes_of_text(text), &arena, &again, NULL);
    ASSERT(err == ERR_OK || err == ERR_TOO_LARGE);
    ASSERT(cesql_evaluate(err == ERR_OK ? &again : cesql, event, &arena, &other) == error);
    ASSERT(is_same(value, &other));
    arena_free(&arena);
}

static void check(const struct cesql *cesql, const struct cesql_event *event)
{
    struct arena scratch = ARENA_INIT;
    struct cesql_value value;
    struct writer out = WRITER_INIT;
    enum cesql_error error = cesql_evaluate(cesql, event, &scratch, &value);
    ASSERT(error != CESQL_ERROR_PARSE);
    ASSERT(value.type == CESQL_STRING || value.text.size == 0);
    check_again(cesql, event, error, &value);
    bool is_true = error == CESQL_ERROR_NONE && value.type == CESQL_BOOLEAN && value.boolean;
    ASSERT(cesql_matches(cesql, event, &scratch) == is_true);
    out.limit = EXPLANATION_MAX;
    cesql_explain(cesql, event, &out);
    ASSERT(out.size > 0);
    writer_free(&out);
    arena_free(&scratch);
}

static bytes_t take_line(bytes_t *rest)
{
    const uint8_t *lf = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    size_t size = lf == NULL ? rest->size : (size_t)(lf - rest->data);
    bytes_t line = bytes_of(rest->data, size);
    size_t taken = lf == NULL ? size : size + 1;
    *rest = taken == 0 ? *rest : bytes_of(rest->data + taken, rest->size - taken);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct fuzz_event attributes = { .count = 0 };
    struct cesql_event event = { get, &attributes };
    struct cesql cesql;
    diag_t diag = { 0 };
    bytes_t rest = bytes_of(data, size), line = take_line(&rest);
    uint8_t *expression = arena_alloc(&arena, line.size);
    for (size_t i = 0; i < line.size; i++)
        expression[i] = line.data[i] == 0 ? '\n' : line.data[i];
    while (rest.size > 0 && attributes.count < ATTRIBUTES)
        attributes.values[attributes.count++] = take_line(&rest);
    if (cesql_compile(bytes_of(expression, line.size), &arena, &cesql, &diag) == ERR_OK)
        check(&cesql, &event);
    else
        ASSERT(diag.where[0] != '\0' && diag.text[0] != '\0');
    arena_free(&arena);
    return 0;
}
