// SPDX-License-Identifier: Apache-2.0
// Finds members of one object by name, many times: by looking at each where there are few, in a sorted table where
// there are many, so that what a peer sends costs no more than it is long. Valid as long as the object is not changed.
#pragma once

#include "base/json.h"

struct members {
    const struct json_value *object;
    struct json_value **sorted; // by name; NULL: there are few
};

// OBJECT may be NULL, or no object: nothing is found in it then. The table is in ARENA.
struct members members_of(struct arena *arena, const struct json_value *object);
// NULL: there is none.
const struct json_value *members_find(const struct members *members, bytes_t name);
