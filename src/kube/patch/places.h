// SPDX-License-Identifier: Apache-2.0
// Where values stand in a list: from a scalar to the index of the first element that has it.
#pragma once

#include "base/json.h"
#include "base/map.h"

#include <stdint.h>

struct places {
    struct arena *arena;
    struct map map;
};

#define PLACES_NONE SIZE_MAX

// Entries are in ARENA; places_free gives the table back.
struct places places_of(struct arena *arena);
// Nothing happens when the value has a place already. Objects and arrays are equal to nothing.
void places_add(struct places *places, const struct json_value *value, size_t index);
// PLACES_NONE: it has none. VALUE may be NULL.
size_t places_find(const struct places *places, const struct json_value *value);
void places_free(struct places *places);
