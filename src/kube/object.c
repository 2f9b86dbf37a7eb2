// SPDX-License-Identifier: Apache-2.0
#include "kube/object.h"

#include "base/assert.h"

enum { FORMAT = 1, HEADER_SIZE = 2 };

#define BEGIN "{\"metadata\":{"

void object_encode(struct writer *out, enum change change, const struct json_value *object)
{
    const struct json_value *metadata = object_metadata(object);
    ASSERT(metadata != NULL && metadata->count > 0);
    writer_u8(out, FORMAT);
    writer_u8(out, (uint8_t)change);
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_key(&json, "metadata");
    json_object_begin(&json);
    for (const struct json_value *member = metadata->first; member != NULL; member = member->next) {
        if (bytes_is(member->name, "resourceVersion"))
            continue;
        json_key_bytes(&json, member->name);
        json_value_write(&json, member);
    }
    json_object_end(&json);
    for (const struct json_value *member = object->first; member != NULL; member = member->next) {
        if (member == metadata || bytes_is(member->name, "apiVersion") || bytes_is(member->name, "kind"))
            continue;
        json_key_bytes(&json, member->name);
        json_value_write(&json, member);
    }
    json_object_end(&json);
}

bool object_is_valid(bytes_t value)
{
    size_t size = sizeof BEGIN - 1;
    return value.size > HEADER_SIZE + size && value.data[0] == FORMAT && value.data[1] <= CHANGE_DELETED &&
           memcmp(value.data + HEADER_SIZE, BEGIN, size) == 0;
}

enum change object_change(bytes_t value)
{
    ASSERT(object_is_valid(value));
    return (enum change)value.data[1];
}

void object_write(struct writer *out, const struct kind *kind, const struct kind_version *version, bytes_t value,
                  int64_t row_version)
{
    ASSERT(object_is_valid(value));
    size_t at = HEADER_SIZE + sizeof BEGIN - 1;
    writer_text(out, "{\"apiVersion\":\"");
    writer_bytes(out, version->api_version);
    writer_text(out, "\",\"kind\":\"");
    writer_bytes(out, kind->name);
    writer_format(out, "\",\"metadata\":{\"resourceVersion\":\"%lld\",", (long long)row_version);
    writer_bytes(out, bytes_of(value.data + at, value.size - at));
}

err_t object_decode(bytes_t value, const struct kind *kind, const struct kind_version *version, int64_t row_version,
                    struct arena *arena, struct json_value **ret_object)
{
    static const struct json_limits limits = { .size = SIZE_MAX, .values = SIZE_MAX };
    if (!object_is_valid(value))
        return ERR_CORRUPT;
    bytes_t text = bytes_of(value.data + HEADER_SIZE, value.size - HEADER_SIZE);
    struct json_value *object = NULL;
    if (json_parse(text, &limits, arena, &object, NULL) != ERR_OK)
        return ERR_CORRUPT;
    struct json_value *api_version = json_new_bytes(arena, version->api_version);
    struct json_value *name = json_new_bytes(arena, kind->name);
    api_version->name = BYTES_LITERAL("apiVersion");
    name->name = BYTES_LITERAL("kind");
    json_insert(object, 0, api_version);
    json_insert(object, 1, name);
    json_set_bytes(object_metadata(object), arena, "resourceVersion",
                   bytes_of_text(arena_format(arena, "%lld", (long long)row_version)));
    *ret_object = object;
    return ERR_OK;
}

struct json_value *object_metadata(const struct json_value *object)
{
    struct json_value *metadata = json_find(object, BYTES_LITERAL("metadata"));
    return metadata != NULL && metadata->type == JSON_OBJECT ? metadata : NULL;
}

bytes_t object_meta_text(const struct json_value *object, const char *name)
{
    return json_text_at(object_metadata(object), name);
}

bytes_t object_name(const struct json_value *object)
{
    return object_meta_text(object, "name");
}

bytes_t object_namespace(const struct json_value *object)
{
    return object_meta_text(object, "namespace");
}

const struct json_value *object_labels(const struct json_value *object)
{
    return json_get(object_metadata(object), "labels");
}

bytes_t object_annotation(const struct json_value *object, const char *name)
{
    return json_text_at(json_get(object_metadata(object), "annotations"), name);
}

int64_t object_generation(const struct json_value *object)
{
    int64_t generation = 0;
    (void)json_get_int(json_get(object_metadata(object), "generation"), &generation);
    return generation;
}

bool object_has_finalizer(const struct json_value *object, bytes_t finalizer)
{
    const struct json_value *list = json_get(object_metadata(object), "finalizers");
    if (list == NULL || list->type != JSON_ARRAY)
        return false;
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        if (finalizer.data == NULL || bytes_equal(item->text, finalizer))
            return true;
    }
    return false;
}

bool object_is_deleting(const struct json_value *object)
{
    return object_meta_text(object, "deletionTimestamp").size > 0;
}

void object_finalizer_add(struct json_value *object, struct arena *arena, bytes_t finalizer)
{
    struct json_value *metadata = object_metadata(object), *list = json_find(metadata, BYTES_LITERAL("finalizers"));
    if (list == NULL || list->type != JSON_ARRAY) {
        list = json_new(arena, JSON_ARRAY);
        json_set(metadata, BYTES_LITERAL("finalizers"), list);
    }
    json_append(list, json_new_bytes(arena, finalizer));
}

void object_finalizer_remove(struct json_value *object, bytes_t finalizer)
{
    struct json_value *list = json_find(object_metadata(object), BYTES_LITERAL("finalizers"));
    for (struct json_value *item = list == NULL ? NULL : list->first, *next; item != NULL; item = next) {
        next = item->next;
        if (bytes_equal(item->text, finalizer))
            json_detach(item);
    }
    if (list != NULL && list->count == 0)
        json_detach(list);
}
