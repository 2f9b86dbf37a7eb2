// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/field_set.h"

#include "base/assert.h"

#include <stdlib.h>

const struct field_set field_set_none = { 0 };

// --- one level

void field_builder_add(struct field_builder *builder, const struct path_element *element, bool member,
                       const struct field_set *below)
{
    if (below != NULL && field_set_is_empty(below))
        below = NULL;
    if (!member && below == NULL)
        return;
    if (builder->count == builder->capacity) {
        size_t capacity = builder->capacity == 0 ? 2 : builder->capacity * 2;
        struct field_node *nodes = arena_array(builder->arena, capacity, sizeof *nodes);
        if (builder->count > 0)
            memcpy(nodes, builder->nodes, builder->count * sizeof *nodes);
        builder->nodes = nodes;
        builder->capacity = capacity;
    }
    builder->nodes[builder->count++] = (struct field_node){ *element, member, below };
}

static int by_element(const void *a, const void *b)
{
    const struct field_node *left = a, *right = b;
    return path_element_compare(&left->element, &right->element);
}

static bool is_sorted(const struct field_builder *builder)
{
    for (size_t i = 1; i < builder->count; i++) {
        if (by_element(&builder->nodes[i - 1], &builder->nodes[i]) >= 0)
            return false;
    }
    return true;
}

static const struct field_set *below_of(const struct field_node *node)
{
    return node->below == NULL ? &field_set_none : node->below;
}

static void join_twins(struct field_builder *builder)
{
    size_t kept = 1;
    for (size_t i = 1; i < builder->count; i++) {
        struct field_node *last = &builder->nodes[kept - 1], *node = &builder->nodes[i];
        if (by_element(last, node) != 0) {
            builder->nodes[kept++] = *node;
            continue;
        }
        last->member = last->member || node->member;
        const struct field_set *below = field_set_union(builder->arena, below_of(last), below_of(node));
        last->below = field_set_is_empty(below) ? NULL : below;
    }
    builder->count = kept;
}

const struct field_set *field_builder_end(struct field_builder *builder)
{
    if (builder->count == 0)
        return &field_set_none;
    if (!is_sorted(builder)) {
        qsort(builder->nodes, builder->count, sizeof *builder->nodes, by_element);
        join_twins(builder);
    }
    struct field_set *set = arena_alloc(builder->arena, sizeof *set);
    *set = (struct field_set){ builder->nodes, builder->count };
    return set;
}

// --- questions

size_t field_set_size(const struct field_set *set)
{
    size_t size = 0;
    for (size_t i = 0; i < set->count; i++)
        size += set->nodes[i].member + field_set_size(below_of(&set->nodes[i]));
    return size;
}

bool field_set_equal(const struct field_set *a, const struct field_set *b)
{
    if (a == b)
        return true;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct field_node *left = &a->nodes[i], *right = &b->nodes[i];
        if (left->member != right->member || by_element(left, right) != 0 ||
            !field_set_equal(below_of(left), below_of(right)))
            return false;
    }
    return true;
}

const struct field_node *field_set_find(const struct field_set *set, const struct path_element *element)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = path_element_compare(element, &set->nodes[middle].element);
        if (order == 0)
            return &set->nodes[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool field_set_has(const struct field_set *set, const struct path_element *path, size_t path_size)
{
    const struct field_node *node = NULL;
    for (size_t i = 0; i < path_size; i++) {
        node = set == NULL ? NULL : field_set_find(set, &path[i]);
        if (node == NULL)
            return false;
        set = node->below;
    }
    return node != NULL && node->member;
}

// --- operations

// What becomes of one step; A or B is NULL where only the other set has it.
typedef void set_join(struct field_builder *out, const struct field_node *a, const struct field_node *b);

static const struct field_set *joined(struct arena *arena, const struct field_set *a, const struct field_set *b,
                                      set_join *join)
{
    struct field_builder out = { .arena = arena };
    size_t i = 0, j = 0;
    while (i < a->count || j < b->count) {
        int order = i == a->count ? 1 : j == b->count ? -1 : by_element(&a->nodes[i], &b->nodes[j]);
        join(&out, order <= 0 ? &a->nodes[i] : NULL, order >= 0 ? &b->nodes[j] : NULL);
        i += order <= 0;
        j += order >= 0;
    }
    return field_builder_end(&out);
}

static void keep(struct field_builder *out, const struct field_node *node)
{
    field_builder_add(out, &node->element, node->member, node->below);
}

static void join_union(struct field_builder *out, const struct field_node *a, const struct field_node *b)
{
    if (a == NULL || b == NULL)
        keep(out, a == NULL ? b : a);
    else
        field_builder_add(out, &a->element, a->member || b->member,
                          field_set_union(out->arena, below_of(a), below_of(b)));
}

static void join_intersection(struct field_builder *out, const struct field_node *a, const struct field_node *b)
{
    if (a != NULL && b != NULL)
        field_builder_add(out, &a->element, a->member && b->member,
                          field_set_intersection(out->arena, below_of(a), below_of(b)));
}

static void join_difference(struct field_builder *out, const struct field_node *a, const struct field_node *b)
{
    if (a != NULL && b == NULL)
        keep(out, a);
    else if (a != NULL)
        field_builder_add(out, &a->element, a->member && !b->member,
                          field_set_difference(out->arena, below_of(a), below_of(b)));
}

static void join_difference_below(struct field_builder *out, const struct field_node *a, const struct field_node *b)
{
    if (a != NULL && b == NULL)
        keep(out, a);
    else if (a != NULL && !b->member)
        field_builder_add(out, &a->element, a->member,
                          field_set_difference_below(out->arena, below_of(a), below_of(b)));
}

const struct field_set *field_set_union(struct arena *arena, const struct field_set *a, const struct field_set *b)
{
    if (a == b || b->count == 0)
        return a;
    return a->count == 0 ? b : joined(arena, a, b, join_union);
}

const struct field_set *field_set_intersection(struct arena *arena, const struct field_set *a,
                                               const struct field_set *b)
{
    if (a->count == 0 || b->count == 0)
        return &field_set_none;
    return joined(arena, a, b, join_intersection);
}

const struct field_set *field_set_difference(struct arena *arena, const struct field_set *a, const struct field_set *b)
{
    if (a->count == 0 || b->count == 0)
        return a;
    return joined(arena, a, b, join_difference);
}

const struct field_set *field_set_difference_below(struct arena *arena, const struct field_set *a,
                                                   const struct field_set *b)
{
    if (a->count == 0 || b->count == 0)
        return a;
    return joined(arena, a, b, join_difference_below);
}

const struct field_set *field_set_leaves(struct arena *arena, const struct field_set *set)
{
    struct field_builder out = { .arena = arena };
    for (size_t i = 0; i < set->count; i++) {
        const struct field_node *node = &set->nodes[i];
        field_builder_add(&out, &node->element, node->below == NULL,
                          node->below == NULL ? NULL : field_set_leaves(arena, node->below));
    }
    return field_builder_end(&out);
}

// --- paths

struct walk {
    struct path_element path[FIELD_PATH_MAX];
    field_set_on_path *on_path;
    void *owner;
};

static void walk_level(struct walk *walk, const struct field_set *set, size_t depth)
{
    ASSERT(depth < FIELD_PATH_MAX);
    for (size_t i = 0; i < set->count; i++) {
        walk->path[depth] = set->nodes[i].element;
        if (set->nodes[i].member)
            walk->on_path(walk->owner, walk->path, depth + 1);
    }
    for (size_t i = 0; i < set->count; i++) {
        walk->path[depth] = set->nodes[i].element;
        if (set->nodes[i].below != NULL)
            walk_level(walk, set->nodes[i].below, depth + 1);
    }
}

void field_set_each(const struct field_set *set, field_set_on_path *on_path, void *owner)
{
    struct walk walk = { .on_path = on_path, .owner = owner };
    walk_level(&walk, set, 0);
}

bytes_t field_path_print(struct arena *arena, const struct path_element *path, size_t path_size)
{
    struct writer out = WRITER_INIT;
    for (size_t i = 0; i < path_size; i++)
        path_element_print(&path[i], &out);
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}
