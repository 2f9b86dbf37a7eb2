// SPDX-License-Identifier: Apache-2.0
#include "group_member.h"

#include "base/assert.h"
#include "base/endian.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SESSION_MIN_MS = 5000,
    REBALANCE_MIN_MS = 2000,
    BEAT_MS = 1500,
    AGAIN_MAX_MS = 500,
    FATE_MAX_MS = 60000,
    DOWN_MAX_MS = 15000,
    PAUSE_MAX_MS = 25000,
};

// One question to the coordinator. Lives until both the answer and the cancellation came back; what a crash of the
// program holds back stays for ever.
struct request {
    struct coordinator_op op, cancel;
    unsigned pending;
    struct sim_member *member;
    unsigned life;
    struct arena arena;
    struct group_join join;
    struct group_protocol protocol;
    struct group_sync sync;
    struct group_caller caller;
    enum group_error error;
    struct engine_commit_op commit;
    struct engine_offset offset;
    int32_t newest; // generation when it was asked
};

static uint64_t choose(struct sim_member *member, uint64_t bound)
{
    return sim_choose(member->crowd->sim, bound);
}

static void step_in(struct sim_member *member, int64_t ms)
{
    timer_start(&member->step, ms);
}

// Whom the model knows: an instance is the same whoever it is called, another member is its id.
static uint64_t identity(bytes_t id, bytes_t instance)
{
    bytes_t name = instance.data != NULL ? instance : id;
    uint64_t hash = 14695981039346656037U; // FNV-1a: bytes_hash has another secret in each run
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ name.data[i]) * 1099511628211U;
    return hash | 1;
}

static bytes_t instance_of(const struct sim_member *member)
{
    return member->is_static ? bytes_of_text(member->instance) : BYTES_NULL;
}

static uint64_t member_identity(const struct sim_member *member)
{
    return identity(bytes_of(member->id, member->id_size), instance_of(member));
}

static void member_out(struct sim_member *member, bool forgets_id)
{
    member->is_in = false;
    member->mask = 0;
    if (forgets_id)
        member->id_size = 0;
}

// --- requests

static void request_release(struct request *request)
{
    if (--request->pending > 0)
        return;
    arena_free(&request->arena);
    free(request);
}

static struct request *request_new(struct sim_member *member, void (*on_run)(struct coordinator_op *op),
                                   void (*on_done)(struct coordinator_op *op))
{
    struct request *request = mem_zalloc(1, sizeof *request);
    request->pending = 1;
    request->member = member;
    request->life = member->life;
    request->op = (struct coordinator_op){ .on_run = on_run, .on_done = on_done };
    request->newest = member->crowd->model->newest;
    request->caller =
        (struct group_caller){ .group_id = SIM_GROUP,
                               .member_id = arena_copy(&request->arena, bytes_of(member->id, member->id_size)),
                               .instance_id = instance_of(member),
                               .generation = member->generation };
    return request;
}

// NULL when the member that asked is no more.
static struct sim_member *request_member(const struct request *request)
{
    struct sim_member *member = request->member;
    return request->life == member->life ? member : NULL;
}

static void on_cancel_run(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, cancel);
    struct groups *groups = coordinator_groups(op->coordinator);
    if (request->join.on_done != NULL)
        group_join_cancel(groups, &request->join);
    else
        group_sync_cancel(groups, &request->sync);
    coordinator_answer(op);
}

static void on_cancel_done(struct coordinator_op *op)
{
    request_release(CONTAINER_OF(op, struct request, cancel));
}

// As a door does it when a connection is gone.
static void request_cancel(struct request *request)
{
    request->pending++;
    request->cancel = (struct coordinator_op){ .on_run = on_cancel_run, .on_done = on_cancel_done };
    coordinator_ask(request->member->crowd->coordinator, &request->cancel);
}

// --- sync

static void on_sync_run(struct coordinator_op *op)
{
    group_sync(coordinator_groups(op->coordinator), &CONTAINER_OF(op, struct request, op)->sync);
}

static void on_synced(struct group_sync *sync)
{
    coordinator_answer(&CONTAINER_OF(sync, struct request, sync)->op);
}

static void on_sync_done(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, op);
    struct sim_member *member = request_member(request);
    if (member != NULL) {
        member->asked = NULL;
        enum group_error error = request->sync.answer.error;
        bytes_t assignment = request->sync.answer.assignment;
        if (error == GROUP_OK) {
            member->is_in = true;
            member->mask = assignment.size == 8 ? get_u64(assignment.data) : 0;
            group_model_synced(member->crowd->model, member->generation, member_identity(member), member->mask);
            step_in(member, (int64_t)choose(member, BEAT_MS));
        } else {
            member_out(member, error == GROUP_UNKNOWN_MEMBER || error == GROUP_FENCED_INSTANCE);
            step_in(member, (int64_t)choose(member, AGAIN_MAX_MS));
        }
    }
    request_release(request);
}

// The leader deals the partitions out in turn.
static void assign(struct sim_member *member, struct request *request, const struct group_join *join)
{
    size_t count = join->answer.member_count;
    struct group_assignment *rows = arena_array(&request->arena, count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        uint64_t mask = 0;
        for (unsigned j = (unsigned)i; j < member->crowd->partitions; j += (unsigned)count)
            mask |= UINT64_C(1) << j;
        uint8_t *bytes = arena_alloc(&request->arena, 8);
        put_u64(bytes, mask);
        rows[i] =
            (struct group_assignment){ arena_copy(&request->arena, join->answer.members[i].id), bytes_of(bytes, 8) };
    }
    request->sync.assignments = rows;
    request->sync.assignment_count = count;
}

static void member_sync(struct sim_member *member, const struct group_join *join)
{
    struct request *request = request_new(member, on_sync_run, on_sync_done);
    request->sync = (struct group_sync){ .on_done = on_synced,
                                         .arena = &request->arena,
                                         .group_id = SIM_GROUP,
                                         .member_id = request->caller.member_id,
                                         .instance_id = request->caller.instance_id,
                                         .generation = member->generation };
    if (!join->answer.skip_assignment)
        assign(member, request, join);
    member->asked = request;
    coordinator_ask(member->crowd->coordinator, &request->op);
}

// --- join

static void on_join_run(struct coordinator_op *op)
{
    group_join(coordinator_groups(op->coordinator), &CONTAINER_OF(op, struct request, op)->join);
}

static void on_joined(struct group_join *join)
{
    coordinator_answer(&CONTAINER_OF(join, struct request, join)->op);
}

static void member_joined(struct sim_member *member, const struct group_join *join)
{
    enum group_error error = join->answer.error;
    if (error == GROUP_OK || error == GROUP_MEMBER_ID_REQUIRED) {
        ASSERT(join->answer.member_id.size <= sizeof member->id);
        memcpy(member->id, join->answer.member_id.data, join->answer.member_id.size);
        member->id_size = join->answer.member_id.size;
    }
    if (error != GROUP_OK) {
        member_out(member, error == GROUP_UNKNOWN_MEMBER || error == GROUP_FENCED_INSTANCE || error == GROUP_FULL);
        step_in(member, error == GROUP_MEMBER_ID_REQUIRED ? 0 : (int64_t)choose(member, AGAIN_MAX_MS));
        return;
    }
    member->generation = join->answer.generation;
    uint64_t *members = mem_alloc(join->answer.member_count * sizeof *members + 1);
    for (size_t i = 0; i < join->answer.member_count; i++)
        members[i] = identity(join->answer.members[i].id, join->answer.members[i].instance_id);
    group_model_joined(member->crowd->model, member->generation, members, join->answer.member_count);
    free(members);
    member_sync(member, join);
}

static void on_join_done(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, op);
    struct sim_member *member = request_member(request);
    if (member != NULL) {
        member->asked = NULL;
        member_joined(member, &request->join);
    }
    request_release(request);
}

static void member_join(struct sim_member *member)
{
    struct request *request = request_new(member, on_join_run, on_join_done);
    request->protocol = (struct group_protocol){ BYTES_LITERAL("range"), BYTES_LITERAL("") };
    request->join = (struct group_join){ .on_done = on_joined,
                                         .arena = &request->arena,
                                         .group_id = SIM_GROUP,
                                         .member_id = request->caller.member_id,
                                         .instance_id = request->caller.instance_id,
                                         .client_id = BYTES_LITERAL("sim"),
                                         .client_host = BYTES_LITERAL("/0.0.0.0"),
                                         .protocol_type = BYTES_LITERAL("consumer"),
                                         .protocols = &request->protocol,
                                         .protocol_count = 1,
                                         .session_timeout_ms = member->session_ms,
                                         .rebalance_timeout_ms = member->rebalance_ms,
                                         .needs_known_id = member->needs_known_id,
                                         .skips_assignment = member->needs_known_id };
    request->join.new_member_id =
        coordinator_member_id(request->join.instance_id, request->join.client_id, &request->arena);
    member->asked = request;
    coordinator_ask(member->crowd->coordinator, &request->op);
}

// --- heartbeats and commits

static void on_beat_run(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, op);
    request->error = group_heartbeat(coordinator_groups(op->coordinator), &request->caller);
    coordinator_answer(op);
}

static void on_beat_done(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, op);
    struct sim_member *member = request_member(request);
    bool is_news = member != NULL && member->is_in && request->caller.generation == member->generation;
    if (is_news && request->error != GROUP_OK) {
        member_out(member, request->error != GROUP_REBALANCING);
        step_in(member, (int64_t)choose(member, AGAIN_MAX_MS));
    }
    request_release(request);
}

static void on_put(struct engine_commit_op *put)
{
    struct request *request = CONTAINER_OF(put, struct request, commit);
    request->error = put->err == ERR_OK ? GROUP_OK : GROUP_NOT_AVAILABLE;
    coordinator_answer(&request->op);
}

static void on_commit_run(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, op);
    request->error = group_commit_check(coordinator_groups(op->coordinator), &request->caller);
    if (request->error == GROUP_OK)
        offsets_commit(coordinator_offsets(op->coordinator), &request->commit);
    else
        coordinator_answer(op);
}

// Also for a life that is over: an acknowledgement that nobody heard is one.
static void on_commit_done(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, op);
    struct group_model *model = request->member->crowd->model;
    if (request->error == GROUP_OK)
        group_model_committed(model, request->caller.generation,
                              identity(request->caller.member_id, request->caller.instance_id),
                              (unsigned)request->offset.partition, request->offset.offset, request->newest);
    else
        model->refused_commits++;
    if (request->error == GROUP_ILLEGAL_GENERATION || request->error == GROUP_UNKNOWN_MEMBER ||
        request->error == GROUP_FENCED_INSTANCE)
        model->stale_refusals++;
    request_release(request);
}

static void member_commit(struct sim_member *member)
{
    struct request *request = request_new(member, on_commit_run, on_commit_done);
    unsigned partition = (unsigned)choose(member, member->crowd->partitions);
    while ((member->mask >> partition & 1) == 0)
        partition = (partition + 1) % member->crowd->partitions;
    request->offset = (struct engine_offset){ .group = SIM_GROUP,
                                              .topic = SIM_TOPIC,
                                              .partition = (int32_t)partition,
                                              .offset = group_model_ask(member->crowd->model),
                                              .leader_epoch = -1 };
    request->commit = (struct engine_commit_op){ .on_done = on_put, .items = &request->offset, .count = 1 };
    coordinator_ask(member->crowd->coordinator, &request->op);
}

static void on_step(struct timer *timer)
{
    struct sim_member *member = CONTAINER_OF(timer, struct sim_member, step);
    int64_t now_ms = loop_now_ms(timer->loop);
    if (member->paused_until_ms > now_ms) {
        step_in(member, member->paused_until_ms - now_ms);
        return;
    }
    if (member->asked != NULL)
        return;
    if (!member->is_in) {
        member_join(member);
        return;
    }
    // Whoever comes out of a pause commits before it learns that it is late.
    if (member->mask != 0)
        member_commit(member);
    struct request *request = request_new(member, on_beat_run, on_beat_done);
    coordinator_ask(member->crowd->coordinator, &request->op);
    step_in(member, 1 + (int64_t)choose(member, BEAT_MS));
}

// --- fates

static void on_leave_run(struct coordinator_op *op)
{
    struct request *request = CONTAINER_OF(op, struct request, op);
    struct group_leaver leaver = { .member_id = request->caller.member_id, .instance_id = request->caller.instance_id };
    request->error = group_leave(coordinator_groups(op->coordinator), SIM_GROUP, &leaver, 1);
    coordinator_answer(op);
}

static void on_leave_done(struct coordinator_op *op)
{
    request_release(CONTAINER_OF(op, struct request, op));
}

static void member_leave(struct sim_member *member)
{
    struct request *request = request_new(member, on_leave_run, on_leave_done);
    coordinator_ask(member->crowd->coordinator, &request->op);
}

static void member_die(struct sim_member *member)
{
    if (member->asked != NULL)
        request_cancel(member->asked);
    member->asked = NULL;
    member->life++;
    member_out(member, true);
    timer_stop(&member->step);
    step_in(member, (int64_t)choose(member, DOWN_MAX_MS));
}

static void on_fate(struct timer *timer)
{
    struct sim_member *member = CONTAINER_OF(timer, struct sim_member, fate);
    struct group_crowd *crowd = member->crowd;
    if (crowd->is_calm)
        return;
    timer_start(timer, 1 + (int64_t)choose(member, FATE_MAX_MS));
    switch (choose(member, 3)) {
    case 0:
        crowd->crashes++;
        member_die(member);
        break;
    case 1:
        crowd->pauses++;
        member->paused_until_ms = loop_now_ms(crowd->loop) + (int64_t)choose(member, PAUSE_MAX_MS);
        break;
    default:
        crowd->leaves++;
        if (member->id_size > 0)
            member_leave(member);
        member_die(member);
        break;
    }
}

void sim_member_restart(struct sim_member *member)
{
    struct loop *loop = member->crowd->loop;
    timer_init(&member->step, loop, on_step);
    timer_init(&member->fate, loop, on_fate);
    member->asked = NULL;
    member->life++;
    member->paused_until_ms = 0;
    step_in(member, 1 + (int64_t)choose(member, AGAIN_MAX_MS));
    timer_start(&member->fate, 1 + (int64_t)choose(member, FATE_MAX_MS));
}

void sim_member_start(struct sim_member *member, struct group_crowd *crowd, unsigned number)
{
    *member = (struct sim_member){ .crowd = crowd, .number = number };
    member->is_static = choose(member, 3) == 0;
    member->session_ms = SESSION_MIN_MS + (int32_t)choose(member, SIM_SESSION_MS - SESSION_MIN_MS);
    member->rebalance_ms = REBALANCE_MIN_MS + (int32_t)choose(member, SIM_REBALANCE_MS - REBALANCE_MIN_MS);
    member->needs_known_id = choose(member, 2) == 0;
    snprintf(member->instance, sizeof member->instance, "i%u", number);
    sim_member_restart(member);
}

void sim_member_stop(struct sim_member *member)
{
    member->life++;
    timer_stop(&member->step);
    timer_stop(&member->fate);
}
