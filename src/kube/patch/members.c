// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/members.h"

#include "base/json_edit.h"

#include <stdlib.h>

enum { FEW = 16 };

static int name_against(const void *name, const void *member)
{
    const bytes_t *wanted = name;
    const struct json_value *const *one = member;
    return bytes_compare(*wanted, (*one)->name);
}

struct members members_of(struct arena *arena, const struct json_value *object)
{
    struct members members = { .object = object };
    if (object == NULL || object->type != JSON_OBJECT || object->count <= FEW)
        return members;
    struct json_value **sorted = json_sorted(object);
    members.sorted = arena_array(arena, object->count, sizeof *sorted);
    memcpy(members.sorted, sorted, object->count * sizeof *sorted);
    free(sorted);
    return members;
}

const struct json_value *members_find(const struct members *members, bytes_t name)
{
    if (members->sorted == NULL)
        return json_find(members->object, name);
    struct json_value **found =
        bsearch(&name, members->sorted, members->object->count, sizeof *members->sorted, name_against);
    return found == NULL ? NULL : *found;
}
