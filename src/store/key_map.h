// SPDX-License-Identifier: Apache-2.0
// The newest offset of each key in a stretch of a log, in bounded memory: keys are kept as 128-bit keyed hashes. One
// owner.
#pragma once

#include "base/siphash.h"

#include <stdbool.h>

struct key_map;

// Takes about SIZE bytes, all at once.
struct key_map *key_map_new(size_t size, struct siphash_secret secret);
void key_map_free(struct key_map *map);
// Notes that KEY was written at OFFSET; offsets come in ascending order. False when there is no more room (and nothing
// was noted).
bool key_map_put(struct key_map *map, bytes_t key, int64_t offset);
// The newest offset of KEY, or -1.
int64_t key_map_get(const struct key_map *map, bytes_t key);
size_t key_map_count(const struct key_map *map);
