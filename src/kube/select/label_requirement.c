// SPDX-License-Identifier: Apache-2.0
#include "kube/select/label_requirement.h"

#include "base/json_edit.h"
#include "base/writer.h"
#include "kube/patch/shown.h"
#include "kube/select/name.h"

#include <stdlib.h>

static int by_bytes(const void *a, const void *b)
{
    const bytes_t *left = a, *right = b;
    return bytes_compare(*left, *right);
}

size_t label_values_sort(bytes_t *values, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(values, count, sizeof *values, by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !bytes_equal(values[kept - 1], values[i]))
            values[kept++] = values[i];
    }
    return kept;
}

// --- complaints

// kube-apiserver shows one sentence as it is, several as "[a, b]". What is longer than people read is left out.
enum { SHOWN_MAX = 8192 };

struct faults {
    struct arena *arena;
    struct writer list;
    size_t count;
};

static void fault(struct faults *faults, const char *where, const char *value, const char *detail)
{
    if (faults->list.size > SHOWN_MAX)
        return;
    writer_format(&faults->list, "%s%s: Invalid value: %s: %s", faults->count == 0 ? "" : ", ", where, value, detail);
    faults->count++;
}

static void check_key(struct faults *faults, bytes_t key)
{
    struct name_faults wrong = name_check(NAME_QUALIFIED, key);
    if (wrong.count > 0)
        fault(faults, "key", shown_quoted(faults->arena, key), name_faults_text(faults->arena, &wrong));
}

static void check_value(struct faults *faults, const struct label_requirement *requirement, size_t index)
{
    struct name_faults wrong = name_check(NAME_LABEL_VALUE, requirement->values[index]);
    if (wrong.count > 0 && faults->list.size <= SHOWN_MAX)
        fault(faults, arena_format(faults->arena, "values[%zu][%.*s]", index, BYTES_ARG(requirement->key)),
              shown_quoted(faults->arena, requirement->values[index]), name_faults_text(faults->arena, &wrong));
}

static void check_bound(struct faults *faults, struct label_requirement *requirement)
{
    if (!bytes_to_int64(requirement->values[0], &requirement->bound))
        fault(faults, "values[0]", shown_quoted(faults->arena, requirement->values[0]),
              "for 'Gt', 'Lt' operators, the value must be an integer");
}

static const char *values_shown(struct arena *arena, const struct label_requirement *requirement)
{
    struct writer out = WRITER_INIT;
    writer_text(&out, "[");
    for (size_t i = 0; i < requirement->value_count && out.size <= SHOWN_MAX; i++)
        writer_format(&out, "%s%s", i == 0 ? "" : ",", shown_quoted(arena, requirement->values[i]));
    writer_text(&out, "]");
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void check_count(struct faults *faults, const struct label_requirement *requirement)
{
    size_t count = requirement->value_count;
    if (count == 0 && (requirement->test == LABEL_IN || requirement->test == LABEL_NOT_IN))
        fault(faults, "values", "null", "for 'in', 'notin' operators, values set can't be empty");
    if (count > 0 && (requirement->test == LABEL_EXISTS || requirement->test == LABEL_NOT_EXISTS))
        fault(faults, "values", values_shown(faults->arena, requirement),
              "values set must be empty for exists and does not exist");
}

const char *label_requirement_check(struct arena *arena, struct label_requirement *requirement)
{
    struct faults faults = { .arena = arena };
    check_key(&faults, requirement->key);
    check_count(&faults, requirement);
    if (requirement->test == LABEL_GREATER || requirement->test == LABEL_LESS)
        check_bound(&faults, requirement);
    for (size_t i = 0; i < requirement->value_count; i++)
        check_value(&faults, requirement, i);
    const char *text = NULL;
    if (faults.count > 0) {
        const char *list = arena_text(arena, writer_view(&faults.list));
        text = faults.count == 1 ? list : arena_format(arena, "[%s]", list);
    }
    writer_free(&faults.list);
    return text;
}

// --- matching

static bool has_value(const struct label_requirement *requirement, bytes_t value)
{
    return bsearch(&value, requirement->values, requirement->value_count, sizeof value, by_bytes) != NULL;
}

bool label_requirement_met(const struct label_requirement *requirement, const struct json_value *labels)
{
    bytes_t value;
    int64_t number;
    bool there = json_get_text(json_find(labels, requirement->key), &value);
    switch (requirement->test) {
    case LABEL_IN:
        return there && has_value(requirement, value);
    case LABEL_NOT_IN:
        return !there || !has_value(requirement, value);
    case LABEL_EXISTS:
        return there;
    case LABEL_NOT_EXISTS:
        return !there;
    case LABEL_GREATER:
        return there && bytes_to_int64(value, &number) && number > requirement->bound;
    case LABEL_LESS:
        return there && bytes_to_int64(value, &number) && number < requirement->bound;
    }
    return false;
}
