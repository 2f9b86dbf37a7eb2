// SPDX-License-Identifier: Apache-2.0
// What the files of the embedded engine share.
#pragma once

#include "base/map.h"
#include "engine/embedded/embedded.h"
#include "engine/embedded/offsets.h"
#include "engine/embedded/transaction.h"
#include "store/log.h"
#include "store/partition.h"
#include "store/store.h"
#include "store/topic.h"

// Appends of one loop that wait for the end of the turn.
struct outbox {
    struct embedded *embedded;
    struct loop *loop;
    struct map open;          // struct outbox_batch, by partition
    struct list_node ready;   // struct outbox_batch: to be sent
    struct list_node refused; // engine_append_op: to be answered
    struct deferred deferred;
    struct message answer;
    bool answer_posted;
    uint32_t turn; // moves records without a key from partition to partition
};

struct embedded {
    struct engine engine;
    struct store *store;
    struct offsets offsets;
    struct outbox *outboxes; // one per loop
    size_t loop_count;
    struct list_node tables; // struct embedded_table
    struct transactions transactions;
};

struct embedded_table {
    struct engine_table table;
    struct list_node node;
    struct table *rows;
    char *name;
};

static inline struct embedded *embedded_of(struct engine *engine)
{
    return CONTAINER_OF(engine, struct embedded, engine);
}

static inline struct table *embedded_rows(const struct engine_table *table)
{
    return CONTAINER_OF_CONST(table, struct embedded_table, table)->rows;
}

static inline bytes_t embedded_table_name(const struct engine_table *table)
{
    return bytes_of_text(CONTAINER_OF_CONST(table, struct embedded_table, table)->name);
}

enum { RECORD_OVERHEAD = 128 }; // of one record and the batch around it, at most, without its headers

// topics.c
void embedded_topic_ensure(struct engine *engine, struct engine_topic_op *op);
void embedded_topic_delete(struct engine *engine, struct engine_topic_op *op);
void embedded_topic_describe(struct engine *engine, struct engine_topic_op *op);
void embedded_topic_alter(struct engine *engine, struct engine_topic_op *op);

// append.c
// What the log would refuse, seen before the record is among others; and its size at most.
err_t record_check(const struct topic *topic, const struct engine_record *record, int64_t now_ms,
                   size_t *ret_size) MUST_CHECK;
// The one of its key; without a key all of one TURN have the same.
int32_t record_partition(const struct topic *topic, const struct engine_record *record, uint32_t turn);
void outbox_init(struct outbox *outbox, struct embedded *embedded, struct loop *loop);
void outbox_free(struct outbox *outbox);
void embedded_append(struct engine *engine, bytes_t name, int32_t partition, const struct engine_record *record,
                     struct engine_append_op *op);

// find.c
void embedded_offset_find(struct engine *engine, struct engine_find_op *op);

// reader.c
struct engine_reader *embedded_reader_open(struct engine *engine, bytes_t name, int32_t partition, int64_t offset,
                                           size_t max_size, engine_on_records *on_records, void *owner);
void embedded_reader_next(struct engine_reader *reader);
void embedded_reader_close(struct engine_reader *reader);

// records.c: what a read gave, as records from OFFSET on. Takes the slices over. One reference.
struct engine_records *records_new(struct read_op *op, int64_t offset);
