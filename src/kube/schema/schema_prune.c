// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_prune.h"

#include "base/mem.h"
#include "base/nearest.h"
#include "kube/schema/field_error.h"

#include <stdlib.h>

static void prune(struct json_value *value, const struct schema *schema, const struct field_path *path,
                  struct schema_unknowns *unknowns);

// The known name that is nearest, among those that the object does not have.
static bytes_t nearest_path(const struct json_value *object, bytes_t name, const struct schema *schema,
                            const struct field_path *up, struct arena *arena)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; schema != NULL && i < schema->member_count; i++) {
        if (json_find(object, schema->members[i].name) == NULL)
            nearest_offer(&nearest, arena_text(arena, schema->members[i].name));
    }
    if (nearest.best == NULL)
        return BYTES_NULL;
    struct field_path path = field_child(up, bytes_of_text(nearest.best));
    return field_path_text(arena, &path);
}

static void record(struct schema_unknowns *unknowns, const struct json_value *member, const struct schema *schema,
                   const struct field_path *up)
{
    if (unknowns == NULL)
        return;
    if (unknowns->count == SCHEMA_UNKNOWNS_MAX) {
        unknowns->hidden++;
        return;
    }
    struct field_path path = field_child(up, member->name);
    struct schema_unknown *unknown = arena_alloc(unknowns->arena, sizeof *unknown);
    unknown->path = field_path_text(unknowns->arena, &path);
    unknown->nearest = nearest_path(member->up, member->name, schema, up, unknowns->arena);
    if (unknowns->last == NULL)
        unknowns->first = unknown;
    else
        unknowns->last->next = unknown;
    unknowns->last = unknown;
    unknowns->count++;
}

static void prune_object(struct json_value *object, const struct schema *schema, bool preserve,
                         const struct field_path *path, struct schema_unknowns *unknowns)
{
    for (struct json_value *member = object->first, *next; member != NULL; member = next) {
        next = member->next;
        const struct schema *known = schema_member_find(schema, member->name);
        struct field_path here = field_child(path, member->name);
        if (known != NULL) {
            prune(member, known, &here, unknowns);
        } else if (!preserve) {
            record(unknowns, member, schema, path);
            json_detach(member);
        }
    }
}

// PRESERVE: inside of what is kept as it is; lists of lists are still looked through for what has a schema.
static void prune_as(struct json_value *value, const struct schema *schema, bool preserve,
                     const struct field_path *path, struct schema_unknowns *unknowns)
{
    if (value->type == JSON_OBJECT)
        prune_object(value, schema, preserve, path, unknowns);
    const struct schema *items = schema == NULL ? NULL : schema->items;
    if (value->type != JSON_ARRAY || (preserve && items == NULL))
        return;
    size_t index = 0;
    for (struct json_value *item = value->first; item != NULL; item = item->next) {
        struct field_path here = field_index(path, index++);
        prune_as(item, items, preserve || (items != NULL && items->preserve_unknown), &here, unknowns);
    }
}

static void prune(struct json_value *value, const struct schema *schema, const struct field_path *path,
                  struct schema_unknowns *unknowns)
{
    prune_as(value, schema, schema != NULL && schema->preserve_unknown, path, unknowns);
}

static int by_path(const void *a, const void *b)
{
    const struct schema_unknown *left = *(struct schema_unknown *const *)a, *right = *(struct schema_unknown *const *)b;
    return bytes_compare(left->path, right->path);
}

static void sort(struct schema_unknowns *unknowns)
{
    struct schema_unknown *all[SCHEMA_UNKNOWNS_MAX];
    size_t count = 0;
    for (struct schema_unknown *unknown = unknowns->first; unknown != NULL; unknown = unknown->next)
        all[count++] = unknown;
    if (count == 0)
        return;
    qsort(all, count, sizeof all[0], by_path);
    for (size_t i = 0; i < count; i++)
        all[i]->next = i + 1 < count ? all[i + 1] : NULL;
    unknowns->first = all[0];
    unknowns->last = all[count - 1];
}

void schema_prune(struct json_value *value, const struct schema *schema, struct schema_unknowns *unknowns)
{
    prune(value, schema, NULL, unknowns);
    if (unknowns != NULL)
        sort(unknowns);
}

void schema_unknown_write(struct writer *out, const struct schema_unknown *unknown)
{
    writer_format(out, "unknown field \"%.*s\"", BYTES_ARG(unknown->path));
    if (unknown->nearest.data != NULL)
        writer_format(out, ", did you mean \"%.*s\"", BYTES_ARG(unknown->nearest));
}

void schema_unknowns_write(struct writer *out, const struct schema_unknowns *unknowns)
{
    for (const struct schema_unknown *unknown = unknowns->first; unknown != NULL; unknown = unknown->next) {
        writer_text(out, unknown == unknowns->first ? "" : ", ");
        schema_unknown_write(out, unknown);
    }
    if (unknowns->hidden > 0)
        writer_format(out, ", and %zu more", unknowns->hidden);
}
