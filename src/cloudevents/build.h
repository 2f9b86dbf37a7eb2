// SPDX-License-Identifier: Apache-2.0
// An event that comes attribute by attribute, in whatever order, of the room's own readers: checks each of them, and in
// the end whether all are there. What came as 0.3 becomes 1.0.
#pragma once

#include "cloudevents/cloudevent.h"

struct cloudevent_builder {
    struct cloudevent event; // data and form are the reader's to set
    struct arena *arena;
    diag_t *diag; // may be NULL
    struct cloudevent_extension *extensions;
    size_t capacity;
    size_t attributes_size;
};

static inline struct cloudevent_builder cloudevent_builder_of(struct arena *arena, diag_t *diag)
{
    return (struct cloudevent_builder){ .arena = arena, .diag = diag };
}

// ERR_INVALID: not a name or a value (cloudevent_check), or there twice; ERR_UNSUPPORTED: the specversion;
// ERR_TOO_LARGE.
err_t cloudevent_builder_add(struct cloudevent_builder *builder, bytes_t name,
                             struct cloudevent_value value) MUST_CHECK;
// Is it 0.3, as far as has been read?
bool cloudevent_builder_is_03(const struct cloudevent_builder *builder);
// ERR_INVALID: a required attribute is missing, or what 0.3 says about the data is not true.
err_t cloudevent_builder_finish(struct cloudevent_builder *builder, struct cloudevent *ret_event) MUST_CHECK;

// Decodes base64 data onto the arena. ERR_INVALID: WHERE names the attribute or member that it came from.
err_t cloudevent_data_decode(bytes_t text, const char *where, struct arena *arena, bytes_t *ret_data,
                             diag_t *diag) MUST_CHECK;
