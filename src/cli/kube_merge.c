// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_merge.h"

#include "kube/table/go_text.h"

static const bytes_t annotation = { (const uint8_t *)KUBE_LAST_APPLIED, sizeof KUBE_LAST_APPLIED - 1 };

// NULL: nothing, or null.
static const struct json_value *member(const struct json_value *object, bytes_t name)
{
    const struct json_value *value = json_find(object, name);
    return value == NULL || value->type == JSON_NULL ? NULL : value;
}

static bool is_object(const struct json_value *value)
{
    return value != NULL && value->type == JSON_OBJECT;
}

// A new value without nulls: in a merge patch they would take away.
static struct json_value *copy_solid(struct arena *arena, const struct json_value *value)
{
    if (value->type != JSON_OBJECT)
        return json_copy(arena, value);
    struct json_value *copy = json_new(arena, JSON_OBJECT);
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next)
        if (inside->type != JSON_NULL)
            json_set(copy, inside->name, copy_solid(arena, inside));
    return copy;
}

static void put_changes(struct arena *arena, struct json_value *patch, const struct json_value *original,
                        const struct json_value *wanted, const struct json_value *live)
{
    for (const struct json_value *value = wanted->first; value != NULL; value = value->next) {
        const struct json_value *there = member(live, value->name);
        if (value->type == JSON_NULL)
            continue;
        if (is_object(value) && is_object(there)) {
            struct json_value *inside = kube_merge_patch(arena, member(original, value->name), value, there);
            if (inside->count > 0)
                json_set(patch, value->name, inside);
        } else if (there == NULL || !json_equal(value, there)) {
            json_set(patch, value->name, copy_solid(arena, value));
        }
    }
}

static void put_removals(struct arena *arena, struct json_value *patch, const struct json_value *original,
                         const struct json_value *wanted, const struct json_value *live)
{
    for (const struct json_value *value = original->first; value != NULL; value = value->next)
        if (member(wanted, value->name) == NULL && member(live, value->name) != NULL)
            json_set(patch, value->name, json_new(arena, JSON_NULL));
}

struct json_value *kube_merge_patch(struct arena *arena, const struct json_value *original,
                                    const struct json_value *wanted, const struct json_value *live)
{
    struct json_value *patch = json_new(arena, JSON_OBJECT);
    put_changes(arena, patch, original, wanted, live);
    if (is_object(original))
        put_removals(arena, patch, original, wanted, live);
    return patch;
}

struct json_value *kube_merge_annotate(struct arena *arena, const struct json_value *object)
{
    struct json_value *copy = json_copy(arena, object);
    struct json_value *metadata = json_set_object(copy, arena, "metadata");
    struct json_value *annotations = json_set_object(metadata, arena, "annotations");
    struct writer text = WRITER_INIT;
    (void)json_unset(annotations, annotation);
    go_json_write(&text, copy);
    writer_u8(&text, '\n');
    json_set_bytes(annotations, arena, KUBE_LAST_APPLIED, arena_copy(arena, writer_view(&text)));
    writer_free(&text);
    return copy;
}

struct json_value *kube_merge_original(struct arena *arena, const struct json_value *live)
{
    bytes_t text = json_text_at(json_get(json_get(live, "metadata"), "annotations"), KUBE_LAST_APPLIED);
    const struct json_limits limits = { .size = text.size, .values = text.size };
    struct json_value *tree;
    return text.size > 0 && json_parse(text, &limits, arena, &tree, NULL) == ERR_OK ? tree : NULL;
}
