// SPDX-License-Identifier: Apache-2.0
// Job: pods that run until enough of them have succeeded. Nothing makes them yet.
#include "base/assert.h"
#include "base/civil.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/pod_spec.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/object.h"
#include "kube/schema/field_error.h"
#include "kube/table/age.h"
#include "kube/table/table.h"

EMBED(job_definition, "job");

// --- defaults

// The pods of a job are told by its uid, unless its author chose labels by hand.
static void selector_fill(struct arena *arena, struct json_value *object, struct json_value *spec)
{
    static const char *const prefixes[] = { "", "batch.kubernetes.io/" };
    bytes_t uid = object_meta_text(object, "uid");
    struct json_value *template = object_at(spec, arena, "template");
    struct json_value *labels = object_at(object_at(template, arena, "metadata"), arena, "labels");
    struct json_value *wanted = object_at(object_at(spec, arena, "selector"), arena, "matchLabels");
    if (labels == NULL || wanted == NULL)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++) {
        json_set_bytes(labels, arena, arena_format(arena, "%scontroller-uid", prefixes[i]), uid);
        json_set_bytes(labels, arena, arena_format(arena, "%sjob-name", prefixes[i]), object_name(object));
    }
    json_set_bytes(wanted, arena, "batch.kubernetes.io/controller-uid", uid);
}

static void fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = json_find(object, BYTES_LITERAL("spec"));
    if (live == NULL)
        (void)json_set_object(object, arena, "status");
    if (spec == NULL || spec->type != JSON_OBJECT)
        return;
    if (json_get(spec, "completions") == NULL && json_get(spec, "parallelism") == NULL)
        json_set_int(spec, arena, "completions", 1);
    if (json_get(spec, "parallelism") == NULL)
        json_set_int(spec, arena, "parallelism", 1);
    if (live == NULL && !bool_at(spec, "manualSelector") && json_get(spec, "template") != NULL)
        selector_fill(arena, object, spec);
    pod_template_fill(arena, object);
}

// --- checks

static void unchanged_check(struct field_errors *errors, const struct json_value *spec, const struct json_value *was)
{
    static const char *const members[] = { "completions", "template" };
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        const struct json_value *before = json_get(was, members[i]), *now = json_get(spec, members[i]);
        if (json_same(before, now))
            continue;
        field_error_add(errors, FIELD_INVALID, bytes_of_text(arena_format(errors->arena, "spec.%s", members[i])),
                        BYTES_NULL, BYTES_LITERAL("field is immutable"));
    }
}

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    const struct json_value *spec = json_get(object, "spec"), *pod = json_get(json_get(spec, "template"), "spec");
    bytes_t restart = json_text_at(pod, "restartPolicy");
    if (spec == NULL) {
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.template"), BYTES_NULL, BYTES_LITERAL(""));
        return;
    }
    pod_selector_check(errors, object, live, "job");
    pod_spec_check(errors, pod, "spec.template.spec");
    if (pod != NULL && !bytes_is(restart, "OnFailure") && !bytes_is(restart, "Never"))
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.template.spec.restartPolicy"), BYTES_NULL,
                        BYTES_LITERAL("valid values: \"OnFailure\", \"Never\""));
    if (live != NULL)
        unchanged_check(errors, spec, json_get(live, "spec"));
}

// --- cells

static bool is_true(const struct json_value *status, const char *type)
{
    for (const struct json_value *at = first_of(json_get(status, "conditions")); at != NULL; at = at->next) {
        if (bytes_is(json_text_at(at, "type"), type) && bytes_is(json_text_at(at, "status"), "True"))
            return true;
    }
    return false;
}

static void status_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    static const struct {
        const char *condition, *shown;
    } rows[] = { { "Complete", "Complete" }, { "Failed", "Failed" } };
    static const char *const rest[] = { "Suspended", "FailureTarget", "SuccessCriteriaMet" };
    const struct json_value *status = json_get(object, "status");
    const char *shown = object_is_deleting(object) ? "Terminating" : "Running";
    (void)now_ms;
    for (size_t i = 0; i < ARRAY_COUNT(rest) && !object_is_deleting(object); i++) {
        if (is_true(status, rest[i]))
            shown = rest[i];
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (is_true(status, rows[i].condition))
            shown = rows[i].shown;
    }
    writer_text(to, shown);
}

static void completions_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *spec = json_get(object, "spec");
    int64_t parallelism = int_at(spec, "parallelism"), done = int_at(json_get(object, "status"), "succeeded");
    (void)now_ms;
    if (json_get(spec, "completions") != NULL)
        writer_format(to, "%lld/%lld", (long long)done, (long long)int_at(spec, "completions"));
    else if (parallelism > 1)
        writer_format(to, "%lld/1 of %lld", (long long)done, (long long)parallelism);
    else
        writer_format(to, "%lld/1", (long long)done);
}

static void duration_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *status = json_get(object, "status");
    int64_t begin_ms = 0, end_ms = now_ms;
    char text[AGE_TEXT_SIZE];
    if (civil_parse(json_text_at(status, "startTime"), &begin_ms) != ERR_OK)
        return;
    if (civil_parse(json_text_at(status, "completionTime"), &end_ms) != ERR_OK)
        end_ms = now_ms;
    writer_text(to, age_text(end_ms - begin_ms, text));
}

static const struct table_cell cells[] = {
    { "Status", status_cell },
    { "Completions", completions_cell },
    { "Duration", duration_cell },
    { "Containers", pod_containers_cell },
    { "Images", pod_images_cell },
    { "Selector", pod_selector_cell },
    { NULL, NULL },
};

const struct kind_rules job_rules = {
    .definition = job_definition,
    .fill = fill,
    .check = check,
    .cells = cells,
};
