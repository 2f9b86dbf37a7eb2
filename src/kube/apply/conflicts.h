// SPDX-License-Identifier: Apache-2.0
// Fields of others that an apply would change.
#pragma once

#include "kube/apply/server_side.h"

// One manager's, before they are printed.
struct disputed {
    const struct managed_entry *entry;
    const struct field_set *fields;
};

// Drops what is ALLOWED from each, and prints the rest; ENTRIES are put in the order of messages. No conflicts left:
// count is 0.
struct apply_conflicts conflicts_print(struct disputed *disputed, size_t count, const struct field_set *allowed,
                                       struct arena *arena);
