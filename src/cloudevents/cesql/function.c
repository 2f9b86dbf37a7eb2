// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/function.h"

#include "base/nearest.h"
#include "cloudevents/cesql/node.h"
#include "cloudevents/cesql/text.h"
#include "cloudevents/cesql/value.h"

#include <strings.h>

static enum cesql_error run_identity(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                     struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    *ret_value = arguments[0];
    return CESQL_ERROR_NONE;
}

static enum cesql_error can_cast(const struct cesql_value *argument, enum cesql_type type,
                                 struct cesql_value *ret_value)
{
    char text[INTEGER_TEXT_SIZE];
    struct cesql_value cast;
    *ret_value = value_boolean(value_cast(argument, type, text, &cast));
    return CESQL_ERROR_NONE;
}

static enum cesql_error run_is_int(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                   struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    return can_cast(arguments, CESQL_INTEGER, ret_value);
}

static enum cesql_error run_is_bool(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                    struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    return can_cast(arguments, CESQL_BOOLEAN, ret_value);
}

static enum cesql_error run_abs(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    int32_t integer = arguments[0].integer;
    *ret_value = value_integer(integer == INT32_MIN ? INT32_MAX : integer < 0 ? -integer : integer);
    return integer == INT32_MIN ? CESQL_ERROR_MATH : CESQL_ERROR_NONE;
}

static enum cesql_error run_length(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                   struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    size_t length = text_length(arguments[0].text);
    *ret_value = value_integer(length > INT32_MAX ? INT32_MAX : (int32_t)length);
    return CESQL_ERROR_NONE;
}

static enum cesql_error join(struct evaluation *evaluation, bytes_t delimiter, const struct cesql_value *texts,
                             size_t count, struct cesql_value *ret_value)
{
    size_t size = count < 2 ? 0 : delimiter.size * (count - 1);
    for (size_t i = 0; i < count; i++)
        size += texts[i].text.size;
    uint8_t *data = evaluation_text(evaluation, size), *at = data;
    *ret_value = value_zero(CESQL_STRING);
    if (data == NULL)
        return CESQL_ERROR_FUNCTION_EVALUATION;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && delimiter.size > 0)
            at = mempcpy(at, delimiter.data, delimiter.size);
        if (texts[i].text.size > 0)
            at = mempcpy(at, texts[i].text.data, texts[i].text.size);
    }
    *ret_value = value_string(bytes_of(data, size));
    return CESQL_ERROR_NONE;
}

static enum cesql_error run_concat(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                   struct cesql_value *ret_value)
{
    return join(evaluation, BYTES_LITERAL(""), arguments, count, ret_value);
}

static enum cesql_error run_concat_ws(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                      struct cesql_value *ret_value)
{
    return join(evaluation, arguments[0].text, arguments + 1, count - 1, ret_value);
}

static enum cesql_error change_case(struct evaluation *evaluation, bytes_t text, enum text_case text_case,
                                    struct cesql_value *ret_value)
{
    uint8_t *data = evaluation_text(evaluation, text.size * TEXT_CASE_GROWTH);
    *ret_value = value_zero(CESQL_STRING);
    if (data == NULL)
        return CESQL_ERROR_FUNCTION_EVALUATION;
    *ret_value = value_string(bytes_of(data, text_change_case(text, text_case, data)));
    return CESQL_ERROR_NONE;
}

static enum cesql_error run_lower(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                  struct cesql_value *ret_value)
{
    (void)count;
    return change_case(evaluation, arguments[0].text, TEXT_LOWER, ret_value);
}

static enum cesql_error run_upper(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                  struct cesql_value *ret_value)
{
    (void)count;
    return change_case(evaluation, arguments[0].text, TEXT_UPPER, ret_value);
}

static enum cesql_error run_trim(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                 struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    *ret_value = value_string(text_trim(arguments[0].text));
    return CESQL_ERROR_NONE;
}

static struct cesql_value part_of(bytes_t text, size_t start, size_t end)
{
    return value_string(bytes_of(text.data + start, end - start));
}

static enum cesql_error run_left(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                 struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    bytes_t text = arguments[0].text;
    *ret_value = arguments[0];
    if (arguments[1].integer < 0)
        return CESQL_ERROR_FUNCTION_EVALUATION;
    *ret_value = part_of(text, 0, text_offset(text, (size_t)arguments[1].integer));
    return CESQL_ERROR_NONE;
}

static enum cesql_error run_right(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                  struct cesql_value *ret_value)
{
    (void)evaluation, (void)count;
    bytes_t text = arguments[0].text;
    *ret_value = arguments[0];
    if (arguments[1].integer < 0)
        return CESQL_ERROR_FUNCTION_EVALUATION;
    size_t length = text_length(text), wanted = (size_t)arguments[1].integer;
    if (wanted < length)
        *ret_value = part_of(text, text_offset(text, length - wanted), text.size);
    return CESQL_ERROR_NONE;
}

static enum cesql_error run_substring(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                                      struct cesql_value *ret_value)
{
    (void)evaluation;
    bytes_t text = arguments[0].text;
    int64_t length = (int64_t)text_length(text), position = arguments[1].integer;
    int64_t wanted = count < 3 ? length : arguments[2].integer;
    *ret_value = value_zero(CESQL_STRING);
    if (position > length || position < -length || wanted < 0)
        return CESQL_ERROR_FUNCTION_EVALUATION;
    if (position == 0)
        return CESQL_ERROR_NONE;
    size_t start = text_offset(text, (size_t)(position < 0 ? length + position : position - 1));
    bytes_t rest = bytes_of(text.data + start, text.size - start);
    *ret_value = part_of(rest, 0, text_offset(rest, (size_t)wanted));
    return CESQL_ERROR_NONE;
}

// clang-format off
static const struct function functions[] = {
    /* name         result         arguments                                       least most               any    run */
    { "INT",        CESQL_INTEGER, { CESQL_INTEGER },                              1, 1,                    false, run_identity },
    { "BOOL",       CESQL_BOOLEAN, { CESQL_BOOLEAN },                              1, 1,                    false, run_identity },
    { "STRING",     CESQL_STRING,  { CESQL_STRING },                               1, 1,                    false, run_identity },
    { "IS_INT",     CESQL_BOOLEAN, { CESQL_STRING },                               1, 1,                    true,  run_is_int },
    { "IS_BOOL",    CESQL_BOOLEAN, { CESQL_STRING },                               1, 1,                    true,  run_is_bool },
    { "ABS",        CESQL_INTEGER, { CESQL_INTEGER },                              1, 1,                    false, run_abs },
    { "LENGTH",     CESQL_INTEGER, { CESQL_STRING },                               1, 1,                    false, run_length },
    { "CONCAT",     CESQL_STRING,  { CESQL_STRING, CESQL_STRING, CESQL_STRING },   0, FUNCTION_ANY_COUNT,   false, run_concat },
    { "CONCAT_WS",  CESQL_STRING,  { CESQL_STRING, CESQL_STRING, CESQL_STRING },   1, FUNCTION_ANY_COUNT,   false, run_concat_ws },
    { "LOWER",      CESQL_STRING,  { CESQL_STRING },                               1, 1,                    false, run_lower },
    { "UPPER",      CESQL_STRING,  { CESQL_STRING },                               1, 1,                    false, run_upper },
    { "TRIM",       CESQL_STRING,  { CESQL_STRING },                               1, 1,                    false, run_trim },
    { "LEFT",       CESQL_STRING,  { CESQL_STRING, CESQL_INTEGER },                2, 2,                    false, run_left },
    { "RIGHT",      CESQL_STRING,  { CESQL_STRING, CESQL_INTEGER },                2, 2,                    false, run_right },
    { "SUBSTRING",  CESQL_STRING,  { CESQL_STRING, CESQL_INTEGER, CESQL_INTEGER }, 2, 3,                    false, run_substring },
};
// clang-format on

enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

static bool has_name(const struct function *function, bytes_t name)
{
    return strlen(function->name) == name.size && strncasecmp(function->name, (const char *)name.data, name.size) == 0;
}

const struct function *function_find(bytes_t name, size_t count)
{
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (has_name(&functions[i], name) && count >= functions[i].least && count <= functions[i].most)
            return &functions[i];
    }
    return NULL;
}

enum cesql_type function_argument(const struct function *function, size_t index)
{
    return function->arguments[index < 2 ? index : 2];
}

static void explain_count(const struct function *function, size_t count, diag_t *diag, const char *where)
{
    if (function->most == FUNCTION_ANY_COUNT)
        (void)diag_fail(diag, ERR_INVALID, where, "%s takes %u argument or more, not %zu", function->name,
                        function->least, count);
    else if (function->least != function->most)
        (void)diag_fail(diag, ERR_INVALID, where, "%s takes %u or %u arguments, not %zu", function->name,
                        function->least, function->most, count);
    else
        (void)diag_fail(diag, ERR_INVALID, where, "%s takes %u argument%s, not %zu", function->name, function->least,
                        function->least == 1 ? "" : "s", count);
}

void function_explain(bytes_t name, size_t count, diag_t *diag, const char *where)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (has_name(&functions[i], name)) {
            explain_count(&functions[i], count, diag, where);
            return;
        }
        nearest_offer(&nearest, functions[i].name);
    }
    (void)diag_fail(diag, ERR_INVALID, where, "there is no function %.*s%s%s", name.size > 40 ? 40 : (int)name.size,
                    (const char *)name.data, nearest.best == NULL ? "" : "; did you mean ",
                    nearest.best == NULL ? "" : nearest.best);
}
