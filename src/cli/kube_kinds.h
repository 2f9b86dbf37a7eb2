// SPDX-License-Identifier: Apache-2.0
// The kinds that a server has, from its aggregated discovery, and what people call them: plural, singular, short name,
// Kind, each with ".group" or ".version.group" behind it, or a category. Pure; lives in the caller's arena, as do the
// trees it is made of.
#pragma once

#include "base/json.h"

struct kube_kind {
    bytes_t group; // "" is the core group
    bytes_t version;
    bytes_t name; // "Widget"
    bytes_t plural, singular;
    bool is_namespaced;
    bool is_preferred;                 // of the versions of its group, the one to take
    const struct json_value *resource; // the whole of it, APIResourceDiscovery
};

struct kube_kinds {
    struct kube_kind *items; // as the server has them: the core group first
    size_t count;
};

// Adds what an APIGroupDiscoveryList says; once for /api and once for /apis, in this order.
void kube_kinds_add(struct kube_kinds *kinds, const struct json_value *groups, struct arena *arena);

// NULL: there is none. Case does not matter; of a group the beginning is enough ("widgets.shop").
const struct kube_kind *kube_kinds_find(const struct kube_kinds *kinds, bytes_t text);
// The next kind of the category behind AFTER (NULL: the first one); NULL: no more.
const struct kube_kind *kube_kinds_in_category(const struct kube_kinds *kinds, bytes_t category,
                                               const struct kube_kind *after);
// The kind of an object; NULL: there is none.
const struct kube_kind *kube_kinds_of_object(const struct kube_kinds *kinds, bytes_t api_version, bytes_t name);
// What TEXT may have been meant to be, terminated; NULL: nothing is near.
const char *kube_kinds_nearest(const struct kube_kinds *kinds, bytes_t text, struct arena *arena);

// "shop.example.org/v1", "v1". In ARENA.
bytes_t kube_kind_api_version(const struct kube_kind *kind, struct arena *arena);
// As kubectl names an object's kind: "widget.shop.example.org", "pod". Terminated, in ARENA.
const char *kube_kind_shown(const struct kube_kind *kind, struct arena *arena);
// Whether the server says that it can be asked to: "list", "watch".
bool kube_kind_can(const struct kube_kind *kind, const char *verb);
