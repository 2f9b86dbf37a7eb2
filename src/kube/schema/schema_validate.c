// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_validate.h"

#include "base/json_edit.h"
#include "kube/schema/go_value.h"
#include "kube/schema/schema_lists.h"
#include "kube/schema/schema_result.h"
#include "kube/schema/schema_rules.h"
#include "kube/schema/schema_values.h"

#include <stdio.h>

#define CHILD(up, text) field_child(up, BYTES_LITERAL(text))

static struct schema_result validate(const struct schema_results *results, const struct json_value *value,
                                     const struct schema *schema, const struct field_path *path);

static void validate_into(const struct schema_results *results, struct schema_result *result,
                          const struct json_value *value, const struct schema *schema, const struct field_path *path)
{
    // The words of a list that is full already are not written.
    struct schema_results inner = *results;
    inner.is_quiet = results->is_quiet || result->count == results->limit;
    struct schema_result found = validate(&inner, value, schema, path);
    schema_result_merge(results, result, &found);
}

// --- allOf, anyOf, oneOf, not

// The branch with most checks that went well speaks for those that failed.
struct branches {
    struct schema_result best; // of the first that is valid, else of the nearest
    size_t valid;
};

static struct branches try_branches(const struct schema_results *results, const struct json_value *value,
                                    const struct schema_branches *branches, bool stop_at_first,
                                    const struct field_path *path)
{
    struct branches tried = { 0 };
    for (size_t i = 0; i < branches->count && !(stop_at_first && tried.valid > 0); i++) {
        struct schema_result result = validate(results, value, branches->items[i], path);
        bool is_valid = schema_result_is_valid(&result);
        if (tried.valid == 0 && (i == 0 || is_valid || result.matches > tried.best.matches))
            tried.best = result;
        tried.valid += is_valid ? 1 : 0;
    }
    return tried;
}

static void fail_branches(const struct schema_results *results, struct schema_result *result,
                          const struct field_path *path, const char *words)
{
    bytes_t at = results->is_quiet ? BYTES_NULL : schema_values_path(results, path);
    bytes_t message = results->is_quiet ? BYTES_NULL : field_quoted(results->arena, at);
    // Kubernetes does not say where in the field, only in the words.
    schema_result_fail(results, result, FIELD_INVALID, BYTES_NULL, BYTES_LITERAL("\"\""), "%.*s %s", BYTES_ARG(message),
                       words);
}

static void check_one_of(const struct schema_results *results, struct schema_result *result,
                         const struct json_value *value, const struct schema_branches *branches,
                         const struct field_path *path)
{
    struct branches tried = try_branches(results, value, branches, false, path);
    char words[96] = "must validate one and only one schema (oneOf). Found none valid";
    if (tried.valid > 1)
        (void)snprintf(words, sizeof words,
                       "must validate one and only one schema (oneOf). Found %zu valid alternatives", tried.valid);
    if (tried.valid != 1)
        fail_branches(results, result, path, words);
    if (tried.valid <= 1)
        schema_result_merge(results, result, &tried.best);
}

static void check_all_of(const struct schema_results *results, struct schema_result *result,
                         const struct json_value *value, const struct schema_branches *branches,
                         const struct field_path *path)
{
    size_t valid = 0;
    for (size_t i = 0; i < branches->count; i++) {
        struct schema_result branch = validate(results, value, branches->items[i], path);
        valid += schema_result_is_valid(&branch) ? 1 : 0;
        schema_result_merge(results, result, &branch);
    }
    if (valid != branches->count)
        fail_branches(results, result, path,
                      valid == 0 ? "must validate all the schemas (allOf). None validated"
                                 : "must validate all the schemas (allOf)");
}

static void check_branches(const struct schema_results *results, struct schema_result *result,
                           const struct json_value *value, const struct schema_rules *rules,
                           const struct field_path *path)
{
    struct schema_result own = { .matches = 1 };
    if (rules->any_of.count > 0) {
        struct branches tried = try_branches(results, value, &rules->any_of, true, path);
        if (tried.valid == 0)
            fail_branches(results, &own, path, "must validate at least one schema (anyOf)");
        schema_result_merge(results, &own, &tried.best);
    }
    if (rules->one_of.count > 0)
        check_one_of(results, &own, value, &rules->one_of, path);
    if (rules->all_of.count > 0)
        check_all_of(results, &own, value, &rules->all_of, path);
    if (rules->not_ != NULL) {
        struct schema_results quiet = *results;
        quiet.is_quiet = true;
        struct schema_result inner = validate(&quiet, value, rules->not_, path);
        if (schema_result_is_valid(&inner))
            fail_branches(results, &own, path, "must not validate the schema (not)");
    }
    schema_result_merge(results, result, &own);
}

// --- what is inside

static void check_count(const struct schema_results *results, struct schema_result *result, size_t count,
                        const struct schema_rules *rules, bool is_object, const struct field_path *path)
{
    int64_t least = is_object ? rules->min_properties : rules->min_items;
    int64_t most = is_object ? rules->max_properties : rules->max_items;
    const char *what = is_object ? "properties" : "items";
    bool is_few = least >= 0 && (int64_t)count < least, is_many = most >= 0 && (int64_t)count > most;
    if (!is_few && !is_many)
        return;
    bytes_t at = schema_values_path(results, path);
    bytes_t value = bytes_of_text(arena_format(results->arena, "%zu", count));
    if (is_few)
        schema_result_fail(results, result, FIELD_INVALID, at, value, "%.*s in body should have at least %lld %s",
                           BYTES_ARG(at), (long long)least, what);
    if (!is_many)
        return;
    struct schema_found found = { .type = FIELD_TOO_MANY, .field = at, .value = value };
    found.detail = bytes_of_text(arena_format(results->arena, "must have at most %lld items", (long long)most));
    found.message = bytes_of_text(
        arena_format(results->arena, "%.*s in body should have at most %lld %s", BYTES_ARG(at), (long long)most, what));
    schema_result_add(results, result, found);
}

static void require(const struct schema_results *results, struct schema_result *result, bytes_t name,
                    const char *detail, const struct field_path *path)
{
    struct field_path here = field_child(path, name);
    if (results->is_quiet || result->count == results->limit) {
        result->hidden++;
        return;
    }
    bytes_t at = schema_values_path(results, &here);
    struct schema_found found = { .type = FIELD_REQUIRED, .field = at, .detail = bytes_of_text(detail) };
    found.message = bytes_of_text(arena_format(results->arena, "%.*s in body is required", BYTES_ARG(at)));
    schema_result_add(results, result, found);
}

static void check_member(const struct schema_results *results, struct schema_result *result,
                         const struct json_value *member, const struct schema *schema, const struct field_path *path)
{
    struct field_path here = field_child(path, member->name);
    const struct schema *known = schema_member_find(schema, member->name);
    bool is_refused = schema->rules != NULL && schema->rules->refuses_additional && known == schema->additional;
    // As it comes out of Go: a map without a name has members that begin with a dot.
    if (path == NULL && known != NULL && known == schema->additional && !results->is_quiet)
        here.name = bytes_of_text(arena_format(results->arena, ".%.*s", BYTES_ARG(member->name)));
    if (is_refused) {
        bytes_t at = schema_values_path(results, path);
        schema_result_fail(results, result, FIELD_INVALID, at, field_quoted(results->arena, member->name),
                           "%.*s.%.*s in body is a forbidden property", BYTES_ARG(at), BYTES_ARG(member->name));
    } else if (known != NULL) {
        validate_into(results, result, member, known, &here);
    }
}

// An object inside of another names what it is (schema/objectmeta).
static void check_embedded(const struct schema_results *results, struct schema_result *result,
                           const struct json_value *object, const struct field_path *path)
{
    static const char *const names[] = { "apiVersion", "kind" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct json_value *member = json_get(object, names[i]);
        struct field_path here = field_child(path, bytes_of_text(names[i]));
        if (member == NULL)
            require(results, result, bytes_of_text(names[i]), "must not be empty", path);
        else if (member->type == JSON_STRING && member->text.size == 0)
            schema_result_fail(results, result, FIELD_INVALID, schema_values_path(results, &here),
                               BYTES_LITERAL("\"\""), "must not be empty");
    }
}

static void check_object(const struct schema_results *results, struct schema_result *result,
                         const struct json_value *object, const struct schema *schema, const struct field_path *path)
{
    const struct schema_rules *rules = schema->rules;
    if (rules != NULL)
        check_count(results, result, object->count, rules, true, path);
    if (schema->embedded && (path != NULL || results->is_part))
        check_embedded(results, result, object, path);
    for (const struct json_value *member = object->first; member != NULL; member = member->next)
        check_member(results, result, member, schema, path);
    for (size_t i = 0; rules != NULL && i < rules->required_count; i++) {
        if (json_find(object, rules->required[i]) == NULL)
            require(results, result, rules->required[i], "", path);
    }
}

static void check_array(const struct schema_results *results, struct schema_result *result,
                        const struct json_value *array, const struct schema *schema, const struct field_path *path)
{
    size_t index = 0;
    for (const struct json_value *item = array->first; item != NULL && schema->items != NULL; item = item->next) {
        struct field_path here = field_index(path, index++);
        validate_into(results, result, item, schema->items, &here);
    }
    if (schema->rules != NULL)
        check_count(results, result, array->count, schema->rules, false, path);
    result->matches++;
}

// --- one value

// The order of the checks, and how much each counts, are those of kube-openapi's SchemaValidator: `matches` chooses the
// branch of anyOf that is shown.
static struct schema_result validate(const struct schema_results *results, const struct json_value *value,
                                     const struct schema *schema, const struct field_path *path)
{
    struct schema_result result = { 0 };
    const struct schema_rules *rules = schema->rules;
    bool has_type = schema->type != SCHEMA_ANY || schema->int_or_string || (rules != NULL && rules->check != NULL);
    if (value->type == JSON_NULL) {
        schema_values_type(results, &result, value, schema, path);
        schema_values_enum(results, &result, value, rules, path);
        return result;
    }
    if (has_type) {
        schema_values_type(results, &result, value, schema, path);
        result.matches++;
    }
    if (rules != NULL)
        check_branches(results, &result, value, rules, path);
    else
        result.matches++;
    result.matches++;
    if (value->type == JSON_STRING)
        schema_values_string(results, &result, value, rules, path);
    if (value->type == JSON_NUMBER)
        schema_values_number(results, &result, value, rules, path);
    if (value->type == JSON_ARRAY) {
        check_array(results, &result, value, schema, path);
        result.matches++;
    }
    schema_values_enum(results, &result, value, rules, path);
    result.matches++;
    if (value->type == JSON_OBJECT) {
        check_object(results, &result, value, schema, path);
        result.matches++;
    }
    result.matches++;
    return result;
}

// --- the whole

// "BASE.PATH"; what begins with a dot or has no name is told as Go does.
static bytes_t whole_field(struct arena *arena, bytes_t base, bytes_t path)
{
    if (path.size > 0 && path.data[0] == '.')
        path = bytes_of(path.data + 1, path.size - 1);
    if (base.size == 0)
        return path.size > 0 ? path : BYTES_LITERAL("<nil>");
    if (path.size == 0)
        return base;
    return bytes_of_text(arena_format(arena, "%.*s.%.*s", BYTES_ARG(base), BYTES_ARG(path)));
}

void schema_validate_at(const struct json_value *value, const struct schema *schema, const struct field_path *at,
                        struct field_errors *errors)
{
    const struct schema_results results = { .arena = errors->arena, .limit = errors->limit, .is_part = at != NULL };
    bytes_t base = at == NULL ? BYTES_NULL : field_path_text(errors->arena, at);
    struct schema_result result = validate(&results, value, schema, NULL);
    for (const struct schema_found *found = result.first; found != NULL; found = found->next)
        field_error_add(errors, found->type, whole_field(errors->arena, base, found->field), found->value,
                        found->detail);
    errors->hidden += result.hidden;
}

void schema_validate(const struct json_value *object, const struct schema *schema, struct field_errors *errors)
{
    schema_validate_at(object, schema, NULL, errors);
    schema_lists_check(object, schema, errors);
}
