// SPDX-License-Identifier: Apache-2.0
// What consumer groups cost a server. One thread, many connections, classic (non-flexible) versions.
//
//   group_load rebalance HOST:PORT --pid SERVER --group G --members N
//       cold: N members join a group that is not there; join: one more; leave: the last one goes. Times run to the
//       moment when each member has its assignment. Members learn of a rebalance from their heartbeat, so most of join
//       and leave is waiting for it; "..._answer_ms" begins when the last member has asked to join: the server's share.
//   group_load commit HOST:PORT --pid SERVER --group G --members N --inflight I --partitions P --seconds S
//       Members of one group commit offsets of P partitions, I requests in flight each.
//   group_load idle HOST:PORT --pid SERVER --group G --groups K --members N --seconds S [--connections 2]
//       K groups of N members, and a Fetch of each member's partition that waits 500 ms, on the same connection or on a
//       second one; nobody produces.
//
// Options for all: --topic T, --heartbeat MS (3000). Prints one JSON object. CPU time is that of the process SERVER.
// Exits with 3 when it may not open as many files as it needs.
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- groups

void groups_run(struct group *groups, int count, double until)
{
    double now = now_s(), tick = now;
    for (; now < until; now = now_s()) {
        if (now >= tick) {
            for (int i = 0; i < count; i++)
                group_tick(&groups[i], now);
            tick = now + TURN_MS / 1e3;
        }
        links_turn(TURN_MS);
    }
}

void group_settle(struct group *group, int count)
{
    double tick = 0, end = now_s() + PATIENCE_MS / 1e3;
    while (!group_is_settled(group, count)) {
        double now = now_s();
        errno = ETIMEDOUT;
        if (now > end)
            fail("the group does not settle");
        if (now >= tick) {
            group_tick(group, now);
            tick = now + TURN_MS / 1e3;
        }
        links_turn(TURN_MS);
    }
}

void group_prepare(struct group *group, const struct settings *s, const char *id, int count)
{
    *group = (struct group){ .topic = s->topic, .partitions = s->partitions, .heartbeat_s = s->heartbeat_ms / 1e3 };
    snprintf(group->id, sizeof(group->id), "%s", id);
    group_open(group, s->address, count);
}

// --- rebalance

// All members go, so that the server has nothing left to do for them.
static void group_end(struct group *group)
{
    double end = now_s() + PATIENCE_MS / 1e3;
    for (int i = 0; i < group->count; i++)
        group->members[i].due = 0;
    for (int left = group->count; left > 0 && now_s() < end;) {
        left = 0;
        for (int i = 0; i < group->count; i++) {
            struct member *member = &group->members[i];
            left += member->awaits != 0 || member->is_settled;
            if (member->awaits == 0 && member->is_settled)
                member_leave(member);
        }
        links_turn(TURN_MS);
    }
    group_close(group);
}

struct phase {
    const char *name;
    double begun, cpu_ms;
};

static struct phase phase_begin(const struct settings *s, const char *name)
{
    return (struct phase){ .name = name, .cpu_ms = process_cpu_ms(s->pid), .begun = now_s() };
}

static void phase_end(const struct phase *phase, const struct settings *s, struct group *group, int count)
{
    group_settle(group, count);
    double now = now_s();
    printf("\"%s_ms\":%.3f,\"%s_answer_ms\":%.3f,\"%s_cpu_ms\":%.3f,", phase->name, (now - phase->begun) * 1e3,
           phase->name, (now - group->last_join) * 1e3, phase->name, process_cpu_ms(s->pid) - phase->cpu_ms);
}

static void run_rebalance(const struct settings *s)
{
    struct group group;
    int count = s->members;
    group_prepare(&group, s, s->group, count + 1);
    groups_run(&group, 1, now_s() + CALM_MS / 1e3);
    printf("{\"mode\":\"rebalance\",\"members\":%d,", count);

    struct phase phase = phase_begin(s, "cold");
    for (int i = 0; i < count; i++)
        member_join(&group.members[i]);
    phase_end(&phase, s, &group, count);

    groups_run(&group, 1, now_s() + CALM_MS / 1e3);
    phase = phase_begin(s, "join");
    group_spread(&group, count, phase.begun);
    member_join(&group.members[count]);
    phase_end(&phase, s, &group, count + 1);

    groups_run(&group, 1, now_s() + CALM_MS / 1e3);
    phase = phase_begin(s, "leave");
    group_spread(&group, count, phase.begun);
    member_leave(&group.members[count]);
    phase_end(&phase, s, &group, count);
    printf("\"generations\":%d}\n", group.generation);
    group_end(&group);
}

// --- main

static void number_set(struct settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        int *whole;
        double *real;
    } options[] = {
        { "--pid", &s->pid, NULL },
        { "--members", &s->members, NULL },
        { "--groups", &s->groups, NULL },
        { "--connections", &s->connections, NULL },
        { "--inflight", &s->inflight, NULL },
        { "--warm", NULL, &s->warm_s },
        { "--partitions", &s->partitions, NULL },
        { "--seconds", NULL, &s->seconds },
        { "--heartbeat", NULL, &s->heartbeat_ms },
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(name, options[i].name) != 0)
            continue;
        if (options[i].whole != NULL)
            *options[i].whole = atoi(value);
        else
            *options[i].real = atof(value);
        return;
    }
    fprintf(stderr, "group_load: unknown option %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct settings *);
    } modes[] = { { "rebalance", run_rebalance }, { "commit", run_commit }, { "idle", run_idle } };
    if (argc < 3) {
        fprintf(stderr, "usage: group_load rebalance|commit|idle HOST:PORT --pid SERVER --group G ...\n");
        return 2;
    }
    struct settings s = { .mode = argv[1],
                          .address = argv[2],
                          .group = "group",
                          .topic = "groups",
                          .members = 1,
                          .groups = 1,
                          .connections = 1,
                          .inflight = 1,
                          .partitions = 1,
                          .seconds = 5,
                          .warm_s = 1,
                          .heartbeat_ms = 3000 };
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--group") == 0)
            s.group = argv[i + 1];
        else if (strcmp(argv[i], "--topic") == 0)
            s.topic = argv[i + 1];
        else
            number_set(&s, argv[i], argv[i + 1]);
    }
    if (s.pid <= 0 || s.members < 1 || s.groups < 1 || s.partitions < 1 || s.inflight < 1 ||
        s.inflight > INFLIGHT_MAX) {
        fprintf(stderr, "group_load: a value is out of range\n");
        return 2;
    }
    topic_create(s.address, s.topic, s.partitions);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(s.mode, modes[i].name) == 0) {
            modes[i].run(&s);
            return 0;
        }
    }
    fprintf(stderr, "group_load: unknown mode %s\n", s.mode);
    return 2;
}
