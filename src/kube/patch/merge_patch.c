// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/merge_patch.h"

#include "base/json_edit.h"
#include "kube/patch/shown.h"
#include "kube/patch/members.h"

static void append(struct json_value *object, bytes_t name, struct json_value *value)
{
    value->name = name;
    json_append(object, value);
}

// RFC 7386 2, as a new tree: what the target has keeps its place, what is new comes behind it. As deep as PATCH.
static struct json_value *merged(struct arena *arena, const struct json_value *target, const struct json_value *patch)
{
    if (patch->type != JSON_OBJECT)
        return json_copy(arena, patch);
    if (target != NULL && target->type != JSON_OBJECT)
        target = NULL;
    struct json_value *result = json_new(arena, JSON_OBJECT);
    struct members changes = members_of(arena, patch), there = members_of(arena, target);
    for (const struct json_value *old = target == NULL ? NULL : target->first; old != NULL; old = old->next) {
        const struct json_value *change = members_find(&changes, old->name);
        if (change == NULL)
            append(result, old->name, json_copy(arena, old));
        else if (change->type != JSON_NULL)
            append(result, old->name, merged(arena, old, change));
    }
    for (const struct json_value *change = patch->first; change != NULL; change = change->next) {
        if (change->type != JSON_NULL && members_find(&there, change->name) == NULL)
            append(result, change->name, merged(arena, NULL, change));
    }
    return result;
}

err_t merge_patch_apply(struct arena *arena, const struct json_value *object, const struct json_value *patch,
                        struct json_value **ret_object, const char **ret_text)
{
    if (patch->type == JSON_OBJECT) {
        *ret_object = merged(arena, object, patch);
        return ERR_OK;
    }
    if (patch->type == JSON_NULL)
        *ret_text = "Invalid JSON Patch";
    else
        *ret_text = arena_format(
            arena, "error decoding patch: json: cannot unmarshal %s into Go value of type map[string]interface {}",
            shown_kind(patch));
    return ERR_MALFORMED;
}
