// SPDX-License-Identifier: Apache-2.0
#include "eventing/piece.h"

#include "base/assert.h"
#include "base/mem.h"
#include "cloudevents/binding.h"
#include "eventing/mark.h"
#include "eventing/record_event.h"

#include <stdlib.h>

static void event_read(const struct engine_record *record, struct arena *arena, struct piece_event *item)
{
    struct cloudevent_message message;
    cloudevent_message_init(&message, &cloudevent_binding_kafka, arena);
    for (size_t i = 0; i < record->header_count; i++) {
        cloudevent_message_field(&message, record->headers[i].key, record->headers[i].value);
        if (bytes_is(record->headers[i].key, MARK_FOR))
            item->only_for = record->headers[i].value;
    }
    item->luggage = luggage_of_record(record->headers, record->header_count, arena);
    item->is_event = cloudevent_message_decode(&message, record->value, &item->event, NULL) == ERR_OK;
}

static void piece_on_free(struct buf *buf)
{
    struct piece *piece = buf->owner;
    engine_records_unref(piece->records);
    arena_free(&piece->arena);
    free(piece);
    free(buf);
}

// The same of a source: there is no record that is none.
static void source_event_read(const struct record_maker *maker, int32_t partition, const struct engine_record *record,
                              struct arena *arena, struct piece_event *item)
{
    if (!item->is_event)
        record_event_make(maker, partition, record, arena, &item->event);
    item->is_event = true;
    record_event_mark(maker, partition, record->offset, arena, &item->event);
}

struct piece *piece_new(struct engine_records *records, int32_t partition, const struct record_maker *maker,
                        size_t *ret_strange)
{
    struct piece *piece = mem_zalloc(1, sizeof *piece);
    *piece = (struct piece){
        .self = buf_new(0),
        .records = engine_records_ref(records),
        .count = records->count,
        .next_offset = records->next_offset,
    };
    piece->self->owner = piece;
    piece->self->on_free = piece_on_free;
    piece->events = arena_array(&piece->arena, records->count, sizeof *piece->events);
    *ret_strange = 0;
    for (size_t i = 0; i < records->count; i++) {
        struct piece_event *item = &piece->events[i];
        item->offset = records->items[i].offset;
        event_read(&records->items[i], &piece->arena, item);
        if (maker != NULL)
            source_event_read(maker, partition, &records->items[i], &piece->arena, item);
        *ret_strange += !item->is_event;
        piece->size += records->items[i].value.size;
    }
    piece->size += piece->arena.total;
    return piece;
}

size_t piece_index(const struct piece *piece, int64_t offset)
{
    size_t low = 0, high = piece->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (piece->events[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct piece *piece_ref(struct piece *piece)
{
    buf_ref(piece->self);
    return piece;
}

void piece_unref(struct piece *piece)
{
    if (piece != NULL)
        buf_unref(piece->self);
}
