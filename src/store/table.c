// SPDX-License-Identifier: Apache-2.0
// Tables: loading, looking up, watching, saving. Changes are in table_put.c.
#include "store/table_impl.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/table_snapshot.h"

#include <stdlib.h>

enum {
    SAVE_LOG_SIZE = 4 << 20,             // of log behind the last snapshot
    SAVE_AGE_MS = 60 * 60 * 1000,        // of the oldest change that no snapshot has; see save_start
    RECORDS_SIZE_MAX = 64 * 1024 * 1024, // of one batch, decompressed
};

static void on_reap(struct message *message);
static void on_save_timer(struct timer *timer);
static void on_begin(struct message *message);

struct table *table_new(struct store *store, const char *name)
{
    struct table *table = mem_zalloc(1, sizeof *table);
    table->store = store;
    table->name = mem_text(name);
    table->loop = partition_loop_of(store, bytes_of_text(name), 0);
    table->rows = ROWS_INIT;
    list_init(&table->watches);
    table->reap.on_message = on_reap;
    table->begin.on_message = on_begin;
    timer_init(&table->save_timer, table->loop, on_save_timer);
    table_put_init(table);
    list_append(catalog_tables(store), &table->node);
    return table;
}

static void retired_free(struct table *table)
{
    while (table->retired != NULL) {
        struct row *row = table->retired;
        table->retired = row->next;
        free(row);
    }
}

static void changes_free(struct list_node *list)
{
    LIST_EACH(list, node)
    {
        struct table_change *change = LIST_ITEM(node, struct table_change, node);
        free(change->row);
        free(change);
    }
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    list_remove(&table->node);
    timer_stop(&table->save_timer);
    loop_defer_cancel(table->loop, &table->deferred);
    changes_free(&table->queue);
    changes_free(&table->flight);
    map_free(&table->flight_keys);
    retired_free(table);
    rows_free(&table->rows);
    free(table->save.rows);
    topic_unref(table->topic);
    free(table->name);
    free(table);
}

// --- loading

struct load {
    struct table *table;
    int64_t from;
    struct writer room;
};

static void load_record(struct load *load, int64_t offset, const struct record *record)
{
    struct table *table = load->table;
    if (offset < load->from || record->key.data == NULL)
        return;
    struct row *old = record->value.data == NULL
                          ? rows_remove(&table->rows, record->key)
                          : rows_set(&table->rows, row_new(record->key, record->value, offset + 1));
    free(old);
    table->version = offset + 1;
}

static err_t load_batch(void *owner, bytes_t batch)
{
    struct load *load = owner;
    struct batch_header header;
    err_t err = batch_header_read(batch, &header);
    if (err != ERR_OK || (header.attributes & BATCH_CONTROL) != 0)
        return err;
    bytes_t records;
    writer_reset(&load->room);
    err = batch_records(batch, &header, RECORDS_SIZE_MAX, &load->room, &records);
    if (err != ERR_OK)
        return err;
    struct record_walk walk = record_walk_of(records, header.record_count);
    struct record record;
    while (record_walk_next(&walk, &record))
        load_record(load, record_offset(&header, &record), &record);
    load->table->unsaved_size += batch.size;
    return walk.err;
}

// The snapshot is only a short cut: whatever is wrong with it, the log has everything.
static int64_t load_snapshot(struct table *table)
{
    const char *folder = partition_path(table->partition);
    int64_t covered = 0;
    err_t err = table_snapshot_read(folder, partition_topic_id(table->partition), &table->rows, &covered);
    if (err == ERR_OK && covered > partition_end(table->partition)) {
        // After a power loss in a weaker flush mode. It goes: the log grows, and it would seem to fit one day.
        rows_free(&table->rows);
        err = table_snapshot_remove(folder) == ERR_OK ? ERR_OUT_OF_RANGE : ERR_IO;
    }
    if (err == ERR_OK)
        return covered;
    if (err != ERR_NOT_FOUND)
        log_line(LOG_WARN, "table snapshot is not usable, the whole log is read",
                 LOG_FIELDS(log_text("folder", folder), log_err(err)));
    return 0;
}

err_t table_load(struct table *table, struct partition *partition, diag_t *diag)
{
    table->partition = partition;
    struct load load = { .table = table, .room = WRITER_INIT };
    load.from = table->saved_version = table->version = load_snapshot(table);
    if (load.from < partition_log_start(partition))
        load.from = partition_log_start(partition);
    err_t err = partition_scan(partition, load.from, load_batch, &load);
    writer_free(&load.room);
    if (err != ERR_OK)
        return diag_fail(diag, err, partition_path(partition), "the table cannot be read: %s", err_text(err));
    if (table->version != table->saved_version)
        loop_post(table->loop, &table->begin);
    return ERR_OK;
}

err_t table_open(struct store *store, const char *topic, struct table **ret_table, diag_t *diag)
{
    ASSERT(loop_current() == NULL);
    struct table *table = table_new(store, topic);
    const struct topic *found = topic_find(store, bytes_of_text(topic));
    err_t err = ERR_OK;
    if (found == NULL) {
        loop_post(table->loop, &table->begin);
    } else if (found->partition_count != 1) {
        err = diag_fail(diag, ERR_INVALID, topic, "a table needs a topic with one partition, this one has %d",
                        (int)found->partition_count);
    } else {
        table->topic = topic_ref(found);
        err = table_load(table, found->partitions[0], diag);
    }
    if (err != ERR_OK) {
        table_free(table);
        return err;
    }
    *ret_table = table;
    return ERR_OK;
}

static void on_topic_made(struct topic_op *op)
{
    struct table *table = CONTAINER_OF(op, struct table, create);
    table->creating = false;
    if (op->err == ERR_OK) {
        table->topic = op->topic;
        table->partition = op->topic->partitions[0];
        table_put_wake(table);
    } else {
        log_line(LOG_ERROR, "the topic of a table cannot be made",
                 LOG_FIELDS(log_text("topic", table->name), log_err(op->err), log_text("reason", op->diag.text)));
        table_put_fail(table, op->err);
    }
    table_stop_try(table);
}

// The topic is made with the first turn of the loop, or with the next change when that failed.
static void on_begin(struct message *message)
{
    struct table *table = CONTAINER_OF(message, struct table, begin);
    if (table->partition != NULL) {
        if (!timer_active(&table->save_timer))
            timer_start(&table->save_timer, SAVE_AGE_MS);
        table_save_if_due(table);
        return;
    }
    if (table->stopping || table->creating)
        return;
    static const bytes_t names[] = { { (const uint8_t *)"cleanup.policy", 14 },
                                     { (const uint8_t *)"max.message.bytes", 17 } };
    static const bytes_t values[] = { { (const uint8_t *)"compact", 7 }, { (const uint8_t *)"16777216", 8 } };
    table->creating = true;
    table->create = (struct topic_op){ .on_done = on_topic_made,
                                       .name = bytes_of_text(table->name),
                                       .partition_count = 1,
                                       .internal = true,
                                       .config_names = names,
                                       .config_values = values,
                                       .config_count = ARRAY_COUNT(names) };
    topic_create(table->store, &table->create);
}

// --- rows

struct loop *table_loop(const struct table *table)
{
    return table->loop;
}

static struct table_row row_view(const struct row *row)
{
    return (struct table_row){ row_key(row), row_value(row), row->version };
}

err_t table_get(const struct table *table, bytes_t key, struct table_row *ret_row)
{
    const struct row *row = rows_find(&table->rows, key);
    if (row == NULL)
        return ERR_NOT_FOUND;
    *ret_row = row_view(row);
    return ERR_OK;
}

bool table_seek(const struct table *table, bytes_t from, bool after, struct table_row *ret_row)
{
    const struct row *row = rows_seek(&table->rows, from, after);
    if (row == NULL)
        return false;
    *ret_row = row_view(row);
    return true;
}

size_t table_count(const struct table *table)
{
    return table->rows.count;
}

int64_t table_version(const struct table *table)
{
    return table->version;
}

void table_watch(struct table *table, struct table_watch *watch)
{
    list_append(&table->watches, &watch->node);
}

void table_unwatch(struct table_watch *watch)
{
    list_remove(&watch->node);
}

static void reap_want(struct table *table)
{
    if (table->reap_posted || table->retired == NULL)
        return;
    table->reap_posted = true;
    loop_post(table->loop, &table->reap);
}

static void on_reap(struct message *message)
{
    struct table *table = CONTAINER_OF(message, struct table, reap);
    table->reap_posted = false;
    if (!table->save.running)
        retired_free(table);
    table_stop_try(table);
}

void table_retire(struct table *table, struct row *row)
{
    if (row == NULL)
        return;
    row->next = table->retired;
    table->retired = row;
    reap_want(table);
}

void table_apply(struct table *table, struct row *row, bool is_delete)
{
    struct table_row view = row_view(row);
    if (is_delete)
        view.value = BYTES_NULL;
    table->version = row->version;
    struct row *old = is_delete ? rows_remove(&table->rows, row_key(row)) : rows_set(&table->rows, row);
    struct table_row old_view = old == NULL ? (struct table_row){ 0 } : row_view(old);
    table_retire(table, old);
    if (is_delete)
        table_retire(table, row);
    LIST_EACH(&table->watches, node)
    {
        struct table_watch *watch = LIST_ITEM(node, struct table_watch, node);
        watch->on_change(watch, &view, old == NULL ? NULL : &old_view);
    }
}

// --- saving

static void save_run(struct disk_job *job)
{
    struct table *table = CONTAINER_OF(job, struct table, save.job);
    struct table_save *save = &table->save;
    save->err = table_snapshot_write(partition_path(table->partition), partition_topic_id(table->partition),
                                     save->version, save->rows, save->row_count);
}

static void save_on_done(struct disk_job *job)
{
    struct table *table = CONTAINER_OF(job, struct table, save.job);
    struct table_save *save = &table->save;
    save->running = false;
    free(save->rows);
    save->rows = NULL;
    if (save->err == ERR_OK)
        table->saved_version = save->version;
    else
        log_line(LOG_WARN, "table snapshot cannot be written",
                 LOG_FIELDS(log_text("folder", partition_path(table->partition)), log_err(save->err)));
    // Also after a failure, so that the next try comes after as much log again and not with every change.
    table->unsaved_size -= save->log_size;
    reap_want(table);
    table_save_if_due(table);
    table_stop_try(table);
}

static void save_start(struct table *table)
{
    struct table_save *save = &table->save;
    timer_stop(&table->save_timer);
    save->running = true;
    save->version = table->version;
    save->log_size = table->unsaved_size;
    save->row_count = table->rows.count;
    save->rows = mem_alloc((save->row_count + 1) * sizeof *save->rows);
    rows_list(&table->rows, save->rows);
    save->job.loop = table->loop;
    save->job.run = save_run;
    save->job.on_done = save_on_done;
    disk_submit(DISK_BACKGROUND, &save->job);
}

// By size, so that a start is quick: at least a few megabytes, and in proportion to what one snapshot writes. By age,
// because compaction drops the mark of a deleted key after delete.retention.ms (a day): a snapshot that is older and
// has the key would bring it back.
void table_save_if_due(struct table *table)
{
    if (table->save.running || table->stopping || table->version == table->saved_version)
        return;
    if (table->unsaved_size >= SAVE_LOG_SIZE + table->rows.size / 4)
        save_start(table);
    else if (!timer_active(&table->save_timer))
        timer_start(&table->save_timer, SAVE_AGE_MS);
}

static void on_save_timer(struct timer *timer)
{
    struct table *table = CONTAINER_OF(timer, struct table, save_timer);
    if (!table->save.running && !table->stopping && table->version != table->saved_version)
        save_start(table);
}

// --- stopping

static void on_stop_answer(struct message *message)
{
    struct table *table = CONTAINER_OF(message, struct table, stop);
    table->on_stopped(table, table->stop_owner);
}

void table_stop_try(struct table *table)
{
    bool busy = table->save.running || table->creating || table->reap_posted ||
                (table->partition != NULL && !table_put_idle(table));
    if (!table->stopping || busy || table->stop_from == NULL)
        return;
    if (table->version != table->saved_version && table->save.err == ERR_OK) {
        save_start(table);
        return;
    }
    struct loop *to = table->stop_from;
    table->stop_from = NULL;
    timer_stop(&table->save_timer);
    table->stop.on_message = on_stop_answer;
    loop_post(to, &table->stop);
}

static void on_stop(struct message *message)
{
    struct table *table = CONTAINER_OF(message, struct table, stop);
    table->stopping = true;
    table->save.err = ERR_OK; // one more try, whatever the last one said
    table_put_stop(table);
    if (table->partition == NULL && !table->creating)
        table_put_fail(table, ERR_CLOSED);
    table_stop_try(table);
}

void table_stop(struct table *table, void (*on_stopped)(struct table *table, void *owner), void *owner)
{
    table->on_stopped = on_stopped;
    table->stop_owner = owner;
    table->stop_from = loop_current();
    table->stop.on_message = on_stop;
    loop_post(table->loop, &table->stop);
}
