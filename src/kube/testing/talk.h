// SPDX-License-Identifier: Apache-2.0
// Tests only: asks an API as a client does, without a socket. An answer that comes in a later turn is waited for by
// SETTLE, which lets the API's loop run until nothing is left to do.
#pragma once

#include "base/json.h"
#include "http/session.h"

struct kube;

struct ask {
    const char *method, *target;
    const char *type; // of the body; NULL: JSON
    const char *accept;
    bytes_t body; // BYTES_NULL: none
    const char *token;
    bool takes_nothing; // is_full from the start
};

struct talk {
    struct http_session session;
    struct http_site site;
    struct writer sent;
    struct arena arena;
    bool is_full, is_finished, is_gone;
    // out
    int status; // 0: none came
    bytes_t head, body;
    const struct json_value *tree; // of a body that is JSON; NULL
};

void talk_begin(struct talk *talk, struct kube *kube, const struct ask *ask, void (*settle)(void));
// What came meanwhile: HEAD, BODY (of a watch all that was sent so far), TREE.
void talk_look(struct talk *talk);
// The client leaves, if the answer has not ended, and everything is released.
void talk_end(struct talk *talk, void (*settle)(void));
