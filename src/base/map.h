// SPDX-License-Identifier: Apache-2.0
// A hash map with embedded nodes: the item carries its node and its key, the map owns only the buckets.
#pragma once

#include "base/bytes.h"

struct map_node {
    struct map_node *next;
    uint64_t hash;
};

struct map {
    struct map_node **buckets;
    size_t bucket_count; // power of two, or 0
    size_t count;
    // The key bytes of an item.
    bytes_t (*key)(const struct map_node *node);
};

#define MAP_INIT(key_function) ((struct map){ .key = (key_function) })

// The key must not be in the map.
void map_insert(struct map *map, struct map_node *node);
// NULL if absent.
struct map_node *map_find(const struct map *map, bytes_t key);
// The node must be in the map.
void map_remove(struct map *map, struct map_node *node);
// Walks all nodes in no particular order: start with NULL, ends with NULL. The node returned last may be removed
// only after asking for the one behind it.
struct map_node *map_next(const struct map *map, const struct map_node *node);
void map_free(struct map *map);
