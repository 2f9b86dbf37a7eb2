// SPDX-License-Identifier: Apache-2.0
// Writing pieces of the tail to segment files, on a disk thread. An older segment is synced before the next one is
// written, so that at recovery a hole in a segment that has a successor is damage and not a torn end.
#include "store/impl.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum { WRITE_PARTS_MAX = 64 };

struct write_item *write_set_add(struct write_set *set, struct partition *partition)
{
    if (set->count == set->capacity) {
        uint32_t old = set->capacity;
        set->capacity = old == 0 ? 8 : 2 * old;
        set->items = mem_realloc(set->items, set->capacity * sizeof *set->items);
        memset(&set->items[old], 0, (set->capacity - old) * sizeof *set->items);
    }
    struct write_item *item = &set->items[set->count++];
    struct write_piece *pieces = item->pieces;
    uint32_t capacity = item->piece_capacity;
    *item = (struct write_item){
        .partition = partition, .pieces = pieces, .piece_capacity = capacity, .trim = { .base_offset = -1 }
    };
    return item;
}

void write_set_free(struct write_set *set)
{
    for (uint32_t i = 0; i < set->capacity; i++) {
        if (set->items[i].opened) { // by a job whose end nobody heard
            file_close(set->items[i].file);
            unbuffered_close(set->items[i].unbuffered);
        }
        free(set->items[i].pieces);
    }
    free(set->items);
    staging_free(&set->staging);
    *set = (struct write_set){ 0 };
}

static void item_fail(struct write_item *item, err_t err, const char *step)
{
    item->err = err;
    item->step = step;
}

static bool item_open(struct write_item *item, int64_t segment_base)
{
    char path[PATH_MAX_SIZE];
    segment_path(item->partition->path, segment_base, ".log", path, sizeof path);
    err_t err = item->past_cache ? unbuffered_open(path, &item->unbuffered) : ERR_UNSUPPORTED;
    if (err == ERR_UNSUPPORTED) {
        item->refused = item->past_cache;
        item->past_cache = false;
        err = file_open(path, FILE_WRITE | FILE_CREATE, &item->file);
    }
    if (err != ERR_OK) {
        item->file = NULL;
        item->unbuffered = NULL;
        item_fail(item, err, "open");
        return false;
    }
    item->file_base = segment_base;
    item->opened = true;
    return true;
}

bool flush_is_on(void)
{
#ifdef EDDY_BREAK_FLUSH
    return false;
#else
    return true;
#endif
}

static void item_sync(struct write_item *item)
{
    err_t err = item->file == NULL || !flush_is_on() ? ERR_OK : file_sync(item->file);
    if (err != ERR_OK) // a flush is never tried again, whatever the system says
        item_fail(item, ERR_IO, "flush");
}

// Cuts the zeros behind a segment that will not grow any more.
static void item_trim(struct write_item *item, int64_t segment_base, uint64_t size)
{
    char path[PATH_MAX_SIZE];
    segment_path(item->partition->path, segment_base, ".log", path, sizeof path);
    err_t err = unbuffered_trim(path, size);
    if (err != ERR_OK)
        item_fail(item, err, "cut");
}

// preallocate takes the space of a whole segment when it begins. It is a wish: when the disk is full, the writes that
// follow say so.
static void item_reserve(const struct write_item *item, int64_t segment_base)
{
    char path[PATH_MAX_SIZE];
    struct file *file;
    segment_path(item->partition->path, segment_base, ".log", path, sizeof path);
    err_t err = file_open(path, FILE_WRITE, &file);
    if (err == ERR_OK) {
        err = file_reserve(file, item->reserve_size);
        file_close(file);
    }
    if (err != ERR_OK)
        log_line(LOG_WARN, "the space of a segment is not reserved",
                 LOG_FIELDS(log_text("partition", item->partition->name), log_err(err)));
}

// What a closed segment did not use of that space goes back; its size stays.
static void item_return(struct write_item *item, int64_t segment_base, uint64_t size)
{
    char path[PATH_MAX_SIZE];
    struct file *file;
    segment_path(item->partition->path, segment_base, ".log", path, sizeof path);
    err_t err = file_open(path, FILE_WRITE, &file);
    if (err == ERR_NOT_FOUND)
        return; // retention was faster
    if (err == ERR_OK) {
        err = file_truncate(file, size);
        file_close(file);
    }
    if (err != ERR_OK)
        item_fail(item, err, "cut");
}

static bool item_has_file(const struct write_item *item)
{
    return item->file != NULL || item->unbuffered != NULL;
}

// Makes ready to write to SEGMENT_BASE: leaves the file of an older segment, which ends at END, synced.
static bool item_turn_to(struct write_item *item, int64_t segment_base, uint64_t end, bool sync)
{
    if (item_has_file(item) && item->file_base == segment_base)
        return true;
    if (item_has_file(item)) {
        if (item->reserve_size > 0)
            item_return(item, item->file_base, end);
        if (item->unbuffered != NULL)
            item_trim(item, item->file_base, end);
        else if (sync)
            item_sync(item);
        if (item->opened) {
            file_close(item->file);
            unbuffered_close(item->unbuffered);
        }
        item->file = NULL;
        item->unbuffered = NULL;
        if (item->err != ERR_OK)
            return false;
    }
    return item_open(item, segment_base);
}

static void item_write(struct write_item *item, struct staging *staging, bool sync)
{
    bool created = false;
    uint64_t end = 0;
    for (uint32_t i = 0; i < item->piece_count && item->err == ERR_OK;) {
        const struct write_piece *first = &item->pieces[i];
        bytes_t parts[WRITE_PARTS_MAX];
        size_t count = 0;
        uint64_t position = first->position;
        while (i < item->piece_count && count < WRITE_PARTS_MAX &&
               item->pieces[i].segment_base == first->segment_base) {
            ASSERT(item->pieces[i].position == position);
            parts[count++] = item->pieces[i].bytes;
            position += item->pieces[i++].bytes.size;
        }
        created = created || first->position == 0;
        if (!item_turn_to(item, first->segment_base, end, sync))
            return;
        if (first->position == 0 && item->reserve_size > 0)
            item_reserve(item, first->segment_base);
        end = position;
        err_t err = item->unbuffered != NULL
                        ? unbuffered_write(item->unbuffered, staging, first->position, parts, count)
                        : file_write_at(item->file, first->position, parts, count);
        if (err != ERR_OK)
            item_fail(item, err, "write");
    }
    if (item->err == ERR_OK && item->trim.base_offset >= 0)
        item_trim(item, item->trim.base_offset, item->trim.size);
    if (item->err == ERR_OK && created && item->reserve_size > 0 && item->sealed.base_offset >= 0)
        item_return(item, item->sealed.base_offset, item->sealed.size);
    item->created = created;
    item->wrote = item->err == ERR_OK;
}

static void item_sync_folder(struct write_item *item)
{
    err_t err = flush_is_on() ? dir_sync(item->partition->path) : ERR_OK;
    if (err != ERR_OK)
        item_fail(item, ERR_IO, "flush of the folder");
}

// One call for the whole file system is cheaper than many single ones from about ten files on (notes on flushing).
static void set_sync_all(struct write_set *set)
{
    struct write_item *any = NULL;
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->items[i].err == ERR_OK && set->items[i].file != NULL)
            any = &set->items[i];
    }
    if (any == NULL)
        return;
    err_t err = flush_is_on() ? file_sync_system(any->file) : ERR_OK;
    for (uint32_t i = 0; err != ERR_OK && i < set->count; i++)
        item_fail(&set->items[i], ERR_IO, "flush");
}

void write_set_run(struct write_set *set, bool sync, void (*on_written)(void *owner), void *owner)
{
    uint32_t buffered = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        item_write(&set->items[i], &set->staging, sync);
        buffered += set->items[i].file != NULL ? 1 : 0;
    }
    if (on_written != NULL)
        on_written(owner);
    if (!sync)
        return;
    bool all = buffered > set->sync_all_from;
    if (all)
        set_sync_all(set); // folders too
    for (uint32_t i = 0; i < set->count; i++) {
        struct write_item *item = &set->items[i];
        if (all && item->unbuffered == NULL)
            continue;
        if (item->err == ERR_OK)
            item_sync(item);
        if (item->err == ERR_OK && item->created)
            item_sync_folder(item);
    }
}

err_t write_set_error(const struct write_set *set, const char **ret_path)
{
    err_t worst = ERR_OK;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct write_item *item = &set->items[i];
        if (item->err == ERR_OK || (worst != ERR_OK && item->err == ERR_NO_SPACE))
            continue;
        worst = item->err;
        *ret_path = item->partition->path;
    }
    return worst;
}

static struct segment segment_before(const struct partition *partition, const struct write_item *item)
{
    struct segment before = { .base_offset = -1 };
    for (uint32_t i = 0; i < partition->segment_count && item->piece_count > 0; i++) {
        if (partition->segments[i].base_offset < item->pieces[0].segment_base)
            before = partition->segments[i];
    }
    return before;
}

static struct write_item *item_gather(struct write_set *set, struct partition *partition, const struct place *from,
                                      const struct place *to, uint64_t limit)
{
    struct write_item *item = write_set_add(set, partition);
    tail_gather(partition, from, to, limit, item);
    item->segment = item->to.offset == partition->end ? *partition_active(partition) : partition->durable_segment;
    set->size += item->size;
    if (partition->config.preallocate) {
        item->reserve_size = (uint64_t)partition->config.segment_size;
        item->sealed = segment_before(partition, item);
    }
    return item;
}

struct write_item *write_set_gather_journal(struct write_set *set, struct partition *partition, uint64_t limit)
{
    return item_gather(set, partition, &partition->durable, NULL, limit);
}

// The segment whose file was left longer than it, if it is closed, or ANY.
static struct segment trim_of(struct partition *partition, bool any)
{
    const struct segment *segment = &partition->segments[partition_segment_find(partition, partition->padded_base)];
    if (partition->padded_base >= 0 && segment->base_offset == partition->padded_base &&
        (any || segment != partition_active(partition)))
        return *segment;
    return (struct segment){ .base_offset = -1 };
}

struct write_item *write_set_gather(struct write_set *set, struct partition *partition, const struct place *to,
                                    uint64_t limit, enum write_way way)
{
    struct write_item *item = item_gather(set, partition, &partition->written, to, limit);
    int64_t base = item->piece_count > 0 ? item->pieces[0].segment_base : partition->written.segment_base;
    item->trim = trim_of(partition, way == WRITE_LAST);
    item->past_cache = way == WRITE_PAST_CACHE && !partition->shard->no_direct_io;
    if (item->past_cache) {
        item->handle = files_take(partition->shard, partition, base, OPEN_UNBUFFERED);
        item->unbuffered = item->handle == NULL ? NULL : item->handle->unbuffered;
        item->file_base = base;
        return item;
    }
    item->handle = files_take(partition->shard, partition, base, OPEN_CACHED);
    if (item->handle != NULL && !item->handle->writable) {
        files_give(partition->shard, item->handle);
        files_forget(partition->shard, partition, base, base);
        item->handle = NULL;
    }
    if (item->handle != NULL) {
        item->file = item->handle->file;
        item->file_base = base;
    }
    return item;
}

static void note_padding(const struct write_item *item)
{
    struct partition *partition = item->partition;
    if (item->err != ERR_OK)
        return;
    if (item->trim.base_offset >= 0 && item->trim.base_offset == partition->padded_base)
        partition->padded_base = -1;
    if (item->unbuffered != NULL) {
        partition->padded_base = item->file_base;
        partition->segments[partition_segment_find(partition, item->file_base)].past_cache = true;
    }
    if (item->refused)
        partition->shard->no_direct_io = true;
}

void write_set_done(struct shard *shard, struct write_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct write_item *item = &set->items[i];
        if (item->opened && item->err != ERR_OK) {
            file_close(item->file); // it may be cut or removed
            unbuffered_close(item->unbuffered);
        } else if (item->opened && item->unbuffered != NULL) {
            files_put_unbuffered(shard, item->partition, item->file_base, item->unbuffered);
        } else if (item->opened && item->file != NULL) {
            files_put(shard, item->partition, item->file_base, OPEN_CACHED, item->file, true);
        }
        note_padding(item);
        if (item->handle != NULL)
            files_give(shard, item->handle);
        if (item->piece_capacity > 64) { // one large commit must not keep its memory for ever
            free(item->pieces);
            item->pieces = NULL;
            item->piece_capacity = 0;
        }
        item->file = NULL;
        item->unbuffered = NULL;
        item->handle = NULL;
    }
    set->count = 0;
    set->size = 0;
}
