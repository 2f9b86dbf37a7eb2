// SPDX-License-Identifier: Apache-2.0
// Events as NATS messages (NATS Protocol Binding for CloudEvents 1.0.3, which added headers to that of 1.0.2).
#pragma once

#include "cloudevents/binding.h"

// HEADERS is the block that HPUB counts as headers (nats/header.h), BYTES_NULL for none. A message without fields of
// CloudEvents is taken as structured, which is all that there was before NATS had headers. ERR_MALFORMED: the block;
// else the errors of cloudevent_message_decode.
err_t cloudevent_nats_decode(bytes_t headers, bytes_t payload, struct arena *arena, struct cloudevent *ret_event,
                             diag_t *diag) MUST_CHECK;

struct cloudevent_nats {
    bytes_t headers; // the block, in ROOM
    bytes_t payload; // the event's data, or in ROOM
};

// MODE is binary or structured; ROOM is empty. Returns its error.
err_t cloudevent_nats_encode(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena,
                             struct writer *room, struct cloudevent_nats *ret_message) MUST_CHECK;
