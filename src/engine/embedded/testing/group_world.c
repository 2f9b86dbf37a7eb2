// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/testing/group_world.h"

#include "base/test.h"

struct group_options options;
struct groups groups;
struct arena arena;
bool writes_at_once;
uint64_t written;
struct asked plain;

static unsigned next_id;

static void on_write(struct groups *all, struct group *group)
{
    written = group->write;
    if (writes_at_once)
        groups_written(all, group->id, group->write, GROUP_OK);
}

static void on_joined(struct group_join *join);

int set_up(void **state)
{
    (void)state;
    options = (struct group_options){ .session_min_ms = 1000,
                                      .session_max_ms = 60000,
                                      .size_max = 4,
                                      .retention_ms = 100000,
                                      .metadata_max_size = 4096 };
    groups_init(&groups, &options, on_write);
    groups_time_set(&groups, 0, 0);
    plain = (struct asked){
        .join = { .on_done = on_joined,
                  .group_id = BYTES_LITERAL("g"),
                  .client_id = BYTES_LITERAL("c"),
                  .client_host = BYTES_LITERAL("/127.0.0.1"),
                  .protocol_type = BYTES_LITERAL("consumer"),
                  .protocol_count = 1,
                  .session_timeout_ms = 10000,
                  .rebalance_timeout_ms = 30000 },
        .protocols = { { BYTES_LITERAL("range"), BYTES_LITERAL("") } },
    };
    arena = ARENA_INIT;
    writes_at_once = true;
    next_id = 0;
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    groups_free(&groups);
    arena_free(&arena);
    return 0;
}

static void on_joined(struct group_join *join)
{
    struct asked *asked = CONTAINER_OF(join, struct asked, join);
    assert_false(asked->joined);
    asked->joined = true;
}

static void on_synced(struct group_sync *sync)
{
    struct asked *asked = CONTAINER_OF(sync, struct asked, sync);
    assert_false(asked->synced);
    asked->synced = true;
}

void time_passes(int64_t ms)
{
    for (int64_t end = groups.now_ms + ms; groups.now_ms < end;) {
        int64_t due = groups_deadline(&groups);
        int64_t now = due < groups.now_ms ? groups.now_ms : due;
        now = now > end ? end : now;
        groups_time_set(&groups, now, now);
        groups_tick(&groups);
        if (due > end)
            groups_time_set(&groups, end, end);
    }
    groups_tick(&groups);
}

void ask_join(struct asked *asked)
{
    snprintf(asked->name, sizeof asked->name, "m%u", next_id++);
    asked->joined = false;
    asked->join.new_member_id = bytes_of_text(asked->name);
    asked->join.arena = &arena;
    asked->join.protocols = asked->protocols;
    asked->join.answer.error = GROUP_ERROR_COUNT;
    asked->join.answer.member_count = 0;
    asked->join.answer.skip_assignment = false;
    group_join(&groups, &asked->join);
}

void ask_join_again(struct asked *asked)
{
    asked->join.member_id = asked->join.answer.member_id;
    ask_join(asked);
}

void ask_sync(struct asked *asked, const struct asked *const *others, size_t count)
{
    asked->synced = false;
    asked->sync = (struct group_sync){ .on_done = on_synced,
                                       .arena = &arena,
                                       .group_id = asked->join.group_id,
                                       .member_id = asked->join.answer.member_id,
                                       .instance_id = asked->join.instance_id,
                                       .generation = asked->join.answer.generation,
                                       .assignments = asked->assignments,
                                       .assignment_count = count };
    for (size_t i = 0; i < count; i++)
        asked->assignments[i] =
            (struct group_assignment){ others[i]->join.answer.member_id, others[i]->join.answer.member_id };
    group_sync(&groups, &asked->sync);
}

struct group *group(void)
{
    return groups_find(&groups, BYTES_LITERAL("g"));
}

struct group_caller caller(const struct asked *asked)
{
    return (struct group_caller){ .group_id = asked->join.group_id,
                                  .member_id = asked->join.answer.member_id,
                                  .instance_id = asked->join.instance_id,
                                  .generation = asked->join.answer.generation };
}

enum group_error heartbeat(const struct asked *asked)
{
    struct group_caller who = caller(asked);
    return group_heartbeat(&groups, &who);
}

enum group_error commit(const struct asked *asked)
{
    struct group_caller who = caller(asked);
    return group_commit_check(&groups, &who);
}

enum group_error leave(bytes_t member_id, bytes_t instance_id)
{
    struct group_leaver leaver = { .member_id = member_id, .instance_id = instance_id };
    enum group_error error = group_leave(&groups, BYTES_LITERAL("g"), &leaver, 1);
    return error == GROUP_OK ? leaver.error : error;
}

void make_stable(struct asked *all, size_t count)
{
    const struct asked *views[8];
    for (size_t i = 0; i < count; i++)
        ask_join(&all[i]);
    time_passes(1);
    for (size_t i = 0; i < count; i++) {
        views[i] = &all[i];
        assert_true(all[i].joined);
        assert_int_equal(all[i].join.answer.error, GROUP_OK);
    }
    for (size_t i = 0; i < count; i++)
        ask_sync(&all[i], views, i == 0 ? count : 0);
    for (size_t i = 0; i < count; i++)
        if (!all[i].synced || all[i].sync.answer.error != GROUP_OK)
            fail_msg("member %zu has no assignment", i);
    assert_int_equal(group()->state, GROUP_STABLE);
}
