// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

#define BUCKETS_MIN 16

static struct map_node **bucket_of(const struct map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->bucket_count - 1)];
}

static void grow(struct map *map)
{
    struct map_node **old = map->buckets;
    size_t old_count = map->bucket_count;
    map->bucket_count = old_count == 0 ? BUCKETS_MIN : old_count * 2;
    map->buckets = mem_zalloc(map->bucket_count, sizeof(struct map_node *));
    for (size_t i = 0; i < old_count; i++) {
        for (struct map_node *node = old[i], *next; node != NULL; node = next) {
            next = node->next;
            struct map_node **bucket = bucket_of(map, node->hash);
            node->next = *bucket;
            *bucket = node;
        }
    }
    free(old);
}

void map_insert(struct map *map, struct map_node *node)
{
    bytes_t key = map->key(node);
    ASSERT(map_find(map, key) == NULL);
    if (map->count >= map->bucket_count)
        grow(map);
    node->hash = bytes_hash(key);
    struct map_node **bucket = bucket_of(map, node->hash);
    node->next = *bucket;
    *bucket = node;
    map->count++;
}

struct map_node *map_find(const struct map *map, bytes_t key)
{
    if (map->count == 0)
        return NULL;
    uint64_t hash = bytes_hash(key);
    struct map_node *node = *bucket_of(map, hash);
    while (node != NULL && (node->hash != hash || !bytes_equal(map->key(node), key)))
        node = node->next;
    return node;
}

void map_remove(struct map *map, struct map_node *node)
{
    ASSERT(map->count > 0);
    struct map_node **link = bucket_of(map, node->hash);
    while (*link != node) {
        ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = node->next;
    node->next = NULL;
    map->count--;
}

struct map_node *map_next(const struct map *map, const struct map_node *node)
{
    if (node != NULL && node->next != NULL)
        return node->next;
    size_t at = node == NULL ? 0 : (node->hash & (map->bucket_count - 1)) + 1;
    for (; at < map->bucket_count; at++) {
        if (map->buckets[at] != NULL)
            return map->buckets[at];
    }
    return NULL;
}

void map_free(struct map *map)
{
    free(map->buckets);
    *map = MAP_INIT(map->key);
}
