// SPDX-License-Identifier: Apache-2.0
// Deployment: so many pods of one template. Nothing makes them yet.
#include "base/assert.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/pod_spec.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/schema/field_error.h"
#include "kube/table/table.h"

EMBED(deployment_definition, "deployment");

static void strategy_fill(struct arena *arena, struct json_value *spec)
{
    static const char *const members[] = { "maxUnavailable", "maxSurge" };
    struct json_value *strategy = object_at(spec, arena, "strategy");
    if (strategy == NULL)
        return;
    if (json_text_at(strategy, "type").size == 0)
        json_set_text(strategy, arena, "type", "RollingUpdate");
    if (!bytes_is(json_text_at(strategy, "type"), "RollingUpdate"))
        return;
    struct json_value *rolling = object_at(strategy, arena, "rollingUpdate");
    for (size_t i = 0; i < ARRAY_COUNT(members) && rolling != NULL; i++) {
        if (json_get(rolling, members[i]) == NULL)
            json_set_text(rolling, arena, members[i], "25%");
    }
}

static void fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = json_find(object, BYTES_LITERAL("spec"));
    if (live == NULL)
        (void)json_set_object(object, arena, "status");
    if (spec == NULL || spec->type != JSON_OBJECT)
        return;
    strategy_fill(arena, spec);
    pod_template_fill(arena, object);
}

static void least_check(struct field_errors *errors, const struct json_value *spec, const char *member)
{
    if (int_at(spec, member) < 0)
        field_error_add(errors, FIELD_INVALID, bytes_of_text(arena_format(errors->arena, "spec.%s", member)),
                        json_get(spec, member)->text, BYTES_LITERAL("must be greater than or equal to 0"));
}

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const bytes_t always[] = { { (const uint8_t *)"Always", 6 } };
    static const char *const counts[] = { "replicas", "minReadySeconds", "revisionHistoryLimit",
                                          "progressDeadlineSeconds" };
    const struct json_value *spec = json_get(object, "spec"), *strategy = json_get(spec, "strategy");
    const struct json_value *pod = json_get(json_get(spec, "template"), "spec");
    bytes_t restart = json_text_at(pod, "restartPolicy");
    if (spec == NULL) {
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.selector"), BYTES_NULL, BYTES_LITERAL(""));
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++)
        least_check(errors, spec, counts[i]);
    pod_selector_check(errors, object, live, "deployment");
    pod_spec_check(errors, pod, "spec.template.spec");
    if (pod != NULL && !bytes_is(restart, "Always"))
        field_error_add(errors, FIELD_NOT_SUPPORTED, BYTES_LITERAL("spec.template.spec.restartPolicy"),
                        field_quoted(errors->arena, restart), field_supported(errors->arena, always, 1));
    if (bytes_is(json_text_at(strategy, "type"), "Recreate") && json_get(strategy, "rollingUpdate") != NULL)
        field_error_add(errors, FIELD_FORBIDDEN, BYTES_LITERAL("spec.strategy.rollingUpdate"), BYTES_NULL,
                        BYTES_LITERAL("may not be specified when strategy `type` is 'Recreate'"));
}

static void ready_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    int64_t ready = int_at(json_get(object, "status"), "readyReplicas");
    (void)now_ms;
    writer_format(to, "%lld/%lld", (long long)ready, (long long)int_at(json_get(object, "spec"), "replicas"));
}

static void updated_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)now_ms;
    writer_format(to, "%lld", (long long)int_at(json_get(object, "status"), "updatedReplicas"));
}

static void available_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)now_ms;
    writer_format(to, "%lld", (long long)int_at(json_get(object, "status"), "availableReplicas"));
}

static const struct table_cell cells[] = {
    { "Ready", ready_cell },
    { "Up-to-date", updated_cell },
    { "Available", available_cell },
    { "Containers", pod_containers_cell },
    { "Images", pod_images_cell },
    { "Selector", pod_selector_cell },
    { NULL, NULL },
};

const struct kind_rules deployment_rules = {
    .definition = deployment_definition,
    .fill = fill,
    .check = check,
    .cells = cells,
};
