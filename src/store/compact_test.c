// SPDX-License-Identifier: Apache-2.0
#include "store/compact.h"

#include "base/batch.h"
#include "base/test.h"
#include "io/file.h"
#include "io/sim/sim.h"

enum { NOW_MS = 1000000, RETENTION_MS = 500 };

static const char folder[] = "/data";

struct row {
    const char *key, *value; // NULL: null
};

// One segment file of batches, one for each group of rows that ends with a row of NULL, NULL.
struct log {
    struct writer writer;
    int64_t next;
};

static void log_add(struct log *log, const struct row *rows, size_t count, struct batch_options options)
{
    struct batch_builder builder;
    batch_builder_init(&builder, options);
    for (size_t i = 0; i < count; i++) {
        bytes_t key = rows[i].key == NULL ? BYTES_NULL : bytes_of_text(rows[i].key);
        bytes_t value = rows[i].value == NULL ? BYTES_NULL : bytes_of_text(rows[i].value);
        batch_builder_add(&builder, key, value, NULL, 0, NOW_MS - 1000 + (int64_t)i);
    }
    struct slice batch;
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    batch_assign(batch.buf->data, log->next, 3);
    writer_bytes(&log->writer, batch.bytes);
    log->next += (int64_t)count;
    slice_free(&batch);
    batch_builder_free(&builder);
}

static struct batch_options transaction_of(int64_t producer_id, int32_t sequence)
{
    return (struct batch_options){ CODEC_NONE, BATCH_TRANSACTIONAL, producer_id, 0, sequence };
}

static void log_end(struct log *log, int64_t producer_id, bool commit)
{
    struct slice batch = batch_marker_build(producer_id, 0, (struct batch_marker){ commit, 0 }, NOW_MS - 1000);
    batch_assign(batch.buf->data, log->next++, 3);
    writer_bytes(&log->writer, batch.bytes);
    slice_free(&batch);
}

static struct compact_file log_save(struct log *log, const char *name, int64_t base_offset)
{
    struct compact_file file = { .base_offset = base_offset, .last_offset = log->next - 1, .size = log->writer.size };
    snprintf(file.path, sizeof(file.path), "%s/%s", folder, name);
    assert_int_equal(file_replace(file.path, writer_view(&log->writer)), ERR_OK);
    writer_reset(&log->writer);
    return file;
}

static struct compact_plan plan_of(const struct compact_file *files, size_t count)
{
    return (struct compact_plan){ .files = files,
                                  .file_count = count,
                                  .now_ms = NOW_MS,
                                  .delete_retention_ms = RETENTION_MS,
                                  .map_size = 1 << 16,
                                  .tombstones_from = INT64_MAX };
}

// What was compacted to compact it again.
static struct compact_file result_take(const char *name, int64_t base_offset, int64_t last_offset)
{
    struct buf *content;
    char from[300];
    snprintf(from, sizeof(from), "%s/cleaned", folder);
    assert_int_equal(file_read_whole(from, 1 << 20, &content), ERR_OK);
    struct compact_file file = { .base_offset = base_offset, .last_offset = last_offset, .size = content->capacity };
    snprintf(file.path, sizeof(file.path), "%s/%s", folder, name);
    assert_int_equal(file_replace(file.path, bytes_of(content->data, content->capacity)), ERR_OK);
    buf_unref(content);
    return file;
}

// "offset:key=value" of every record, batches in brackets, as text. Markers are "commit" and "abort", with "!" when
// they have a horizon.
static void read_back(const char *path, char *to, size_t size)
{
    struct buf *content;
    assert_int_equal(file_read_whole(path, 1 << 20, &content), ERR_OK);
    struct batch_walk walk = batch_walk_of(bytes_of(content->data, content->capacity));
    struct batch_header header;
    bytes_t batch;
    size_t at = 0;
    to[0] = '\0';
    struct writer room = WRITER_INIT;
    while (batch_walk_next(&walk, &header, &batch)) {
        assert_int_equal(batch_check(batch, BATCH_FROM_DISK, NULL, NULL), ERR_OK);
        writer_reset(&room);
        bytes_t records;
        assert_int_equal(batch_records(batch, &header, 1 << 20, &room, &records), ERR_OK);
        at += (size_t)snprintf(to + at, size - at, "[");
        struct record_walk record_walk = record_walk_of(records, header.record_count);
        struct record record;
        struct batch_marker marker;
        bool is_control = (header.attributes & BATCH_CONTROL) != 0;
        while (is_control && record_walk_next(&record_walk, &record)) {
            assert_int_equal(batch_marker_read(&record, &marker), ERR_OK);
            at += (size_t)snprintf(to + at, size - at, "%s%s ", marker.commit ? "commit" : "abort",
                                   (header.attributes & BATCH_DELETE_HORIZON) != 0 ? "!" : "");
        }
        while (record_walk_next(&record_walk, &record))
            at += (size_t)snprintf(to + at, size - at, "%lld:%.*s=%.*s ", (long long)record_offset(&header, &record),
                                   BYTES_ARG(record.key), BYTES_ARG(record.value));
        at += (size_t)snprintf(to + at, size - at, "%lld]", (long long)batch_last_offset(&header));
        assert_true(at < size);
    }
    assert_int_equal(walk.err, ERR_OK);
    writer_free(&room);
    buf_unref(content);
}

static struct compact_result run(const struct compact_plan *plan, size_t first, size_t last, int64_t *ret_end, char *to,
                                 size_t size)
{
    struct compact *compact;
    assert_int_equal(compact_scan(plan, &compact), ERR_OK);
    char path[300];
    snprintf(path, sizeof(path), "%s/cleaned", folder);
    struct compact_result result;
    assert_int_equal(compact_write(compact, first, last, path, &result), ERR_OK);
    *ret_end = compact_end_offset(compact);
    compact_free(compact);
    read_back(path, to, size);
    return result;
}

static void the_newest_record_of_each_key_stays(void **state)
{
    (void)state;
    struct log log = { 0 };
    log_add(&log, (struct row[]){ { "a", "1" }, { "b", "1" }, { "c", "1" } }, 3, BATCH_PLAIN);
    log_add(&log, (struct row[]){ { "a", "2" } }, 1, BATCH_PLAIN);
    struct compact_file files[2] = { log_save(&log, "0", 0) };
    log_add(&log, (struct row[]){ { "c", "3" }, { "a", "3" } }, 2, BATCH_PLAIN);
    files[1] = log_save(&log, "1", 4);
    struct compact_plan plan = plan_of(files, 2);
    char text[512];
    int64_t end;
    struct compact_result result = run(&plan, 0, 1, &end, text, sizeof(text));
    assert_string_equal(text, "[1:b=1 2][4:c=3 5:a=3 5]");
    assert_int_equal(end, 6);
    assert_int_equal(result.records_before, 6);
    assert_int_equal(result.records_after, 3);
    assert_true(result.bytes_after < result.bytes_before);
    // The first file alone knows of the keys of the second.
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1:b=1 2]");
    writer_free(&log.writer);
}

static void every_codec_is_opened_and_closed_again(void **state)
{
    (void)state;
    for (enum codec codec = CODEC_NONE; codec < CODEC_COUNT; codec++) {
        struct log log = { 0 };
        struct batch_options options = BATCH_PLAIN;
        options.codec = codec;
        log_add(&log, (struct row[]){ { "a", "1" }, { "b", "1" } }, 2, options);
        log_add(&log, (struct row[]){ { "b", "2" } }, 1, options);
        struct compact_file file = log_save(&log, "0", 0);
        struct compact_plan plan = plan_of(&file, 1);
        char text[512];
        int64_t end;
        (void)run(&plan, 0, 0, &end, text, sizeof(text));
        assert_string_equal(text, "[0:a=1 1][2:b=2 2]");
        writer_free(&log.writer);
    }
}

static void a_tombstone_stays_until_its_horizon(void **state)
{
    (void)state;
    struct log log = { 0 };
    log_add(&log, (struct row[]){ { "a", "1" }, { "b", "1" } }, 2, BATCH_PLAIN);
    log_add(&log, (struct row[]){ { "a", NULL } }, 1, BATCH_PLAIN);
    struct compact_file file = log_save(&log, "0", 0);
    struct compact_plan plan = plan_of(&file, 1);
    char text[512];
    int64_t end;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1:b=1 1][2:a= 2]");
    // What was written has the horizon; it is compacted again before and after that time.
    file = result_take("again", 0, 2);
    plan.now_ms = NOW_MS + RETENTION_MS - 1;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1:b=1 1][2:a= 2]");
    plan.now_ms = NOW_MS + RETENTION_MS;
    plan.tombstones_from = 2; // a table's snapshot may still have the key
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1:b=1 1][2:a= 2]");
    plan.tombstones_from = 3;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1:b=1 1]");
    writer_free(&log.writer);
}

static void the_last_batch_of_a_producer_stays_empty(void **state)
{
    (void)state;
    struct log log = { 0 };
    struct batch_options seven = BATCH_PLAIN, eight = BATCH_PLAIN;
    seven.producer_id = 7;
    eight.producer_id = 8;
    seven.producer_epoch = eight.producer_epoch = 0;
    seven.base_sequence = 0;
    eight.base_sequence = 0;
    log_add(&log, (struct row[]){ { "a", "1" } }, 1, seven);
    seven.base_sequence = 1;
    log_add(&log, (struct row[]){ { "a", "2" } }, 1, seven);
    log_add(&log, (struct row[]){ { "a", "3" } }, 1, eight);
    struct compact_file file = log_save(&log, "0", 0);
    struct compact_plan plan = plan_of(&file, 1);
    char text[512];
    int64_t end;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1][2:a=3 2]");
    writer_free(&log.writer);
}

static void what_the_map_has_no_room_for_is_left_alone(void **state)
{
    (void)state;
    struct log log = { 0 };
    for (int i = 0; i < 20; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%d", i);
        log_add(&log, (struct row[]){ { "same", "x" }, { key, "v" } }, 2, BATCH_PLAIN);
    }
    struct compact_file file = log_save(&log, "0", 0);
    struct compact_plan plan = plan_of(&file, 1);
    plan.map_size = 0; // 12 keys: "same" and k0 to k10
    char text[2048];
    int64_t end;
    struct compact_result result = run(&plan, 0, 0, &end, text, sizeof(text));
    assert_int_equal(end, 22);
    // Below the end each "same" goes, for there is one behind it; what lies behind is untouched.
    assert_int_equal(result.records_after, 40 - 11);
    writer_free(&log.writer);
}

static void records_without_a_key_go(void **state)
{
    (void)state;
    struct log log = { 0 };
    log_add(&log, (struct row[]){ { NULL, "1" }, { "b", "1" } }, 2, BATCH_PLAIN);
    struct compact_file file = log_save(&log, "0", 0);
    struct compact_plan plan = plan_of(&file, 1);
    char text[512];
    int64_t end;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1:b=1 1]");
    writer_free(&log.writer);
}

static void refuses_damage(void **state)
{
    (void)state;
    struct log log = { 0 };
    log_add(&log, (struct row[]){ { "a", "1" } }, 1, BATCH_PLAIN);
    struct compact_file file = log_save(&log, "0", 0);
    struct compact_plan plan = plan_of(&file, 1);
    struct compact *compact = NULL;
    file.size += 100;
    assert_int_equal(compact_scan(&plan, &compact), ERR_TRUNCATED);
    file.path[0] = 'x';
    assert_int_equal(compact_scan(&plan, &compact), ERR_NOT_FOUND);
    writer_free(&log.writer);
}

// --- transactions

static void what_was_aborted_goes_and_replaces_nothing(void **state)
{
    (void)state;
    struct log log = { 0 };
    log_add(&log, (struct row[]){ { "a", "1" }, { "b", "1" } }, 2, BATCH_PLAIN);
    log_add(&log, (struct row[]){ { "a", "no" }, { "c", "no" } }, 2, transaction_of(7, 0));
    log_add(&log, (struct row[]){ { "b", "8" } }, 1, transaction_of(8, 0)); // between the other's batches
    log_add(&log, (struct row[]){ { "a", "no" } }, 1, transaction_of(7, 2));
    struct compact_file files[2] = { log_save(&log, "0", 0) };
    log_end(&log, 7, false); // 6
    log_end(&log, 8, true);  // 7
    log_add(&log, (struct row[]){ { "c", "7" } }, 1, transaction_of(7, 3));
    log_end(&log, 7, true);
    files[1] = log_save(&log, "1", 6);
    struct compact_plan plan = plan_of(files, 2);
    char text[512];
    int64_t end;
    struct compact_result result = run(&plan, 0, 1, &end, text, sizeof(text));
    assert_string_equal(text, "[0:a=1 1][4:b=8 4][abort 6][commit 7][8:c=7 8][commit 9]");
    assert_int_equal(end, 10);
    assert_int_equal(result.records_before, 10);
    assert_int_equal(result.records_after, 6);
    writer_free(&log.writer);
}

static void the_last_batch_of_an_aborted_transaction_stays_empty(void **state)
{
    (void)state;
    struct log log = { 0 };
    struct batch_options options = transaction_of(7, 0);
    options.codec = CODEC_LZ4;
    log_add(&log, (struct row[]){ { "a", "no" } }, 1, options);
    options.base_sequence = 1;
    log_add(&log, (struct row[]){ { "b", "no" }, { "c", "no" } }, 2, options);
    log_end(&log, 7, false);
    struct compact_file file = log_save(&log, "0", 0);
    struct compact_plan plan = plan_of(&file, 1);
    char text[512];
    int64_t end;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[2][abort 3]");
    // The empty batch is still one of the transaction: its marker stays, whatever the time.
    file = result_take("again", 0, 3);
    plan.now_ms = NOW_MS + 10 * RETENTION_MS;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[2][abort 3]");
    writer_free(&log.writer);
}

static void a_marker_stays_until_its_horizon_when_nothing_else_is_left(void **state)
{
    (void)state;
    for (int commit = 0; commit < 2; commit++) {
        struct log log = { 0 };
        log_add(&log, (struct row[]){ { "a", "1" } }, 1, transaction_of(7, 0));
        log_end(&log, 7, commit != 0);
        log_add(&log, (struct row[]){ { "a", "2" } }, 1, transaction_of(7, 1));
        log_end(&log, 7, true);
        const char *word = commit != 0 ? "commit" : "abort";
        char text[512], expected[128];
        int64_t end;
        struct compact_file file = log_save(&log, "0", 0);
        struct compact_plan plan = plan_of(&file, 1);
        (void)run(&plan, 0, 0, &end, text, sizeof(text)); // the transaction becomes empty
        snprintf(expected, sizeof(expected), "[%s 1][2:a=2 2][commit 3]", word);
        assert_string_equal(text, expected);
        file = result_take("1", 0, 3);
        (void)run(&plan, 0, 0, &end, text, sizeof(text)); // that is seen
        snprintf(expected, sizeof(expected), "[%s! 1][2:a=2 2][commit 3]", word);
        assert_string_equal(text, expected);
        file = result_take("2", 0, 3);
        plan.now_ms += RETENTION_MS - 1;
        (void)run(&plan, 0, 0, &end, text, sizeof(text));
        assert_string_equal(text, expected);
        plan.now_ms += 1;
        (void)run(&plan, 0, 0, &end, text, sizeof(text));
        assert_string_equal(text, "[2:a=2 2][commit 3]");
        writer_free(&log.writer);
    }
}

static void the_last_marker_of_a_producer_without_batches_stays_empty(void **state)
{
    (void)state;
    struct log log = { 0 };
    log_end(&log, 7, true);
    log_end(&log, 7, true);
    struct compact_file file = log_save(&log, "0", 0);
    struct compact_plan plan = plan_of(&file, 1);
    char text[512];
    int64_t end;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[commit! 0][commit! 1]");
    file = result_take("again", 0, 1);
    plan.now_ms = NOW_MS + RETENTION_MS;
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1]"); // it tells the producer's epoch
    file = result_take("more", 0, 1);
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1]");
    writer_free(&log.writer);
}

static void an_open_transaction_holds_up_what_lies_behind_its_first_record(void **state)
{
    (void)state;
    struct log log = { 0 };
    log_add(&log, (struct row[]){ { "a", "1" } }, 1, BATCH_PLAIN);
    log_add(&log, (struct row[]){ { "b", "no" } }, 1, transaction_of(8, 0));
    log_add(&log, (struct row[]){ { "a", "2" } }, 1, BATCH_PLAIN);
    struct compact_file files[3] = { log_save(&log, "0", 0) };
    log_add(&log, (struct row[]){ { "a", "3" } }, 1, BATCH_PLAIN);
    log_add(&log, (struct row[]){ { "c", "open" } }, 1, transaction_of(7, 0)); // 4
    log_add(&log, (struct row[]){ { "a", "4" } }, 1, BATCH_PLAIN);
    log_end(&log, 8, false);
    files[1] = log_save(&log, "1", 3);
    log_add(&log, (struct row[]){ { "a", "5" } }, 1, BATCH_PLAIN);
    files[2] = log_save(&log, "2", 7);
    struct compact_plan plan = plan_of(files, 3);
    struct compact *compact;
    assert_int_equal(compact_scan(&plan, &compact), ERR_OK);
    assert_int_equal(compact_file_count(compact), 1);
    assert_int_equal(compact_end_offset(compact), 3);
    compact_free(compact);
    char text[512];
    int64_t end;
    // Replaced by the record at 3, not by those behind the open transaction; what aborted later is known.
    (void)run(&plan, 0, 0, &end, text, sizeof(text));
    assert_string_equal(text, "[1]");
    log_end(&log, 7, true);
    files[2] = log_save(&log, "2", 8);
    plan.file_count = 3;
    assert_int_equal(compact_scan(&plan, &compact), ERR_OK);
    assert_int_equal(compact_file_count(compact), 3);
    compact_free(compact);
    writer_free(&log.writer);
}

static struct sim *sim;

static int world_begin(void **state)
{
    (void)state;
    sim = sim_new(1, NULL);
    return dir_make(folder) == ERR_OK ? 0 : -1;
}

static int world_end(void **state)
{
    (void)state;
    sim_free(sim);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_record_of_each_key_stays),
        cmocka_unit_test(every_codec_is_opened_and_closed_again),
        cmocka_unit_test(a_tombstone_stays_until_its_horizon),
        cmocka_unit_test(the_last_batch_of_a_producer_stays_empty),
        cmocka_unit_test(what_the_map_has_no_room_for_is_left_alone),
        cmocka_unit_test(records_without_a_key_go),
        cmocka_unit_test(refuses_damage),
        cmocka_unit_test(what_was_aborted_goes_and_replaces_nothing),
        cmocka_unit_test(the_last_batch_of_an_aborted_transaction_stays_empty),
        cmocka_unit_test(a_marker_stays_until_its_horizon_when_nothing_else_is_left),
        cmocka_unit_test(the_last_marker_of_a_producer_without_batches_stays_empty),
        cmocka_unit_test(an_open_transaction_holds_up_what_lies_behind_its_first_record),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
