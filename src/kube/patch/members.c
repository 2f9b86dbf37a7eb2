// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/members.h"

#include "base/json_edit.h"

#include <stdlib.h>

enum { FEW = 16 };

static int by_name(const void *a, const void *b)
{
    const struct json_value *const *left = a, *const *right = b;
    return bytes_compare((*left)->name, (*right)->name);
}

static int name_against(const void *name, const void *member)
{
    const bytes_t *wanted = name;
    const struct json_value *const *one = member;
    return bytes_compare(*wanted, (*one)->name);
}

const struct json_value **members_sorted(struct arena *arena, const struct json_value *object)
{
    const struct json_value **sorted = arena_array(arena, object->count, sizeof(const struct json_value *));
    size_t count = 0;
    for (const struct json_value *member = object->first; member != NULL; member = member->next)
        sorted[count++] = member;
    qsort(sorted, count, sizeof *sorted, by_name);
    return sorted;
}

struct members members_of(struct arena *arena, const struct json_value *object)
{
    struct members members = { .object = object };
    if (object != NULL && object->type == JSON_OBJECT && object->count > FEW)
        members.sorted = members_sorted(arena, object);
    return members;
}

const struct json_value *members_find(const struct members *members, bytes_t name)
{
    if (members->sorted == NULL)
        return json_find(members->object, name);
    const struct json_value **found =
        bsearch(&name, members->sorted, members->object->count, sizeof *members->sorted, name_against);
    return found == NULL ? NULL : *found;
}
