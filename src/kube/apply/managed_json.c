// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/managed.h"

#include "base/civil.h"

#include <stdlib.h>

static err_t malformed(diag_t *diag, const char *what)
{
    return diag_fail(diag, ERR_MALFORMED, "metadata.managedFields", "%s", what);
}

// Absent, null and "" are the same.
static bool get_text(const struct json_value *entry, const char *name, bytes_t *ret_text)
{
    const struct json_value *value = json_get(entry, name);
    *ret_text = bytes_of("", 0);
    return value == NULL || value->type == JSON_NULL || json_get_text(value, ret_text);
}

static err_t decode_time(const struct json_value *entry, struct managed_entry *ret_entry, diag_t *diag)
{
    const struct json_value *time = json_get(entry, "time");
    bytes_t text;
    int64_t ms;
    if (time == NULL || time->type == JSON_NULL)
        return ERR_OK;
    if (!json_get_text(time, &text) || civil_parse(text, &ms) != ERR_OK)
        return malformed(diag, "time must be a date and a time");
    ret_entry->has_time = true;
    ret_entry->time_s = ms / 1000 - (ms % 1000 < 0);
    return ERR_OK;
}

static err_t decode_entry(const struct json_value *entry, struct managed *managed, diag_t *diag)
{
    struct managed_entry fresh = { .fields = &field_set_none };
    bytes_t operation, fields_type;
    if (entry->type != JSON_OBJECT || !get_text(entry, "manager", &fresh.manager) ||
        !get_text(entry, "operation", &operation) || !get_text(entry, "apiVersion", &fresh.api_version) ||
        !get_text(entry, "fieldsType", &fields_type) || !get_text(entry, "subresource", &fresh.subresource))
        return malformed(diag, "an entry is an object with texts");
    fresh.applied = bytes_is(operation, "Apply");
    if (!fresh.applied && !bytes_is(operation, "Update"))
        return malformed(diag, "operation must be `Apply` or `Update`");
    if (fresh.api_version.size == 0)
        return malformed(diag, "apiVersion must not be empty");
    if (!bytes_is(fields_type, "FieldsV1"))
        return malformed(diag, fields_type.size == 0 ? "missing fieldsType" : "invalid fieldsType");
    err_t err = decode_time(entry, &fresh, diag);
    const struct json_value *fields = json_get(entry, "fieldsV1");
    if (err == ERR_OK && fields != NULL)
        err = field_set_decode(fields, managed->arena, &fresh.fields, diag);
    if (err == ERR_OK)
        *managed_put(managed, &fresh) = fresh;
    return err;
}

err_t managed_decode(const struct json_value *object, struct arena *arena, struct managed *ret_managed, diag_t *diag)
{
    const struct json_value *list = json_get(json_get(object, "metadata"), "managedFields");
    struct managed managed = { .arena = arena };
    if (list != NULL && list->type != JSON_NULL && list->type != JSON_ARRAY)
        return malformed(diag, "a list is expected");
    if (list != NULL && list->count > MANAGED_ENTRIES_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "metadata.managedFields", "more than %d entries", MANAGED_ENTRIES_MAX);
    for (const struct json_value *entry = list == NULL ? NULL : list->first; entry != NULL; entry = entry->next) {
        err_t err = decode_entry(entry, &managed, diag);
        if (err != ERR_OK)
            return err;
    }
    *ret_managed = managed;
    return ERR_OK;
}

// --- written

static const char *time_text(struct arena *arena, int64_t time_s)
{
    char text[CIVIL_TEXT_SIZE];
    return arena_text(arena, bytes_of_text(civil_format_seconds(time_s * 1000, text)));
}

static int by_age(const void *a, const void *b)
{
    const struct managed_entry *left = a, *right = b;
    if (left->applied != right->applied)
        return left->applied ? -1 : 1;
    int64_t since = left->has_time ? left->time_s : 0, since_right = right->has_time ? right->time_s : 0;
    if (since != since_right)
        return since < since_right ? -1 : 1;
    int order = bytes_compare(left->manager, right->manager);
    if (order == 0)
        order = bytes_compare(left->api_version, right->api_version);
    return order == 0 ? bytes_compare(left->subresource, right->subresource) : order;
}

// Members in the order of their names, as Kubernetes writes objects of custom kinds.
static struct json_value *encode_entry(const struct managed_entry *entry, struct arena *arena)
{
    struct json_value *object = json_new(arena, JSON_OBJECT);
    json_set_bytes(object, arena, "apiVersion", entry->api_version);
    json_set_text(object, arena, "fieldsType", "FieldsV1");
    json_set(object, BYTES_LITERAL("fieldsV1"), field_set_encode(arena, entry->fields));
    if (entry->manager.size > 0)
        json_set_bytes(object, arena, "manager", entry->manager);
    json_set_text(object, arena, "operation", entry->applied ? "Apply" : "Update");
    if (entry->subresource.size > 0)
        json_set_bytes(object, arena, "subresource", entry->subresource);
    if (entry->has_time)
        json_set_text(object, arena, "time", time_text(arena, entry->time_s));
    return object;
}

void managed_encode(const struct managed *managed, struct json_value *object)
{
    struct arena *arena = managed->arena;
    struct json_value *meta = json_set_object(object, arena, "metadata");
    if (managed->count == 0) {
        (void)json_unset(meta, BYTES_LITERAL("managedFields"));
        return;
    }
    struct managed sorted = managed_copy(managed);
    qsort(sorted.entries, sorted.count, sizeof *sorted.entries, by_age);
    struct json_value *list = json_new(arena, JSON_ARRAY);
    for (size_t i = 0; i < sorted.count; i++)
        json_append(list, encode_entry(&sorted.entries[i], arena));
    json_set(meta, BYTES_LITERAL("managedFields"), list);
}

bytes_t managed_identifier(const struct managed_entry *entry, struct arena *arena)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_object_begin(&json);
    if (entry->manager.size > 0)
        json_field_bytes(&json, "manager", entry->manager);
    json_field_text(&json, "operation", entry->applied ? "Apply" : "Update");
    if (!entry->applied)
        json_field_bytes(&json, "apiVersion", entry->api_version);
    if (entry->subresource.size > 0)
        json_field_bytes(&json, "subresource", entry->subresource);
    json_object_end(&json);
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}
