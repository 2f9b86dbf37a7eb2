// SPDX-License-Identifier: Apache-2.0
// A client for tests that does what it is told, one step at a time: it runs the loop until the answer is there.
#pragma once

#include "kafka/api.h"

#include <stdbool.h>

struct loop;
struct peer;

struct peer *peer_open(struct loop *loop, uint16_t port);
// Waits until the connection is gone.
void peer_close(struct peer *peer);
// Raw bytes, not waited for.
void peer_send(struct peer *peer, bytes_t bytes);
// A request in this version, not waited for.
void peer_ask(struct peer *peer, const struct kafka_api *api, int version, const void *request);
// The next answer, decoded into the peer's arena (valid until peer_close); NULL when the other side closed.
void *peer_wait(struct peer *peer, const struct kafka_api *api, int version);
// Both.
void *peer_call(struct peer *peer, const struct kafka_api *api, int version, const void *request);
// Stops reading what the other side sends, and goes on.
void peer_pause(struct peer *peer);
void peer_resume(struct peer *peer);
// Runs the loop for a while.
void loop_run_ms(struct loop *loop, int64_t ms);
// One batch with COUNT records "k0" "v0", "k1" "v1" ... or without keys.
struct slice batch_of(size_t count, bool with_keys, int64_t producer_id, int32_t sequence);
