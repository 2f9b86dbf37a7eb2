// SPDX-License-Identifier: Apache-2.0
// Every edit expects a version, so that the edits of one object are a chain: what was seen and what was acknowledged
// has its place in it.
#include "kube_run.h"

int64_t version_of(const struct json_value *object)
{
    int64_t version = 0;
    (void)bytes_to_int64(json_text_at(json_get(object, "metadata"), "resourceVersion"), &version);
    return version;
}

static bool is_of(const struct edit *edit, int name, bool is_delete)
{
    return edit->name == name && edit->is_delete == is_delete;
}

void edit_done(struct run *run, size_t number, int64_t version)
{
    struct edit *edit = &run->edits[number];
    if (edit->state == REFUSED)
        FAIL(run, "edit %zu of object %d was refused, and version %" PRId64 " has it", number, edit->name, version);
    if (edit->state == LEFT && version > edit->left_at)
        FAIL(run, "edit %zu of object %d was left at version %" PRId64 ", and made version %" PRId64, number,
             edit->name, edit->left_at, version);
    if (edit->version != 0 && edit->version != version)
        FAIL(run, "edit %zu made version %" PRId64 " and version %" PRId64, number, edit->version, version);
    if (!edit->is_delete && version <= edit->base)
        FAIL(run, "edit %zu of version %" PRId64 " made version %" PRId64, number, edit->base, version);
    edit->version = version;
    edit->state = DONE;
    for (size_t i = 0; i < run->edit_count && edit->base > 0; i++) {
        const struct edit *other = &run->edits[i];
        bool is_same = other->name == edit->name && other->base == edit->base && i != number;
        bool is_maker = other->name == edit->name && other->version == edit->base;
        if ((is_same && other->state == DONE) || (is_maker && other->is_deleted && !edit->is_delete))
            FAIL(run, "edits %zu and %zu of object %d both won over version %" PRId64, i, number, edit->name,
                 edit->base);
    }
}

size_t edit_seen(struct run *run, const struct json_value *object, int *ret_name)
{
    int64_t number = -1, version = version_of(object);
    bytes_t name = json_text_at(json_get(object, "metadata"), "name");
    if (!bytes_to_int64(json_text_at(json_get(object, "data"), "edit"), &number) || number < 0 ||
        (size_t)number >= run->edit_count || name.size != 2 || name.data[1] != '0' + run->edits[number].name)
        FAIL(run, "object %.*s of version %" PRId64 " is nobody's: edit %" PRId64, BYTES_ARG(name), version, number);
    *ret_name = run->edits[number].name;
    return (size_t)number;
}

int64_t name_newest(const struct run *run, int name, bool *ret_gone)
{
    int64_t newest = 0;
    *ret_gone = true;
    for (size_t i = 0; i < run->edit_count; i++) {
        const struct edit *edit = &run->edits[i];
        if (is_of(edit, name, false) && edit->state == DONE && edit->version > newest)
            newest = edit->version;
    }
    if (newest == 0)
        return 0;
    *ret_gone = false;
    for (size_t i = 0; i < run->edit_count; i++) {
        const struct edit *edit = &run->edits[i];
        *ret_gone |= is_of(edit, name, true) && edit->state == DONE && edit->base == newest;
        *ret_gone |= is_of(edit, name, false) && edit->is_deleted && edit->version == newest;
    }
    return newest;
}

// A delete of that version that is done, or may be.
static size_t delete_find(const struct run *run, int name, int64_t base)
{
    for (size_t i = 0; i < run->edit_count; i++) {
        const struct edit *edit = &run->edits[i];
        if (is_of(edit, name, true) && edit->state != REFUSED && edit->base == base)
            return i;
    }
    return SIZE_MAX;
}

void delete_seen(struct run *run, int name, int64_t version)
{
    size_t number = delete_find(run, name, version);
    if (number == SIZE_MAX)
        FAIL(run, "version %" PRId64 " of object %d was deleted by nobody", version, name);
    for (size_t i = 0; i < run->edit_count; i++) {
        struct edit *edit = &run->edits[i];
        if (is_of(edit, name, false) && edit->version == version)
            edit->is_deleted = true;
        if (is_of(edit, name, false) && edit->base == version && edit->state == DONE)
            FAIL(run, "version %" PRId64 " of object %d was changed, and deleted", version, name);
    }
}

void rows_read(struct run *run, const struct json_value *list, struct row *rows)
{
    const struct json_value *items = json_get(list, "items");
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next) {
        int name;
        size_t number = edit_seen(run, item, &name);
        if (rows[name].version != 0)
            FAIL(run, "object %d is twice in a list", name);
        rows[name] = (struct row){ version_of(item), number };
        edit_done(run, number, rows[name].version);
    }
}

void list_check(struct run *run, const struct row *rows, int64_t version)
{
    for (size_t i = 0; i < run->edit_count; i++) {
        const struct edit *edit = &run->edits[i];
        const struct row *row = &rows[edit->name];
        if (edit->is_delete || edit->state != DONE || edit->version > version || edit->version <= row->version)
            continue;
        // Behind a version that is not listed there must be a later one or a delete.
        bool is_over = edit->is_deleted || delete_find(run, edit->name, edit->version) != SIZE_MAX;
        for (size_t k = 0; k < run->edit_count && !is_over; k++)
            is_over = is_of(&run->edits[k], edit->name, false) && run->edits[k].state == DONE &&
                      run->edits[k].version > edit->version && run->edits[k].version <= version;
        if (!is_over || row->version != 0)
            FAIL(run, "the list of version %" PRId64 " has version %" PRId64 " of object %d, not %" PRId64, version,
                 row->version, edit->name, edit->version);
    }
}

void start_check(struct run *run, const struct row *rows, int64_t version)
{
    for (int name = 0; name < NAMES; name++) {
        bool is_gone;
        int64_t newest = name_newest(run, name, &is_gone);
        if (rows[name].version == 0 && newest != 0 && !is_gone)
            delete_seen(run, name, newest);
        if (rows[name].version != 0 && (rows[name].version != newest || is_gone))
            FAIL(run, "after a start object %d has version %" PRId64 ", and %" PRId64 " was there%s", name,
                 rows[name].version, newest, is_gone ? " and deleted" : "");
    }
    for (size_t i = 0; i < run->edit_count; i++) {
        struct edit *edit = &run->edits[i];
        totals.unanswered += edit->state == UNDER_WAY;
        if (edit->state != UNDER_WAY)
            continue;
        edit->state = LEFT; // nobody is left to do it
        edit->left_at = version;
    }
}
