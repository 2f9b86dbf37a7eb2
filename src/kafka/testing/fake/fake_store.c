// SPDX-License-Identifier: Apache-2.0
#include "kafka/testing/fake/fake_store.h"

#include "base/assert.h"
#include "base/list.h"
#include "base/mem.h"
#include "kafka/testing/fake/fake_internal.h"
#include "store/log.h"
#include "store/settings.h"
#include "store/store.h"
#include "store/topic.h"

#include <stdlib.h>

#define FAKE_EPOCH      3
#define FAKE_PARTITIONS 16
#define FAKE_BATCHES    256

struct partition {
    struct store *store;
    struct slice batches[FAKE_BATCHES];
    size_t batch_count;
    int64_t end;
    int64_t log_start;
    struct list_node waits;
    bool is_deleted;
};

struct fake_topic {
    struct topic topic;
    struct list_node node;
    unsigned refs;
    struct partition *partitions[FAKE_PARTITIONS];
    char name[256];
};

struct store {
    struct loop *loop;
    struct list_node topics;  // struct fake_topic, in order of creation
    struct list_node garbage; // deleted
    int64_t next_producer_id;
    uint8_t next_topic_id;
    err_t next_append, next_puts;
    struct list_node tables;
    bool is_holding;
    struct append_op *held[1024];
    size_t held_count;
    unsigned pending;
    struct arena arena; // texts of configurations
    struct config_list settings[SETTINGS_SCOPES];
    struct fake_topic *catalog;
};

static struct store *the_store; // topic_unref and the log's functions know no store

static struct partition *partition_new(struct store *store)
{
    struct partition *partition = mem_zalloc(1, sizeof *partition);
    partition->store = store;
    list_init(&partition->waits);
    return partition;
}

static struct config_list list_copy(struct store *store, const struct config_list *list)
{
    bytes_t *names = arena_array(&store->arena, list->count + 1, sizeof *names);
    bytes_t *values = arena_array(&store->arena, list->count + 1, sizeof *values);
    for (size_t i = 0; i < list->count; i++) {
        names[i] = arena_copy(&store->arena, list->names[i]);
        values[i] = arena_copy(&store->arena, list->values[i]);
    }
    return (struct config_list){ names, values, list->count };
}

struct store *fake_store_new(struct loop *loop)
{
    struct store *store = mem_zalloc(1, sizeof(*store));
    store->loop = loop;
    store->next_producer_id = 1000;
    list_init(&store->topics);
    list_init(&store->garbage);
    list_init(&store->tables);
    the_store = store;
    store->catalog = mem_zalloc(1, sizeof *store->catalog);
    store->catalog->topic.name = BYTES_LITERAL(TOPIC_CATALOG);
    store->catalog->topic.internal = true;
    store->catalog->topic.partition_count = 1;
    store->catalog->topic.partitions = store->catalog->partitions;
    store->catalog->partitions[0] = partition_new(store);
    return store;
}

struct loop *fake_store_loop(const struct store *store)
{
    return store->loop;
}

struct list_node *fake_store_tables(struct store *store)
{
    return &store->tables;
}

void fake_store_fail_puts(struct store *store, err_t err)
{
    store->next_puts = err;
}

err_t fake_store_put_error(struct store *store)
{
    return store->next_puts;
}

void fake_store_fail_append(struct store *store, err_t err)
{
    store->next_append = err;
}

unsigned fake_store_pending(const struct store *store)
{
    return store->pending;
}

const char *store_cluster_id(const struct store *store)
{
    (void)store;
    return "fake-cluster-000000000";
}

size_t store_memory_share(const struct store *store)
{
    (void)store;
    return (size_t)64 << 20;
}

void store_memory_lend(struct store *store, struct loop *loop, size_t size)
{
    (void)store;
    (void)loop;
    (void)size;
}

int32_t store_leader_epoch(const struct store *store)
{
    (void)store;
    return FAKE_EPOCH;
}

// --- topics

static struct fake_topic *fake(const struct topic *topic)
{
    if (topic == &the_store->catalog->topic)
        return the_store->catalog;
    LIST_EACH(&the_store->topics, node)
    if (&LIST_ITEM(node, struct fake_topic, node)->topic == topic)
        return LIST_ITEM(node, struct fake_topic, node);
    LIST_EACH(&the_store->garbage, node)
    if (&LIST_ITEM(node, struct fake_topic, node)->topic == topic)
        return LIST_ITEM(node, struct fake_topic, node);
    ASSERT(topic == NULL);
    return NULL;
}

static void fake_free(struct fake_topic *topic)
{
    list_remove(&topic->node);
    for (int32_t i = 0; i < topic->topic.partition_count; i++) {
        for (size_t j = 0; j < topic->partitions[i]->batch_count; j++)
            slice_free(&topic->partitions[i]->batches[j]);
        free(topic->partitions[i]);
    }
    free(topic);
}

void fake_store_free(struct store *store)
{
    ASSERT(store->pending == 0);
    LIST_EACH(&store->topics, node)
    {
        ASSERT(LIST_ITEM(node, struct fake_topic, node)->refs == 0);
        fake_free(LIST_ITEM(node, struct fake_topic, node));
    }
    LIST_EACH(&store->garbage, node)
    fake_free(LIST_ITEM(node, struct fake_topic, node));
    LIST_EACH(&store->tables, node)
    fake_table_free(node);
    ASSERT(store->catalog->refs == 0);
    fake_free(store->catalog);
    arena_free(&store->arena);
    free(store);
    the_store = NULL;
}

const struct topic *topic_find(struct store *store, bytes_t name)
{
    LIST_EACH(&store->topics, node)
    if (bytes_equal(LIST_ITEM(node, struct fake_topic, node)->topic.name, name))
        return &LIST_ITEM(node, struct fake_topic, node)->topic;
    return bytes_is(name, TOPIC_CATALOG) ? &store->catalog->topic : NULL;
}

const struct topic *topic_find_id(struct store *store, const struct topic_id *id)
{
    LIST_EACH(&store->topics, node)
    if (memcmp(&LIST_ITEM(node, struct fake_topic, node)->topic.id, id, sizeof(*id)) == 0)
        return &LIST_ITEM(node, struct fake_topic, node)->topic;
    return NULL;
}

const struct topic *topic_next(struct store *store, const struct topic *topic)
{
    struct list_node *node = topic == NULL ? store->topics.next : fake(topic)->node.next;
    return node == &store->topics ? NULL : &LIST_ITEM(node, struct fake_topic, node)->topic;
}

size_t topic_count(struct store *store)
{
    size_t count = 0;
    LIST_EACH(&store->topics, node)
    count++;
    return count;
}

const struct topic *topic_ref(const struct topic *topic)
{
    fake(topic)->refs++;
    return topic;
}

void topic_unref(const struct topic *topic)
{
    if (topic != NULL) {
        ASSERT(fake(topic)->refs > 0);
        fake(topic)->refs--;
    }
}

static void topic_done(struct message *message)
{
    struct topic_op *op = CONTAINER_OF(message, struct topic_op, message);
    the_store->pending--;
    op->on_done(op);
}

static void topic_answer(struct store *store, struct topic_op *op, err_t err)
{
    op->err = err;
    op->message.on_message = topic_done;
    store->pending++;
    loop_post(store->loop, &op->message);
}

// Gives the topic this set configuration, unless it does not fit.
static err_t topic_set(struct store *store, struct fake_topic *topic, const struct config_list *set, bool validate_only,
                       diag_t *diag)
{
    struct topic_config config;
    settings_topic_defaults(store, &config);
    for (size_t i = 0; i < set->count; i++) {
        if (topic_config_set(&config, set->names[i], set->values[i], diag) != ERR_OK)
            return ERR_INVALID;
    }
    if (validate_only)
        return ERR_OK;
    struct config_list copy = list_copy(store, set);
    topic->topic.config = config;
    topic->topic.set_names = copy.names;
    topic->topic.set_values = copy.values;
    topic->topic.set_count = copy.count;
    return ERR_OK;
}

static struct fake_topic *asked(struct store *store, struct topic_op *op)
{
    op->topic = topic_find(store, op->name);
    if (op->topic == NULL) {
        topic_answer(store, op, ERR_NOT_FOUND);
        return NULL;
    }
    return fake(topic_ref(op->topic));
}

void topic_grow(struct store *store, struct topic_op *op)
{
    struct fake_topic *topic = asked(store, op);
    if (topic == NULL)
        return;
    ASSERT(op->partition_count > topic->topic.partition_count && op->partition_count <= FAKE_PARTITIONS);
    for (int32_t i = topic->topic.partition_count; i < op->partition_count && !op->validate_only; i++) {
        topic->partitions[i] = partition_new(store);
        topic->topic.partition_count = i + 1;
    }
    topic_answer(store, op, ERR_OK);
}

static void topic_change(struct store *store, struct topic_op *op, bool replace)
{
    struct fake_topic *topic = asked(store, op);
    if (topic == NULL)
        return;
    const struct config_list before = { topic->topic.set_names, topic->topic.set_values, topic->topic.set_count };
    struct config_list set = { op->config_names, op->config_values, op->config_count };
    if (!replace)
        set = config_list_change(&before, op->changes, op->change_count, &store->arena);
    err_t err = topic_set(store, topic, &set, op->validate_only, &op->diag);
    if (err != ERR_OK)
        topic_unref(op->topic);
    topic_answer(store, op, err);
}

void topic_configure(struct store *store, struct topic_op *op)
{
    topic_change(store, op, true);
}

void topic_reconfigure(struct store *store, struct topic_op *op)
{
    topic_change(store, op, false);
}

void topic_create(struct store *store, struct topic_op *op)
{
    if (topic_find(store, op->name) != NULL) {
        topic_answer(store, op, ERR_EXISTS);
        return;
    }
    ASSERT(op->partition_count > 0 && op->partition_count <= FAKE_PARTITIONS);
    struct fake_topic *topic = mem_zalloc(1, sizeof(*topic));
    memcpy(topic->name, op->name.data, op->name.size);
    topic->topic.name = bytes_of(topic->name, op->name.size);
    topic->topic.id.bytes[0] = 0xee;
    topic->topic.id.bytes[15] = ++store->next_topic_id;
    topic->topic.partition_count = op->partition_count;
    topic->topic.partitions = topic->partitions;
    const struct config_list set = { op->config_names, op->config_values, op->config_count };
    err_t err = topic_set(store, topic, &set, false, &op->diag);
    if (err != ERR_OK || op->validate_only) {
        free(topic);
        topic_answer(store, op, err);
        return;
    }
    for (int32_t i = 0; i < op->partition_count; i++)
        topic->partitions[i] = partition_new(store);
    list_append(&store->topics, &topic->node);
    op->topic = topic_ref(&topic->topic);
    topic_answer(store, op, ERR_OK);
}

// --- the log

static void log_done(struct message *message)
{
    struct log_op *op = CONTAINER_OF(message, struct log_op, message);
    the_store->pending--;
    op->on_done(op);
}

static void log_answer(struct log_op *op, err_t err)
{
    op->err = err;
    op->message.on_message = log_done;
    the_store->pending++;
    loop_post(the_store->loop, &op->message);
}

static void wake(struct partition *partition)
{
    LIST_EACH(&partition->waits, node)
    {
        struct wait_op *wait = LIST_ITEM(node, struct wait_op, node);
        if (!partition->is_deleted && partition->end <= wait->offset)
            continue;
        list_remove(&wait->node);
        log_answer(&wait->op, partition->is_deleted ? ERR_CLOSED : ERR_OK);
    }
}

void topic_delete(struct store *store, struct topic_op *op)
{
    struct fake_topic *topic = fake(topic_find(store, op->name));
    if (topic == NULL) {
        topic_answer(store, op, ERR_NOT_FOUND);
        return;
    }
    for (int32_t i = 0; i < topic->topic.partition_count; i++) {
        topic->partitions[i]->is_deleted = true;
        wake(topic->partitions[i]);
    }
    list_remove(&topic->node);
    list_append(&store->garbage, &topic->node);
    topic_answer(store, op, ERR_OK);
}

static void append_now(struct append_op *op)
{
    struct partition *partition = op->op.partition;
    err_t err = partition->is_deleted ? ERR_CLOSED : the_store->next_append;
    the_store->next_append = ERR_OK;
    op->log_append_time_ms = -1;
    op->base_offset = partition->end;
    if (err != ERR_OK) {
        slice_free(&op->batch);
        log_answer(&op->op, err);
        return;
    }
    ASSERT(partition->batch_count < FAKE_BATCHES);
    struct slice *batch = &partition->batches[partition->batch_count++];
    *batch = op->batch;
    batch_assign(batch->buf->data + (batch->bytes.data - batch->buf->data), partition->end, FAKE_EPOCH);
    struct batch_header header;
    ASSERT(batch_header_read(batch->bytes, &header) == ERR_OK);
    partition->end += header.last_offset_delta + 1;
    wake(partition);
    log_answer(&op->op, ERR_OK);
}

void log_append(struct append_op *op)
{
    ASSERT(!the_store->is_holding || the_store->held_count < ARRAY_COUNT(the_store->held));
    if (the_store->is_holding)
        the_store->held[the_store->held_count++] = op;
    else
        append_now(op);
}

// The newest partition goes first, each in its order: partitions know nothing of each other.
static void release_held(struct store *store)
{
    size_t count = store->held_count;
    store->held_count = 0;
    while (count > 0) {
        const struct partition *partition = store->held[count - 1]->op.partition;
        size_t left = 0;
        for (size_t i = 0; i < count; i++) {
            if (store->held[i]->op.partition == partition)
                append_now(store->held[i]);
            else
                store->held[left++] = store->held[i];
        }
        count = left;
    }
}

void fake_store_hold(struct store *store, bool hold)
{
    store->is_holding = hold;
    if (!hold)
        release_held(store);
}

void log_read(struct read_op *op)
{
    struct partition *partition = op->op.partition;
    op->high_watermark = op->last_stable_offset = partition->end;
    op->log_start_offset = 0;
    op->slice_count = op->size = 0;
    if (partition->is_deleted || op->offset < 0 || op->offset > partition->end) {
        log_answer(&op->op, partition->is_deleted ? ERR_CLOSED : ERR_OUT_OF_RANGE);
        return;
    }
    for (size_t i = 0; i < partition->batch_count && op->slice_count < READ_SLICES_MAX; i++) {
        struct slice *batch = &partition->batches[i];
        struct batch_header header;
        ASSERT(batch_header_read(batch->bytes, &header) == ERR_OK);
        bool fits = op->size + batch->bytes.size <= op->max_size || (op->at_least_one && op->size == 0);
        if (batch_last_offset(&header) < op->offset)
            continue;
        if (!fits)
            break;
        buf_ref(batch->buf);
        op->slices[op->slice_count++] = *batch;
        op->size += batch->bytes.size;
    }
    log_answer(&op->op, ERR_OK);
}

void log_stat(struct stat_op *op)
{
    op->high_watermark = op->log_end_offset = op->op.partition->end;
    op->log_start_offset = op->op.partition->log_start;
    op->found_epoch = op->epoch >= FAKE_EPOCH ? FAKE_EPOCH : -1;
    op->epoch_end_offset = op->epoch >= FAKE_EPOCH ? op->op.partition->end : -1;
    op->size = 100;
    op->segment_count = 1;
    log_answer(&op->op, op->op.partition->is_deleted ? ERR_CLOSED : ERR_OK);
}

void log_delete_records(struct delete_records_op *op)
{
    struct partition *partition = op->op.partition;
    int64_t offset = op->offset == -1 ? partition->end : op->offset;
    bool is_valid = offset >= 0 && offset <= partition->end;
    if (is_valid && offset > partition->log_start)
        partition->log_start = offset;
    op->log_start_offset = partition->log_start;
    log_answer(&op->op, is_valid ? ERR_OK : ERR_OUT_OF_RANGE);
}

// One, whatever was appended.
void log_producers(struct producers_op *op)
{
    op->items = mem_zalloc(1, sizeof *op->items);
    op->items[0] = (struct producer_state){ 7, 2, 41, 1000 };
    op->count = 1;
    log_answer(&op->op, ERR_OK);
}

void log_wait(struct wait_op *op)
{
    list_append(&op->op.partition->waits, &op->node);
    wake(op->op.partition);
}

void log_wait_cancel(struct wait_op *op)
{
    if (!list_linked(&op->node))
        return; // its answer is on the way
    list_remove(&op->node);
    log_answer(&op->op, ERR_CANCELLED);
}

void log_find_offset(struct offset_op *op)
{
    bool is_start = op->timestamp == OFFSET_EARLIEST || op->timestamp == OFFSET_EARLIEST_LOCAL;
    bool is_none = op->timestamp == OFFSET_LATEST_TIERED || op->timestamp == OFFSET_EARLIEST_PENDING_UPLOAD;
    op->offset = is_none ? -1 : is_start ? 0 : op->op.partition->end;
    op->found_timestamp = -1;
    op->leader_epoch = is_none ? -1 : FAKE_EPOCH;
    log_answer(&op->op, ERR_OK);
}

// --- the rest

static void producer_id_done(struct message *message)
{
    struct producer_id_op *op = CONTAINER_OF(message, struct producer_id_op, message);
    the_store->pending--;
    op->on_done(op);
}

void producer_id_allocate(struct store *store, struct producer_id_op *op)
{
    op->err = ERR_OK;
    op->producer_id = store->next_producer_id++;
    op->message.on_message = producer_id_done;
    store->pending++;
    loop_post(store->loop, &op->message);
}

// --- settings

static const struct config_list no_settings;

const struct config_list *settings_of(struct store *store, enum settings_scope scope)
{
    return store->settings[scope].names == NULL ? &no_settings : &store->settings[scope];
}

void settings_topic_defaults(struct store *store, struct topic_config *ret_config)
{
    topic_config_default(ret_config);
    for (size_t i = 0; i < topic_config_row_count; i++) {
        const char *name = topic_config_rows[i].broker_name;
        const bytes_t *value =
            name == NULL ? NULL : config_list_find(settings_of(store, SETTINGS_ALL_BROKERS), bytes_of_text(name));
        if (value != NULL)
            ASSERT(topic_config_set(ret_config, bytes_of_text(topic_config_rows[i].name), *value, NULL) == ERR_OK);
    }
}

static void settings_done(struct message *message)
{
    struct settings_op *op = CONTAINER_OF(message, struct settings_op, message);
    the_store->pending--;
    op->on_done(op);
}

void settings_change(struct store *store, struct settings_op *op)
{
    struct config_list *list = &store->settings[op->scope];
    struct config_list after =
        config_list_change(op->replace ? &no_settings : list, op->changes, op->change_count, &store->arena);
    op->err = ERR_OK;
    if (!op->validate_only)
        *list = list_copy(store, &after);
    op->message.on_message = settings_done;
    store->pending++;
    loop_post(store->loop, &op->message);
}

const char *store_folder(const struct store *store)
{
    (void)store;
    return "/tmp";
}
