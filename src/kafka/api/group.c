// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/group.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kafka/door.h"

#include <stdlib.h>

int16_t kafka_group_error(enum group_error error)
{
    static const int16_t codes[GROUP_ERROR_COUNT] = {
        [GROUP_OK] = KAFKA_NONE,
        [GROUP_INVALID_ID] = KAFKA_INVALID_GROUP_ID,
        [GROUP_UNKNOWN_MEMBER] = KAFKA_UNKNOWN_MEMBER_ID,
        [GROUP_ILLEGAL_GENERATION] = KAFKA_ILLEGAL_GENERATION,
        [GROUP_REBALANCING] = KAFKA_REBALANCE_IN_PROGRESS,
        [GROUP_INCONSISTENT_PROTOCOL] = KAFKA_INCONSISTENT_GROUP_PROTOCOL,
        [GROUP_FENCED_INSTANCE] = KAFKA_FENCED_INSTANCE_ID,
        [GROUP_MEMBER_ID_REQUIRED] = KAFKA_MEMBER_ID_REQUIRED,
        [GROUP_INVALID_SESSION_TIMEOUT] = KAFKA_INVALID_SESSION_TIMEOUT,
        [GROUP_FULL] = KAFKA_GROUP_MAX_SIZE_REACHED,
        [GROUP_NOT_EMPTY] = KAFKA_NON_EMPTY_GROUP,
        [GROUP_NOT_FOUND] = KAFKA_GROUP_ID_NOT_FOUND,
        [GROUP_NOT_AVAILABLE] = KAFKA_COORDINATOR_NOT_AVAILABLE,
        [GROUP_TOO_LARGE] = KAFKA_UNKNOWN_SERVER_ERROR,
    };
    return codes[error];
}

bytes_t kafka_group_client_host(struct kafka_call *call)
{
    const char *peer = call->session->peer;
    const char *colon = strrchr(peer, ':');
    size_t size = colon == NULL ? strlen(peer) : (size_t)(colon - peer);
    if (size >= 2 && peer[0] == '[') {
        peer++;
        size -= 2;
    }
    return bytes_of_text(arena_format(&call->arena, "/%.*s", (int)size, peer));
}

// --- calls that are answered at once

struct group_call {
    struct coordinator_op op;
    struct kafka_call *call;
    void (*run)(struct coordinator *coordinator, struct kafka_call *call);
};

static void on_run(struct coordinator_op *op)
{
    struct group_call *asked = CONTAINER_OF(op, struct group_call, op);
    asked->run(op->coordinator, asked->call);
    coordinator_answer(op);
}

static void on_done(struct coordinator_op *op)
{
    struct group_call *asked = CONTAINER_OF(op, struct group_call, op);
    struct kafka_call *call = asked->call;
    free(asked);
    kafka_call_reply(call);
}

void kafka_group_call(struct kafka_call *call, void (*run)(struct coordinator *coordinator, struct kafka_call *call))
{
    struct group_call *asked = mem_zalloc(1, sizeof(*asked));
    asked->op = (struct coordinator_op){ .on_run = on_run, .on_done = on_done };
    asked->call = call;
    asked->run = run;
    coordinator_ask(call->door->coordinator, &asked->op);
}

// --- calls that wait

// The answer and the cancellation may cross; the last of them frees the memory that both point to.
static void wait_release(struct kafka_group_wait *wait)
{
    if (--wait->pending == 0)
        free(wait);
}

static void on_wait_run(struct coordinator_op *op)
{
    struct kafka_group_wait *wait = CONTAINER_OF(op, struct kafka_group_wait, op);
    wait->on_start(wait, coordinator_groups(op->coordinator));
}

static void on_wait_done(struct coordinator_op *op)
{
    struct kafka_group_wait *wait = CONTAINER_OF(op, struct kafka_group_wait, op);
    struct kafka_call *call = wait->call;
    wait->on_answer(wait);
    call->on_cancel = NULL;
    wait_release(wait);
    kafka_call_reply(call);
}

static void on_cancel_run(struct coordinator_op *op)
{
    struct kafka_group_wait *wait = CONTAINER_OF(op, struct kafka_group_wait, cancel);
    wait->on_cancel(wait, coordinator_groups(op->coordinator));
    coordinator_answer(op);
}

static void on_cancel_done(struct coordinator_op *op)
{
    wait_release(CONTAINER_OF(op, struct kafka_group_wait, cancel));
}

static void on_call_cancel(struct kafka_call *call)
{
    struct kafka_group_wait *wait = call->state;
    call->on_cancel = NULL;
    wait->pending++;
    wait->cancel = (struct coordinator_op){ .on_run = on_cancel_run, .on_done = on_cancel_done };
    coordinator_ask(call->door->coordinator, &wait->cancel);
}

void kafka_group_wait_start(struct kafka_group_wait *wait, struct kafka_call *call)
{
    wait->call = call;
    wait->pending = 1;
    wait->op = (struct coordinator_op){ .on_run = on_wait_run, .on_done = on_wait_done };
    call->state = wait;
    call->on_cancel = on_call_cancel;
    coordinator_ask(call->door->coordinator, &wait->op);
}
