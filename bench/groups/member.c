// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "member.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIND_COORDINATOR = 10, JOIN_GROUP = 11, HEARTBEAT = 12, LEAVE_GROUP = 13, SYNC_GROUP = 14 };

enum { // of Kafka
    LOADING = 14,
    NOT_AVAILABLE = 15,
    NOT_COORDINATOR = 16, // a broker that has just become it
    ILLEGAL_GENERATION = 22,
    UNKNOWN_MEMBER = 25,
    REBALANCING = 27,
    MEMBER_ID_REQUIRED = 79,
};

// The defaults of Java's client.
enum { SESSION_TIMEOUT_MS = 45000, REBALANCE_TIMEOUT_MS = 300000 };

static const double again_s = 0.05; // while the coordinator is not there

// --- answers

struct in {
    const uint8_t *at, *end;
};

static const uint8_t *in_bytes(struct in *in, size_t size)
{
    const uint8_t *at = in->at;
    errno = EBADMSG;
    if (size > (size_t)(in->end - at))
        fail("an answer is cut");
    in->at += size;
    return at;
}

static int in_int(struct in *in, int width)
{
    uint64_t value = get_int(in_bytes(in, (size_t)width), width);
    return width == 2 ? (int16_t)value : (int32_t)value;
}

// Into TO, which has room for SIZE bytes; NULL: skipped. A null string is an empty one.
static void in_text(struct in *in, char *to, size_t size)
{
    int length = in_int(in, 2);
    const uint8_t *bytes = in_bytes(in, length > 0 ? (size_t)length : 0);
    if (to == NULL)
        return;
    if (length >= (int)size)
        fail("a string is too long");
    memcpy(to, bytes, length > 0 ? (size_t)length : 0);
    to[length > 0 ? length : 0] = '\0';
}

static struct in answer_of(const uint8_t *body, size_t size)
{
    struct in in = { body, body + size };
    in_int(&in, 4); // throttle time
    return in;
}

// --- requests

static struct out request, part;

static void request_send(struct member *member, int api)
{
    request_end(&request);
    link_send(&member->link, &request);
    member->awaits = api;
    member->due = 0;
    member->asked = now_s();
}

// The bytes of PART, with their length.
static void request_part(void)
{
    out_int(&request, (int64_t)part.size, 4);
    out_bytes(&request, part.data, part.size);
}

void member_join(struct member *member)
{
    struct group *group = member->group;
    member->is_settled = false;
    request_begin(&request, JOIN_GROUP, 5, JOIN_GROUP);
    out_text(&request, group->id);
    out_int(&request, SESSION_TIMEOUT_MS, 4);
    out_int(&request, REBALANCE_TIMEOUT_MS, 4);
    out_text(&request, member->id);
    out_int(&request, -1, 2);
    out_text(&request, "consumer");
    out_int(&request, 1, 4);
    out_text(&request, "range");
    part.size = 0; // ConsumerProtocolSubscription 0
    out_int(&part, 0, 2);
    out_int(&part, 1, 4);
    out_text(&part, group->topic);
    out_int(&part, -1, 4);
    request_part();
    request_send(member, JOIN_GROUP);
    group->last_join = member->asked;
}

static void assignment_add(const struct group *group, const char *member_id, int number)
{
    out_text(&request, member_id);
    part.size = 0; // ConsumerProtocolAssignment 0
    out_int(&part, 0, 2);
    out_int(&part, 1, 4);
    out_text(&part, group->topic);
    out_int(&part, 1, 4);
    out_int(&part, number % group->partitions, 4);
    out_int(&part, -1, 4);
    request_part();
}

// MEMBERS is where the leader's list of them stands in the answer to its JoinGroup.
static void synchronize(struct member *member, bool is_leader, struct in *members)
{
    struct group *group = member->group;
    int count = in_int(members, 4);
    if (is_leader) {
        group->generation = member->generation;
        group->size = count;
        group->settled = 0;
    }
    request_begin(&request, SYNC_GROUP, 3, SYNC_GROUP);
    out_text(&request, group->id);
    out_int(&request, member->generation, 4);
    out_text(&request, member->id);
    out_int(&request, -1, 2);
    out_int(&request, count, 4);
    for (int i = 0; i < count; i++) {
        char id[sizeof(member->id)];
        in_text(members, id, sizeof(id));
        in_text(members, NULL, 0);
        int metadata = in_int(members, 4);
        in_bytes(members, metadata > 0 ? (size_t)metadata : 0);
        assignment_add(group, id, i);
    }
    request_send(member, SYNC_GROUP);
}

static void heartbeat(struct member *member)
{
    request_begin(&request, HEARTBEAT, 3, HEARTBEAT);
    out_text(&request, member->group->id);
    out_int(&request, member->generation, 4);
    out_text(&request, member->id);
    out_int(&request, -1, 2);
    request_send(member, HEARTBEAT);
}

void member_leave(struct member *member)
{
    member->is_settled = false;
    request_begin(&request, LEAVE_GROUP, 3, LEAVE_GROUP);
    out_text(&request, member->group->id);
    out_int(&request, 1, 4);
    out_text(&request, member->id);
    out_int(&request, -1, 2);
    request_send(member, LEAVE_GROUP);
}

// --- what comes back

// What a member does that was not let in, or not kept.
static void refused(struct member *member, int error)
{
    switch (error) {
    case UNKNOWN_MEMBER:
        member->id[0] = '\0';
        member_join(member);
        return;
    case MEMBER_ID_REQUIRED:
    case REBALANCING:
    case ILLEGAL_GENERATION:
        member_join(member);
        return;
    case LOADING:
    case NOT_AVAILABLE:
    case NOT_COORDINATOR:
        member->is_settled = false;
        member->due = now_s() + again_s;
        return;
    default:
        fprintf(stderr, "group_load: group %s: error %d\n", member->group->id, error);
        exit(1);
    }
}

static void on_join(struct member *member, struct in *in)
{
    char leader[sizeof(member->id)];
    int error = in_int(in, 2);
    int generation = in_int(in, 4);
    in_text(in, NULL, 0); // the protocol
    in_text(in, leader, sizeof(leader));
    if (error != 0 && error != MEMBER_ID_REQUIRED) {
        refused(member, error);
        return;
    }
    in_text(in, member->id, sizeof(member->id));
    member->generation = generation;
    if (error != 0)
        refused(member, error);
    else
        synchronize(member, strcmp(leader, member->id) == 0, in);
}

static void on_sync(struct member *member, struct in *in)
{
    struct group *group = member->group;
    int error = in_int(in, 2);
    if (error != 0) {
        refused(member, error);
        return;
    }
    in_int(in, 4); // the size of the assignment
    in_int(in, 2);
    in_int(in, 4);
    in_text(in, NULL, 0);
    in_int(in, 4);
    member->partition = in_int(in, 4);
    member->is_settled = true;
    member->due = now_s() + group->heartbeat_s;
    group->settled += member->generation == group->generation;
}

static void on_heartbeat(struct member *member, struct in *in)
{
    int error = in_int(in, 2);
    histogram_add(now_s() - member->asked);
    member->group->heartbeats++;
    if (error != 0)
        refused(member, error);
    else
        member->due = member->asked + member->group->heartbeat_s;
}

static void on_leave(struct member *member, struct in *in)
{
    int error = in_int(in, 2);
    if (error != 0)
        refused(member, error);
}

static const struct {
    int api;
    void (*on_answer)(struct member *member, struct in *in);
} answers[] = {
    { JOIN_GROUP, on_join }, { SYNC_GROUP, on_sync }, { HEARTBEAT, on_heartbeat }, { LEAVE_GROUP, on_leave }
};

static void on_reply(struct link *link, int api, const uint8_t *body, size_t size)
{
    struct member *member = (struct member *)link; // its first part
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].api != api)
            continue;
        struct in in = answer_of(body, size);
        member->awaits = 0;
        answers[i].on_answer(member, &in);
        return;
    }
    member->on_other(member, api, body, size);
}

// --- groups

// The first group of a server makes it create the topic of offsets, which takes a while.
static void coordinator_find(const char *address, const char *group)
{
    int fd = dial(address);
    uint8_t reply[1024];
    for (int attempt = 0; attempt < 600; attempt++) {
        request_begin(&request, FIND_COORDINATOR, 2, 0);
        out_text(&request, group);
        out_int(&request, 0, 1);
        request_end(&request);
        send_all(fd, request.data, request.size);
        size_t size = reply_receive(fd, reply, sizeof(reply));
        struct in in = answer_of(reply + 4, size - 4);
        if (in_int(&in, 2) == 0) {
            close(fd);
            return;
        }
        poll(NULL, 0, 50);
    }
    errno = ETIMEDOUT;
    fail("no coordinator");
}

void group_open(struct group *group, const char *address, int count)
{
    coordinator_find(address, group->id);
    group->members = calloc((size_t)count, sizeof(*group->members));
    if (group->members == NULL)
        fail("memory");
    group->count = count;
    for (int i = 0; i < count; i++) {
        link_open(&group->members[i].link, address, on_reply);
        group->members[i].group = group;
    }
}

void group_close(struct group *group)
{
    for (int i = 0; i < group->count; i++)
        link_close(&group->members[i].link);
    free(group->members);
}

void group_tick(struct group *group, double now)
{
    for (int i = 0; i < group->count; i++) {
        struct member *member = &group->members[i];
        if (member->due == 0 || member->due > now || member->awaits != 0)
            continue;
        if (member->is_settled)
            heartbeat(member);
        else
            member_join(member);
    }
}

void group_spread(struct group *group, int count, double now)
{
    for (int i = 0; i < count; i++)
        group->members[i].due = now + group->heartbeat_s * (i + 1) / count;
}

bool group_is_settled(const struct group *group, int count)
{
    return group->size == count && group->settled == count;
}
