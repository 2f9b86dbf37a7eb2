// SPDX-License-Identifier: Apache-2.0
// Opening a damaged data folder. A good one is made once per process by the program itself: closed in order, killed
// with frames in the journal, or killed without a journal (bits 0 and 1 of the input's first byte). The rest of the
// input is a list of changes to its files; bit 2 makes the checksums of what was changed right again. Then the store
// must open, or refuse with an error and a sentence. If it opens, every log can be read from start to end, takes an
// append, and is the same after a stop and a start.
#include "base/assert.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "store_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BASE_CLEAN,
    BASE_KILLED,
    BASE_NO_JOURNAL,
    BASE_COUNT,
    MUTATIONS_MAX = 16,
    DAMAGED_PLACES_MAX = 40, // offsets tried one after the other in a damaged place
    READ_SIZE = 3000,
    FIX_CHECKSUMS = 4,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct folder_image bases[BASE_COUNT];

// --- the good folders

static struct slice batch_make(unsigned number, enum codec codec, int64_t producer_id, int32_t sequence)
{
    struct batch_builder builder;
    bool has_producer = producer_id >= 0;
    batch_builder_init(&builder,
                       (struct batch_options){ .codec = codec,
                                               .producer_id = producer_id,
                                               .producer_epoch = has_producer ? 0 : BATCH_NO_PRODUCER_EPOCH,
                                               .base_sequence = has_producer ? sequence : BATCH_NO_SEQUENCE });
    for (unsigned i = 0; i < 2; i++) {
        char key[16], value[120];
        snprintf(key, sizeof key, "key-%u", (number + i) % 5);
        memset(value, 'a' + (int)(number % 26), sizeof value);
        batch_builder_add(&builder, bytes_of(key, strlen(key)), bytes_of(value, sizeof value), NULL, 0,
                          1767225600000 + number * 10 + i);
    }
    struct slice batch;
    ASSERT(batch_builder_finish(&builder, &batch) == ERR_OK);
    return batch;
}

// One commit: a batch for each partition that is not the store's own.
static void append_all(struct store_world *world, unsigned number)
{
    struct append_op ops[WORLD_PARTITIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < world->partition_count; i++) {
        if (world->internal[i])
            continue;
        ops[count] = (struct append_op){ .op.partition = world->partitions[i],
                                         .batch = batch_make(number, (enum codec)(number % CODEC_COUNT),
                                                             i % 2 == 0 ? 1000 : -1, (int32_t)number * 2),
                                         .ack = APPEND_FLUSHED };
        world_append_begin(world, &ops[count++]);
    }
    world_append_end(world, ops, count);
}

static void open_good(struct store_world *world, bool has_journal)
{
    diag_t diag;
    ASSERT(world_open(world, has_journal, &diag) == ERR_OK);
}

// Rounds of appends; the first ones are closed in order, so that there are snapshots, and segments behind the last
// checkpoint.
static void make_base(struct folder_image *image, bool has_journal, bool kill)
{
    struct store_world world;
    world_begin(&world, NULL);
    open_good(&world, has_journal);
    world_create(&world, "orders", 3, false);
    world_create(&world, "latest", 1, true);
    world_list(&world);
    unsigned number = 0;
    for (; number < 20; number++)
        append_all(&world, number);
    ASSERT(world_stop(&world) == ERR_OK);
    if (kill) {
        open_good(&world, has_journal);
        world_create(&world, "late", 1, false);
        world_list(&world);
        // The topic that came late has its own numbers, which a producer does not mind.
        append_all(&world, number++);
        append_all(&world, number++);
        append_all(&world, number++);
        world_drop(&world);
    }
    image_take(image, WORLD_FOLDER);
    world_end(&world);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    make_base(&bases[BASE_CLEAN], true, false);
    make_base(&bases[BASE_KILLED], true, true);
    make_base(&bases[BASE_NO_JOURNAL], false, true);
    return 0;
}

// --- damage

static bool pick_file(const struct folder_image *image, struct reader *input, size_t *ret_file)
{
    *ret_file = reader_u8(input) % image->count;
    return !image->files[*ret_file].is_folder;
}

static size_t pick_place(const struct buf *content, struct reader *input)
{
    return reader_u16(input) % (content->capacity + 1);
}

static void overwrite(struct folder_image *image, struct reader *input)
{
    size_t file;
    if (!pick_file(image, input, &file))
        return;
    size_t at = pick_place(image->files[file].content, input);
    bytes_t bytes = reader_bytes(input, reader_u8(input) % 64);
    size_t left = image->files[file].content->capacity - at;
    if (bytes.size > 0)
        memcpy(image_own(image, file) + at, bytes.data, bytes.size < left ? bytes.size : left);
}

static void flip_bit(struct folder_image *image, struct reader *input)
{
    size_t file;
    if (!pick_file(image, input, &file))
        return;
    size_t at = pick_place(image->files[file].content, input);
    unsigned bit = reader_u8(input) % 8;
    if (at < image->files[file].content->capacity)
        image_own(image, file)[at] ^= (uint8_t)(1U << bit);
}

static void cut(struct folder_image *image, struct reader *input)
{
    size_t file;
    if (pick_file(image, input, &file))
        image_resize(image, file, pick_place(image->files[file].content, input));
}

static void extend(struct folder_image *image, struct reader *input)
{
    size_t file;
    if (!pick_file(image, input, &file))
        return;
    size_t size = image->files[file].content->capacity;
    uint8_t fill = reader_u8(input);
    size_t more = reader_u16(input) % 6000U;
    image_resize(image, file, size + more);
    memset(image->files[file].content->data + size, fill, more);
}

// Appends what lies behind a place once more: a batch or a row that is there twice.
static void repeat(struct folder_image *image, struct reader *input)
{
    size_t file;
    if (!pick_file(image, input, &file))
        return;
    size_t at = pick_place(image->files[file].content, input);
    size_t size = image->files[file].content->capacity;
    image_resize(image, file, size + (size - at));
    memcpy(image->files[file].content->data + size, image->files[file].content->data + at, size - at);
}

static void replace(struct folder_image *image, struct reader *input)
{
    size_t file;
    if (pick_file(image, input, &file))
        image_set(image, file, reader_bytes(input, reader_left(input)));
}

static void copy_over(struct folder_image *image, struct reader *input)
{
    size_t from, to;
    if (pick_file(image, input, &from) && pick_file(image, input, &to))
        image_set(image, to, bytes_of(image->files[from].content->data, image->files[from].content->capacity));
}

static void swap(struct folder_image *image, struct reader *input)
{
    size_t a, b;
    if (!pick_file(image, input, &a) || !pick_file(image, input, &b))
        return;
    struct buf *content = image->files[a].content;
    image->files[a].content = image->files[b].content;
    image->files[b].content = content;
}

static void delete (struct folder_image *image, struct reader *input)
{
    size_t file = reader_u8(input) % image->count;
    if (file > 0) // never all
        image_remove(image, file);
}

// A file of another name with the content of one that is there: half of a compaction, another segment, another
// checkpoint.
static void add(struct folder_image *image, struct reader *input)
{
    static const char *const folders[] = { "", "orders-0/", "orders-1/", "latest-0/", "__eddy_topics-0/", "late-0/" };
    static const char *const suffixes[] = { ".log",
                                            ".index",
                                            ".timeindex",
                                            ".snapshot",
                                            ".log.cleaned",
                                            ".txnindex",
                                            ".swap",
                                            ".log.0.swap",
                                            "",
                                            "-delete",
                                            ".log.00000000000000000018.swap" };
    static const char *const names[] = { "checkpoint-0",       "checkpoint-1", "journal",
                                         "table.snapshot",     "format",       "leader-epoch-checkpoint",
                                         "partition.metadata", "orders-7" };
    size_t file;
    if (!pick_file(image, input, &file))
        return;
    const char *folder = folders[reader_u8(input) % ARRAY_COUNT(folders)];
    uint8_t kind = reader_u8(input);
    int64_t base = kind < 128 ? reader_u8(input) : reader_i64(input);
    char path[128];
    if (kind % 4 == 0)
        snprintf(path, sizeof path, WORLD_FOLDER "/%s%s", folder, names[(size_t)base % ARRAY_COUNT(names)]);
    else
        snprintf(path, sizeof path, WORLD_FOLDER "/%s%020" PRId64 "%s", folder, base,
                 suffixes[kind / 4 % ARRAY_COUNT(suffixes)]);
    struct buf *content = buf_ref(image->files[file].content);
    image_add(image, path, bytes_of(content->data, content->capacity));
    buf_unref(content);
}

// A number of the file's own size, where a length or an offset may stand.
static void put_number(struct folder_image *image, struct reader *input)
{
    static const uint64_t numbers[] = { 0,
                                        1,
                                        2,
                                        127,
                                        4096,
                                        INT32_MAX,
                                        UINT32_MAX,
                                        INT64_MAX,
                                        UINT64_MAX,
                                        1U << 31,
                                        (uint64_t)1 << 40,
                                        (uint64_t)1 << 63,
                                        INT64_MAX - 1,
                                        INT32_MAX - 1 };
    size_t file;
    if (!pick_file(image, input, &file))
        return;
    size_t at = pick_place(image->files[file].content, input);
    uint8_t which = reader_u8(input);
    size_t width = (which & 0x80) != 0 ? 8 : 4;
    if (image->files[file].content->capacity - at < width)
        return;
    uint64_t number = numbers[(which & 0x7f) % ARRAY_COUNT(numbers)];
    uint8_t *to = image_own(image, file) + at;
    if (width == 8)
        put_u64(to, number);
    else
        put_u32(to, (uint32_t)number);
}

static void damage(struct folder_image *image, struct reader *input)
{
    static void (*const changes[])(struct folder_image * image, struct reader * input) = {
        overwrite, flip_bit, cut, extend, repeat, replace, copy_over, swap, delete, add, put_number,
    };
    for (unsigned i = 0; i < MUTATIONS_MAX && reader_left(input) > 0; i++)
        changes[reader_u8(input) % ARRAY_COUNT(changes)](image, input);
}

// --- checksums

static void fix_log(uint8_t *data, size_t size)
{
    struct batch_walk walk = batch_walk_of(bytes_of(data, size));
    struct batch_header header;
    for (bytes_t batch; batch_walk_next(&walk, &header, &batch);)
        batch_seal(data + (batch.data - data), batch.size);
}

// A checksum at AT over what lies from FROM to END.
static void fix_at(uint8_t *data, size_t at, size_t from, size_t end)
{
    if (from <= end && at + 4 <= end)
        put_u32(data + at, crc32c(0, bytes_of(data + from, end - from)));
}

static void fix_checkpoint(uint8_t *data, size_t size)
{
    fix_at(data, 8, 12, size);
}

static void fix_producers(uint8_t *data, size_t size)
{
    fix_at(data, 2, 6, size);
}

static void fix_journal(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 4096 <= size; at += 4096) {
        size_t frame = get_u32(data + at + 8);
        if (get_u32(data + at) == 0x65644a31 && frame >= 12 && frame <= size - at)
            fix_at(data + at, 4, 8, frame);
    }
}

static void fix_table(uint8_t *data, size_t size)
{
    enum { HEADER = 44 };
    if (size < HEADER)
        return;
    fix_at(data, HEADER - 4, 0, HEADER - 4);
    put_u32(data + HEADER - 4, crc32c(0, bytes_of(data, HEADER - 4)));
    for (size_t at = HEADER; at + 8 <= size;) {
        size_t block = get_u32(data + at);
        if (block > size - at - 8)
            return;
        put_u32(data + at + 4, crc32c(0, bytes_of(data + at + 8, block)));
        at += 8 + block;
    }
}

static const struct {
    const char *end; // of the path
    void (*fix)(uint8_t *data, size_t size);
} fixes[] = {
    { ".log", fix_log },         { "/checkpoint-0", fix_checkpoint }, { "/checkpoint-1", fix_checkpoint },
    { "/journal", fix_journal }, { "/table.snapshot", fix_table },    { ".snapshot", fix_producers },
};

static void fix_checksums(struct folder_image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        size_t size = strlen(image->files[i].path);
        if (strstr(image->files[i].path, "/__eddy_topics-0/") != NULL)
            continue; // a topic may have 100,000 partitions: they would be made
        for (size_t j = 0; j < ARRAY_COUNT(fixes) && !image->files[i].is_folder; j++) {
            size_t end = strlen(fixes[j].end);
            if (size < end || strcmp(image->files[i].path + size - end, fixes[j].end) != 0)
                continue;
            uint8_t *data = image_own(image, i);
            fixes[j].fix(data, image->files[i].content->capacity);
            break;
        }
    }
}

// --- what must hold

// What a walk over all partitions saw, to be compared with the next.
struct seen {
    uint64_t hash;
    size_t batches;
    bool damaged;         // a place cannot be read; how far that reaches depends on the index entries in memory
    bool catalog_damaged; // a batch of the store's own topic cannot be read: the next start may need it and refuse
};

static void check_slice(bytes_t bytes, int64_t *next, struct seen *seen)
{
    struct batch_walk walk = batch_walk_of(bytes);
    struct batch_header header;
    for (bytes_t batch; batch_walk_next(&walk, &header, &batch); seen->batches++) {
        enum batch_reason reason;
        err_t err = batch_check(batch, BATCH_FROM_DISK, NULL, &reason);
        // Stored bytes are served by their frame and checksum; what is in them is the reader's to refuse.
        ASSERT(err == ERR_OK || (reason != BATCH_REASON_CRC && reason != BATCH_REASON_TRUNCATED));
        ASSERT(batch_last_offset(&header) >= *next && header.base_offset >= 0);
        *next = batch_last_offset(&header) + 1;
        seen->hash = seen->hash * 31 + bytes_hash(batch);
    }
    ASSERT(walk.err == ERR_OK);
}

static bool may_fail(err_t err)
{
    return err == ERR_CORRUPT || err == ERR_IO;
}

// Whether a place could not be read.
static bool walk_partition(struct store_world *world, struct partition *partition, struct seen *seen)
{
    struct read_op op = {
        .op.partition = partition, .max_size = READ_SIZE, .at_least_one = true, .current_leader_epoch = -1
    };
    unsigned damaged = 0;
    int64_t next = 0, start = -1;
    do {
        op.offset = next;
        err_t err = world_read(world, &op);
        ASSERT(op.log_start_offset <= op.high_watermark && op.log_start_offset >= 0);
        ASSERT(start == -1 || start == op.log_start_offset);
        start = op.log_start_offset;
        if (err == ERR_OUT_OF_RANGE && next < start) {
            next = start;
            continue;
        }
        ASSERT(err == ERR_OK || may_fail(err));
        int64_t before = next;
        for (size_t i = 0; i < op.slice_count; i++) {
            check_slice(op.slices[i].bytes, &next, seen);
            slice_free(&op.slices[i]);
        }
        ASSERT(next <= op.high_watermark);
        seen->hash += (uint64_t)err;
        // A place that cannot be read, or a hole at the end: on with the next offset, for a while.
        if (next == before && next < op.high_watermark)
            next = ++damaged > DAMAGED_PLACES_MAX ? op.high_watermark : next + 1;
    } while (next < op.high_watermark);
    seen->hash = seen->hash * 31 + (uint64_t)op.high_watermark;
    return damaged > 0;
}

static struct seen walk_all(struct store_world *world)
{
    struct seen seen = { 0 };
    world_list(world);
    for (size_t i = 0; i < world->partition_count; i++) {
        bool damaged = walk_partition(world, world->partitions[i], &seen);
        seen.damaged = seen.damaged || damaged;
        seen.catalog_damaged = seen.catalog_damaged || (damaged && world->internal[i]);
    }
    return seen;
}

// The batch of another run's producer and one without; each is read back where it was put.
static void append_and_read(struct store_world *world, struct partition *partition, int64_t producer_id)
{
    struct append_op op = { .op.partition = partition,
                            .batch = batch_make(77, CODEC_NONE, producer_id, 0),
                            .ack = APPEND_FLUSHED };
    if (world_append(world, &op) != ERR_OK)
        return;
    struct read_op read = { .op.partition = partition,
                            .offset = op.base_offset,
                            .max_size = 1,
                            .at_least_one = true,
                            .current_leader_epoch = -1 };
    err_t err = world_read(world, &read);
    ASSERT(err == ERR_OK && read.slice_count == 1 && read.high_watermark == op.base_offset + 2);
    struct seen seen = { 0 };
    int64_t next = op.base_offset;
    check_slice(read.slices[0].bytes, &next, &seen);
    ASSERT(seen.batches == 1 && next == op.base_offset + 2);
    slice_free(&read.slices[0]);
}

static bool try_open(struct store_world *world, bool has_journal)
{
    diag_t diag = { 0 };
    err_t err = world_open(world, has_journal, &diag);
    ASSERT(err == ERR_OK || (diag.where[0] != 0 && diag.text[0] != 0));
    return err == ERR_OK;
}

static void run(const struct folder_image *image, bool has_journal)
{
    struct store_world world;
    world_begin(&world, image);
    if (try_open(&world, has_journal)) {
        (void)walk_all(&world);
        for (size_t i = 0; i < world.partition_count; i++) {
            if (!world.internal[i]) {
                append_and_read(&world, world.partitions[i], -1);
                append_and_read(&world, world.partitions[i], 2000);
            }
        }
        struct seen before = walk_all(&world);
        err_t err = world_stop(&world);
        bool stopped = err == ERR_OK;
        // A number in a checkpoint may ask for more than the disk has.
        ASSERT(stopped || world.failed || err == ERR_NO_SPACE);
        bool again = try_open(&world, has_journal);
        ASSERT(again || !stopped || before.catalog_damaged);
        if (again) {
            struct seen after = walk_all(&world);
            ASSERT(!stopped || before.damaged || (before.hash == after.hash && before.batches == after.batches));
            err = world_stop(&world);
            ASSERT(err == ERR_OK || world.failed || err == ERR_NO_SPACE);
        }
    }
    world_end(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    unsigned base = (data[0] & 3) % BASE_COUNT;
    struct reader input = reader_of(bytes_of(data + 1, size - 1));
    struct folder_image image;
    image_copy(&bases[base], &image);
    damage(&image, &input);
    if ((data[0] & FIX_CHECKSUMS) != 0)
        fix_checksums(&image);
    run(&image, base != BASE_NO_JOURNAL);
    image_free(&image);
    return 0;
}
