// SPDX-License-Identifier: Apache-2.0
// What the APIs of groups share: the way to the coordinator's loop and back. While a call is there, its request,
// response and arena belong to that loop.
#pragma once

#include "engine/embedded/coordinator.h"

struct kafka_call;

// The one place where a group's error becomes Kafka's.
int16_t kafka_group_error(enum group_error error);
// "/127.0.0.1", as Kafka writes where a member comes from.
bytes_t kafka_group_client_host(struct kafka_call *call);

// RUN fills the response on the coordinator's loop; then the call is answered.
void kafka_group_call(struct kafka_call *call, void (*run)(struct coordinator *coordinator, struct kafka_call *call));
// Whether so many rows of SIZE more may be in the answer of such a call. Once false it stays so: RUN ends early, and
// the connection is closed. A short request may name one group, or one partition with its metadata, again and again.
bool kafka_group_answer_fits(struct kafka_call *call, size_t count, size_t size);

// A call that waits for other members. First in the handler's own struct, which is freed in the end.
struct kafka_group_wait {
    struct coordinator_op op; // coordinator_answer(&op) ends the wait
    struct coordinator_op cancel;
    struct kafka_call *call;
    unsigned pending;
    void (*on_start)(struct kafka_group_wait *wait, struct groups *groups);
    // The connection is gone: end the wait if it has not ended.
    void (*on_cancel)(struct kafka_group_wait *wait, struct groups *groups);
    // Back on the call's loop: fills the response.
    void (*on_answer)(struct kafka_group_wait *wait);
};
void kafka_group_wait_start(struct kafka_group_wait *wait, struct kafka_call *call);
