// SPDX-License-Identifier: Apache-2.0
#include "io/file.h"

#include "io/disk.h"
#include "io/loop.h"
#include "io/sim/sim.h"

#include "base/test.h"

#define PAGES 64
#define PAGE  4096

static const struct sim_options lose_all = { .loss = SIM_LOSS_ALL };

static err_t write_text(struct file *file, uint64_t at, const char *text)
{
    bytes_t part = bytes_of_text(text);
    return file_write_at(file, at, &part, 1);
}

static err_t create(const char *path, const char *text, bool sync)
{
    struct file *file;
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE, &file);
    if (err != ERR_OK)
        return err;
    err = write_text(file, 0, text);
    if (err == ERR_OK && sync)
        err = file_sync(file);
    file_close(file);
    return err;
}

static void assert_content(const char *path, const char *text)
{
    struct buf *buf;
    assert_int_equal(file_read_whole(path, 1 << 20, &buf), ERR_OK);
    assert_true(bytes_is(bytes_of(buf->data, buf->capacity), text));
    buf_unref(buf);
}

static void power_cycle(struct sim *sim)
{
    sim_power_loss(sim);
    sim_restart(sim);
}

static void power_loss_keeps_what_was_synced_and_loses_the_rest(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &lose_all);
    assert_int_equal(create("/data", "old and synced", true), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    struct file *file;
    assert_int_equal(file_open("/data", FILE_WRITE, &file), ERR_OK);
    assert_int_equal(write_text(file, 0, "new"), ERR_OK);
    assert_int_equal(write_text(file, 9000, "far"), ERR_OK);
    uint64_t size;
    assert_int_equal(file_size(file, &size), ERR_OK);
    assert_int_equal(size, 9003);
    sim_power_loss(sim);
    assert_int_equal(file_size(file, &size), ERR_IO);
    assert_int_equal(write_text(file, 0, "x"), ERR_IO);
    sim_restart(sim);
    assert_int_equal(file_sync(file), ERR_IO);
    file_close(file);
    assert_content("/data", "old and synced");
    sim_free(sim);
}

static void a_kill_keeps_the_page_cache_and_a_later_power_loss_does_not(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &lose_all);
    assert_int_equal(create("a", "first", true), ERR_OK);
    assert_int_equal(dir_sync("."), ERR_OK);
    assert_int_equal(create("a", "other", false), ERR_OK);
    sim_kill(sim);
    sim_restart(sim);
    assert_content("a", "other");
    power_cycle(sim);
    assert_content("a", "first");
    sim_free(sim);
}

static void names_are_durable_only_after_their_folder_was_synced(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &lose_all);
    assert_int_equal(create("gone", "synced, without a durable name", true), ERR_OK);
    power_cycle(sim);
    assert_false(file_exists("gone"));
    assert_int_equal(create("from", "text", true), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    assert_int_equal(file_rename("from", "to"), ERR_OK);
    assert_content("to", "text");
    power_cycle(sim);
    assert_false(file_exists("to"));
    assert_content("from", "text");
    assert_int_equal(file_rename("from", "to"), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    assert_int_equal(file_remove("to"), ERR_OK);
    assert_false(file_exists("to"));
    power_cycle(sim);
    assert_content("to", "text");
    sim_free(sim);
}

static void folders_and_renames_between_them_survive_when_synced(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &lose_all);
    assert_int_equal(dir_make("/a"), ERR_OK);
    assert_int_equal(dir_make("/a"), ERR_EXISTS);
    assert_int_equal(dir_make("/b/c"), ERR_NOT_FOUND);
    assert_int_equal(dir_make("/b"), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    assert_int_equal(create("/a/file", "text", true), ERR_OK);
    assert_int_equal(dir_sync("/a"), ERR_OK);
    assert_int_equal(file_rename("/a/file", "/b/file"), ERR_OK);
    assert_int_equal(dir_sync("/b"), ERR_OK);
    power_cycle(sim);
    assert_content("/b/file", "text");
    assert_false(file_exists("/a/file"));
    assert_int_equal(dir_remove("/b"), ERR_IO);
    assert_int_equal(file_remove("/b/file"), ERR_OK);
    assert_int_equal(dir_remove("/b"), ERR_OK);
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    assert_int_equal(dir_list("/", &arena, &entries, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(entries[0].name, "a");
    assert_true(entries[0].is_dir);
    arena_free(&arena);
    sim_free(sim);
}

static void a_stamp_changes_with_the_file(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &lose_all);
    struct file_stamp stamp, next;
    assert_int_equal(file_look("/file", &stamp), ERR_NOT_FOUND);
    assert_int_equal(create("/file", "one", false), ERR_OK);
    assert_int_equal(file_look("/file", &stamp), ERR_OK);
    assert_int_equal(file_look("/file", &next), ERR_OK);
    assert_memory_equal(&stamp, &next, sizeof stamp);
    assert_false(stamp.is_dir);
    assert_int_equal(create("/file", "two", false), ERR_OK);
    assert_int_equal(file_look("/file", &next), ERR_OK);
    assert_memory_not_equal(&stamp, &next, sizeof stamp);
    assert_int_equal(file_look("/", &next), ERR_OK);
    assert_true(next.is_dir);
    sim_free(sim);
}

static void file_sync_system_makes_everything_durable(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &lose_all);
    assert_int_equal(dir_make("/a"), ERR_OK);
    assert_int_equal(create("/a/one", "1", false), ERR_OK);
    assert_int_equal(create("/two", "2", false), ERR_OK);
    struct file *file;
    assert_int_equal(file_open("/two", 0, &file), ERR_OK);
    assert_int_equal(file_sync_system(file), ERR_OK);
    file_close(file);
    power_cycle(sim);
    assert_content("/a/one", "1");
    assert_content("/two", "2");
    sim_free(sim);
}

static void writes_of_a_dsync_handle_are_durable_when_they_return(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &lose_all);
    struct file *file, *plain;
    assert_int_equal(file_open("j", FILE_WRITE | FILE_CREATE | FILE_DSYNC, &file), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    assert_int_equal(write_text(file, 0, "durable"), ERR_OK);
    assert_int_equal(file_open("j", FILE_WRITE, &plain), ERR_OK);
    assert_int_equal(write_text(plain, 8192, "not"), ERR_OK);
    file_close(file);
    file_close(plain);
    power_cycle(sim);
    assert_content("j", "durable");
    sim_free(sim);
}

static void file_replace_leaves_the_old_or_the_new_content_wherever_power_fails(void **state)
{
    (void)state;
    bool saw_old = false, saw_new = false;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        for (uint64_t step = 1; step <= 6; step++) {
            struct sim *sim = sim_new(seed, NULL);
            assert_int_equal(file_replace("f", BYTES_LITERAL("old")), ERR_OK);
            sim_fault_at(sim, sim_operation_count(sim) + step, SIM_FAULT_POWER_LOSS);
            err_t err = file_replace("f", BYTES_LITERAL("new content"));
            assert_int_equal(err, step <= 5 ? ERR_IO : ERR_OK);
            sim_power_loss(sim);
            sim_restart(sim);
            struct buf *buf;
            assert_int_equal(file_read_whole("f", 100, &buf), ERR_OK);
            bytes_t bytes = bytes_of(buf->data, buf->capacity);
            bool is_new = bytes_is(bytes, "new content");
            assert_true(is_new || bytes_is(bytes, "old"));
            assert_true(is_new || err != ERR_OK);
            saw_new = saw_new || (is_new && err != ERR_OK);
            saw_old = saw_old || !is_new;
            buf_unref(buf);
            sim_free(sim);
        }
    }
    assert_true(saw_old);
    assert_true(saw_new);
}

struct outcome {
    unsigned kept, lost, torn, other;
};

// Overwrites synced pages of 1s with 2s, loses power, and looks at each page.
static struct outcome overwrite_and_lose(uint64_t seed)
{
    static uint8_t pages[PAGES * PAGE];
    struct outcome outcome = { 0 };
    struct sim *sim = sim_new(seed, NULL);
    struct file *file;
    assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE, &file), ERR_OK);
    bytes_t all = bytes_of(pages, sizeof(pages));
    memset(pages, 1, sizeof(pages));
    assert_int_equal(file_write_at(file, 0, &all, 1), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    memset(pages, 2, sizeof(pages));
    assert_int_equal(file_write_at(file, 0, &all, 1), ERR_OK);
    file_close(file);
    power_cycle(sim);
    size_t size;
    assert_int_equal(file_open("f", 0, &file), ERR_OK);
    assert_int_equal(file_read_at(file, 0, pages, sizeof(pages), &size), ERR_OK);
    assert_int_equal(size, sizeof(pages));
    file_close(file);
    sim_free(sim);
    for (size_t page = 0; page < PAGES; page++) {
        unsigned news = 0, olds = 0;
        for (size_t i = 0; i < PAGE; i += 512) {
            bool is_whole = memcmp(&pages[page * PAGE + i], &pages[page * PAGE + i + 1], 511) == 0;
            news += is_whole && pages[page * PAGE + i] == 2;
            olds += is_whole && pages[page * PAGE + i] == 1;
        }
        outcome.kept += news == 8;
        outcome.lost += olds == 8;
        outcome.torn += news + olds == 8 && news > 0 && olds > 0;
        outcome.other += news + olds != 8;
    }
    return outcome;
}

static void unsynced_pages_are_kept_lost_or_torn_by_the_sector_as_the_seed_says(void **state)
{
    (void)state;
    struct outcome sum = { 0 };
    unsigned mixed = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct outcome one = overwrite_and_lose(seed), again = overwrite_and_lose(seed);
        assert_memory_equal(&one, &again, sizeof(one));
        mixed += one.kept > 0 && one.lost > 0 && one.torn > 0;
        sum.kept += one.kept;
        sum.lost += one.lost;
        sum.torn += one.torn;
        sum.other += one.other;
    }
    assert_true(sum.kept > 1000);
    assert_true(sum.lost > 1000);
    assert_true(sum.torn > 300);
    assert_true(mixed > 20);
    assert_int_equal(sum.other, 0);
}

static void an_unsynced_tail_may_survive_in_part_with_zeros_or_garbage(void **state)
{
    (void)state;
    static uint8_t content[4 * PAGE];
    unsigned old_size = 0, new_size = 0, between = 0, zeros = 0, garbage = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct sim *sim = sim_new(seed, NULL);
        struct file *file;
        assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE, &file), ERR_OK);
        memset(content, 7, sizeof(content));
        bytes_t front = bytes_of(content, 100), tail = bytes_of(content, sizeof(content) - 100);
        assert_int_equal(file_write_at(file, 0, &front, 1), ERR_OK);
        assert_int_equal(file_sync(file), ERR_OK);
        assert_int_equal(dir_sync("/"), ERR_OK);
        assert_int_equal(file_write_at(file, 100, &tail, 1), ERR_OK);
        file_close(file);
        power_cycle(sim);
        assert_int_equal(file_open("f", 0, &file), ERR_OK);
        size_t size;
        assert_int_equal(file_read_at(file, 0, content, sizeof(content), &size), ERR_OK);
        file_close(file);
        sim_free(sim);
        assert_true(size >= 100);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(content[i], 7);
        old_size += size == 100;
        new_size += size == sizeof(content);
        between += size > 100 && size < sizeof(content);
        zeros += size > PAGE && memchr(content + 100, 0, 1000) != NULL;
        garbage += size > 2 * PAGE && content[PAGE] != 7 && content[PAGE] != 0;
    }
    assert_true(old_size > 20);
    assert_true(new_size > 20);
    assert_true(between > 20);
    assert_true(zeros > 5);
    assert_true(garbage > 2);
}

static void truncation_happened_or_did_not(void **state)
{
    (void)state;
    unsigned lengths[2] = { 0 };
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct sim *sim = sim_new(seed, NULL);
        struct file *file;
        assert_int_equal(create("f", "0123456789", true), ERR_OK);
        assert_int_equal(dir_sync("/"), ERR_OK);
        assert_int_equal(file_open("f", FILE_WRITE, &file), ERR_OK);
        assert_int_equal(file_truncate(file, 4), ERR_OK);
        file_close(file);
        assert_content("f", "0123");
        power_cycle(sim);
        struct buf *buf;
        assert_int_equal(file_read_whole("f", 100, &buf), ERR_OK);
        assert_true(buf->capacity == 4 || buf->capacity == 10);
        lengths[buf->capacity == 10]++;
        assert_memory_equal(buf->data, "0123", 4);
        buf_unref(buf);
        sim_free(sim);
    }
    assert_true(lengths[0] > 5);
    assert_true(lengths[1] > 5);
}

static void a_synced_truncation_stays_also_when_the_file_grew_again(void **state)
{
    (void)state;
    static uint8_t ones[3 * PAGE], content[3 * PAGE];
    memset(ones, 1, sizeof(ones));
    struct sim *sim = sim_new(1, &lose_all);
    struct file *file;
    bytes_t all = bytes_of(ones, sizeof(ones));
    assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE, &file), ERR_OK);
    assert_int_equal(file_write_at(file, 0, &all, 1), ERR_OK);
    assert_int_equal(file_sync_system(file), ERR_OK);
    assert_int_equal(file_truncate(file, 10), ERR_OK);
    assert_int_equal(file_truncate(file, sizeof(ones)), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    file_close(file);
    power_cycle(sim);
    assert_int_equal(file_open("f", 0, &file), ERR_OK);
    size_t size;
    assert_int_equal(file_read_at(file, 0, content, sizeof(content), &size), ERR_OK);
    assert_int_equal(size, sizeof(content));
    assert_memory_equal(content, ones, 10);
    for (size_t i = 10; i < size; i++)
        assert_int_equal(content[i], 0);
    file_close(file);
    sim_free(sim);
}

static void folders_keep_a_prefix_of_their_changes(void **state)
{
    (void)state;
    unsigned counts[6] = { 0 };
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct sim *sim = sim_new(seed, NULL);
        const char *const names[] = { "a", "b", "c", "d", "e" };
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(create(names[i], "x", true), ERR_OK);
        power_cycle(sim);
        size_t count = 0;
        while (count < 5 && file_exists(names[count]))
            count++;
        for (size_t i = count; i < 5; i++)
            assert_false(file_exists(names[i]));
        counts[count]++;
        sim_free(sim);
    }
    for (size_t i = 0; i < 6; i++)
        assert_true(counts[i] > 3);
}

static void after_a_failed_sync_the_next_one_succeeds_and_the_data_is_not_there(void **state)
{
    (void)state;
    unsigned lost = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim *sim = sim_new(seed, &lose_all);
        struct file *file;
        assert_int_equal(create("f", "old", true), ERR_OK);
        assert_int_equal(dir_sync("/"), ERR_OK);
        assert_int_equal(file_open("f", FILE_WRITE, &file), ERR_OK);
        assert_int_equal(write_text(file, 0, "new"), ERR_OK);
        sim_fault_at(sim, sim_operation_count(sim) + 1, SIM_FAULT_IO);
        assert_int_equal(file_sync(file), ERR_IO);
        assert_int_equal(sim_fault_count(sim), 1);
        assert_int_equal(file_sync(file), ERR_OK);
        file_close(file);
        assert_content("f", "new");
        power_cycle(sim);
        struct buf *buf;
        assert_int_equal(file_read_whole("f", 10, &buf), ERR_OK);
        lost += bytes_is(bytes_of(buf->data, buf->capacity), "old");
        buf_unref(buf);
        sim_free(sim);
    }
    assert_true(lost > 3);
    assert_true(lost < 20);
}

static void the_nth_operation_fails_and_no_other(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, NULL);
    assert_int_equal(create("f", "text", true), ERR_OK);
    uint64_t count = sim_operation_count(sim);
    assert_int_equal(count, 3);
    sim_free(sim);
    for (uint64_t n = 1; n <= count + 1; n++) {
        sim = sim_new(1, NULL);
        sim_fault_at(sim, n, SIM_FAULT_IO);
        assert_int_equal(create("f", "text", true), n <= count ? ERR_IO : ERR_OK);
        assert_int_equal(sim_fault_count(sim), n <= count ? 1 : 0);
        assert_int_equal(create("g", "text", true), n == count + 1 ? ERR_IO : ERR_OK);
        sim_free(sim);
    }
}

static void a_full_disk_refuses_what_needs_room_and_reads_go_on(void **state)
{
    (void)state;
    static uint8_t block[3 * PAGE];
    struct sim *sim = sim_new(1, &(struct sim_options){ .disk_quota = 4 * PAGE });
    struct file *file;
    bytes_t bytes = bytes_of(block, sizeof(block));
    assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE, &file), ERR_OK);
    assert_int_equal(file_write_at(file, 0, &bytes, 1), ERR_OK);
    assert_int_equal(file_write_at(file, sizeof(block), &bytes, 1), ERR_NO_SPACE);
    assert_int_equal(sim_fault_count(sim), 1);
    assert_int_equal(file_write_at(file, 0, &bytes, 1), ERR_OK);
    sim_options_of(sim)->copy_on_write = true;
    assert_int_equal(file_write_at(file, 0, &bytes, 1), ERR_NO_SPACE);
    uint64_t free_size, total, size;
    assert_int_equal(file_size(file, &size), ERR_OK);
    assert_true(size < 4 * PAGE);
    assert_int_equal(dir_space("/", &free_size, &total), ERR_OK);
    assert_int_equal(total, 4 * PAGE);
    assert_int_equal(free_size, total - size);
    assert_int_equal(file_remove("f"), ERR_OK);
    assert_int_equal(dir_space("/", &free_size, &total), ERR_OK);
    assert_true(free_size < total);
    file_close(file);
    assert_int_equal(dir_space("/", &free_size, &total), ERR_OK);
    assert_int_equal(free_size, total);
    sim_free(sim);
}

static void a_planned_lack_of_space_meets_only_what_needs_room(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, NULL);
    assert_int_equal(create("f", "text", true), ERR_OK);
    sim_fault_from(sim, 1, SIM_FAULT_NO_SPACE);
    assert_content("f", "text");
    assert_int_equal(sim_fault_count(sim), 0);
    assert_int_equal(create("f", "more", true), ERR_NO_SPACE);
    assert_int_equal(sim_fault_count(sim), 1);
    sim_free(sim);
}

static void a_failed_write_leaves_a_part_that_ends_at_a_sector(void **state)
{
    (void)state;
    static uint8_t block[4 * PAGE];
    memset(block, 1, sizeof(block));
    unsigned nothing = 0, part = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct sim *sim = sim_new(seed, NULL);
        struct file *file;
        bytes_t bytes = bytes_of(block, sizeof(block));
        assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE, &file), ERR_OK);
        sim_fault_at(sim, 2, SIM_FAULT_IO);
        assert_int_equal(file_write_at(file, 0, &bytes, 1), ERR_IO);
        uint64_t size;
        assert_int_equal(file_size(file, &size), ERR_OK);
        assert_true(size < sizeof(block));
        assert_int_equal(size % 512, 0);
        nothing += size == 0;
        part += size > 0;
        file_close(file);
        sim_free(sim);
    }
    assert_true(part > 20);
    assert_true(nothing > 0);
}

static void faults_by_chance_fire_at_about_their_rate(void **state)
{
    (void)state;
    struct sim *sim = sim_new(3, &(struct sim_options){ .write_error_ppm = 100000, .space_error_ppm = 100000 });
    struct file *file;
    while (file_open("f", FILE_WRITE | FILE_CREATE, &file) != ERR_OK)
        continue;
    uint64_t before = sim_fault_count(sim);
    unsigned io = 0, space = 0;
    for (unsigned i = 0; i < 1000; i++) {
        err_t err = write_text(file, i, "x"); // each grows the file
        io += err == ERR_IO;
        space += err == ERR_NO_SPACE;
    }
    assert_true(io > 50 && io < 200);
    assert_true(space > 50 && space < 200);
    assert_int_equal(sim_fault_count(sim) - before, io + space);
    // Inside the file there is room.
    for (int i = 0; i < 1000; i++)
        assert_int_not_equal(write_text(file, 0, "x"), ERR_NO_SPACE);
    file_close(file);
    sim_free(sim);
}

static void a_lock_excludes_others_until_close_or_crash(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, NULL);
    struct file *one, *two;
    assert_int_equal(file_open("lock", FILE_WRITE | FILE_CREATE, &one), ERR_OK);
    assert_int_equal(file_open("lock", FILE_WRITE, &two), ERR_OK);
    assert_int_equal(file_lock(one), ERR_OK);
    assert_int_equal(file_lock(two), ERR_BUSY);
    file_close(one);
    assert_int_equal(file_lock(two), ERR_OK);
    sim_kill(sim);
    sim_restart(sim);
    assert_int_equal(file_open("lock", FILE_WRITE, &one), ERR_OK);
    sim_file_lock(sim, "lock", true);
    assert_int_equal(file_lock(one), ERR_BUSY);
    sim_file_lock(sim, "lock", false);
    assert_int_equal(file_lock(one), ERR_OK);
    file_close(one);
    file_close(two);
    sim_free(sim);
}

static void open_flags_are_honoured(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &(struct sim_options){ .no_direct = true });
    struct file *file;
    assert_int_equal(file_open("f", 0, &file), ERR_NOT_FOUND);
    assert_int_equal(file_open("no/f", FILE_WRITE | FILE_CREATE, &file), ERR_NOT_FOUND);
    assert_int_equal(create("f", "text", false), ERR_OK);
    assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &file), ERR_EXISTS);
    assert_int_equal(file_open("f", FILE_WRITE | FILE_DIRECT, &file), ERR_UNSUPPORTED);
    assert_int_equal(file_open("f", FILE_WRITE | FILE_TRUNCATE, &file), ERR_OK);
    file_close(file);
    assert_content("f", "");
    struct buf *buf;
    assert_int_equal(create("f", "text", false), ERR_OK);
    assert_int_equal(file_read_whole("f", 3, &buf), ERR_TOO_LARGE);
    sim_free(sim);
}

// --- jobs

struct flush {
    struct disk_job job;
    struct file *file;
    unsigned written;
    bool done;
};

static void flush_run(struct disk_job *job)
{
    struct flush *flush = CONTAINER_OF(job, struct flush, job);
    assert_null(loop_current());
    for (uint64_t i = 0; i < 10; i++)
        flush->written += write_text(flush->file, i, "0123456789") == ERR_OK;
}

static void flush_done(struct disk_job *job)
{
    struct flush *flush = CONTAINER_OF(job, struct flush, job);
    assert_ptr_equal(loop_current(), job->loop);
    flush->done = true;
}

static bool flush_is_done(void *owner)
{
    return ((struct flush *)owner)->done;
}

static void a_crash_falls_between_two_operations_of_a_job(void **state)
{
    (void)state;
    static const unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    for (uint64_t at = 1; at <= 11; at++) {
        struct sim *sim = sim_new(at, NULL);
        struct loop *loop = loop_new(0);
        loop_start_thread(loop);
        disk_start(threads);
        struct flush flush = { .job = { .loop = loop, .run = flush_run, .on_done = flush_done } };
        assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE, &flush.file), ERR_OK);
        sim_fault_at(sim, sim_operation_count(sim) + at, SIM_FAULT_POWER_LOSS);
        disk_submit(DISK_FLUSH, &flush.job);
        enum sim_end end = sim_run(sim, (struct sim_until){ .done = flush_is_done, .owner = &flush });
        assert_int_equal(end, at <= 10 ? SIM_CRASHED : SIM_DONE);
        assert_int_equal(flush.written, at <= 10 ? at - 1 : 10);
        assert_int_equal(flush.done, at > 10);
        assert_int_equal(sim_crashed(sim), at <= 10);
        if (at > 10)
            disk_stop();
        file_close(flush.file);
        loop_free(loop);
        sim_free(sim);
    }
}

static void disk_stop_runs_all_jobs_and_their_ends_follow(void **state)
{
    (void)state;
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 1, 1 };
    struct sim *sim = sim_new(1, NULL);
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    disk_start(threads);
    struct flush flush[5];
    struct file *file;
    assert_int_equal(file_open("f", FILE_WRITE | FILE_CREATE, &file), ERR_OK);
    for (size_t i = 0; i < 5; i++) {
        flush[i] = (struct flush){ .job = { .loop = loop, .run = flush_run, .on_done = flush_done }, .file = file };
        disk_submit(DISK_FLUSH, &flush[i].job);
    }
    disk_stop();
    file_close(file);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(flush[i].written, 10);
    assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_IDLE);
    for (size_t i = 0; i < 5; i++)
        assert_true(flush[i].done);
    assert_int_equal(sim_blocking_count(sim), 0);
    loop_free(loop);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_loss_keeps_what_was_synced_and_loses_the_rest),
        cmocka_unit_test(a_kill_keeps_the_page_cache_and_a_later_power_loss_does_not),
        cmocka_unit_test(names_are_durable_only_after_their_folder_was_synced),
        cmocka_unit_test(folders_and_renames_between_them_survive_when_synced),
        cmocka_unit_test(a_stamp_changes_with_the_file),
        cmocka_unit_test(file_sync_system_makes_everything_durable),
        cmocka_unit_test(writes_of_a_dsync_handle_are_durable_when_they_return),
        cmocka_unit_test(file_replace_leaves_the_old_or_the_new_content_wherever_power_fails),
        cmocka_unit_test(unsynced_pages_are_kept_lost_or_torn_by_the_sector_as_the_seed_says),
        cmocka_unit_test(an_unsynced_tail_may_survive_in_part_with_zeros_or_garbage),
        cmocka_unit_test(truncation_happened_or_did_not),
        cmocka_unit_test(a_synced_truncation_stays_also_when_the_file_grew_again),
        cmocka_unit_test(folders_keep_a_prefix_of_their_changes),
        cmocka_unit_test(after_a_failed_sync_the_next_one_succeeds_and_the_data_is_not_there),
        cmocka_unit_test(the_nth_operation_fails_and_no_other),
        cmocka_unit_test(a_full_disk_refuses_what_needs_room_and_reads_go_on),
        cmocka_unit_test(a_planned_lack_of_space_meets_only_what_needs_room),
        cmocka_unit_test(a_failed_write_leaves_a_part_that_ends_at_a_sector),
        cmocka_unit_test(faults_by_chance_fire_at_about_their_rate),
        cmocka_unit_test(a_lock_excludes_others_until_close_or_crash),
        cmocka_unit_test(open_flags_are_honoured),
        cmocka_unit_test(a_crash_falls_between_two_operations_of_a_job),
        cmocka_unit_test(disk_stop_runs_all_jobs_and_their_ends_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
