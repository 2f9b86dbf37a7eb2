// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/plan.h"

#include <stdlib.h>

bool plan_is_base(const struct manifest *manifest)
{
    static const char group[] = "apiextensions.k8s.io/";
    if (bytes_is(manifest->kind, "Namespace"))
        return bytes_is(manifest->api_version, "v1");
    return bytes_is(manifest->kind, "CustomResourceDefinition") && manifest->api_version.size >= sizeof group - 1 &&
           memcmp(manifest->api_version.data, group, sizeof group - 1) == 0;
}

struct entry {
    const struct manifest *manifest, *first; // first: who named the object before; NULL: nobody
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct entry *const *x = a, *const *y = b;
    int order = bytes_compare((*x)->manifest->key, (*y)->manifest->key);
    return order != 0 ? order : ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

// Sorted by key, those of one object stand together, the first one in front.
static void clashes_find(struct entry *entries, size_t count, struct arena *arena)
{
    struct entry **sorted = arena_array(arena, count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &entries[i];
    if (count > 1)
        qsort(sorted, count, sizeof(struct entry *), by_key);
    for (size_t i = 1; i < count; i++) {
        if (bytes_equal(sorted[i - 1]->manifest->key, sorted[i]->manifest->key))
            sorted[i]->first = sorted[i - 1]->first != NULL ? sorted[i - 1]->first : sorted[i - 1]->manifest;
    }
}

void plan_make(const struct manifests *const *files, size_t count, struct arena *arena, struct plan *ret_plan)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        total += files[i] == NULL ? 0 : files[i]->count;
    struct entry *entries = arena_array(arena, total, sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; files[i] != NULL && k < files[i]->count; k++, at++)
            entries[at] = (struct entry){ .manifest = &files[i]->items[k], .index = at };
    }
    clashes_find(entries, total, arena);
    *ret_plan = (struct plan){
        .items = arena_array(arena, total, sizeof *ret_plan->items),
        .clashes = arena_array(arena, total, sizeof *ret_plan->clashes),
    };
    for (int base = 1; base >= 0; base--) {
        for (size_t i = 0; i < total; i++) {
            if (entries[i].first == NULL && plan_is_base(entries[i].manifest) == (base == 1))
                ret_plan->items[ret_plan->count++] = entries[i].manifest;
        }
    }
    for (size_t i = 0; i < total; i++) {
        if (entries[i].first != NULL)
            ret_plan->clashes[ret_plan->clash_count++] = (struct plan_clash){ entries[i].manifest, entries[i].first };
    }
}
