// SPDX-License-Identifier: Apache-2.0
// Pod: containers that run together. Nothing runs them yet: they stay Pending. pod_cells.c has the columns.
#include "base/assert.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/pod_cells.h"
#include "kube/builtin/pod_spec.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/schema/field_error.h"

EMBED(pod_definition, "pod");

// --- defaults

// What is limited and not requested is requested as far as it is limited.
static void requests_fill(struct arena *arena, struct json_value *container)
{
    struct json_value *resources = json_find(container, BYTES_LITERAL("resources"));
    const struct json_value *limits = json_get(resources, "limits");
    if (limits == NULL || limits->type != JSON_OBJECT || limits->count == 0)
        return;
    struct json_value *requests = object_at(resources, arena, "requests");
    for (const struct json_value *limit = limits->first; limit != NULL && requests != NULL; limit = limit->next) {
        if (json_find(requests, limit->name) == NULL)
            json_set(requests, limit->name, json_copy(arena, limit));
    }
}

// Best effort: nothing is requested. Guaranteed: every container is limited to what it requests, in both.
static const char *quality_of(const struct json_value *spec)
{
    static const char *const both[] = { "cpu", "memory" };
    bool is_guaranteed = true, is_best_effort = true;
    for (const struct json_value *at = first_of(json_get(spec, "containers")); at != NULL; at = at->next) {
        const struct json_value *requests = json_get(json_get(at, "resources"), "requests");
        const struct json_value *limits = json_get(json_get(at, "resources"), "limits");
        is_best_effort &= first_of(requests) == NULL && first_of(limits) == NULL;
        for (size_t i = 0; i < ARRAY_COUNT(both); i++) {
            const struct json_value *limit = json_get(limits, both[i]), *request = json_get(requests, both[i]);
            is_guaranteed &= limit != NULL && request != NULL && json_equal(limit, request);
        }
    }
    return is_best_effort ? "BestEffort" : is_guaranteed ? "Guaranteed" : "Burstable";
}

static void fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = json_find(object, BYTES_LITERAL("spec"));
    if (spec == NULL || spec->type != JSON_OBJECT)
        return;
    if (json_text_at(spec, "serviceAccountName").size == 0 && json_text_at(spec, "serviceAccount").size == 0)
        json_set_text(spec, arena, "serviceAccountName", "default");
    if (json_get(spec, "enableServiceLinks") == NULL)
        json_set(spec, BYTES_LITERAL("enableServiceLinks"), json_new_bool(arena, true));
    pod_spec_fill(arena, spec);
    for (struct json_value *at = first_of(json_get(spec, "containers")); at != NULL; at = at->next)
        requests_fill(arena, at);
    if (live != NULL)
        return;
    struct json_value *status = json_set_object(object, arena, "status");
    json_set_text(status, arena, "phase", "Pending");
    json_set_text(status, arena, "qosClass", quality_of(spec));
}

// --- checks

// A copy of the spec without what may change.
static struct json_value *fixed_part(struct arena *arena, const struct json_value *spec)
{
    static const char *const free_members[] = { "activeDeadlineSeconds", "tolerations",
                                                "terminationGracePeriodSeconds" };
    static const char *const lists[] = { "containers", "initContainers" };
    struct json_value *copy = json_copy(arena, spec);
    for (size_t i = 0; i < ARRAY_COUNT(free_members); i++)
        json_unset(copy, bytes_of_text(free_members[i]));
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        for (struct json_value *at = first_of(json_get(copy, lists[i])); at != NULL; at = at->next)
            json_unset(at, BYTES_LITERAL("image"));
    }
    return copy;
}

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    const struct json_value *spec = json_get(object, "spec"), *was = json_get(live, "spec");
    if (spec == NULL) {
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.containers"), BYTES_NULL, BYTES_LITERAL(""));
        return;
    }
    pod_spec_check(errors, spec, "spec");
    if (was != NULL && !json_equal(fixed_part(errors->arena, was), fixed_part(errors->arena, spec)))
        field_error_add(errors, FIELD_FORBIDDEN, BYTES_LITERAL("spec"), BYTES_NULL,
                        BYTES_LITERAL("pod updates may not change fields other than `spec.containers[*].image`,"
                                      "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations`,"
                                      "`spec.terminationGracePeriodSeconds`"));
}

const struct kind_rules pod_rules = {
    .definition = pod_definition,
    .fill = fill,
    .check = check,
    .cells = pod_cells,
    .no_generation = true,
};
