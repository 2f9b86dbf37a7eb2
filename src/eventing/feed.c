// SPDX-License-Identifier: Apache-2.0
#include "eventing/feed.h"

#include "base/assert.h"
#include "base/log.h"

enum {
    FEED_PIECE_SIZE = 256 << 10, // bytes: many events for each look at all consumers
    OWN_PIECE_SIZE = 32 << 10,   // there may be thousands who are behind
};

static bool is_attached(const struct cursor *cursor)
{
    return list_linked(&cursor->attached);
}

int64_t feed_position(const struct cursor *cursor)
{
    bool is_at_feed = is_attached(cursor) && cursor->feed->position > cursor->position;
    return is_at_feed ? cursor->feed->position : cursor->position;
}

// --- cursors that keep up

static void detach(struct cursor *cursor, int64_t position)
{
    list_remove(&cursor->attached);
    cursor->position = position;
}

static void offer(struct cursor *cursor, struct piece *piece, size_t index)
{
    const struct piece_event *event = &piece->events[index];
    struct consumer *consumer = cursor->consumer;
    if (event->offset < cursor->position || !consumer->wants(consumer, &event->event))
        return;
    if (!cursor_take(cursor, piece, index))
        detach(cursor, event->offset);
}

static void on_records(void *owner, err_t err, struct engine_records *records)
{
    struct feed *feed = owner;
    size_t strange;
    if (err == ERR_OUT_OF_RANGE) { // what was there was deleted
        int64_t next = records->next_offset;
        feed->engine->driver->reader_close(feed->reader);
        feed_start(feed, next);
        return;
    }
    if (err != ERR_OK) {
        feed->on_end(feed, err);
        return;
    }
    struct piece *piece = piece_new(records, &strange);
    if (strange > 0)
        log_line(LOG_WARN, "records that are no events are passed over",
                 LOG_FIELDS(log_bytes("topic", feed->topic), log_int("partition", feed->partition),
                            log_int("from", feed->position), log_int("records", (int64_t)strange)));
    for (size_t i = 0; i < piece->count; i++) {
        if (!piece->events[i].is_event)
            continue;
        LIST_EACH(&feed->cursors, node)
        {
            offer(LIST_ITEM(node, struct cursor, attached), piece, i);
        }
    }
    feed->position = piece->next_offset;
    piece_unref(piece);
    feed->engine->driver->reader_next(feed->reader);
}

void feed_start(struct feed *feed, int64_t from)
{
    const struct engine_driver *driver = feed->engine->driver;
    feed->position = from;
    feed->reader =
        driver->reader_open(feed->engine, feed->topic, feed->partition, from, FEED_PIECE_SIZE, on_records, feed);
    driver->reader_next(feed->reader);
}

void feed_stop(struct feed *feed)
{
    if (feed->reader != NULL)
        feed->engine->driver->reader_close(feed->reader);
    feed->reader = NULL;
}

// --- cursors that go their own way

static void own_read(struct cursor *cursor);

static void own_stop(struct cursor *cursor)
{
    piece_unref(cursor->piece);
    cursor->piece = NULL;
    if (cursor->reader != NULL)
        cursor->feed->engine->driver->reader_close(cursor->reader);
    cursor->reader = NULL;
    cursor->is_reading = false;
}

// As far as there is room. False: there is none any more.
static bool own_show(struct cursor *cursor)
{
    struct consumer *consumer = cursor->consumer;
    struct piece *piece = cursor->piece;
    for (; cursor->at < piece->count; cursor->at++) {
        const struct piece_event *event = &piece->events[cursor->at];
        if (event->is_event && event->offset >= cursor->position && consumer->wants(consumer, &event->event) &&
            !cursor_take(cursor, piece, cursor->at))
            return false;
        if (event->offset >= cursor->position)
            cursor->position = event->offset + 1;
    }
    cursor->position = piece->next_offset;
    piece_unref(piece);
    cursor->piece = NULL;
    return true;
}

static void own_go_on(struct cursor *cursor)
{
    if (cursor->piece != NULL && !own_show(cursor))
        return;
    if (cursor->position >= cursor->feed->position) {
        own_stop(cursor);
        list_append(&cursor->feed->cursors, &cursor->attached);
    } else {
        own_read(cursor);
    }
}

static void on_own_records(void *owner, err_t err, struct engine_records *records)
{
    struct cursor *cursor = owner;
    size_t strange;
    cursor->is_reading = false;
    if (err == ERR_OUT_OF_RANGE) {
        cursor->position = records->next_offset;
        own_stop(cursor);
    } else if (err != ERR_OK) {
        cursor->feed->on_end(cursor->feed, err); // the cursor may have left by now
        return;
    } else {
        cursor->piece = piece_new(records, &strange);
        cursor->at = 0;
    }
    own_go_on(cursor);
}

static void own_read(struct cursor *cursor)
{
    const struct feed *feed = cursor->feed;
    const struct engine_driver *driver = feed->engine->driver;
    if (cursor->reader == NULL)
        cursor->reader = driver->reader_open(feed->engine, feed->topic, feed->partition, cursor->position,
                                             OWN_PIECE_SIZE, on_own_records, cursor);
    cursor->is_reading = true;
    driver->reader_next(cursor->reader);
}

void feed_resume(struct cursor *cursor)
{
    if (cursor->feed != NULL && !is_attached(cursor) && !cursor->is_reading && cursor_has_room(cursor))
        own_go_on(cursor);
}

// --- come and go

void feed_join(struct feed *feed, struct cursor *cursor)
{
    cursor->feed = feed;
    own_go_on(cursor);
}

void feed_leave(struct cursor *cursor)
{
    if (cursor->feed == NULL)
        return;
    cursor->position = feed_position(cursor);
    list_remove(&cursor->attached);
    own_stop(cursor);
    cursor->feed = NULL;
}
