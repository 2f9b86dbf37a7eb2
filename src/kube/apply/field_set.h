// SPDX-License-Identifier: Apache-2.0
// A set of field paths: what a manager owns of an object (Kubernetes' managedFields, FieldsV1). A set is a tree that
// never changes once it is made; operations make new ones that share what stays the same. All of it lives in the
// caller's arena, next to the JSON trees whose values stand in the paths.
#pragma once

#include "kube/apply/path_element.h"

// Sorted by element, each once.
struct field_set {
    const struct field_node *nodes;
    size_t count;
};

struct field_node {
    struct path_element element;
    bool member;                   // the path that ends here is in the set
    const struct field_set *below; // longer paths; NULL: none (never an empty set)
};

extern const struct field_set field_set_none;

static inline bool field_set_is_empty(const struct field_set *set)
{
    return set->count == 0;
}

// How many paths.
size_t field_set_size(const struct field_set *set);
bool field_set_equal(const struct field_set *a, const struct field_set *b);
bool field_set_has(const struct field_set *set, const struct path_element *path, size_t path_size);
// NULL: no path begins so.
const struct field_node *field_set_find(const struct field_set *set, const struct path_element *element);

// What is in A or B; in both; in A but not in B; in A but not in B and not below a path of B.
const struct field_set *field_set_union(struct arena *arena, const struct field_set *a, const struct field_set *b);
const struct field_set *field_set_intersection(struct arena *arena, const struct field_set *a,
                                               const struct field_set *b);
const struct field_set *field_set_difference(struct arena *arena, const struct field_set *a, const struct field_set *b);
const struct field_set *field_set_difference_below(struct arena *arena, const struct field_set *a,
                                                   const struct field_set *b);
// The paths that no other path continues.
const struct field_set *field_set_leaves(struct arena *arena, const struct field_set *set);

// Calls for each path; the array holds for the time of the call. The paths that end at a level come before longer ones,
// as Kubernetes lists conflicts.
typedef void field_set_on_path(void *owner, const struct path_element *path, size_t path_size);
void field_set_each(const struct field_set *set, field_set_on_path *on_path, void *owner);
// ".spec.ports[name=\"a\"].port".
bytes_t field_path_print(struct arena *arena, const struct path_element *path, size_t path_size);

// FieldsV1, from and to a JSON tree. What has more than FIELD_PATH_MAX steps is ERR_TOO_LARGE; ERR_MALFORMED. How large
// the tree may be was decided by whoever read it.
err_t field_set_decode(const struct json_value *fields, struct arena *arena, const struct field_set **ret_set,
                       diag_t *diag) MUST_CHECK;
// In the order that Kubernetes writes.
struct json_value *field_set_encode(struct arena *arena, const struct field_set *set) __attribute__((returns_nonnull));

// Makes one level of a set: nodes in any order, also twice.
struct field_builder {
    struct arena *arena;
    struct field_node *nodes;
    size_t count, capacity;
};

// Nothing happens when there is neither a member nor anything below (BELOW may be NULL).
void field_builder_add(struct field_builder *builder, const struct path_element *element, bool member,
                       const struct field_set *below);
const struct field_set *field_builder_end(struct field_builder *builder) __attribute__((returns_nonnull));
