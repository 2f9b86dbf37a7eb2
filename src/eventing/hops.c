// SPDX-License-Identifier: Apache-2.0
#include "eventing/hops.h"

#include "base/assert.h"
#include "base/civil.h"
#include "io/clock.h"

#define HOPS    "knativebrokerttl"
#define ARRIVAL "knativearrivaltime"

static bool hops_set(struct cloudevent *event, bytes_t text, struct arena *arena)
{
    struct cloudevent_value value = { CLOUDEVENT_TYPE_INTEGER, text };
    // A name and a number that are valid; an event with too many extensions to take it goes without.
    if (cloudevent_set(event, BYTES_LITERAL(HOPS), value, arena, NULL) == ERR_OK)
        return true;
    hops_take_off(event, arena);
    return false;
}

static void arrival_set(struct cloudevent *event, struct arena *arena)
{
    char text[CIVIL_TEXT_SIZE];
    bytes_t now = arena_copy(arena, bytes_of_text(civil_format(clock_wall_ms(), text)));
    struct cloudevent_value value = { CLOUDEVENT_TYPE_TIMESTAMP, now };
    // An event with too many extensions to take it goes without.
    if (cloudevent_set(event, BYTES_LITERAL(ARRIVAL), value, arena, NULL) != ERR_OK)
        cloudevent_remove(event, BYTES_LITERAL(ARRIVAL), arena);
}

err_t hops_enter(struct cloudevent *event, struct arena *arena, diag_t *diag)
{
    bytes_t text = cloudevent_extension_text(event, HOPS);
    int64_t hops = HOPS_MAX + 1;
    if (text.data != NULL && (!bytes_to_int64(text, &hops) || hops > INT32_MAX))
        return diag_fail(diag, ERR_INVALID, HOPS, "must be a whole number of 32 bits");
    if (hops <= 1)
        return diag_fail(diag, ERR_LIMIT, HOPS,
                         "no hops are left: it is %lld, and each broker takes one away; an event without it gets %d, "
                         "which a loop of answers uses up",
                         (long long)hops, HOPS_MAX);
    uint8_t room[BYTES_DECIMAL_SIZE];
    bytes_t left = arena_copy(arena, bytes_of_decimal((uint64_t)(hops - 1), room));
    arrival_set(event, arena);
    // Last, where they are taken off for each subscriber without a copy. Where there is room for one, it is theirs.
    if (!hops_set(event, left, arena)) {
        cloudevent_remove(event, BYTES_LITERAL(ARRIVAL), arena);
        (void)hops_set(event, left, arena);
    }
    return ERR_OK;
}

void hops_take_off(struct cloudevent *event, struct arena *arena)
{
    cloudevent_remove(event, BYTES_LITERAL(HOPS), arena);
}

void hops_put_back(struct cloudevent *answer, const struct cloudevent *event, struct arena *arena)
{
    bytes_t text = cloudevent_extension_text(event, HOPS);
    if (text.data != NULL)
        (void)hops_set(answer, text, arena);
}
