// SPDX-License-Identifier: Apache-2.0
// What server-side apply takes as one thing, by schema: maps and lists are granular (each member or item has its own
// owners) or atomic. A view of a compiled schema (schema.h) that also covers what a schema leaves open: unknown members
// are "deduced" (objects granular, lists atomic), and metadata, apiVersion and kind of a resource are as Kubernetes has
// them, whatever the schema says.
#pragma once

#include "base/json.h"
#include "kube/schema/schema.h"

enum typed_mode {
    TYPED_SCHEMA,
    TYPED_DEDUCED, // by what is there; objects granular, lists atomic
    TYPED_ATOMIC,  // what is inside an atomic list: never looked into
};

struct typed {
    enum typed_mode mode;
    const struct schema *schema; // TYPED_SCHEMA
    bool resource;               // has apiVersion, kind and metadata
    bool preserve;               // unknown members are kept, here and below
};

// The object itself. SCHEMA may be NULL: nothing is known but that it is a resource.
struct typed typed_root(const struct schema *schema);
// What stands at a member. False in RET_DECLARED: nothing is said about such a member, and nothing allows it.
// RET_NAMED: the schema names it (it is a field of a struct, not a key of a map). Both may be NULL.
struct typed typed_member(struct typed type, bytes_t name, bool *ret_declared, bool *ret_named);
struct typed typed_item(struct typed type);

enum shape {
    SHAPE_MAP,
    SHAPE_SCALAR,
    SHAPE_LIST,
    SHAPE_OPEN, // several are possible and the value does not say which one: null, or none
};

// How VALUE (may be NULL) is to be looked at.
enum shape typed_shape(struct typed type, const struct json_value *value);
bool typed_map_is_atomic(struct typed type);

// A list's items, told apart by NAMES; a set when there are none.
struct typed_list {
    bool atomic;
    const bytes_t *keys;
    size_t key_count;
};

struct typed_list typed_list_of(struct typed type);
// The default of a key member of an item; NULL: none.
const struct json_value *typed_key_fallback(struct typed type, bytes_t key);
// NULL when VALUE, no map or list, may stand here; else what is expected: "string".
const char *typed_scalar_expected(struct typed type, const struct json_value *value);
