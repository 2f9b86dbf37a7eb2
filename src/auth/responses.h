// SPDX-License-Identifier: Apache-2.0
// The reply subjects of what a session was sent, to which it may publish although its lists do not allow it
// (allow_responses). Embedded in a session; its loop only. Source: docs.nats.io, "Allow Responses".
#pragma once

#include "auth/permission.h"
#include "base/list.h"
#include "base/map.h"

enum {
    // Requests that wait for their answers, and the memory of their reply subjects, which others choose: with more, the
    // oldest are forgotten.
    RESPONSES_MAX = 65536,
    RESPONSES_SIZE_MAX = 8 << 20,
};

struct responses {
    struct response_limits limits;
    struct map by_subject;
    struct list_node by_age; // oldest first
    size_t size;             // bytes of all of them
};

void responses_init(struct responses *responses, struct response_limits limits);
void responses_free(struct responses *responses);
// A message with this reply subject was delivered to the session. Does nothing when responses are not allowed.
void responses_expect(struct responses *responses, bytes_t reply, int64_t now_ms);
// The session publishes to SUBJECT: true, and counted, when it is an answer that is still allowed.
bool responses_take(struct responses *responses, bytes_t subject, int64_t now_ms);
