// SPDX-License-Identifier: Apache-2.0
#include "eventing/feed.h"

#include "base/assert.h"
#include "base/log.h"

enum {
    FEED_PIECE_SIZE = 256 << 10, // bytes: many events for each look at all consumers
    OWN_PIECE_SIZE = 32 << 10,   // there may be thousands who are behind
    RECENT_SIZE_MAX = 1 << 20,
};

int64_t feed_position(const struct cursor *cursor)
{
    bool is_at_feed = cursor->is_attached && cursor->feed->position > cursor->position;
    return is_at_feed ? cursor->feed->position : cursor->position;
}

// --- what was read last, for those who are a little behind

static void recent_drop(struct feed *feed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        feed->recent_size -= feed->recent[i].piece->size;
        piece_unref(feed->recent[i].piece);
    }
    feed->recent_count -= count;
    memmove(feed->recent, feed->recent + count, feed->recent_count * sizeof feed->recent[0]);
}

static void recent_keep(struct feed *feed, struct piece *piece, int64_t from)
{
    if (feed->behind == 0 || from < 0 || piece->size > RECENT_SIZE_MAX)
        return;
    while (feed->recent_count == FEED_RECENT_MAX || feed->recent_size + piece->size > RECENT_SIZE_MAX)
        recent_drop(feed, 1);
    feed->recent[feed->recent_count++] = (struct feed_recent){ from, piece_ref(piece) };
    feed->recent_size += piece->size;
}

// NULL: it has to be read.
static struct piece *recent_find(const struct feed *feed, int64_t position)
{
    for (size_t i = feed->recent_count; i-- > 0;) {
        const struct feed_recent *recent = &feed->recent[i];
        if (recent->from <= position && position < recent->piece->next_offset)
            return recent->piece;
    }
    return NULL;
}

// --- cursors that keep up

static void one_less_behind(struct feed *feed)
{
    if (--feed->behind == 0)
        recent_drop(feed, feed->recent_count);
}

static void detach(struct cursor *cursor, int64_t position)
{
    cursor->is_attached = false;
    cursor->feed->attached--;
    cursor->feed->behind++;
    cursor->position = position;
}

// An event that a filter takes.
struct offer {
    const struct feed *feed;
    struct piece *piece;
    size_t at;
};

static void offer_to(const struct offer *offer, struct consumer *consumer)
{
    struct cursor *cursor = &consumer->cursors[offer->feed->partition];
    int64_t offset = offer->piece->events[offer->at].offset;
    if (!cursor->is_attached || offset < cursor->position)
        return;
    if (!cursor_take(cursor, offer->piece, offer->at))
        detach(cursor, offset);
}

static void on_taker(void *owner, struct filter_entry *entry)
{
    offer_to(owner, CONTAINER_OF(entry, struct consumer, entry));
}

static void offer_event(struct feed *feed, struct piece *piece, size_t at)
{
    const struct piece_event *event = &piece->events[at];
    struct offer offer = { feed, piece, at };
    if (event->only_for.data == NULL) {
        filter_index_match(feed->index, &event->event, on_taker, &offer);
        return;
    }
    struct consumer *consumer = feed->named(feed, event->only_for);
    if (consumer != NULL)
        offer_to(&offer, consumer);
}

// By retention, or by somebody: events are lost that way, but not without a word.
static void missed_tell(const struct feed *feed, bytes_t who, int64_t from, int64_t to)
{
    if (to > from)
        log_line(LOG_WARN, "records were deleted before events of them could be delivered",
                 LOG_FIELDS(log_bytes("for", who), log_bytes("topic", feed->topic),
                            log_int("partition", feed->partition), log_int("from", from), log_int("to", to)));
}

static void on_records(void *owner, err_t err, struct engine_records *records)
{
    struct feed *feed = owner;
    size_t strange;
    if (err == ERR_OUT_OF_RANGE) {
        int64_t next = records->next_offset;
        missed_tell(feed, BYTES_LITERAL("all that keep up"), feed->position, next);
        feed->on_missed(feed, feed->position, next);
        feed->engine->driver->reader_close(feed->reader);
        recent_drop(feed, feed->recent_count);
        feed_start(feed, next);
        return;
    }
    if (err != ERR_OK) {
        feed->on_end(feed, err);
        return;
    }
    struct piece *piece = piece_new(records, feed->partition, feed->maker, &strange);
    if (strange > 0)
        log_line(LOG_WARN, "records that are no events are passed over",
                 LOG_FIELDS(log_bytes("topic", feed->topic), log_int("partition", feed->partition),
                            log_int("from", feed->position), log_int("records", (int64_t)strange)));
    for (size_t i = 0; i < piece->count; i++) {
        if (piece->events[i].is_event)
            offer_event(feed, piece, i);
    }
    recent_keep(feed, piece, feed->position);
    feed->position = piece->next_offset;
    piece_unref(piece);
    feed->is_waiting = feed->attached == 0;
    if (!feed->is_waiting)
        feed->engine->driver->reader_next(feed->reader);
}

void feed_start(struct feed *feed, int64_t from)
{
    const struct engine_driver *driver = feed->engine->driver;
    feed->position = from;
    feed->is_waiting = false;
    feed->reader =
        driver->reader_open(feed->engine, feed->topic, feed->partition, from, FEED_PIECE_SIZE, on_records, feed);
    driver->reader_next(feed->reader);
}

void feed_stop(struct feed *feed)
{
    if (feed->reader != NULL)
        feed->engine->driver->reader_close(feed->reader);
    feed->reader = NULL;
    if (feed->finder != NULL)
        *feed->finder = NULL;
    feed->finder = NULL;
    recent_drop(feed, feed->recent_count);
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
    struct piece *piece = cursor->piece;
    for (; cursor->at < piece->count; cursor->at++) {
        const struct piece_event *event = &piece->events[cursor->at];
        if (event->is_event && event->offset >= cursor->position && consumer_wants(cursor->consumer, event) &&
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

// False: there was no room for all of what the feed has read last. It is not held meanwhile: it may be large.
static bool own_show_recent(struct cursor *cursor)
{
    struct piece *piece;
    while ((piece = recent_find(cursor->feed, cursor->position)) != NULL) {
        own_stop(cursor);
        cursor->piece = piece_ref(piece);
        cursor->at = piece_index(piece, cursor->position);
        if (own_show(cursor))
            continue;
        own_stop(cursor);
        return false;
    }
    return true;
}

// Where nobody kept up, nobody waits for what is before the first who does.
static void attach(struct cursor *cursor)
{
    struct feed *feed = cursor->feed;
    cursor->is_attached = true;
    feed->attached++;
    one_less_behind(feed);
    if (feed->is_waiting && cursor->position > feed->position) {
        feed->engine->driver->reader_close(feed->reader);
        feed_start(feed, cursor->position);
    } else if (feed->is_waiting) {
        feed->is_waiting = false;
        feed->engine->driver->reader_next(feed->reader);
    }
}

// What was done before the cursor joined may be much.
static void own_skip(struct cursor *cursor)
{
    int64_t next = cursor_next(cursor);
    if (next == cursor->position)
        return;
    own_stop(cursor);
    cursor->position = next;
}

static void own_go_on(struct cursor *cursor)
{
    if (cursor->piece != NULL && !own_show(cursor))
        return;
    own_skip(cursor);
    if (!own_show_recent(cursor))
        return;
    if (cursor->position >= cursor->feed->position) {
        own_stop(cursor);
        attach(cursor);
    } else {
        own_read(cursor);
    }
}

static void on_own_records(void *owner, err_t err, struct engine_records *records)
{
    struct cursor *cursor = owner;
    size_t strange;
    if (err != ERR_OK && err != ERR_OUT_OF_RANGE) {
        cursor->feed->on_end(cursor->feed, err); // the cursor has left, or it still counts as one that reads:
        return;                                  // room does not make it ask a reader that has ended
    }
    cursor->is_reading = false;
    if (err == ERR_OUT_OF_RANGE) {
        missed_tell(cursor->feed, cursor->consumer->who, cursor->position, records->next_offset);
        cursor_missed(cursor, cursor->position, records->next_offset);
        cursor->position = records->next_offset;
        own_stop(cursor);
    } else {
        cursor->piece = piece_new(records, cursor->partition, cursor->feed->maker, &strange);
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
    if (cursor->feed != NULL && !cursor->is_attached && !cursor->is_reading && cursor_has_room(cursor))
        own_go_on(cursor);
}

// --- come and go

void feed_join(struct feed *feed, struct cursor *cursor)
{
    cursor->feed = feed;
    feed->behind++;
    own_go_on(cursor);
}

void feed_leave(struct cursor *cursor)
{
    if (cursor->feed == NULL)
        return;
    cursor->position = feed_position(cursor);
    if (cursor->is_attached)
        cursor->feed->attached--;
    else
        one_less_behind(cursor->feed);
    cursor->is_attached = false;
    own_stop(cursor);
    cursor->feed = NULL;
}
