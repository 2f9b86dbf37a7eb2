// SPDX-License-Identifier: Apache-2.0
#include "eventing/intake.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "cloudevents/filter/filter.h"

#include <stdlib.h>

enum { JOIN_AGAIN_MS = 10 * 1000 }; // after the group's offsets could not be read or written, as on a full disk

bytes_t intake_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct intake, reader)->key);
}

static void on_again(struct timer *timer)
{
    struct intake *intake = CONTAINER_OF(timer, struct intake, again);
    hub_leave(&intake->member, false);
    hub_join(&intake->hub, &intake->member);
}

struct intake *intake_new(struct engine *engine, struct map *readers, bytes_t topic, bytes_t group)
{
    struct intake *intake = mem_zalloc(1, sizeof *intake);
    intake->engine = engine;
    intake->readers = readers;
    intake->key = mem_format("%.*s/%.*s", BYTES_ARG(topic), BYTES_ARG(group)); // no topic has a slash
    intake->topic = bytes_of(intake->key, topic.size);
    intake->group = bytes_of(intake->key + topic.size + 1, group.size);
    timer_init(&intake->again, loop_current(), on_again);
    return intake;
}

void intake_free(struct intake *intake)
{
    intake_close(intake);
    arena_free(&intake->arena);
    free(intake->key);
    free(intake);
}

void intake_make(struct intake *intake, const struct record_maker *maker)
{
    struct arena arena = ARENA_INIT;
    struct cloudevent_extension *overrides = arena_array(&arena, maker->override_count, sizeof *overrides);
    for (size_t i = 0; i < maker->override_count; i++) {
        const struct cloudevent_extension *from = &maker->overrides[i];
        overrides[i] = (struct cloudevent_extension){
            .name = arena_copy(&arena, from->name),
            .value = { from->value.type, arena_copy(&arena, from->value.text) },
        };
    }
    intake->maker = (struct record_maker){
        .source = arena_copy(&arena, maker->source),
        .key = maker->key,
        .overrides = overrides,
        .override_count = maker->override_count,
    };
    arena_free(&intake->arena);
    intake->arena = arena;
}

// --- open

static const struct filter everything;

static void on_joined(struct hub_member *member, err_t err)
{
    struct intake *intake = CONTAINER_OF(member, struct intake, member);
    intake->is_joined = err == ERR_OK;
    intake->err = err;
    if (err != ERR_OK)
        timer_start(&intake->again, JOIN_AGAIN_MS);
    intake->on_change(intake);
}

static void shut(struct intake *intake, bool forgets)
{
    if (!intake->is_open)
        return;
    timer_stop(&intake->again);
    hub_leave(&intake->member, forgets);
    hub_close(&intake->hub);
    map_remove(intake->readers, &intake->reader);
    intake->is_open = intake->is_joined = false;
}

// A topic of that name that comes later is another one: places in the old one mean nothing in it.
static void on_hub_end(struct hub *hub, err_t err)
{
    struct intake *intake = hub->owner;
    bool is_gone = err == ERR_CLOSED || err == ERR_NOT_FOUND;
    log_line(LOG_WARN, is_gone ? "a topic of a source is gone" : "a topic of a source cannot be read",
             LOG_FIELDS(log_bytes("topic", intake->topic), log_bytes("group", intake->group), log_err(err)));
    shut(intake, is_gone);
    intake->is_late = is_gone;
    intake->on_change(intake);
}

bool intake_open(struct intake *intake, const uint8_t *topic_id, int32_t partition_count, int64_t from, int64_t from_ms)
{
    ASSERT(!intake->is_open);
    if (map_find(intake->readers, bytes_of_text(intake->key)) != NULL)
        return false;
    map_insert(intake->readers, &intake->reader);
    hub_open(&intake->hub, intake->engine, intake->topic, topic_id, partition_count);
    hub_make_events(&intake->hub, &intake->maker);
    intake->hub.on_end = on_hub_end;
    intake->hub.owner = intake;
    intake->member.group = intake->group;
    intake->member.from = intake->is_late ? ENGINE_EARLIEST : from;
    intake->member.from_ms = from_ms;
    intake->member.on_joined = on_joined;
    intake->member.consumer.filter = &everything;
    intake->err = ERR_OK;
    intake->is_open = true;
    hub_join(&intake->hub, &intake->member);
    return true;
}

void intake_close(struct intake *intake)
{
    shut(intake, false);
}

void intake_miss(struct intake *intake)
{
    shut(intake, true);
    intake->is_late = true;
}
