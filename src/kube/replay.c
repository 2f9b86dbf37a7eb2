// SPDX-License-Identifier: Apache-2.0
#include "kube/replay.h"

#include "base/log.h"
#include "kube/resources.h"

enum { PIECE_SIZE = 1 << 20 };

static void replay_open(struct replay *replay, int64_t from);

static void replay_end(struct replay *replay)
{
    struct resources *resources = replay->resources;
    replay_stop(replay);
    history_end(&resources->history, resources_version(resources));
    replay->on_done(resources);
}

// Records are missing where the topic was compacted: only what is behind them is known whole.
static void skip_to(struct replay *replay, int64_t offset)
{
    if (offset > replay->next)
        history_begin(&replay->resources->history, offset);
    replay->next = offset;
}

static void record_add(struct replay *replay, const struct engine_record *record)
{
    struct resources *resources = replay->resources;
    struct table_row row = { record->key, record->value, record->offset + 1 };
    skip_to(replay, record->offset);
    replay->next++;
    struct kind *kind =
        row.value.data != NULL && object_is_valid(row.value) ? resources_kind_of(resources, row.key) : NULL;
    if (kind != NULL)
        (void)history_add(&resources->history, kind, &row, NULL);
}

static void on_records(void *owner, err_t err, struct engine_records *records)
{
    struct replay *replay = owner;
    if (err == ERR_OUT_OF_RANGE && records->next_offset > replay->next) {
        int64_t start = records->next_offset;
        replay_stop(replay);
        skip_to(replay, start);
        replay_open(replay, start);
        return;
    }
    if (err != ERR_OK) {
        log_line(LOG_WARN, "changes of resources from before the start cannot be read: watches begin anew",
                 LOG_FIELDS(log_err(err)));
        history_begin(&replay->resources->history, resources_version(replay->resources));
        replay_end(replay);
        return;
    }
    for (size_t i = 0; i < records->count; i++)
        record_add(replay, &records->items[i]);
    skip_to(replay, records->next_offset);
    history_trim(&replay->resources->history);
    if (replay->next >= resources_version(replay->resources))
        replay_end(replay);
    else
        replay->resources->engine->driver->reader_next(replay->reader);
}

static void replay_open(struct replay *replay, int64_t from)
{
    const struct engine_driver *driver = replay->resources->engine->driver;
    replay->reader = driver->reader_open(replay->resources->engine, BYTES_LITERAL(RESOURCES_TOPIC), 0, from, PIECE_SIZE,
                                         on_records, replay);
    driver->reader_next(replay->reader);
}

void replay_start(struct replay *replay, struct resources *resources, void (*on_done)(struct resources *resources))
{
    int64_t version = resources_version(resources), count_max = (int64_t)resources->history.count_max;
    *replay = (struct replay){ .resources = resources, .on_done = on_done };
    replay->next = version > count_max ? version - count_max : 0;
    history_begin(&resources->history, replay->next);
    if (version == replay->next)
        replay_end(replay);
    else
        replay_open(replay, replay->next);
}

void replay_stop(struct replay *replay)
{
    if (replay->reader == NULL)
        return;
    replay->resources->engine->driver->reader_close(replay->reader);
    replay->reader = NULL;
}
