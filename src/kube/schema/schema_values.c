// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_values.h"

#include "base/json_edit.h"
#include "kube/schema/go_value.h"

#include <math.h>

static const double exact_max = 9007199254740991.0; // 2^53 - 1

static bytes_t taken(const struct schema_results *results, struct writer *out)
{
    bytes_t text = arena_copy(results->arena, writer_view(out));
    writer_free(out);
    return text.data == NULL ? bytes_of("", 0) : text;
}

bytes_t schema_values_path(const struct schema_results *results, const struct field_path *path)
{
    if (results->is_quiet)
        return BYTES_NULL;
    struct writer out = WRITER_INIT;
    field_path_write(&out, path);
    return taken(results, &out);
}

static bool is_told(const struct schema_results *results, struct schema_result *result)
{
    if (!results->is_quiet && result->count < results->limit)
        return true;
    result->hidden++;
    return false;
}

// --- types

static const char *types_text(const struct schema *schema)
{
    static const char *const names[] = { "", "object", "array", "string", "integer", "number", "boolean" };
    return schema->int_or_string ? "integer,string" : names[schema->type];
}

static const char *type_of(const struct json_value *value)
{
    static const char *const names[] = { "null", "boolean", "number", "string", "array", "object" };
    int64_t whole;
    return json_get_int(value, &whole) ? "integer" : names[value->type];
}

// 2.0 is a whole number, too.
static bool is_whole(double number)
{
    if (!isfinite(number) || fabs(number) > exact_max)
        return false;
    double whole = trunc(number), difference = fabs(number - whole);
    return number == whole || (whole != 0 && difference / (fabs(number) + fabs(whole)) < 1e-9);
}

static bool is_of_type(const struct json_value *value, const struct schema *schema)
{
    static const enum json_type types[] = { JSON_NULL,   JSON_OBJECT, JSON_ARRAY, JSON_STRING,
                                            JSON_NUMBER, JSON_NUMBER, JSON_BOOL };
    bool wants_whole = schema->int_or_string || schema->type == SCHEMA_INTEGER;
    double number;
    if (wants_whole && json_get_double(value, &number)) {
        int64_t whole;
        return json_get_int(value, &whole) || is_whole(number);
    }
    return schema->int_or_string ? value->type == JSON_STRING : value->type == types[schema->type];
}

static void wrong_type(const struct schema_results *results, struct schema_result *result, const char *wanted,
                       const char *given, const struct field_path *path)
{
    if (!is_told(results, result))
        return;
    bytes_t at = schema_values_path(results, path);
    bytes_t value = field_quoted(results->arena, bytes_of_text(given));
    schema_result_fail(results, result, FIELD_TYPE_INVALID, at, value, "%.*s in body must be of type %s: %.*s",
                       BYTES_ARG(at), wanted, BYTES_ARG(value));
}

void schema_values_type(const struct schema_results *results, struct schema_result *result,
                        const struct json_value *value, const struct schema *schema, const struct field_path *path)
{
    static const char *const number_formats[] = { "int64", "float64" };
    bool has_type = schema->type != SCHEMA_ANY || schema->int_or_string;
    bool has_format = schema->rules != NULL && schema->rules->check != NULL;
    bool fits = has_type ? is_of_type(value, schema) : value->type == JSON_STRING;
    int64_t whole;
    if (value->type == JSON_NULL) {
        if (has_type && !schema->nullable)
            wrong_type(results, result, types_text(schema), "null", path);
        else
            result->matches++;
    } else if (fits || (!has_type && !has_format)) {
        result->matches++;
    } else if (has_format && value->type != JSON_STRING && value->type != JSON_ARRAY) {
        const char *given = value->type != JSON_NUMBER ? "" : number_formats[!json_get_int(value, &whole)];
        wrong_type(results, result, arena_text(results->arena, schema->rules->format), given, path);
    } else {
        wrong_type(results, result, types_text(schema), type_of(value), path);
    }
}

// --- enum

// Go converts what is compared to the type of the value in the enum.
static bool equals(const struct json_value *value, const struct json_value *allowed)
{
    double given, wanted;
    int64_t whole;
    if (allowed->type == JSON_NULL)
        return false;
    if (json_get_int(allowed, &whole) && json_get_double(value, &given) && fabs(given) < exact_max)
        return (int64_t)given == whole;
    if (json_get_double(allowed, &wanted) && json_get_double(value, &given))
        return given == wanted;
    return json_equal(value, allowed);
}

static bytes_t bad_value(const struct schema_results *results, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    if (value->type == JSON_NULL)
        writer_text(&out, "\"null\"");
    else
        go_value(&out, value);
    return taken(results, &out);
}

static bytes_t allowed_text(const struct schema_results *results, const struct json_value *allowed)
{
    if (allowed->type == JSON_STRING)
        return allowed->text;
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, allowed);
    return taken(results, &out);
}

void schema_values_enum(const struct schema_results *results, struct schema_result *result,
                        const struct json_value *value, const struct schema_rules *rules, const struct field_path *path)
{
    if (rules == NULL || rules->enums == NULL)
        return;
    for (const struct json_value *allowed = rules->enums->first; allowed != NULL; allowed = allowed->next) {
        if (equals(value, allowed))
            return;
    }
    if (!is_told(results, result))
        return;
    bytes_t *values = arena_array(results->arena, rules->enums->count, sizeof(bytes_t));
    size_t count = 0;
    for (const struct json_value *allowed = rules->enums->first; allowed != NULL; allowed = allowed->next)
        values[count++] = allowed_text(results, allowed);
    struct schema_found found = { .type = FIELD_NOT_SUPPORTED, .field = schema_values_path(results, path) };
    found.value = bad_value(results, value);
    found.detail = field_supported(results->arena, values, count);
    found.message = bytes_of_text(arena_format(results->arena, "%.*s in body should be one of %.*s",
                                               BYTES_ARG(found.field), BYTES_ARG(found.detail)));
    schema_result_add(results, result, found);
}

// --- texts

static size_t characters(bytes_t text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    return count;
}

static void too_long(const struct schema_results *results, struct schema_result *result,
                     const struct schema_rules *rules, const struct field_path *path)
{
    if (!is_told(results, result))
        return;
    struct schema_found found = { .type = FIELD_TOO_LONG, .field = schema_values_path(results, path) };
    long long most = (long long)rules->max_length;
    found.detail = bytes_of_text(arena_format(results->arena, "may not be more than %lld bytes", most));
    found.message = bytes_of_text(
        arena_format(results->arena, "%.*s in body should be at most %lld chars long", BYTES_ARG(found.field), most));
    schema_result_add(results, result, found);
}

static void check_pattern(const struct schema_results *results, struct schema_result *result, bytes_t text,
                          const struct schema_rules *rules, const struct field_path *path)
{
    bool matches;
    if (rules->pattern == NULL)
        return;
    err_t err = schema_pattern_match(rules->pattern, text, &matches);
    if ((err == ERR_OK && matches) || !is_told(results, result))
        return;
    bytes_t at = schema_values_path(results, path);
    schema_result_fail(results, result, FIELD_INVALID, at, field_quoted(results->arena, text),
                       "%.*s in body should match '%.*s'%s", BYTES_ARG(at), BYTES_ARG(rules->pattern_text),
                       err == ERR_OK ? "" : ", which takes too long to find out: make the pattern simpler");
}

void schema_values_string(const struct schema_results *results, struct schema_result *result,
                          const struct json_value *value, const struct schema_rules *rules,
                          const struct field_path *path)
{
    result->matches++;
    if (rules == NULL)
        return;
    int64_t length = (int64_t)characters(value->text);
    if (rules->max_length >= 0 && length > rules->max_length) {
        too_long(results, result, rules, path);
    } else if (rules->min_length >= 0 && length < rules->min_length) {
        bytes_t at = schema_values_path(results, path);
        schema_result_fail(results, result, FIELD_INVALID, at, field_quoted(results->arena, value->text),
                           "%.*s in body should be at least %lld chars long", BYTES_ARG(at),
                           (long long)rules->min_length);
    } else {
        check_pattern(results, result, value->text, rules, path);
    }
    if (rules->check == NULL)
        return;
    result->matches++;
    if (rules->check(value->text) || !is_told(results, result))
        return;
    bytes_t at = schema_values_path(results, path), given = field_quoted(results->arena, value->text);
    schema_result_fail(results, result, FIELD_TYPE_INVALID, at, given, "%.*s in body must be of type %.*s: %.*s",
                       BYTES_ARG(at), BYTES_ARG(rules->format), BYTES_ARG(given));
}

// --- numbers

static void out_of_range(const struct schema_results *results, struct schema_result *result,
                         const struct json_value *value, const char *words, double limit, const struct field_path *path)
{
    if (!is_told(results, result))
        return;
    struct writer given = WRITER_INIT, bound = WRITER_INIT;
    int64_t whole;
    go_number(&given, value);
    if (json_get_int(value, &whole) && limit == trunc(limit) && fabs(limit) < 9e18)
        writer_format(&bound, "%lld", (long long)limit);
    else
        go_double(&bound, limit);
    bytes_t at = schema_values_path(results, path), limit_text = taken(results, &bound);
    schema_result_fail(results, result, FIELD_INVALID, at, taken(results, &given), "%.*s in body should be %s %.*s",
                       BYTES_ARG(at), words, BYTES_ARG(limit_text));
}

static bool is_multiple(double number, double factor)
{
    return is_whole(factor < 1 ? 1 / factor * number : number / factor);
}

void schema_values_number(const struct schema_results *results, struct schema_result *result,
                          const struct json_value *value, const struct schema_rules *rules,
                          const struct field_path *path)
{
    double number;
    result->matches += 2;
    if (rules == NULL || !json_get_double(value, &number))
        return;
    // Limits of whole numbers are whole numbers, too, as Go converts them.
    int64_t whole;
    bool is_int = json_get_int(value, &whole);
    double most = is_int ? trunc(rules->maximum) : rules->maximum,
           least = is_int ? trunc(rules->minimum) : rules->minimum;
    if (rules->has_multiple_of && rules->multiple_of <= 0) {
        bytes_t at = schema_values_path(results, path);
        schema_result_fail(results, result, FIELD_INVALID, at, BYTES_LITERAL("\"\""),
                           "factor MultipleOf declared for %.*s must be positive", BYTES_ARG(at));
    } else if (rules->has_multiple_of && !is_multiple(number, rules->multiple_of)) {
        out_of_range(results, result, value, "a multiple of", rules->multiple_of, path);
    }
    if (rules->has_minimum && (rules->exclusive_minimum ? number <= least : number < least))
        out_of_range(results, result, value, rules->exclusive_minimum ? "greater than" : "greater than or equal to",
                     least, path);
    if (rules->has_maximum && (rules->exclusive_maximum ? number >= most : number > most))
        out_of_range(results, result, value, rules->exclusive_maximum ? "less than" : "less than or equal to", most,
                     path);
}
