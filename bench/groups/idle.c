// SPDX-License-Identifier: Apache-2.0
// Many groups whose members heartbeat and wait for records that do not come.
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { FETCH = 1, FETCH_WAIT_MS = 500, EXIT_FILES = 3 };

static void files_allow(int count)
{
    struct rlimit limit = { (rlim_t)count + 64, (rlim_t)count + 64 }, now;
    getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur >= limit.rlim_cur)
        return;
    limit.rlim_max = now.rlim_max > limit.rlim_max ? now.rlim_max : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return;
    fprintf(stderr, "%d connections need %d open files, and the limit is %ld\n", count, count + 64, (long)now.rlim_max);
    exit(EXIT_FILES);
}

// Where a member fetches. Java's client has a connection of its own for it, because a long poll holds up what comes
// after it; with one connection heartbeats wait for the poll.
struct poller {
    struct link own, *link;
    struct member *member;
    const struct settings *settings;
    int session, epoch;
};

static uint64_t fetches;

// Fetch 11 in a session (KIP-227): only the first request names the partition, unless the server gives no session.
static void fetch_send(struct poller *poller)
{
    static struct out request;
    bool is_full = poller->epoch == 0;
    request_begin(&request, FETCH, 11, FETCH);
    out_int(&request, -1, 4);
    out_int(&request, FETCH_WAIT_MS, 4);
    out_int(&request, 1, 4);
    out_int(&request, 50 << 20, 4);
    out_int(&request, 0, 1);
    out_int(&request, poller->session, 4);
    out_int(&request, poller->epoch, 4);
    out_int(&request, is_full, 4);
    if (is_full) {
        out_text(&request, poller->settings->topic);
        out_int(&request, 1, 4);
        out_int(&request, poller->member->partition, 4);
        out_int(&request, -1, 4);
        out_int(&request, 0, 8);
        out_int(&request, -1, 8);
        out_int(&request, 1 << 20, 4);
    }
    out_int(&request, 0, 4);
    out_text(&request, "");
    request_end(&request);
    link_send(poller->link, &request);
}

static void on_fetch(struct link *link, int api, const uint8_t *body, size_t size)
{
    (void)api;
    enum { SESSION_NOT_FOUND = 70, BAD_SESSION_EPOCH = 71 };
    struct poller *poller = (struct poller *)link; // its first part
    size_t partition_at = 4 + 2 + 4 + 4 + 2 + strlen(poller->settings->topic) + 4;
    int error = size < 14 ? -1 : (int)get_int(body + 4, 2);
    int session = size < 14 ? 0 : (int)get_int(body + 6, 4);
    if (error == SESSION_NOT_FOUND || error == BAD_SESSION_EPOCH)
        session = error = 0;
    else if (error == 0 && size >= partition_at + 6 && get_int(body + 10, 4) > 0)
        error = (int)get_int(body + partition_at + 4, 2);
    if (error != 0) {
        fprintf(stderr, "group_load: fetch: error %d\n", error);
        exit(1);
    }
    poller->session = session;
    poller->epoch = session == 0 ? 0 : poller->epoch + 1;
    fetches++;
    fetch_send(poller);
}

static struct poller *pollers;
static struct group *polling_groups;

static void on_fetch_of_member(struct member *member, int api, const uint8_t *body, size_t size)
{
    size_t group = (size_t)(member->group - polling_groups);
    struct poller *poller = &pollers[group * (size_t)member->group->count + (size_t)(member - member->group->members)];
    on_fetch(&poller->own, api, body, size);
}

static uint64_t heartbeats_of(const struct group *groups, int count)
{
    uint64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += groups[i].heartbeats;
    return sum;
}

static void pollers_start(const struct settings *s, struct group *groups)
{
    int count = s->groups * s->members;
    pollers = calloc((size_t)count, sizeof(*pollers));
    polling_groups = groups;
    for (int i = 0; i < count; i++) {
        struct poller *poller = &pollers[i];
        struct member *member = &groups[i / s->members].members[i % s->members];
        *poller = (struct poller){ .link = &member->link, .member = member, .settings = s };
        member->on_other = on_fetch_of_member;
        if (s->connections == 1)
            continue;
        link_open(&poller->own, s->address, on_fetch);
        poller->link = &poller->own;
    }
    double start = now_s();
    for (int i = 0; i < count; i++) { // evenly over one wait
        fetch_send(&pollers[i]);
        if (i % 20 == 0)
            groups_run(groups, s->groups, start + FETCH_WAIT_MS / 1e3 * i / count);
    }
}

void run_idle(const struct settings *s)
{
    int count = s->groups * s->members;
    files_allow(count * s->connections);
    struct group *groups = calloc((size_t)s->groups, sizeof(*groups));
    double start = now_s();
    for (int i = 0; i < s->groups; i++) {
        char id[64];
        snprintf(id, sizeof(id), "%s-%d", s->group, i);
        group_prepare(&groups[i], s, id, s->members);
        for (int m = 0; m < s->members; m++)
            member_join(&groups[i].members[m]);
    }
    for (int i = 0; i < s->groups;) {
        groups_run(groups, s->groups, now_s() + TURN_MS / 1e3);
        errno = ETIMEDOUT;
        if (now_s() > start + PATIENCE_MS / 1e3)
            fail("the groups do not settle");
        i += group_is_settled(&groups[i], s->members);
    }
    double settled_s = now_s() - start;
    pollers_start(s, groups);
    for (int i = 0; i < s->groups; i++)
        group_spread(&groups[i], s->members, now_s());
    groups_run(groups, s->groups, now_s() + s->warm_s);

    histogram_clear();
    uint64_t heartbeats = heartbeats_of(groups, s->groups), before = fetches;
    double cpu_ms = process_cpu_ms(s->pid), begun = now_s();
    groups_run(groups, s->groups, begun + s->seconds);
    double took = now_s() - begun;
    cpu_ms = process_cpu_ms(s->pid) - cpu_ms;
    int settled = 0;
    for (int i = 0; i < s->groups; i++)
        settled += group_is_settled(&groups[i], s->members);
    printf("{\"mode\":\"idle\",\"members\":%d,\"all_joined_s\":%.2f,\"cpu_ms_per_s\":%.1f,\"memory_mb\":%.1f,"
           "\"fetches_per_s\":%.0f,\"heartbeats_per_s\":%.0f,\"heartbeat_p99_ms\":%.3f,\"groups_settled\":%d}\n",
           count, settled_s, cpu_ms / took, process_memory_mb(s->pid), (double)(fetches - before) / took,
           (double)(heartbeats_of(groups, s->groups) - heartbeats) / took, histogram_ms(.99), settled);
}
