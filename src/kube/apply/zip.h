// SPDX-License-Identifier: Apache-2.0
// Walks the members of two objects side by side: those of the left one in their order, then those that only the right
// one has, in theirs.
#pragma once

#include "base/json_edit.h"

struct zip {
    const struct json_value *left, *right; // next of each
    struct zip_entry *entries;             // the right one's, sorted by name
    size_t count;
};

struct zip_pair {
    bytes_t name;
    const struct json_value *left, *right; // one may be NULL
};

// What is no object (NULL, null) has no members.
struct zip zip_of(struct arena *arena, const struct json_value *left, const struct json_value *right);
// False: there are no more.
bool zip_next(struct zip *zip, struct zip_pair *ret_pair);
