// SPDX-License-Identifier: Apache-2.0
#include "kube/condition.h"

#include "kube/admission.h"

static struct json_value *find_in(const struct json_value *list, const char *type)
{
    struct json_value *item = list == NULL || list->type != JSON_ARRAY ? NULL : list->first;
    for (; item != NULL; item = item->next) {
        bytes_t text;
        if (json_get_text(json_get(item, "type"), &text) && bytes_is(text, type))
            return item;
    }
    return NULL;
}

const struct json_value *condition_find(const struct json_value *object, const char *type)
{
    return find_in(json_get(json_get(object, "status"), "conditions"), type);
}

static void text_set(struct json_value *item, struct arena *arena, const char *name, const char *text)
{
    if (text == NULL)
        json_unset(item, bytes_of_text(name));
    else
        json_set_bytes(item, arena, name, arena_copy(arena, bytes_of_text(text)));
}

void condition_set(struct json_value *status, struct arena *arena, const struct condition *condition, int64_t now_ms)
{
    struct json_value *list = json_find(status, BYTES_LITERAL("conditions"));
    if (list == NULL || list->type != JSON_ARRAY) {
        list = json_new(arena, JSON_ARRAY);
        json_set(status, BYTES_LITERAL("conditions"), list);
    }
    struct json_value *item = find_in(list, condition->type);
    if (item == NULL) {
        item = json_new(arena, JSON_OBJECT);
        json_append(list, item);
        text_set(item, arena, "type", condition->type);
    }
    bytes_t was = BYTES_LITERAL("");
    (void)json_get_text(json_get(item, "status"), &was);
    if (!bytes_is(was, condition->status))
        json_set_bytes(item, arena, "lastTransitionTime", time_text(arena, now_ms));
    text_set(item, arena, "status", condition->status);
    text_set(item, arena, "reason", condition->reason);
    text_set(item, arena, "message", condition->message);
    text_set(item, arena, "severity", condition->severity);
}
