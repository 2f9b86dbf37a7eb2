// SPDX-License-Identifier: Apache-2.0
// Bits rot in what was flushed: in closed and in the active segment, in index files, in producer snapshots. After the
// next start the damaged batches, and only they, are answered with ERR_CORRUPT, nothing that was flushed is cut away,
// and the log goes on behind its end. `damage_sim --seeds 1..300 [--verbose]`.
#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/sim/sim.h"
#include "store/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BATCHES_MAX = 400,
    FILES_MAX = 200,
    WHOLE_MAX = 8 << 20,
    PATIENCE_MS = 60000, // virtual
    PRODUCER = 7,
};

struct sent {
    int64_t offset, next_offset;
    int64_t timestamp;
    uint32_t crc;
    size_t size;
    int32_t sequence;
    bool damaged;
};

struct kept_file {
    char path[256];
    struct buf *bytes;
};

struct run {
    uint64_t seed;
    struct sim *sim;
    struct store *store;
    struct store_options options;
    struct topic_config config;
    struct loop *loop;
    struct partition *partition;
    struct sent sent[BATCHES_MAX];
    size_t sent_count;
    size_t flushed_count; // of them before the last clean stop
    int32_t next_sequence;
    bool done, drained;
    struct kept_file files[FILES_MAX];
    size_t file_count;
    unsigned flips, damaged;
    const char *wrong;
    int64_t wrong_at;
};
static struct run *the_run; // store_part has no owner
static unsigned damage_lines;

static uint64_t choose(struct run *run, uint64_t bound)
{
    return sim_choose(run->sim, bound);
}

static void judge(struct run *run, bool fine, const char *wrong, int64_t at)
{
    if (fine || run->wrong != NULL)
        return;
    run->wrong = wrong;
    run->wrong_at = at;
}

// --- the store

static err_t part_open(struct store *store, diag_t *diag)
{
    struct partition_spec spec = {
        .topic = BYTES_LITERAL("orders"), .number = 0, .config = &the_run->config, .id = { { 1, 2, 3 } }
    };
    return partition_open(store, &spec, &the_run->partition, diag);
}

static const struct store_part part = { .open = part_open };

static void open_store(struct run *run)
{
    unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    disk_start(threads);
    run->loop = loop_new(0);
    diag_t diag = { 0 };
    err_t err = store_core_open(&run->options, &run->loop, 1, &part, &run->store, &diag);
    judge(run, err == ERR_OK, "the store does not open", err);
    if (err == ERR_OK)
        loop_start_thread(run->loop);
    else
        run->store = NULL;
}

static void close_store(struct run *run)
{
    store_free(run->store);
    run->store = NULL;
    disk_stop();
    loop_free(run->loop);
}

static bool is_done(void *owner)
{
    return ((struct run *)owner)->done;
}

static void wait_done(struct run *run)
{
    enum sim_end end = sim_run(run->sim, (struct sim_until){ .done = is_done, .owner = run, .time_ms = PATIENCE_MS });
    judge(run, end == SIM_DONE, "an operation does not end", 0);
    run->done = false;
}

static void on_done(struct log_op *op)
{
    (void)op;
    the_run->done = true;
}

static void on_stopped(void *owner, err_t err)
{
    struct run *run = owner;
    judge(run, err == ERR_OK, "the stop failed", err);
    run->done = true;
}

static void stop(struct run *run)
{
    store_stop(run->store, on_stopped, run);
    wait_done(run);
    loop_stop(run->loop);
    loop_join(run->loop);
    close_store(run);
    run->flushed_count = run->sent_count;
}

static void crash(struct run *run)
{
    if (choose(run, 2) == 0)
        sim_power_loss(run->sim);
    else
        sim_kill(run->sim);
    close_store(run);
    sim_restart(run->sim);
}

// --- writing and reading

static err_t append_sent(struct run *run, struct sent *sent, int32_t count)
{
    struct batch_options options = BATCH_PLAIN;
    options.producer_id = PRODUCER;
    options.producer_epoch = 0;
    options.base_sequence = sent->sequence;
    struct batch_builder builder;
    batch_builder_init(&builder, options);
    uint8_t value[2000];
    size_t size = 1 + (size_t)(sent->sequence * 37 % 1900);
    memset(value, sent->sequence & 0xff, sizeof value);
    for (int32_t i = 0; i < count; i++)
        batch_builder_add(&builder, BYTES_NULL, bytes_of(value, size), NULL, 0, sent->timestamp);
    struct append_op op = { .op = { .partition = run->partition, .on_done = on_done }, .ack = APPEND_FLUSHED };
    err_t err = batch_builder_finish(&builder, &op.batch);
    judge(run, err == ERR_OK, "a batch cannot be built", err);
    sent->crc = get_u32(op.batch.bytes.data + BATCH_CRC_AT);
    sent->size = op.batch.bytes.size;
    log_append(&op);
    wait_done(run);
    if (op.op.err == ERR_OK) {
        sent->offset = op.base_offset;
        sent->next_offset = op.base_offset + count;
    } else if (op.op.err == ERR_DUPLICATE) {
        judge(run, sent->offset == op.base_offset, "a duplicate has another offset", op.base_offset);
    }
    return op.op.err;
}

static void append(struct run *run)
{
    struct sent *sent = &run->sent[run->sent_count];
    int32_t count = 1 + (int32_t)choose(run, 3);
    *sent = (struct sent){ .sequence = run->next_sequence, .timestamp = clock_wall_ms() };
    int64_t expected = run->sent_count == 0 ? 0 : sent[-1].next_offset;
    err_t err = append_sent(run, sent, count);
    judge(run, err == ERR_OK, "an append fails", err);
    judge(run, sent->offset == expected, "the log does not go on at its end", sent->offset);
    run->next_sequence += count;
    run->sent_count++;
}

static void work(struct run *run, unsigned count)
{
    for (unsigned i = 0; i < count && run->sent_count < BATCHES_MAX && run->wrong == NULL; i++) {
        append(run);
        if (choose(run, 20) == 0)
            sim_run_ms(run->sim, 1 + (int64_t)choose(run, 300));
    }
}

// The batch that holds OFFSET.
static const struct sent *sent_at(const struct run *run, int64_t offset)
{
    for (size_t i = 0; i < run->sent_count; i++) {
        if (run->sent[i].next_offset > offset)
            return &run->sent[i];
    }
    return NULL;
}

// Compares what a read from OFFSET gave with what was sent; returns where to go on.
static int64_t judge_slices(struct run *run, struct read_op *read)
{
    int64_t next = read->offset;
    for (size_t i = 0; i < read->slice_count; i++) {
        struct batch_walk walk = batch_walk_of(read->slices[i].bytes);
        struct batch_header header;
        bytes_t batch;
        while (batch_walk_next(&walk, &header, &batch)) {
            const struct sent *sent = sent_at(run, next);
            bool same = sent != NULL && header.base_offset == sent->offset && header.crc == sent->crc &&
                        batch.size == sent->size;
            judge(run, same && batch_check(batch, BATCH_FROM_DISK, &header, NULL) == ERR_OK,
                  "what is served is not what was sent", next);
            next = batch_last_offset(&header) + 1;
        }
        slice_free(&read->slices[i]);
    }
    return next;
}

static struct read_op read_at(struct run *run, int64_t offset)
{
    struct read_op read = { .op = { .partition = run->partition, .on_done = on_done }, .offset = offset };
    read.max_size = 1 + choose(run, 20000);
    read.at_least_one = true;
    read.current_leader_epoch = -1;
    log_read(&read);
    wait_done(run);
    return read;
}

static void look(struct run *run, bool in_order)
{
    int64_t end = run->sent[run->sent_count - 1].next_offset, offset = 0;
    unsigned reads = 0;
    while (run->wrong == NULL && (in_order ? offset < end : reads++ < 30)) {
        if (!in_order)
            offset = (int64_t)choose(run, (uint64_t)end);
        const struct sent *sent = sent_at(run, offset);
        struct read_op read = read_at(run, offset);
        judge(run, read.high_watermark == end, "the end of the log has moved", read.high_watermark);
        judge(run, read.log_start_offset == 0, "the start of the log has moved", read.log_start_offset);
        if (sent->damaged) {
            judge(run, read.op.err == ERR_CORRUPT, "a damaged place is not answered as that", offset);
            offset = sent->next_offset;
            continue;
        }
        judge(run, read.op.err == ERR_OK, "a batch that is whole cannot be read", offset);
        int64_t next = judge_slices(run, &read);
        judge(run, next > offset, "a read does not get on", offset);
        offset = next;
    }
}

static void look_by_time(struct run *run)
{
    const struct sent *sent = &run->sent[choose(run, run->sent_count)];
    struct offset_op find = { .op = { .partition = run->partition, .on_done = on_done }, .timestamp = sent->timestamp };
    log_find_offset(&find);
    wait_done(run);
    judge(run, find.op.err == ERR_OK, "a time cannot be looked up", find.op.err);
}

// --- damage

static struct buf *whole(struct run *run, const char *path)
{
    struct buf *buf = NULL;
    err_t err = file_read_whole(path, WHOLE_MAX, &buf);
    judge(run, err == ERR_OK, "a file is gone", 0);
    return buf;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name), size = strlen(suffix);
    return length >= size && strcmp(name + length - size, suffix) == 0;
}

// Marks the batch that is hit. Not hit are bytes that no CRC covers and that say nothing false about the rest (offset,
// leader epoch), nor the last batch and what came after the last clean stop: the end of a log may be torn.
static bool may_flip(struct run *run, bytes_t bytes, size_t at)
{
    struct batch_walk walk = batch_walk_of(bytes);
    struct batch_header header;
    bytes_t batch;
    while (batch_walk_next(&walk, &header, &batch)) {
        size_t begin = (size_t)(batch.data - bytes.data);
        if (at >= begin + batch.size)
            continue;
        struct sent *sent = NULL;
        for (size_t i = 0; i + 1 < run->flushed_count && sent == NULL; i++)
            sent = run->sent[i].offset == header.base_offset ? &run->sent[i] : NULL;
        if (sent == NULL || at < begin + 8 || (at >= begin + 12 && at < begin + 16))
            return false;
        run->damaged += !sent->damaged;
        sent->damaged = true;
        return true;
    }
    return false;
}

static void flip(struct run *run, const char *path)
{
    struct buf *buf = whole(run, path);
    if (buf == NULL || buf->capacity == 0) {
        buf_unref(buf);
        return;
    }
    size_t at = (size_t)choose(run, buf->capacity);
    size_t size = choose(run, 3) == 0 ? 1 + (size_t)choose(run, 3000) : 1;
    // All places are found in the file as it was.
    struct buf *old = buf_copy(bytes_of(buf->data, buf->capacity));
    bool log = ends_with(path, ".log");
    unsigned flips = 0;
    for (size_t i = at; i < at + size && i < buf->capacity; i++) {
        if (log && !may_flip(run, bytes_of(old->data, buf->capacity), i))
            continue;
        buf->data[i] ^= (uint8_t)(1U << choose(run, 8));
        flips++;
    }
    bytes_t part_bytes = bytes_of(buf->data, buf->capacity);
    struct file *file;
    err_t err = file_open(path, FILE_WRITE, &file);
    if (err == ERR_OK) {
        err = file_write_at(file, 0, &part_bytes, 1);
        if (err == ERR_OK)
            err = file_sync(file);
        file_close(file);
    }
    judge(run, err == ERR_OK, "a file cannot be damaged", err);
    run->flips += flips;
    buf_unref(old);
    buf_unref(buf);
}

static void rot(struct run *run)
{
    static const char folder[] = "data/orders-0";
    static const char *const suffixes[] = { ".log", ".log", ".log", ".index", ".timeindex", ".snapshot" };
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    err_t err = dir_list(folder, &arena, &entries, &count);
    judge(run, err == ERR_OK, "the folder is gone", err);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        const char *suffix = suffixes[choose(run, ARRAY_COUNT(suffixes))];
        const char *path = arena_format(&arena, "%s/%s", folder, entries[i].name);
        if (choose(run, 3) == 0 && ends_with(entries[i].name, suffix))
            flip(run, path);
    }
    // What the log files hold now must be there later.
    for (size_t i = 0; err == ERR_OK && i < count && run->file_count < FILES_MAX; i++) {
        if (!ends_with(entries[i].name, ".log"))
            continue;
        struct kept_file *kept = &run->files[run->file_count++];
        snprintf(kept->path, sizeof kept->path, "%s/%s", folder, entries[i].name);
        kept->bytes = whole(run, kept->path);
    }
    arena_free(&arena);
}

// Zeros at the end of a file are no log: files are written ahead.
static size_t size_without_padding(const struct buf *buf)
{
    size_t size = buf->capacity;
    while (size > 0 && buf->data[size - 1] == 0)
        size--;
    return size;
}

static void look_at_files(struct run *run)
{
    for (size_t i = 0; i < run->file_count && run->wrong == NULL; i++) {
        const struct buf *then = run->files[i].bytes;
        size_t size = size_without_padding(then);
        struct buf *now = whole(run, run->files[i].path);
        judge(run, now != NULL && now->capacity >= size && memcmp(now->data, then->data, size) == 0,
              "bytes of the log were changed or cut", (int64_t)i);
        buf_unref(now);
    }
}

static void forget_files(struct run *run)
{
    while (run->file_count > 0)
        buf_unref(run->files[--run->file_count].bytes);
}

// --- a run

static struct run *run_new(uint64_t seed)
{
    struct run *run = mem_zalloc(1, sizeof *run);
    the_run = run;
    run->seed = seed;
    damage_lines = 0;
    run->sim = sim_new(seed, NULL);
    run->config = (struct topic_config){
        .cleanup = CLEANUP_DELETE,
        .retention_ms = -1,
        .retention_size = -1,
        .segment_size = 4000 + (int64_t)choose(run, 60000),
        .segment_ms = INT64_MAX,
        .index_interval_size = 200 + (int64_t)choose(run, 4000),
        .segment_index_size = 10 << 20,
        .max_message_size = 64 << 10,
        .timestamp_before_max_ms = INT64_MAX,
        .timestamp_after_max_ms = INT64_MAX,
    };
    run->options = (struct store_options){
        .folder = "data",
        .flush = FLUSH_COMMIT,
        .flush_interval_ms = 20,
        .memory_size = 64 << 10,
        .direct_flush_size = 500,
        .direct_io = true,
        .direct_read_size = 1000,
        .checkpoint_interval_ms = 10 + (int64_t)choose(run, 200),
        .retention_interval_ms = 1000,
        .producer_expiration_ms = 24 * 60 * 60 * 1000,
        .open_segments = 8,
        .topic_defaults = run->config,
    };
    return run;
}

static bool run_seed(uint64_t seed, bool verbose, unsigned *damaged)
{
    struct run *run = run_new(seed);
    unsigned rounds = 1 + (unsigned)choose(run, 3);
    open_store(run);
    work(run, 20 + (unsigned)choose(run, 80));
    stop(run);
    for (unsigned round = 0; round < rounds && run->wrong == NULL; round++) {
        if (choose(run, 2) == 0) { // the active segment goes on behind the recovery point
            open_store(run);
            work(run, 1 + (unsigned)choose(run, 30));
            crash(run);
        }
        rot(run);
        open_store(run);
        if (run->wrong != NULL)
            break;
        // The state of producers survives, from an older snapshot or from the log.
        struct sent last = run->sent[run->sent_count - 1];
        err_t err = append_sent(run, &last, (int32_t)(last.next_offset - last.offset));
        judge(run, err == ERR_DUPLICATE, "what the last producer sent is not known", err);
        look(run, choose(run, 2) == 0);
        look(run, false);
        look_by_time(run);
        work(run, (unsigned)choose(run, 20));
        look(run, true);
        judge(run, run->damaged == 0 || damage_lines > 0, "damage was not reported", 0);
        look_at_files(run);
        forget_files(run);
        if (run->wrong == NULL)
            stop(run);
    }
    if (run->wrong != NULL || verbose)
        printf("seed %" PRIu64 ": %s at %" PRId64 " (%zu batches, %u damaged, %u bytes)\n", seed,
               run->wrong == NULL ? "fine" : run->wrong, run->wrong_at, run->sent_count, run->damaged, run->flips);
    *damaged += run->damaged;
    bool fine = run->wrong == NULL;
    if (run->store != NULL) {
        sim_kill(run->sim);
        close_store(run);
    }
    forget_files(run);
    sim_free(run->sim);
    free(run);
    return fine;
}

static void take_line(void *context, enum log_level level, bytes_t line)
{
    (void)level;
    static const char words[] = "damaged data set aside";
    for (size_t i = 0; i + sizeof words - 1 <= line.size; i++)
        damage_lines += memcmp(line.data + i, words, sizeof words - 1) == 0;
    if (context != NULL)
        fwrite(line.data, 1, line.size, stdout);
}

static int64_t now_ms(void *context)
{
    (void)context;
    return clock_wall_ms();
}

int main(int argc, char **argv)
{
    uint64_t from = 1, to = 100;
    unsigned damaged = 0;
    bool verbose = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc &&
                 sscanf(argv[i + 1], "%" SCNu64 "..%" SCNu64, &from, &to) == 2)
            i++;
        else {
            printf("usage: damage_sim [--seeds FROM..TO] [--verbose]\n");
            return 2;
        }
    }
    log_start(&(struct log_config){ LOG_INFO, LOG_AS_TEXT, take_line, now_ms, verbose ? stdout : NULL, 0, false });
    for (uint64_t seed = from; seed <= to; seed++) {
        if (!run_seed(seed, verbose, &damaged))
            return 1;
    }
    printf("%" PRIu64 " seeds with %u damaged batches are fine\n", to - from + 1, damaged);
    return damaged > 0 ? 0 : 1;
}
