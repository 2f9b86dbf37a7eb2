// SPDX-License-Identifier: Apache-2.0
// Updates by very many managers would let managedFields grow without end: the oldest are put together.
#include "kube/apply/managed.h"

#include <stdlib.h>

struct updater {
    struct managed_entry *entry;
    bytes_t identifier;
};

static int by_age(const void *a, const void *b)
{
    const struct updater *left = a, *right = b;
    int64_t since = left->entry->has_time ? left->entry->time_s : 0;
    int64_t since_right = right->entry->has_time ? right->entry->time_s : 0;
    if (since != since_right)
        return since < since_right ? -1 : 1;
    return bytes_compare(left->identifier, right->identifier);
}

// The oldest before INDEX of the same version.
static struct managed_entry *older_twin(const struct updater *updaters, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (bytes_equal(updaters[i].entry->api_version, updaters[index].entry->api_version))
            return updaters[i].entry;
    }
    return NULL;
}

// The oldest becomes the bucket when there is none.
static struct managed_entry *bucket_of(const struct managed *managed, struct managed_entry *oldest)
{
    const struct managed_entry like = { .manager = BYTES_LITERAL("ancient-changes"),
                                        .api_version = oldest->api_version };
    struct managed_entry *bucket = managed_find(managed, &like);
    if (bucket != NULL)
        return bucket;
    oldest->manager = like.manager;
    oldest->subresource = BYTES_NULL;
    return oldest;
}

void managed_cap(struct managed *managed)
{
    struct updater *updaters = arena_array(managed->arena, managed->count, sizeof *updaters);
    size_t count = 0;
    for (size_t i = 0; i < managed->count; i++) {
        struct managed_entry *entry = &managed->entries[i];
        if (!entry->applied)
            updaters[count++] = (struct updater){ entry, managed_identifier(entry, managed->arena) };
    }
    qsort(updaters, count, sizeof *updaters, by_age);
    size_t left = count;
    for (size_t i = 0; i < count && left > MANAGED_UPDATES_MAX; i++) {
        struct managed_entry *entry = updaters[i].entry, *oldest = older_twin(updaters, i);
        struct managed_entry *bucket = oldest == NULL ? entry : bucket_of(managed, oldest);
        if (bucket == entry)
            continue;
        bucket->fields = field_set_union(managed->arena, entry->fields, bucket->fields);
        bucket->has_time = entry->has_time;
        bucket->time_s = entry->time_s;
        entry->fields = &field_set_none;
        left--;
    }
    managed_drop_empty(managed);
}
