// SPDX-License-Identifier: Apache-2.0
// One loop's copy of the catalog.
#include "store/catalog_impl.h"

#include "base/mem.h"

#include <stdlib.h>

static bytes_t entry_name(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct catalog_entry, by_name)->topic->name;
}

static bytes_t entry_id(const struct map_node *node)
{
    return bytes_of(CONTAINER_OF_CONST(node, struct catalog_entry, by_id)->topic->id.bytes, TOPIC_ID_SIZE);
}

void catalog_copy_init(struct catalog_copy *copy)
{
    copy->by_name = MAP_INIT(entry_name);
    copy->by_id = MAP_INIT(entry_id);
}

void catalog_copy_free(struct catalog_copy *copy)
{
    settings_copy_free(&copy->settings);
    for (size_t i = 0; i < copy->count; i++) {
        topic_unref(copy->sorted[i]->topic);
        free(copy->sorted[i]);
    }
    map_free(&copy->by_name);
    map_free(&copy->by_id);
    free(copy->sorted);
}

const struct topic *catalog_copy_find(const struct catalog_copy *copy, bytes_t name)
{
    const struct map_node *node = map_find(&copy->by_name, name);
    return node == NULL ? NULL : CONTAINER_OF_CONST(node, struct catalog_entry, by_name)->topic;
}

// The first place whose name is >= NAME.
static size_t place_of(const struct catalog_copy *copy, bytes_t name)
{
    size_t low = 0, high = copy->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(copy->sorted[middle]->topic->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct topic *entry_remove(struct catalog_copy *copy, struct catalog_entry *entry)
{
    const struct topic *topic = entry->topic;
    size_t place = place_of(copy, topic->name);
    copy->count--;
    memmove(copy->sorted + place, copy->sorted + place + 1, (copy->count - place) * sizeof copy->sorted[0]);
    map_remove(&copy->by_name, &entry->by_name);
    map_remove(&copy->by_id, &entry->by_id);
    free(entry);
    return topic;
}

static void entry_add(struct catalog_copy *copy, const struct topic *topic)
{
    struct catalog_entry *entry = mem_zalloc(1, sizeof *entry);
    entry->topic = topic_ref(topic);
    // At the start they come in order: then nothing moves.
    bool last = copy->count == 0 || bytes_compare(copy->sorted[copy->count - 1]->topic->name, topic->name) < 0;
    size_t place = last ? copy->count : place_of(copy, topic->name);
    MEM_GROW(copy->sorted, copy->count, copy->capacity);
    memmove(copy->sorted + place + 1, copy->sorted + place, (copy->count - place) * sizeof copy->sorted[0]);
    copy->sorted[place] = entry;
    copy->count++;
    map_insert(&copy->by_name, &entry->by_name);
    map_insert(&copy->by_id, &entry->by_id);
}

const struct topic *catalog_copy_set(struct catalog_copy *copy, bytes_t name, const struct topic *topic)
{
    struct map_node *node = map_find(&copy->by_name, name);
    const struct topic *old = NULL;
    if (node != NULL)
        old = entry_remove(copy, CONTAINER_OF(node, struct catalog_entry, by_name));
    if (topic != NULL)
        entry_add(copy, topic);
    return old;
}

const struct topic *catalog_copy_after(const struct catalog_copy *copy, bytes_t name)
{
    size_t place = name.data == NULL ? 0 : place_of(copy, name);
    if (name.data != NULL && place < copy->count && bytes_equal(copy->sorted[place]->topic->name, name))
        place++;
    return place < copy->count ? copy->sorted[place]->topic : NULL;
}

// --- topic.h, on the loop that runs

const struct topic *topic_find(struct store *store, bytes_t name)
{
    return catalog_copy_find(catalog_copy_here(catalog_of(store)), name);
}

const struct topic *topic_find_id(struct store *store, const struct topic_id *id)
{
    const struct catalog_copy *copy = catalog_copy_here(catalog_of(store));
    const struct map_node *node = map_find(&copy->by_id, bytes_of(id->bytes, TOPIC_ID_SIZE));
    return node == NULL ? NULL : CONTAINER_OF_CONST(node, struct catalog_entry, by_id)->topic;
}

const struct topic *topic_next(struct store *store, const struct topic *topic)
{
    const struct catalog_copy *copy = catalog_copy_here(catalog_of(store));
    return catalog_copy_after(copy, topic == NULL ? BYTES_NULL : topic->name);
}

size_t topic_count(struct store *store)
{
    return catalog_copy_here(catalog_of(store))->count;
}
