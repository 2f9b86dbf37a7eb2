// SPDX-License-Identifier: Apache-2.0
#include "store/recover.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/damage.h"
#include "store/epochs.h"
#include "store/index.h"
#include "store/kafka_files.h"
#include "store/open.h"
#include "store/segment_read.h"
#include "store/slot.h"
#include "store/swap.h"

#include <stdlib.h>

enum { SCAN_STEP = 1 << 20, INDEX_READ_MAX = 64 << 20, NAME_DIGITS = 20, REWRITE_MAX = 64 << 20 };

struct recovery {
    struct partition *partition;
    const struct slot_partition *known;
    bool weak;
    int64_t flushed; // up to this offset, says the broker that wrote the folder; -1: nobody says
    struct arena arena;
    int64_t *bases; // of the .log files, rising
    size_t count;
    bool cut;     // a torn end was found: what lies behind never happened
    bool scanned; // the newest segment was read, so that its index may be incomplete
};

// What the walk over one segment is told.
struct scan {
    struct recovery *recovery;
    int64_t next_offset;
    uint64_t index_from; // index entries of batches before this position are in the file
    uint64_t trusted;    // bytes known to be durable
};

static bool parse_base(const char *name, int64_t *ret_base)
{
    size_t length = strlen(name);
    return length == NAME_DIGITS + 4 && strcmp(name + NAME_DIGITS, ".log") == 0 &&
           bytes_to_int64(bytes_of(name, NAME_DIGITS), ret_base) && *ret_base >= 0;
}

static int compare_bases(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static err_t list_segments(struct recovery *recovery)
{
    struct dir_entry *entries;
    size_t count;
    err_t err = swap_finish(recovery->partition->path, &recovery->arena);
    if (err == ERR_OK)
        err = dir_list(recovery->partition->path, &recovery->arena, &entries, &count);
    if (err != ERR_OK)
        return err;
    recovery->bases = arena_array(&recovery->arena, count + 1, sizeof *recovery->bases);
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].is_dir && parse_base(entries[i].name, &recovery->bases[recovery->count]))
            recovery->count++;
    }
    if (recovery->count > 1)
        qsort(recovery->bases, recovery->count, sizeof *recovery->bases, compare_bases);
    return ERR_OK;
}

static err_t remove_segment_files(const struct partition *partition, int64_t base)
{
    static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".snapshot", ".txnindex" };
    for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
        char path[PATH_MAX_SIZE];
        segment_path(partition->path, base, suffixes[i], path, sizeof path);
        err_t err = file_remove(path);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_OK;
}

static bool on_scanned(void *owner, const struct batch_header *header, bytes_t batch, uint64_t position)
{
    struct scan *scan = owner;
    struct partition *partition = scan->recovery->partition;
    struct segment *segment = partition_active(partition);
    // Offsets only grow, and an index holds 31 bits of them: this is not a batch of this segment. (The checksum does
    // not cover the offset.)
    if (header->base_offset < scan->next_offset || batch_last_offset(header) - segment->base_offset > INT32_MAX)
        return false;
    if (position >= scan->index_from)
        index_add_batch(partition, header, position);
    if (position == 0)
        partition->first_timestamp = header->max_timestamp;
    if (header->max_timestamp > segment->max_timestamp) {
        segment->max_timestamp = header->max_timestamp;
        segment->max_timestamp_offset = batch_last_offset(header);
    }
    epochs_note(partition, header->leader_epoch, header->base_offset);
    segment->size = position + batch.size;
    segment->last_offset = batch_last_offset(header);
    scan->next_offset = batch_last_offset(header) + 1;
    return true;
}

// Is there a later segment that holds a valid batch at its start? Then this one was synced to its end.
static err_t has_successor(const struct recovery *recovery, size_t index, bool *ret_has)
{
    *ret_has = false;
    err_t err = ERR_OK;
    for (size_t i = index + 1; i < recovery->count && err == ERR_OK && !*ret_has; i++) {
        struct segment_reader reader = { .folder = recovery->partition->path, .segment_base = recovery->bases[i] };
        uint8_t head[BATCH_HEADER_SIZE];
        size_t got = 0;
        err = segment_reader_open(&reader);
        if (err == ERR_OK)
            err = file_size(reader.file, &reader.end);
        if (err == ERR_OK)
            err = file_read_at(reader.file, 0, head, sizeof head, &got);
        if (err == ERR_OK)
            err = damage_valid_at(&reader, 0, bytes_of(head, got), recovery->bases[i], ret_has);
        file_close(reader.file);
    }
    return err;
}

// A bad place with valid data behind it, further away than the last commit can have reached, is damage to what was
// flushed; anything else is the torn end of what was not.
static err_t is_damage(const struct scan *scan, const struct segment_reader *reader, uint64_t next_valid, size_t index,
                       bool *ret_damage)
{
    uint64_t bad = reader->stopped_at;
    *ret_damage = bad < scan->trusted || scan->next_offset < scan->recovery->flushed;
    if (*ret_damage || scan->recovery->weak)
        return ERR_OK;
    err_t err = has_successor(scan->recovery, index, ret_damage);
    if (err != ERR_OK || *ret_damage || next_valid >= reader->end || reader->end - bad <= COMMIT_SIZE_MAX)
        return err;
    uint64_t far = bad + COMMIT_SIZE_MAX > next_valid ? bad + COMMIT_SIZE_MAX : next_valid;
    uint64_t found;
    int64_t found_offset;
    err = damage_find_valid(reader, far, scan->next_offset, &found, &found_offset);
    *ret_damage = found < reader->end;
    return err;
}

// Are there only zeros from AT to the end of the file?
static err_t is_zero_from(const struct segment_reader *reader, uint64_t at, bool *ret_zero)
{
    struct buf *buf = buf_new(64 << 10);
    err_t err = ERR_OK;
    *ret_zero = true;
    while (at < reader->end && err == ERR_OK && *ret_zero) {
        size_t got = 0, size = reader->end - at < buf->capacity ? (size_t)(reader->end - at) : buf->capacity;
        err = file_read_at(reader->file, at, buf->data, size, &got);
        if (err == ERR_OK && got == 0)
            err = ERR_IO;
        for (size_t i = 0; i < got && *ret_zero; i++)
            *ret_zero = buf->data[i] == 0;
        at += got;
    }
    buf_unref(buf);
    return err;
}

// Segments are written ahead of the log (unbuffered.h, or Kafka's preallocate): zeros behind the last batch are no
// damage where nothing is missing.
static err_t is_padding(const struct scan *scan, const struct segment_reader *reader, size_t index, bool *ret_padding)
{
    const struct recovery *recovery = scan->recovery;
    bool last = index + 1 == recovery->count;
    bool complete = last ? reader->stopped_at >= scan->trusted && scan->next_offset >= recovery->flushed
                         : recovery->bases[index + 1] == scan->next_offset;
    *ret_padding = false;
    return complete ? is_zero_from(reader, reader->stopped_at, ret_padding) : ERR_OK;
}

static err_t cut_torn(struct recovery *recovery, struct segment_reader *reader, uint64_t at)
{
    recovery->cut = true;
#ifdef EDDY_BREAK_TAIL
    (void)at;
    partition_active(recovery->partition)->size = reader->end;
    return ERR_OK;
#else
    log_line(LOG_WARN, "torn end cut",
             LOG_FIELDS(log_text("partition", recovery->partition->name), log_int("segment", reader->segment_base),
                        log_int("at_byte", (int64_t)at), log_int("bytes", (int64_t)(reader->end - at))));
    return file_truncate(reader->file, at);
#endif
}

static err_t scan_file(struct scan *scan, struct segment_reader *reader, size_t index)
{
    struct recovery *recovery = scan->recovery;
    struct segment *segment = partition_active(recovery->partition);
    for (;;) {
        err_t err = segment_reader_walk(reader, 0, on_scanned, scan);
        if (err != ERR_OK && err != ERR_CORRUPT)
            return err;
        uint64_t bad = reader->stopped_at;
        if (bad >= reader->end)
            return ERR_OK;
        uint64_t valid;
        int64_t valid_offset;
        bool damage, padding;
        err = is_padding(scan, reader, index, &padding);
        if (err != ERR_OK)
            return err;
        if (padding)
            return file_truncate(reader->file, bad);
        err = damage_find_valid(reader, bad, scan->next_offset, &valid, &valid_offset);
        if (err == ERR_OK)
            err = is_damage(scan, reader, valid, index, &damage);
        if (err != ERR_OK)
            return err;
        if (!damage)
            return cut_torn(recovery, reader, bad);
        struct quarantine q = { segment->base_offset, bad, valid, scan->next_offset, valid_offset };
        if (valid == reader->end && index + 1 < recovery->count && recovery->bases[index + 1] > q.next_offset)
            q.next_offset = recovery->bases[index + 1];
        quarantine_note(recovery->partition, &q);
        segment->size = valid;
        segment->last_offset = q.next_offset - 1;
        scan->next_offset = q.next_offset;
        reader->start = valid;
        reader->start_known = true;
        if (valid >= reader->end)
            return ERR_OK;
    }
}

// Index files have no CRC: the batch that the last entry names has to be there.
static bool starts_batch(const struct segment_reader *reader, uint64_t position, int64_t offset)
{
    struct batch_header header;
    uint8_t head[BATCH_HEADER_SIZE];
    size_t got;
    bool valid = false;
    bool fine = file_read_at(reader->file, position, head, sizeof head, &got) == ERR_OK &&
                batch_header_read(bytes_of(head, got), &header) == ERR_OK && header.base_offset <= offset &&
                batch_last_offset(&header) == offset &&
                damage_valid_at(reader, position, bytes_of(head, got), header.base_offset, &valid) == ERR_OK;
    return fine && valid;
}

// Entries of the two index files: those of .index that lie below the recovery point, and all valid ones of .timeindex.
struct filed_index {
    struct buf *offsets, *times;
    uint32_t offset_count, time_count;
};

static uint32_t filed_offset(const struct filed_index *filed, uint32_t i)
{
    return get_u32(filed->offsets->data + (size_t)i * INDEX_OFFSET_ENTRY_SIZE);
}

static uint32_t filed_time_offset(const struct filed_index *filed, uint32_t i)
{
    return get_u32(filed->times->data + (size_t)i * INDEX_TIME_ENTRY_SIZE + 8);
}

// The files are not flushed, and each may lose pages of its own. Where .timeindex has fewer entries than the checkpoint
// counted, what it lost is read again from the batches: they begin at the entry of .index that its last one still
// covers.
static void filed_index_cut(struct filed_index *filed, const struct slot_partition *known)
{
    if (known != NULL && filed->offset_count > known->offsets_filed)
        filed->offset_count = known->offsets_filed;
    bool lost = known != NULL && filed->time_count < known->times_filed;
    if (filed->time_count == 0)
        filed->offset_count = 0;
    while (lost && filed->offset_count > 0 &&
           filed_offset(filed, filed->offset_count - 1) > filed_time_offset(filed, filed->time_count - 1))
        filed->offset_count--;
    while (filed->offset_count > 0 && filed->time_count > 0 &&
           filed_time_offset(filed, filed->time_count - 1) > filed_offset(filed, filed->offset_count - 1))
        filed->time_count--;
}

static void trust_filed(struct partition *partition, struct segment_reader *reader, const struct filed_index *filed)
{
    struct segment *segment = partition_active(partition);
    if (filed->offset_count == 0 || filed->time_count == 0)
        return;
    const uint8_t *last = filed->offsets->data + (size_t)(filed->offset_count - 1) * INDEX_OFFSET_ENTRY_SIZE;
    const uint8_t *last_time = filed->times->data + (size_t)(filed->time_count - 1) * INDEX_TIME_ENTRY_SIZE;
    if (!starts_batch(reader, get_u32(last + 4), segment->base_offset + get_u32(last)))
        return;
    segment->max_timestamp = (int64_t)get_u64(last_time);
    segment->max_timestamp_offset = segment->base_offset + get_u32(last_time + 8);
    partition->indexed_timestamp = segment->max_timestamp;
    partition->offsets_filed = partition->index_count = filed->offset_count;
    partition->times_filed = filed->time_count;
    reader->start = get_u32(last + 4);
    reader->start_known = true;
}

// Reads what of the index files can be trusted below the recovery point, so that only the rest is rebuilt. KNOWN says
// how many entries were filed; NULL: the files were flushed.
static void trust_index(struct partition *partition, struct segment_reader *reader, uint64_t trusted,
                        const struct slot_partition *known)
{
    char path[PATH_MAX_SIZE];
    struct filed_index filed = { 0 };
    int64_t base = reader->segment_base;
    if (trusted == 0)
        return;
    segment_path(partition->path, base, ".index", path, sizeof path);
    if (file_read_whole(path, INDEX_READ_MAX, &filed.offsets) != ERR_OK)
        return;
    segment_path(partition->path, base, ".timeindex", path, sizeof path);
    if (file_read_whole(path, INDEX_READ_MAX, &filed.times) == ERR_OK) {
        uint64_t limit = trusted < reader->end ? trusted : reader->end;
        uint64_t offset_limit = known == NULL ? (uint64_t)INT32_MAX : (uint64_t)(known->synced.offset - base);
        filed.offset_count =
            index_valid_offsets(bytes_of(filed.offsets->data, filed.offsets->capacity), limit, INT32_MAX);
        filed.time_count = index_valid_times(bytes_of(filed.times->data, filed.times->capacity), offset_limit);
        filed_index_cut(&filed, known);
        trust_filed(partition, reader, &filed);
        buf_unref(filed.times);
    }
    buf_unref(filed.offsets);
}

// Writes again what was found behind the recovery point: where an earlier flush failed, the system may hold pages as
// clean that never reached the disk, and only bytes that are written again are flushed again. Bounded, because a
// partition that the checkpoint does not know may be a large one that was copied here.
static err_t rewrite(const struct segment_reader *reader, uint64_t from, uint64_t to)
{
    if (to - from > REWRITE_MAX)
        from = to - REWRITE_MAX;
    struct buf *buf = buf_new(SCAN_STEP);
    err_t err = ERR_OK;
    while (from < to && err == ERR_OK) {
        size_t size = to - from < SCAN_STEP ? (size_t)(to - from) : SCAN_STEP;
        err = file_read_at(reader->file, from, buf->data, size, &size);
        bytes_t part = bytes_of(buf->data, size);
        if (err == ERR_OK && size > 0)
            err = file_write_at(reader->file, from, &part, 1);
        if (size == 0)
            break;
        from += size;
    }
    buf_unref(buf);
    return err;
}

// Adds the segment of file number INDEX from what is in it. TRUSTED bytes are known to be durable.
static err_t scan_segment(struct recovery *recovery, size_t index, uint64_t trusted)
{
    struct partition *partition = recovery->partition;
    int64_t base = recovery->bases[index];
    struct segment_reader reader = { .folder = partition->path, .segment_base = base, .step = SCAN_STEP };
    char path[PATH_MAX_SIZE];
    segment_path(partition->path, base, ".log", path, sizeof path);
    err_t err = file_open(path, FILE_WRITE, &reader.file);
    if (err != ERR_OK)
        return err;
    err = file_size(reader.file, &reader.end);
    if (err == ERR_OK) {
        partition_segment_add(partition, base);
        partition->unindexed_size = 0;
        partition->indexed_timestamp = -1;
        bool active = recovery->known != NULL && base == recovery->known->synced.segment_base;
        partition->first_timestamp = trusted > 0 && active ? recovery->known->first_timestamp : -1;
        reader.start_known = true;
        trust_index(partition, &reader, trusted, active ? recovery->known : NULL);
        struct scan scan = { recovery, base, reader.start == 0 ? 0 : reader.start + 1, trusted };
        err = scan_file(&scan, &reader, index);
        if (err == ERR_OK && partition_active(partition)->size > trusted)
            err = rewrite(&reader, trusted, partition_active(partition)->size);
        open_note_unsynced(partition->store);
    }
    file_close(reader.file);
    return err;
}

static const struct segment *known_segment(const struct recovery *recovery, int64_t base)
{
    for (uint32_t i = 0; recovery->known != NULL && i < recovery->known->segment_count; i++) {
        if (recovery->known->segments[i].base_offset == base)
            return &recovery->known->segments[i];
    }
    return NULL;
}

// Closed before the recovery point and of the same size: taken as it is known.
static bool adopt_known(struct recovery *recovery, size_t index)
{
    int64_t base = recovery->bases[index];
    const struct segment *known = known_segment(recovery, base);
    if (known == NULL || base >= recovery->known->synced.segment_base)
        return false;
    // Another successor: since the checkpoint the file was replaced by one for it and those behind it, of any size.
    int64_t next = index + 1 < recovery->count ? recovery->bases[index + 1] : recovery->known->synced.segment_base;
    if (next != known[1].base_offset)
        return false;
    char path[PATH_MAX_SIZE];
    segment_path(recovery->partition->path, base, ".log", path, sizeof path);
    struct file *file;
    uint64_t size = 0;
    if (file_open(path, 0, &file) != ERR_OK)
        return false;
    err_t err = file_size(file, &size);
    file_close(file);
    if (err != ERR_OK || size != known->size)
        return false;
    partition_segment_add(recovery->partition, base);
    *partition_active(recovery->partition) = *known;
    recovery->scanned = false;
    return true;
}

// A file whose offsets were given again: of an append that failed for want of space and whose removal a power loss
// undid, or one that came from elsewhere. Nobody knows which, so it is kept under another name.
static err_t set_aside(const struct partition *partition, int64_t base)
{
    char path[PATH_MAX_SIZE], to[PATH_MAX_SIZE];
    segment_path(partition->path, base, ".log", path, sizeof path);
    segment_path(partition->path, base, ".log.stray", to, sizeof to);
    log_line(LOG_ERROR, "segment set aside: its offsets were given again", LOG_FIELDS(log_text("path", to)));
    return file_rename(path, to);
}

// In the weaker modes a segment is begun before the one before it is flushed: a power loss may take the end of that, at
// the end of a batch, and leave this. Up to the recovery point everything is there, and compaction may have left holes.
static bool follows_hole(const struct recovery *recovery, int64_t base)
{
    const struct partition *partition = recovery->partition;
    if (!recovery->weak || recovery->known == NULL || base <= recovery->known->synced.segment_base)
        return false;
    bool any = partition->segment_count > 0;
    int64_t end = any ? partition->segments[partition->segment_count - 1].last_offset + 1 : 0;
    return base > (end > recovery->known->synced.offset ? end : recovery->known->synced.offset);
}

static err_t recover_segment(struct recovery *recovery, size_t index)
{
    struct partition *partition = recovery->partition;
    int64_t base = recovery->bases[index];
    bool below = index + 1 < recovery->count && recovery->bases[index + 1] <= partition->log_start;
    if (!recovery->cut && follows_hole(recovery, base)) {
        log_line(LOG_WARN, "segment behind a torn end cut",
                 LOG_FIELDS(log_text("partition", partition->name), log_int("segment", base)));
        recovery->cut = true;
    }
    if (recovery->cut || below)
        return remove_segment_files(partition, base);
    if (partition->segment_count > 0 && base <= partition_active(partition)->last_offset)
        return set_aside(partition, base);
    if (adopt_known(recovery, index))
        return ERR_OK;
    if (recovery->scanned)
        index_close_segment(partition);
    recovery->scanned = true;
    // Closed before the recovery point, but not as it was: all of it had been flushed.
    uint64_t trusted = known_segment(recovery, base) == NULL ? 0 : UINT64_MAX;
    if (recovery->known != NULL && base == recovery->known->synced.segment_base)
        trusted = recovery->known->synced.position;
    err_t err = scan_segment(recovery, index, trusted);
    // The index of a closed segment is written at once: recovery of a large log must not hold all of them in memory.
    while (err == ERR_OK && partition->index != NULL && partition->index->closed) {
        struct index_pending *pending = partition->index;
        err = index_write(partition->path, pending);
        partition->index = pending->next;
        index_pending_free(pending);
    }
    return err;
}

// No segment holds the end that is known to have been reached: offsets must not be given out twice.
static void keep_end(struct recovery *recovery)
{
    struct partition *partition = recovery->partition;
    int64_t known_end = recovery->known == NULL ? partition->log_start : recovery->known->synced.offset;
    if (recovery->flushed > known_end)
        known_end = recovery->flushed;
    if (partition->segment_count == 0) {
        partition_segment_add(partition, known_end);
        return;
    }
    int64_t end = partition_active(partition)->last_offset + 1;
    if (end >= known_end)
        return;
    bool gone = recovery->flushed > end || (recovery->known != NULL && recovery->known->synced.position > 0);
    if (gone) {
        struct segment *segment = partition_active(partition);
        quarantine_end(partition, segment, known_end);
        log_line(LOG_ERROR, "flushed data is missing",
                 LOG_FIELDS(log_text("partition", partition->name), log_int("from_offset", end),
                            log_int("to_offset", known_end)));
        segment->last_offset = known_end - 1;
    }
    if (partition_active(partition)->size > 0 || partition_active(partition)->base_offset < known_end) {
        if (recovery->scanned)
            index_close_segment(partition);
        partition_segment_add(partition, known_end);
        partition->unindexed_size = 0;
        partition->indexed_timestamp = -1;
        partition->first_timestamp = -1;
    }
}

static void set_places(struct partition *partition)
{
    const struct segment *active = partition_active(partition);
    partition->end = active->last_offset + 1;
    partition->durable = (struct place){ partition->end, active->base_offset, active->size };
    partition->written = partition->synced = partition->durable;
    partition->durable_segment = *active;
    partition->settled_base = active->base_offset;
    if (partition->log_start < partition->segments[0].base_offset)
        partition->log_start = partition->segments[0].base_offset;
    if (partition->log_start > partition->end)
        partition->log_start = partition->end;
    epochs_cut(partition, partition->end);
}

static void restore_known(struct partition *partition, const struct slot_partition *known, bool clean)
{
    partition->log_start = known->log_start;
    partition->snapshot_offset = known->snapshot_offset;
    partition->epoch_count = known->epoch_count;
    partition->epochs = mem_alloc((known->epoch_count + 1) * sizeof *known->epochs);
    if (known->epoch_count > 0)
        memcpy(partition->epochs, known->epochs, known->epoch_count * sizeof *known->epochs);
    for (uint32_t i = 0; i < known->quarantine_count; i++) {
        const struct quarantine *q = &known->quarantines[i];
        if (clean || q->segment_base < known->synced.segment_base || q->to <= known->synced.position)
            quarantine_restore(partition, q);
    }
    if (!clean)
        return;
    partition->segments = mem_alloc((known->segment_count + 1) * sizeof *known->segments);
    partition->segment_capacity = known->segment_count + 1;
    memcpy(partition->segments, known->segments, known->segment_count * sizeof *known->segments);
    partition->segment_count = known->segment_count;
    partition->first_timestamp = known->first_timestamp;
    partition->indexed_timestamp = known->indexed_timestamp;
    partition->unindexed_size = known->unindexed_size;
    partition->offsets_filed = known->offsets_filed;
    partition->times_filed = known->times_filed;
    partition->index_count = known->offsets_filed;
}

// Producer snapshots may run ahead of what was durable: those behind the end speak of batches that never happened.
static err_t remove_snapshots(struct partition *partition, struct arena *arena)
{
    struct dir_entry *entries;
    size_t count;
    err_t err = dir_list(partition->path, arena, &entries, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        int64_t offset;
        if (strlen(entries[i].name) == NAME_DIGITS + sizeof ".snapshot" - 1 &&
            strcmp(entries[i].name + NAME_DIGITS, ".snapshot") == 0 &&
            bytes_to_int64(bytes_of(entries[i].name, NAME_DIGITS), &offset) && offset > partition->end)
            err = file_remove(arena_format(arena, "%s/%s", partition->path, entries[i].name));
    }
    if (partition->snapshot_offset > partition->end)
        partition->snapshot_offset = -1;
    return err;
}

err_t recover_partition(struct partition *partition, const struct slot_partition *known, bool clean, bool weak,
                        diag_t *diag)
{
    if (known != NULL)
        restore_known(partition, known, clean && known->segment_count > 0);
    if (partition->segment_count > 0) {
        set_places(partition);
        return ERR_OK;
    }
    struct recovery recovery = {
        .partition = partition, .known = known, .weak = weak, .flushed = -1, .arena = ARENA_INIT
    };
    if (!partition->store->open_state->slot.found)
        recovery.flushed = kafka_files_offset(partition, KAFKA_RECOVERY_POINT);
    err_t err = list_segments(&recovery);
    for (size_t i = 0; i < recovery.count && err == ERR_OK; i++)
        err = recover_segment(&recovery, i);
    if (err == ERR_OK) {
        keep_end(&recovery);
        set_places(partition);
        err = remove_snapshots(partition, &recovery.arena);
    }
    arena_free(&recovery.arena);
    return err == ERR_OK ? ERR_OK : diag_fail(diag, err, partition->path, "cannot be recovered: %s", err_text(err));
}
