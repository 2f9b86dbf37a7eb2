// SPDX-License-Identifier: Apache-2.0
// The CONNECT command's JSON. Names are found whatever their case, null leaves a value alone, unknown names are
// ignored, as Go's reader does it; what is not named keeps its value, so that a second CONNECT changes only what it
// says.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct nats_connect {
    bool verbose, pedantic, echo, headers, no_responders, tls_required;
    int64_t protocol;
    bytes_t name, lang, version;
    bytes_t user, pass, auth_token, nkey, sig, jwt;
    bytes_t account; // of a time when clients could make one: nobody may name it
    bool new_account;
};

// Of a client that sends no CONNECT.
#define NATS_CONNECT_INIT ((struct nats_connect){ .verbose = true, .pedantic = true, .echo = true })

struct arena;
// Texts live in ARENA or are views of JSON. ERR_MALFORMED also for a value of the wrong type.
err_t nats_connect_read(bytes_t json, struct arena *arena, struct nats_connect *connect) MUST_CHECK;
