// SPDX-License-Identifier: Apache-2.0
#include "store/compact_producers.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

enum {
    PRODUCERS_MAX = 100000,      // about 10 MB
    ABORTED_MAX = 1000000,       // about 16 MB
    CONTROL_SIZE_MAX = 64 << 10, // records of a control batch: one marker takes 24 bytes
};

// Offsets of its first batch and of its marker.
struct aborted {
    int64_t first, marker;
};

struct producer_end {
    struct map_node node;
    int64_t id;
    int64_t last_data, last_marker; // last offsets of batches; -1: none
    int64_t open_first;             // of the transaction that is open at this point of the first walk; -1: none
    bool has_batches;               // the same of the second walk
    struct aborted *aborted;        // in the order of the log
    size_t aborted_count, aborted_capacity;
};

static bytes_t producer_key(const struct map_node *node)
{
    return bytes_of(&CONTAINER_OF_CONST(node, struct producer_end, node)->id, sizeof(int64_t));
}

void compact_producers_init(struct compact_producers *producers)
{
    *producers = (struct compact_producers){ .map = MAP_INIT(producer_key), .unknown_from = INT64_MAX };
}

void compact_producers_free(struct compact_producers *producers)
{
    struct map_node *node = map_next(&producers->map, NULL);
    while (node != NULL) {
        struct producer_end *end = CONTAINER_OF(node, struct producer_end, node);
        node = map_next(&producers->map, node);
        free(end->aborted);
        free(end);
    }
    map_free(&producers->map);
}

static struct producer_end *find(const struct compact_producers *producers, int64_t id)
{
    struct map_node *node = map_find(&producers->map, bytes_of(&id, sizeof id));
    return node == NULL ? NULL : CONTAINER_OF(node, struct producer_end, node);
}

static struct producer_end *find_or_add(struct compact_producers *producers, int64_t id)
{
    struct producer_end *end = find(producers, id);
    if (end != NULL || producers->map.count == PRODUCERS_MAX)
        return end;
    end = mem_zalloc(1, sizeof *end);
    end->id = id;
    end->last_data = end->last_marker = end->open_first = -1;
    map_insert(&producers->map, &end->node);
    return end;
}

// --- the first walk

static void unknown_from(struct compact_producers *producers, int64_t offset)
{
    if (offset < producers->unknown_from)
        producers->unknown_from = offset;
}

static void note_end(struct compact_producers *producers, struct producer_end *end, int64_t marker, bool commit)
{
    int64_t first = end->open_first;
    end->open_first = -1;
    if (first < 0 || commit)
        return;
    if (producers->aborted == ABORTED_MAX) {
        unknown_from(producers, first);
        return;
    }
    MEM_GROW(end->aborted, end->aborted_count, end->aborted_capacity);
    end->aborted[end->aborted_count++] = (struct aborted){ first, marker };
    producers->aborted++;
}

static err_t note_control(struct compact_producers *producers, struct producer_end *end,
                          const struct batch_header *header, bytes_t batch)
{
    end->last_marker = batch_last_offset(header);
    if (header->record_count == 0)
        return ERR_OK; // cleaned before: its transaction was empty
    struct writer room = WRITER_INIT;
    bytes_t records;
    struct record record;
    struct batch_marker marker;
    err_t err = batch_records(batch, header, CONTROL_SIZE_MAX, &room, &records);
    if (err == ERR_OK) {
        struct record_walk walk = record_walk_of(records, header->record_count);
        err = record_walk_next(&walk, &record) ? batch_marker_read(&record, &marker) : ERR_MALFORMED;
    }
    writer_free(&room);
    if (err == ERR_OK)
        note_end(producers, end, batch_last_offset(header), marker.commit);
    return err == ERR_UNSUPPORTED ? ERR_OK : err; // a control record of another kind ends nothing
}

err_t compact_producers_note(struct compact_producers *producers, const struct batch_header *header, bytes_t batch)
{
    bool is_control = (header->attributes & BATCH_CONTROL) != 0;
    bool is_transactional = (header->attributes & BATCH_TRANSACTIONAL) != 0;
    producers->transactional = producers->transactional || is_control || is_transactional;
    if (header->producer_id < 0)
        return ERR_OK;
    struct producer_end *end = find_or_add(producers, header->producer_id);
    if (end == NULL) {
        producers->all = true;
        if (is_transactional)
            unknown_from(producers, header->base_offset);
        return ERR_OK;
    }
    if (is_control)
        return note_control(producers, end, header, batch);
    end->last_data = batch_last_offset(header);
    if (is_transactional && end->open_first < 0)
        end->open_first = header->base_offset;
    return ERR_OK;
}

int64_t compact_producers_undecided(const struct compact_producers *producers)
{
    int64_t offset = producers->unknown_from;
    const struct map_node *node = NULL;
    while ((node = map_next(&producers->map, node)) != NULL) {
        const struct producer_end *end = CONTAINER_OF_CONST(node, struct producer_end, node);
        if (end->open_first >= 0 && end->open_first < offset)
            offset = end->open_first;
    }
    return offset;
}

// --- what is asked afterwards

bool compact_producers_is_aborted(const struct compact_producers *producers, const struct batch_header *header)
{
    if ((header->attributes & BATCH_TRANSACTIONAL) == 0 || (header->attributes & BATCH_CONTROL) != 0)
        return false;
    const struct producer_end *end = find(producers, header->producer_id);
    size_t low = 0, high = end == NULL ? 0 : end->aborted_count;
    while (low < high) { // the first transaction that ends behind the batch
        size_t middle = (low + high) / 2;
        if (end->aborted[middle].marker > header->base_offset)
            high = middle;
        else
            low = middle + 1;
    }
    return end != NULL && low < end->aborted_count && end->aborted[low].first <= header->base_offset;
}

bool compact_producers_is_last(const struct compact_producers *producers, const struct batch_header *header)
{
    if (header->producer_id < 0)
        return false;
    const struct producer_end *end = find(producers, header->producer_id);
    if (end == NULL || producers->all)
        return true;
    bool is_control = (header->attributes & BATCH_CONTROL) != 0;
    int64_t last = end->last_data >= 0 ? end->last_data : end->last_marker;
    return is_control == (end->last_data < 0) && last == batch_last_offset(header);
}

bool compact_producers_is_lone_marker(struct compact_producers *producers, const struct batch_header *header)
{
    bool is_control = (header->attributes & BATCH_CONTROL) != 0;
    struct producer_end *end = find(producers, header->producer_id);
    if (end == NULL)
        return false;
    bool has_batches = end->has_batches;
    if (is_control)
        end->has_batches = false;
    else if ((header->attributes & BATCH_TRANSACTIONAL) != 0)
        end->has_batches = true;
    return is_control && !has_batches;
}
