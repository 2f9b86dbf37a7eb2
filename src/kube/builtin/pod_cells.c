// SPDX-License-Identifier: Apache-2.0
#include "kube/builtin/pod_cells.h"

#include "base/assert.h"
#include "base/civil.h"
#include "kube/builtin/text.h"
#include "kube/object.h"
#include "kube/table/age.h"

// What a container is at, in one word: why it waits, how it ended. False: neither.
static bool reason_of(const struct json_value *state, struct writer *to)
{
    const struct json_value *waiting = json_get(state, "waiting"), *terminated = json_get(state, "terminated");
    bytes_t why = json_text_at(waiting, "reason"), how = json_text_at(terminated, "reason");
    int64_t signal_number = int_at(terminated, "signal");
    if (why.size > 0)
        writer_bytes(to, why);
    else if (how.size > 0)
        writer_bytes(to, how);
    else if (terminated != NULL && signal_number != 0)
        writer_format(to, "Signal:%lld", (long long)signal_number);
    else if (terminated != NULL)
        writer_format(to, "ExitCode:%lld", (long long)int_at(terminated, "exitCode"));
    else
        return false;
    return true;
}

static bool is_over(const struct json_value *container)
{
    const struct json_value *terminated = json_get(json_get(container, "state"), "terminated");
    return terminated != NULL && int_at(terminated, "exitCode") == 0;
}

// The first init container that is not through. False: all of them are.
static bool init_write(const struct json_value *object, struct writer *to)
{
    const struct json_value *status = json_get(object, "status");
    const struct json_value *all = json_get(json_get(object, "spec"), "initContainers");
    size_t index = 0;
    const struct json_value *at = first_of(json_get(status, "initContainerStatuses"));
    for (; at != NULL && is_over(at); at = at->next)
        index++;
    if (at == NULL)
        return false;
    bytes_t waits = json_text_at(json_get(json_get(at, "state"), "waiting"), "reason");
    writer_text(to, "Init:");
    if (bytes_is(waits, "PodInitializing") || !reason_of(json_get(at, "state"), to))
        writer_format(to, "%zu/%zu", index, all == NULL ? 0 : all->count);
    return true;
}

static bool is_running(const struct json_value *container)
{
    return bool_at(container, "ready") && json_get(json_get(container, "state"), "running") != NULL;
}

static bool has_condition(const struct json_value *status, const char *type)
{
    for (const struct json_value *at = first_of(json_get(status, "conditions")); at != NULL; at = at->next) {
        if (bytes_is(json_text_at(at, "type"), type) && bytes_is(json_text_at(at, "status"), "True"))
            return true;
    }
    return false;
}

static void containers_write(const struct json_value *status, struct writer *to)
{
    bool has_running = false;
    struct writer reason = WRITER_INIT;
    bytes_t phase =
        json_text_at(status, "reason").size > 0 ? json_text_at(status, "reason") : json_text_at(status, "phase");
    // The first one that has something to say; one that has ended well is overruled by one that runs.
    for (const struct json_value *at = first_of(json_get(status, "containerStatuses")); at != NULL; at = at->next) {
        has_running |= is_running(at);
        if (reason.size == 0)
            (void)reason_of(json_get(at, "state"), &reason);
    }
    bool is_completed = bytes_is(reason.size > 0 ? writer_view(&reason) : phase, "Completed");
    if (is_completed && has_running)
        writer_text(to, has_condition(status, "Ready") ? "Running" : "NotReady");
    else
        writer_bytes(to, reason.size > 0 ? writer_view(&reason) : phase);
    writer_free(&reason);
}

static void status_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *status = json_get(object, "status");
    (void)now_ms;
    if (object_is_deleting(object))
        writer_text(to, bytes_is(json_text_at(status, "reason"), "NodeLost") ? "Unknown" : "Terminating");
    else if (!init_write(object, to))
        containers_write(status, to);
}

static void ready_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *all = json_get(json_get(object, "spec"), "containers");
    size_t ready = 0;
    (void)now_ms;
    const struct json_value *at = first_of(json_get(json_get(object, "status"), "containerStatuses"));
    for (; at != NULL; at = at->next)
        ready += is_running(at);
    writer_format(to, "%zu/%zu", ready, all == NULL ? 0 : all->count);
}

static void restarts_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    int64_t restarts = 0, last_ms = INT64_MIN, ended_ms;
    char age[AGE_TEXT_SIZE];
    const struct json_value *at = first_of(json_get(json_get(object, "status"), "containerStatuses"));
    for (; at != NULL; at = at->next) {
        restarts += int_at(at, "restartCount");
        bytes_t ended = json_text_at(json_get(json_get(at, "lastState"), "terminated"), "finishedAt");
        if (civil_parse(ended, &ended_ms) == ERR_OK && ended_ms > last_ms)
            last_ms = ended_ms;
    }
    writer_format(to, "%lld", (long long)restarts);
    if (restarts > 0 && last_ms != INT64_MIN)
        writer_format(to, " (%s ago)", age_text(now_ms - last_ms, age));
}

static void ip_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)now_ms;
    write_or_none(to, json_text_at(json_get(object, "status"), "podIP"));
}

static void node_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)now_ms;
    write_or_none(to, json_text_at(json_get(object, "spec"), "nodeName"));
}

static void nominated_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)now_ms;
    write_or_none(to, json_text_at(json_get(object, "status"), "nominatedNodeName"));
}

static void gates_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *gates = json_get(json_get(object, "spec"), "readinessGates");
    size_t met = 0;
    (void)now_ms;
    for (const struct json_value *at = first_of(gates); at != NULL; at = at->next) {
        bytes_t type = json_text_at(at, "conditionType");
        struct arena arena = ARENA_INIT;
        met += has_condition(json_get(object, "status"), arena_text(&arena, type));
        arena_free(&arena);
    }
    if (first_of(gates) == NULL)
        writer_text(to, "<none>");
    else
        writer_format(to, "%zu/%zu", met, gates->count);
}

const struct table_cell pod_cells[] = {
    { "Ready", ready_cell },
    { "Status", status_cell },
    { "Restarts", restarts_cell },
    { "IP", ip_cell },
    { "Node", node_cell },
    { "Nominated Node", nominated_cell },
    { "Readiness Gates", gates_cell },
    { NULL, NULL },
};
