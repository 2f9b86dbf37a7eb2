// SPDX-License-Identifier: Apache-2.0
// Members of one group that commit offsets, and nothing else.
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFSET_COMMIT = 8 };

struct lane {
    int waiting, first;
    int64_t offset;
    double started[INFLIGHT_MAX];
};

static struct lane *lanes;
static struct group *commit_group;
static const struct settings *commit_settings;
static uint64_t commits;
static bool is_counting, is_stopping;

static void commit_send(struct member *member, struct lane *lane)
{
    static struct out request;
    const struct settings *s = commit_settings;
    while (!is_stopping && lane->waiting < s->inflight) {
        request_begin(&request, OFFSET_COMMIT, 7, OFFSET_COMMIT);
        out_text(&request, member->group->id);
        out_int(&request, member->generation, 4);
        out_text(&request, member->id);
        out_int(&request, -1, 2);
        out_int(&request, 1, 4);
        out_text(&request, s->topic);
        out_int(&request, s->partitions, 4);
        lane->offset++;
        for (int i = 0; i < s->partitions; i++) {
            out_int(&request, i, 4);
            out_int(&request, lane->offset, 8);
            out_int(&request, -1, 4);
            out_text(&request, "");
        }
        request_end(&request);
        lane->started[(lane->first + lane->waiting++) % INFLIGHT_MAX] = now_s();
        link_send(&member->link, &request);
    }
}

static void on_commit(struct member *member, int api, const uint8_t *body, size_t size)
{
    (void)api;
    struct lane *lane = &lanes[member - commit_group->members];
    const struct settings *s = commit_settings;
    size_t at = 4 + 4 + 2 + strlen(s->topic) + 4;
    for (int i = 0; i < s->partitions; i++) {
        size_t error_at = at + (size_t)i * 6 + 4;
        int error = error_at + 2 > size ? -1 : (int)get_int(body + error_at, 2);
        if (error != 0) {
            fprintf(stderr, "group_load: commit: error %d\n", error);
            exit(1);
        }
    }
    if (is_counting) {
        histogram_add(now_s() - lane->started[lane->first]);
        commits++;
    }
    lane->first = (lane->first + 1) % INFLIGHT_MAX;
    lane->waiting--;
    commit_send(member, lane);
}

void run_commit(const struct settings *s)
{
    struct group group;
    group_prepare(&group, s, s->group, s->members);
    for (int i = 0; i < s->members; i++)
        member_join(&group.members[i]);
    group_settle(&group, s->members);
    groups_run(&group, 1, now_s() + CALM_MS / 1e3);
    for (int i = 0; i < s->members; i++) // no heartbeat is under way from here on
        group.members[i].due = 0;
    for (int i = 0; i < s->members; i++)
        while (group.members[i].awaits != 0)
            links_turn(1);

    lanes = calloc((size_t)s->members, sizeof(*lanes));
    commit_group = &group;
    commit_settings = s;
    for (int i = 0; i < s->members; i++) {
        group.members[i].on_other = on_commit;
        commit_send(&group.members[i], &lanes[i]);
    }
    for (double end = now_s() + s->warm_s; now_s() < end;)
        links_turn(10);
    histogram_clear();
    is_counting = true;
    double cpu_ms = process_cpu_ms(s->pid), start = now_s();
    while (now_s() < start + s->seconds)
        links_turn(10);
    is_counting = false;
    double took = now_s() - start;
    cpu_ms = process_cpu_ms(s->pid) - cpu_ms;
    is_stopping = true;
    for (int i = 0; i < s->members; i++)
        while (lanes[i].waiting > 0)
            links_turn(10);
    printf("{\"mode\":\"commit\",\"commits\":%llu,\"commits_per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"cpu_us_per_commit\":%.2f,\"cpu_ms_per_s\":%.1f}\n",
           (unsigned long long)commits, (double)commits / took, histogram_ms(.5), histogram_ms(.99),
           cpu_ms * 1e3 / (double)commits, cpu_ms / took);
    group_close(&group);
}
