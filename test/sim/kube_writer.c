// SPDX-License-Identifier: Apache-2.0
// Reads an object, thinks for a while, and changes or deletes the version that it read, or makes the object.
#include "kube_run.h"

#include "base/mem.h"

// What comes next, some time later.
static void writer_later(struct writer_agent *writer, void (*on_timer)(struct timer *timer))
{
    timer_init(&writer->timer, writer->run->loops[LOOPS], on_timer);
    timer_start(&writer->timer, (int64_t)choose(writer->run, 30));
}

static void on_edited(struct call *call)
{
    struct writer_agent *writer = CONTAINER_OF(call, struct writer_agent, call);
    struct run *run = writer->run;
    struct edit *edit = &run->edits[writer->edit];
    const struct json_value *tree = call_tree(call, call_body(call));
    bool is_refused = call->status == 409 || call->status == 404 || call->status == 503 || call->status == 429;
    bool is_done = call->status == 200 || call->status == 201;
    if (!is_refused && !is_done && call->status != 0 && call->status != 500)
        FAIL(run, "edit %zu is answered with %d: %.*s", writer->edit, call->status, BYTES_ARG(call_body(call)));
    if (is_refused && edit->state == DONE)
        FAIL(run, "edit %zu was seen, and is answered with %d", writer->edit, call->status);
    if (is_refused)
        edit->state = REFUSED;
    if (is_done && (edit->is_delete || tree != NULL)) {
        edit_done(run, writer->edit, edit->is_delete ? 0 : version_of(tree));
        totals.edits++;
    }
    totals.conflicts += call->status == 409;
    writer_begin(writer);
}

static size_t edit_new(struct writer_agent *writer, bool is_delete)
{
    struct run *run = writer->run;
    MEM_GROW(run->edits, run->edit_count, run->edit_capacity);
    run->edits[run->edit_count] =
        (struct edit){ .is_delete = is_delete, .name = writer->name, .base = writer->read_version };
    return run->edit_count++;
}

static void writer_edit(struct writer_agent *writer)
{
    struct run *run = writer->run;
    char target[100], body[200];
    bool is_delete = writer->read_version != 0 && choose(run, 6) == 0;
    writer->edit = edit_new(writer, is_delete);
    call_prepare(run, &writer->call, on_edited);
    snprintf(target, sizeof target, EDITED "/o%d", writer->name);
    if (is_delete) {
        snprintf(body, sizeof body, "{\"preconditions\":{\"resourceVersion\":\"%" PRId64 "\"}}", writer->read_version);
        call_start(&writer->call, "DELETE", target, "application/json", body);
    } else if (writer->read_version == 0) {
        snprintf(body, sizeof body, "{\"metadata\":{\"name\":\"o%d\"},\"data\":{\"edit\":\"%zu\"}}", writer->name,
                 writer->edit);
        call_start(&writer->call, "POST", EDITED, "application/json", body);
    } else {
        bool is_patch = choose(run, 3) == 0;
        snprintf(body, sizeof body,
                 "{\"metadata\":{\"name\":\"o%d\",\"resourceVersion\":\"%" PRId64 "\"},\"data\":{\"edit\":\"%zu\"}}",
                 writer->name, writer->read_version, writer->edit);
        call_start(&writer->call, is_patch ? "PATCH" : "PUT", target,
                   is_patch ? "application/merge-patch+json" : "application/json", body);
    }
}

static void on_think(struct timer *timer)
{
    writer_edit(CONTAINER_OF(timer, struct writer_agent, timer));
}

static void on_read(struct call *call)
{
    struct writer_agent *writer = CONTAINER_OF(call, struct writer_agent, call);
    struct run *run = writer->run;
    const struct json_value *tree = call_tree(call, call_body(call));
    writer->read_version = 0;
    if (call->status == 200 && tree != NULL) {
        int name;
        size_t number = edit_seen(run, tree, &name);
        writer->read_version = version_of(tree);
        edit_done(run, number, writer->read_version);
        if (writer->read_version < writer->known_before)
            FAIL(run, "object %d is read at version %" PRId64 " after version %" PRId64, name, writer->read_version,
                 writer->known_before);
    } else if (call->status != 404) {
        writer_begin(writer);
        return;
    }
    writer_later(writer, on_think);
}

static void writer_read(struct writer_agent *writer)
{
    struct run *run = writer->run;
    char target[100];
    bool is_gone;
    writer->name = (int)choose(run, NAMES);
    writer->known_before = name_newest(run, writer->name, &is_gone);
    snprintf(target, sizeof target, EDITED "/o%d", writer->name);
    call_prepare(run, &writer->call, on_read);
    call_start(&writer->call, "GET", target, NULL, NULL);
}

static void on_begin(struct timer *timer)
{
    struct writer_agent *writer = CONTAINER_OF(timer, struct writer_agent, timer);
    if (!writer->run->is_quiet)
        writer_read(writer);
}

void writer_begin(struct writer_agent *writer)
{
    writer_later(writer, on_begin);
}
