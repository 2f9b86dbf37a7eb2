// SPDX-License-Identifier: Apache-2.0
#include "eventing/dead_letter.h"

#include "base/base64.h"

#include <stdlib.h>

// By the Go code 1024 characters at the most, by the Java code those of 1024 bytes. The spec wants base64 whatever the
// bytes are.
static const size_t data_max[] = { [BACKOFF_FROM_ZERO] = 1024 / 4 * 3, [BACKOFF_FROM_ONE] = HANDOVER_BODY_MAX };

static bytes_t data_of(const struct handover *why, enum backoff_flavour flavour, struct arena *arena)
{
    bytes_t data = why->body;
    if (why->status == 0)
        data = bytes_of_text(arena_format(arena, "dispatch error: %s", why->error));
    if (data.size > data_max[flavour])
        data.size = data_max[flavour];
    char *text = arena_alloc(arena, BASE64_SIZE(data.size) + 1);
    return bytes_of(text, base64_encode(BASE64_STANDARD, data, text));
}

static void add(struct cloudevent *event, const char *name, bytes_t value, struct arena *arena)
{
    // The names are extensions, the values printable. One that finds no room is left out: the event matters more.
    if (value.size > 0 && cloudevent_set(event, bytes_of_text(name), cloudevent_string(value), arena, NULL) != ERR_OK)
        return;
}

const struct cloudevent *dead_letter_make(const struct cloudevent *event, const char *uri, const struct handover *why,
                                          enum backoff_flavour flavour, struct arena *arena)
{
    struct cloudevent *dead = arena_alloc(arena, sizeof *dead);
    *dead = *cloudevent_copy(event, arena);
    add(dead, "knativeerrordest", arena_copy(arena, bytes_of_text(uri)), arena);
    add(dead, "knativeerrorcode", bytes_of_text(arena_format(arena, "%d", why->status == 0 ? 500 : why->status)),
        arena);
    add(dead, "knativeerrordata", data_of(why, flavour, arena), arena);
    return dead;
}
