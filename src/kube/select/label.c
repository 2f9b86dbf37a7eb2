// SPDX-License-Identifier: Apache-2.0
// LabelSelector objects, and what a selector matches. label_parse.c reads selectors that are text.
#include "kube/select/label.h"

#include "base/json_edit.h"
#include "kube/patch/shown.h"
#include "kube/select/label_requirement.h"

struct reading {
    struct arena *arena;
    struct label_requirement *requirements;
    size_t count;
};

// All functions return the sentence that says what is wrong, in the arena, or NULL.
static const char *expected(struct reading *reading, const char *where, const char *what,
                            const struct json_value *value)
{
    return arena_format(reading->arena, "json: cannot unmarshal %s into Go struct field LabelSelector.%s of type %s",
                        shown_kind(value), where, what);
}

static const char *read_labels(struct reading *reading, const struct json_value *labels)
{
    for (const struct json_value *label = labels->first; label != NULL; label = label->next) {
        bytes_t *value = arena_alloc(reading->arena, sizeof *value);
        if (!json_get_text(label, value))
            return expected(reading, "matchLabels", "string", label);
        struct label_requirement requirement = {
            .key = label->name, .test = LABEL_IN, .values = value, .value_count = 1
        };
        const char *wrong = label_requirement_check(reading->arena, &requirement);
        reading->requirements[reading->count++] = requirement;
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

// In the order of the list: complaints name its indexes.
static const char *read_values(struct reading *reading, const struct json_value *list, bytes_t **ret_values,
                               size_t *ret_count)
{
    if (list == NULL || list->type == JSON_NULL)
        return NULL;
    if (list->type != JSON_ARRAY)
        return expected(reading, "matchExpressions.values", "[]string", list);
    bytes_t *values = arena_array(reading->arena, list->count, sizeof *values);
    size_t count = 0;
    for (const struct json_value *value = list->first; value != NULL; value = value->next) {
        if (!json_get_text(value, &values[count++]))
            return expected(reading, "matchExpressions.values", "string", value);
    }
    *ret_values = values;
    *ret_count = count;
    return NULL;
}

static const char *read_expression(struct reading *reading, const struct json_value *expression)
{
    static const struct {
        const char *name;
        enum label_test test;
    } operators[] = {
        { "In", LABEL_IN }, { "NotIn", LABEL_NOT_IN }, { "Exists", LABEL_EXISTS }, { "DoesNotExist", LABEL_NOT_EXISTS }
    };
    struct label_requirement requirement = { .key = BYTES_LITERAL("") };
    bytes_t name = BYTES_LITERAL("");
    if (expression->type != JSON_OBJECT)
        return expected(reading, "matchExpressions", "v1.LabelSelectorRequirement", expression);
    json_get_text(json_get(expression, "key"), &requirement.key);
    json_get_text(json_get(expression, "operator"), &name);
    size_t row = 0, rows = sizeof operators / sizeof operators[0];
    while (row < rows && !bytes_is(name, operators[row].name))
        row++;
    if (row == rows)
        return arena_format(reading->arena, "%s is not a valid label selector operator",
                            shown_quoted(reading->arena, name));
    requirement.test = operators[row].test;
    bytes_t *values = NULL;
    size_t count = 0;
    const char *wrong = read_values(reading, json_get(expression, "values"), &values, &count);
    if (wrong != NULL)
        return wrong;
    requirement.values = values;
    requirement.value_count = count;
    wrong = label_requirement_check(reading->arena, &requirement);
    requirement.value_count = label_values_sort(values, count);
    reading->requirements[reading->count++] = requirement;
    return wrong;
}

static const char *read_expressions(struct reading *reading, const struct json_value *list)
{
    const char *wrong = NULL;
    for (const struct json_value *item = list->first; item != NULL && wrong == NULL; item = item->next)
        wrong = read_expression(reading, item);
    return wrong;
}

err_t label_selector_read(struct arena *arena, const struct json_value *object, struct label_selector *ret_selector,
                          const char **ret_text)
{
    struct reading reading = { .arena = arena };
    const struct json_value *labels = json_get(object, "matchLabels"),
                            *expressions = json_get(object, "matchExpressions");
    const char *wrong = NULL;
    size_t count = (labels == NULL ? 0 : labels->count) + (expressions == NULL ? 0 : expressions->count);
    reading.requirements = arena_array(arena, count, sizeof *reading.requirements);
    if (labels != NULL && labels->type == JSON_OBJECT)
        wrong = read_labels(&reading, labels);
    else if (labels != NULL && labels->type != JSON_NULL)
        wrong = expected(&reading, "matchLabels", "map[string]string", labels);
    if (wrong == NULL && expressions != NULL && expressions->type == JSON_ARRAY)
        wrong = read_expressions(&reading, expressions);
    else if (wrong == NULL && expressions != NULL && expressions->type != JSON_NULL)
        wrong = expected(&reading, "matchExpressions", "[]v1.LabelSelectorRequirement", expressions);
    if (wrong != NULL) {
        *ret_text = wrong;
        return ERR_INVALID;
    }
    *ret_selector = (struct label_selector){ reading.requirements, reading.count };
    return ERR_OK;
}

bool label_selector_matches(const struct label_selector *selector, const struct json_value *labels)
{
    for (size_t i = 0; i < selector->count; i++) {
        if (!label_requirement_met(&selector->requirements[i], labels))
            return false;
    }
    return true;
}
