// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/mark.h"

#include "kube/object.h"

const char *mark_folder(struct arena *arena, const char *here, const char *path)
{
    const char *whole = path[0] == '/' ? path : arena_format(arena, "%s/%s", here, path);
    char *to = arena_alloc(arena, strlen(whole) + 2);
    size_t size = 0;
    for (const char *at = whole; *at != '\0';) {
        at += strspn(at, "/");
        size_t step = strcspn(at, "/");
        if (step == 2 && memcmp(at, "..", 2) == 0) {
            while (size > 0 && to[--size] != '/')
                ;
        } else if (step > 0 && !(step == 1 && *at == '.')) {
            to[size++] = '/';
            memcpy(to + size, at, step);
            size += step;
        }
        at += step;
    }
    if (size == 0)
        to[size++] = '/';
    to[size] = '\0';
    return to;
}

struct json_value *mark_set(struct arena *arena, const struct json_value *object, const char *folder)
{
    struct json_value *copy = json_copy(arena, object);
    struct json_value *metadata = json_set_object(copy, arena, "metadata");
    const struct json_value *annotations = json_get(metadata, "annotations");
    // What is there and is no object is refused with the rest of the object.
    if (annotations == NULL || annotations->type == JSON_OBJECT || annotations->type == JSON_NULL)
        json_set_text(json_set_object(metadata, arena, "annotations"), arena, MARK_ANNOTATION, folder);
    return copy;
}

bool mark_is_likely(bytes_t text)
{
    return memmem(text.data, text.size, MARK_ANNOTATION, sizeof MARK_ANNOTATION - 1) != NULL;
}

bool mark_is(const struct json_value *object, const char *folder)
{
    if (!bytes_is(object_annotation(object, MARK_ANNOTATION), folder))
        return false;
    const struct json_value *managed = json_get(object_metadata(object), "managedFields");
    for (const struct json_value *entry = managed == NULL ? NULL : managed->first; entry != NULL; entry = entry->next) {
        if (bytes_is(json_text_at(entry, "manager"), MARK_MANAGER) &&
            bytes_is(json_text_at(entry, "operation"), "Apply"))
            return true;
    }
    return false;
}
