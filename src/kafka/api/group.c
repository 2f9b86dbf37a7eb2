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

// Of one answer, before it is encoded. The largest record of a group has 16 MB, and what was committed for a million
// partitions fits.
#define ANSWER_SIZE_MAX ((size_t)128 << 20)

struct group_call {
    struct coordinator_op op;
    struct kafka_call *call;
    bool is_too_large;
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
    bool is_too_large = asked->is_too_large;
    free(asked);
    if (is_too_large)
        kafka_call_hang_up(call, "the answer would be larger than 128 MB");
    else
        kafka_call_reply(call);
}

bool kafka_group_answer_fits(struct kafka_call *call, size_t count, size_t size)
{
    struct group_call *asked = call->state;
    size_t used = call->arena.total;
    if (used > ANSWER_SIZE_MAX || count > (ANSWER_SIZE_MAX - used) / size)
        asked->is_too_large = true;
    return !asked->is_too_large;
}

void kafka_group_call(struct kafka_call *call, void (*run)(struct coordinator *coordinator, struct kafka_call *call))
{
    struct group_call *asked = mem_zalloc(1, sizeof(*asked));
    asked->op = (struct coordinator_op){ .on_run = on_run, .on_done = on_done };
    asked->call = call;
    asked->run = run;
    call->state = asked;
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
