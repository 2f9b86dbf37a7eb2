// SPDX-License-Identifier: Apache-2.0
// Depth is that of the JSON, which has a limit (JSON_DEPTH_MAX).
#include "eventing/kinds/filter_rules.h"

#include "base/assert.h"
#include "eventing/kinds/rules.h"
#include "kube/builtin/text.h"

static bool is_attribute_name(bytes_t name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.size > 0;
}

void attribute_names_inspect(struct field_errors *errors, const struct json_value *attributes,
                             const struct field_path *path)
{
    for (const struct json_value *item = first_of(attributes); item != NULL; item = item->next) {
        struct field_path at = field_key(path, item->name);
        if (!is_attribute_name(item->name))
            field_fail(errors, FIELD_INVALID, &at, field_quoted(errors->arena, item->name),
                       "Attribute name must start with a letter and can only contain lowercase alphanumeric");
    }
}

// exact, prefix, suffix
static void attributes_inspect(struct field_errors *errors, const struct json_value *attributes,
                               const struct field_path *path)
{
    if (attributes->type != JSON_OBJECT) {
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL, "must be attributes with their values");
        return;
    }
    attribute_names_inspect(errors, attributes, path);
    for (const struct json_value *item = attributes->first; item != NULL; item = item->next) {
        struct field_path at = field_key(path, item->name);
        if (item->type != JSON_STRING || item->text.size == 0)
            field_fail(errors, FIELD_INVALID, &at, BYTES_NULL, "must be a text that is not empty");
    }
}

static void cesql_inspect(struct field_errors *errors, const struct json_value *expression,
                          const struct field_path *path)
{
    if (expression->type != JSON_STRING)
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL, "must be an expression of CloudEvents SQL");
}

static void filter_inspect(struct field_errors *errors, const struct json_value *filter, const struct field_path *path);

// all, any
static void list_inspect(struct field_errors *errors, const struct json_value *filters, const struct field_path *path)
{
    if (filters->type == JSON_ARRAY)
        filters_inspect(errors, filters, path);
    else
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL, "must be a list of filters");
}

static const struct dialect {
    const char *name;
    void (*inspect)(struct field_errors *errors, const struct json_value *value, const struct field_path *path);
} dialects[] = {
    { "exact", attributes_inspect }, { "prefix", attributes_inspect }, { "suffix", attributes_inspect },
    { "all", list_inspect },         { "any", list_inspect },          { "not", filter_inspect },
    { "cesql", cesql_inspect },
};

static void dialect_inspect(struct field_errors *errors, const struct json_value *value, const struct field_path *up)
{
    struct field_path path = field_child(up, value->name);
    for (size_t i = 0; i < ARRAY_COUNT(dialects); i++) {
        if (bytes_is(value->name, dialects[i].name)) {
            dialects[i].inspect(errors, value, &path);
            return;
        }
    }
    field_fail(errors, FIELD_INVALID, &path, BYTES_NULL, "is no dialect of filters");
}

static void filter_inspect(struct field_errors *errors, const struct json_value *filter, const struct field_path *path)
{
    if (filter->type != JSON_OBJECT)
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL, "must be a filter");
    else if (filter->count > 1)
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL,
                   "multiple dialects found, filters can have only one dialect set");
    else if (filter->first != NULL)
        dialect_inspect(errors, filter->first, path);
}

void filters_inspect(struct field_errors *errors, const struct json_value *filters, const struct field_path *path)
{
    items_inspect(errors, filters, path, filter_inspect);
}
