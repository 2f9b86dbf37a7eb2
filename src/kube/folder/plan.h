// SPDX-License-Identifier: Apache-2.0
// What a folder wants: the objects that its files name, each once, in the order in which they are applied. Pure.
#pragma once

#include "kube/folder/manifest.h"

struct plan_clash {
    const struct manifest *second, *first; // both name one object; the first is the one that counts
};

struct plan {
    const struct manifest **items; // those that others need come first (plan_is_base)
    size_t count;
    struct plan_clash *clashes;
    size_t clash_count;
};

// Namespaces and definitions of kinds: others can be applied only when these are there.
bool plan_is_base(const struct manifest *manifest);
// FILES in their order, NULL for one that says nothing. In the arena; manifests are shared, not counted.
void plan_make(const struct manifests *const *files, size_t count, struct arena *arena, struct plan *ret_plan);
