// SPDX-License-Identifier: Apache-2.0
#include "store/key_map.h"

#include "base/mem.h"

#include <stdlib.h>

struct entry {
    struct siphash hash;
    int64_t offset; // plus one; 0: free
};

struct key_map {
    struct siphash_secret secret;
    struct entry *entries;
    size_t mask, count, limit;
};

enum { ENTRIES_MIN = 16 };

struct key_map *key_map_new(size_t size, struct siphash_secret secret)
{
    size_t capacity = ENTRIES_MIN;
    while (capacity * 2 * sizeof(struct entry) <= size)
        capacity *= 2;
    struct key_map *map = mem_zalloc(1, sizeof(*map));
    map->secret = secret;
    map->entries = mem_zalloc(capacity, sizeof(*map->entries));
    map->mask = capacity - 1;
    // Linear probing stays short up to three quarters.
    map->limit = capacity / 4 * 3;
    return map;
}

void key_map_free(struct key_map *map)
{
    if (map == NULL)
        return;
    free(map->entries);
    free(map);
}

static struct entry *find(const struct key_map *map, struct siphash hash)
{
    size_t at = (size_t)hash.low & map->mask;
    while (map->entries[at].offset != 0 &&
           (map->entries[at].hash.low != hash.low || map->entries[at].hash.high != hash.high))
        at = (at + 1) & map->mask;
    return &map->entries[at];
}

bool key_map_put(struct key_map *map, bytes_t key, int64_t offset)
{
    struct siphash hash = siphash_128(map->secret, key);
    struct entry *entry = find(map, hash);
    if (entry->offset == 0) {
        if (map->count == map->limit)
            return false;
        map->count++;
        entry->hash = hash;
    }
    entry->offset = offset + 1;
    return true;
}

int64_t key_map_get(const struct key_map *map, bytes_t key)
{
    return find(map, siphash_128(map->secret, key))->offset - 1;
}

size_t key_map_count(const struct key_map *map)
{
    return map->count;
}
