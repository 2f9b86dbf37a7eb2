// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/zip.h"

#include <stdlib.h>

struct zip_entry {
    const struct json_value *member;
    bool taken;
};

static int by_name(const void *a, const void *b)
{
    const struct zip_entry *left = a, *right = b;
    return bytes_compare(left->member->name, right->member->name);
}

static const struct json_value *first_of(const struct json_value *object)
{
    return object == NULL || object->type != JSON_OBJECT ? NULL : object->first;
}

struct zip zip_of(struct arena *arena, const struct json_value *left, const struct json_value *right)
{
    struct zip zip = { .left = first_of(left), .right = first_of(right) };
    if (zip.right == NULL)
        return zip;
    zip.entries = arena_array(arena, right->count, sizeof *zip.entries);
    for (const struct json_value *member = zip.right; member != NULL; member = member->next)
        zip.entries[zip.count++].member = member;
    qsort(zip.entries, zip.count, sizeof *zip.entries, by_name);
    return zip;
}

static struct zip_entry *entry_of(struct zip *zip, bytes_t name)
{
    size_t low = 0, high = zip->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(name, zip->entries[middle].member->name);
        if (order == 0)
            return &zip->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool zip_next(struct zip *zip, struct zip_pair *ret_pair)
{
    if (zip->left != NULL) {
        struct zip_entry *entry = entry_of(zip, zip->left->name);
        *ret_pair = (struct zip_pair){ zip->left->name, zip->left, entry == NULL ? NULL : entry->member };
        if (entry != NULL)
            entry->taken = true;
        zip->left = zip->left->next;
        return true;
    }
    while (zip->right != NULL) {
        const struct json_value *member = zip->right;
        zip->right = member->next;
        if (entry_of(zip, member->name)->taken)
            continue;
        *ret_pair = (struct zip_pair){ member->name, NULL, member };
        return true;
    }
    return false;
}
