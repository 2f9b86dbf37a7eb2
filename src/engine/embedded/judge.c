// SPDX-License-Identifier: Apache-2.0
// Whether a transaction may happen, and what it changes: records by partition, whatever they are. Offsets and rows of
// tables are records too.
#include "engine/embedded/impl.h"

#include "base/mem.h"
#include "io/clock.h"
#include "store/core.h"

#include <stdlib.h>

// A row that the group changes.
struct touched {
    struct map_node node;
    bytes_t key; // the table's address, then the row's key
    const struct engine_transaction_op *op;
};

static bytes_t touched_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct touched, node)->key;
}

static bytes_t draft_place(const struct map_node *node)
{
    const struct draft *draft = CONTAINER_OF_CONST(node, struct draft, by_place);
    return bytes_of(draft->place, sizeof draft->place);
}

void drafts_init(struct transactions *transactions)
{
    list_init(&transactions->drafts);
    transactions->drafts_by_place = MAP_INIT(draft_place);
    transactions->rows = MAP_INIT(touched_key);
}

void drafts_free(struct transactions *transactions)
{
    LIST_EACH(&transactions->drafts, node)
    {
        struct draft *draft = LIST_ITEM(node, struct draft, node);
        batch_builder_free(&draft->builder);
        topic_unref(draft->topic);
        free(draft);
    }
    map_free(&transactions->drafts_by_place);
    map_free(&transactions->rows);
    arena_free(&transactions->arena);
    drafts_init(transactions);
}

static struct draft *draft_of(struct transactions *transactions, const struct topic *topic, int32_t partition)
{
    uint8_t place[sizeof(((struct draft *)NULL)->place)];
    memcpy(place, topic->id.bytes, TOPIC_ID_SIZE);
    memcpy(place + TOPIC_ID_SIZE, &partition, sizeof partition);
    struct map_node *node = map_find(&transactions->drafts_by_place, bytes_of(place, sizeof place));
    if (node != NULL)
        return CONTAINER_OF(node, struct draft, by_place);
    struct draft *draft = mem_zalloc(1, sizeof *draft);
    memcpy(draft->place, place, sizeof place);
    draft->topic = topic_ref(topic);
    draft->partition = partition;
    batch_builder_init(&draft->builder, BATCH_PLAIN);
    map_insert(&transactions->drafts_by_place, &draft->by_place);
    list_append(&transactions->drafts, &draft->node);
    return draft;
}

// --- alone

static err_t fail(struct engine_transaction_op *op, enum engine_part part, size_t index, err_t err)
{
    op->failed = part;
    op->failed_index = index;
    return err;
}

static size_t append_size(const struct engine_record *record)
{
    size_t size = record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++)
        size += record->headers[i].key.size + record->headers[i].value.size;
    return size;
}

size_t transaction_size(const struct engine_transaction_op *op)
{
    size_t size = RECORD_OVERHEAD * (op->append_count + op->offset_count + op->put_count);
    for (size_t i = 0; i < op->append_count; i++)
        size += append_size(&op->appends[i].record);
    for (size_t i = 0; i < op->offset_count; i++)
        size += op->offsets[i].group.size + op->offsets[i].topic.size + op->offsets[i].metadata.size;
    for (size_t i = 0; i < op->put_count; i++)
        size += op->puts[i].key.size + op->puts[i].value.size;
    return size;
}

err_t transaction_check(struct engine_transaction_op *op)
{
    size_t limit = ENGINE_TRANSACTION_PARTS_MAX;
    if (op->append_count > limit || op->offset_count > limit || op->put_count > limit ||
        op->append_count + op->offset_count + op->put_count > limit ||
        transaction_size(op) > ENGINE_TRANSACTION_SIZE_MAX)
        return fail(op, ENGINE_PART_NONE, 0, ERR_LIMIT);
    for (size_t i = 0; i < op->offset_count; i++) {
        if (!offsets_item_fits(&op->offsets[i]))
            return fail(op, ENGINE_PART_OFFSET, i, ERR_INVALID);
    }
    for (size_t i = 0; i < op->put_count; i++) {
        if (op->puts[i].key.data == NULL)
            return fail(op, ENGINE_PART_PUT, i, ERR_INVALID);
    }
    return ERR_OK;
}

// --- among others

static err_t judge_append(struct transactions *transactions, struct engine_transaction_append *append, int64_t now_ms,
                          bool *ret_again)
{
    struct store *store = transactions->embedded->store;
    const struct topic *topic = topic_find(store, append->topic);
    int32_t number = append->partition;
    size_t size;
    if (topic == NULL || number >= topic->partition_count || number < ENGINE_ANY_PARTITION)
        return ERR_NOT_FOUND;
    err_t err = record_check(topic, &append->record, now_ms, &size);
    if (err != ERR_OK)
        return err;
    if (store_space_short(store) && !topic->internal)
        return ERR_NO_SPACE;
    if (number == ENGINE_ANY_PARTITION)
        number = record_partition(topic, &append->record, transactions->turn);
    struct draft *draft = draft_of(transactions, topic, number);
    append->state = draft;
    draft->wanted += size;
    if (draft->wanted > (size_t)topic->config.max_message_size)
        return ERR_TOO_LARGE;
    bool fits = draft->count == 0 ||
                batch_builder_size(&draft->builder) + draft->wanted <= (size_t)topic->config.max_message_size;
    *ret_again = *ret_again || !fits;
    return ERR_OK;
}

static err_t judge_appends(struct transactions *transactions, struct engine_transaction_op *op, bool *ret_again)
{
    int64_t now_ms = clock_wall_ms();
    err_t err = ERR_OK;
    size_t count = 0;
    for (; count < op->append_count && err == ERR_OK; count++) {
        op->appends[count].state = NULL;
        err = judge_append(transactions, &op->appends[count], now_ms, ret_again);
    }
    for (size_t i = 0; i < count; i++) {
        struct draft *draft = op->appends[i].state;
        if (draft != NULL)
            draft->wanted = 0;
    }
    return err == ERR_OK ? ERR_OK : fail(op, ENGINE_PART_APPEND, count - 1, err);
}

// Notes that OP changes the row; the one that did before, or NULL.
static const struct engine_transaction_op *touch(struct transactions *transactions,
                                                 const struct engine_transaction_put *put,
                                                 const struct engine_transaction_op *op)
{
    const struct table *table = embedded_rows(put->table);
    size_t size = sizeof table + put->key.size;
    struct touched *touched = arena_alloc(&transactions->arena, sizeof *touched + size);
    uint8_t *key = (uint8_t *)(touched + 1);
    memcpy(key, &table, sizeof table);
    if (put->key.size > 0)
        memcpy(key + sizeof table, put->key.data, put->key.size);
    touched->key = bytes_of(key, size);
    touched->op = op;
    const struct map_node *node = map_find(&transactions->rows, touched->key);
    if (node != NULL)
        return CONTAINER_OF_CONST(node, struct touched, node)->op;
    map_insert(&transactions->rows, &touched->node);
    return NULL;
}

static err_t judge_put(struct transactions *transactions, struct engine_transaction_op *op,
                       struct engine_transaction_put *put, bool *ret_again)
{
    const struct held_table *held = put->state;
    const struct topic *topic = topic_find(transactions->embedded->store, embedded_table_name(put->table));
    const struct engine_transaction_op *other = touch(transactions, put, op);
    if (other == op)
        return ERR_INVALID;
    if (held->err != ERR_OK)
        return held->err;
    if (topic == NULL)
        return ERR_CLOSED;
    if (other != NULL)
        *ret_again = true; // it looks at what the other leaves
    put->version = held->versions[put->index];
    if (put->value.data == NULL && put->version == TABLE_ABSENT)
        return *ret_again ? ERR_OK : ERR_NOT_FOUND;
    if (put->expected_version != TABLE_ANY && put->expected_version != put->version)
        return *ret_again ? ERR_OK : ERR_CONFLICT;
    put->state = draft_of(transactions, topic, 0);
    return ERR_OK;
}

err_t transaction_judge(struct transactions *transactions, struct engine_transaction_op *op)
{
    bool again = false;
    err_t err = judge_appends(transactions, op, &again);
    if (err != ERR_OK)
        return err;
    if (op->offset_count > 0 && topic_find(transactions->embedded->store, BYTES_LITERAL(OFFSETS_TOPIC)) == NULL) {
        const struct held_table *held = held_table_of(transactions, transactions->embedded->offsets.table);
        return fail(op, ENGINE_PART_OFFSET, 0, held == NULL || held->err == ERR_OK ? ERR_CLOSED : held->err);
    }
    for (size_t i = 0; i < op->put_count; i++) {
        err = judge_put(transactions, op, &op->puts[i], &again);
        if (err != ERR_OK)
            return fail(op, ENGINE_PART_PUT, i, err);
    }
    return again ? ERR_AGAIN : ERR_OK;
}

// --- what it changes

static int32_t draft_add(struct draft *draft, const struct engine_record *record, int64_t now_ms)
{
    batch_builder_add(&draft->builder, record->key, record->value, record->headers, record->header_count,
                      record->timestamp_ms < 0 ? now_ms : record->timestamp_ms);
    return draft->count++;
}

static void add_offsets(struct transactions *transactions, const struct engine_transaction_op *op, int64_t now_ms)
{
    const struct topic *topic = topic_find(transactions->embedded->store, BYTES_LITERAL(OFFSETS_TOPIC));
    struct draft *draft = draft_of(transactions, topic, 0);
    struct writer key = WRITER_INIT, value = WRITER_INIT;
    for (size_t i = 0; i < op->offset_count; i++) {
        const struct engine_offset *item = &op->offsets[i];
        writer_reset(&key);
        writer_reset(&value);
        offsets_key_write(&key, item->group, item->topic, item->partition);
        offsets_value_write(&value, item, now_ms);
        struct engine_record record = { .timestamp_ms = now_ms,
                                        .key = writer_view(&key),
                                        .value = item->offset < 0 ? BYTES_NULL : writer_view(&value) };
        (void)draft_add(draft, &record, now_ms);
    }
    writer_free(&key);
    writer_free(&value);
}

void transaction_add(struct transactions *transactions, struct engine_transaction_op *op)
{
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < op->append_count; i++) {
        struct engine_transaction_append *append = &op->appends[i];
        append->index = draft_add(append->state, &append->record, now_ms);
    }
    if (op->offset_count > 0)
        add_offsets(transactions, op, now_ms);
    for (size_t i = 0; i < op->put_count; i++) {
        struct engine_transaction_put *put = &op->puts[i];
        struct engine_record record = { .timestamp_ms = now_ms, .key = put->key, .value = put->value };
        put->index = draft_add(put->state, &record, now_ms);
    }
}
