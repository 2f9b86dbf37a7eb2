// SPDX-License-Identifier: Apache-2.0
#include "io/file.h"

#include "io/sim/sim.h"

#include "base/test.h"

static struct file *open_file(const char *path, unsigned flags)
{
    struct file *file;
    assert_int_equal(file_open(path, flags, &file), ERR_OK);
    return file;
}

static err_t write_text(struct file *file, uint64_t at, const char *text)
{
    bytes_t part = bytes_of_text(text);
    return file_write_at(file, at, &part, 1);
}

static void make_text(const char *path, const char *text)
{
    struct file *file = open_file(path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE);
    assert_int_equal(write_text(file, 0, text), ERR_OK);
    file_close(file);
}

// What the file holds, "" when it is empty, NULL when it is not there; valid until the next call.
static const char *text_of(const char *path)
{
    static char text[64];
    struct buf *buf;
    err_t err = file_read_whole(path, sizeof(text) - 1, &buf);
    if (err == ERR_NOT_FOUND)
        return NULL;
    assert_int_equal(err, ERR_OK);
    memcpy(text, buf->data, buf->capacity);
    text[buf->capacity] = '\0';
    buf_unref(buf);
    return text;
}

static struct sim *world(uint64_t seed, enum sim_loss loss)
{
    return sim_new(seed, &(struct sim_options){ .steady = true, .loss = loss });
}

static void lose_power(struct sim *sim)
{
    sim_power_loss(sim);
    sim_restart(sim);
}

static void what_was_not_synced_is_lost_and_what_was_is_kept(void **state)
{
    (void)state;
    struct sim *sim = world(1, SIM_LOSS_ALL);
    struct file *file = open_file("/log", FILE_WRITE | FILE_CREATE);
    assert_int_equal(dir_sync("/"), ERR_OK);
    assert_int_equal(write_text(file, 0, "first"), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    assert_int_equal(write_text(file, 5, " second"), ERR_OK);
    assert_string_equal(text_of("/log"), "first second");
    lose_power(sim);
    assert_string_equal(text_of("/log"), "first");
    file_close(file);
    sim_free(sim);
}

static void a_kill_keeps_the_page_cache(void **state)
{
    (void)state;
    struct sim *sim = world(1, SIM_LOSS_ALL);
    struct file *file = open_file("/log", FILE_WRITE | FILE_CREATE);
    assert_int_equal(write_text(file, 0, "first"), ERR_OK);
    sim_kill(sim);
    assert_int_equal(write_text(file, 5, " late"), ERR_IO);
    sim_restart(sim);
    assert_int_equal(write_text(file, 5, " of the dead"), ERR_IO);
    assert_string_equal(text_of("/log"), "first");
    file_close(file);
    lose_power(sim);
    assert_null(text_of("/log"));
    sim_free(sim);
}

static void names_need_a_sync_of_their_folder(void **state)
{
    (void)state;
    struct sim *sim = world(1, SIM_LOSS_ALL);
    assert_int_equal(dir_make("/d"), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    struct file *file = open_file("/d/a", FILE_WRITE | FILE_CREATE);
    assert_int_equal(write_text(file, 0, "a"), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    file_close(file);
    lose_power(sim);
    assert_null(text_of("/d/a"));

    file = open_file("/d/a", FILE_WRITE | FILE_CREATE);
    assert_int_equal(write_text(file, 0, "a"), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    assert_int_equal(dir_sync("/d"), ERR_OK);
    file_close(file);
    assert_int_equal(file_rename("/d/a", "/d/b"), ERR_OK);
    assert_string_equal(text_of("/d/b"), "a");
    lose_power(sim);
    assert_null(text_of("/d/b"));
    assert_string_equal(text_of("/d/a"), "a");

    assert_int_equal(file_rename("/d/a", "/d/b"), ERR_OK);
    assert_int_equal(dir_sync("/d"), ERR_OK);
    assert_int_equal(file_remove("/d/b"), ERR_OK);
    lose_power(sim);
    assert_null(text_of("/d/a"));
    assert_string_equal(text_of("/d/b"), "a");
    sim_free(sim);
}

// Every operation of a replacement is interrupted once; the file is always one of the two.
static void a_replacement_is_whole_wherever_power_goes(void **state)
{
    (void)state;
    size_t old_count = 0, new_count = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct sim *sim = sim_new(seed, NULL);
        assert_int_equal(file_replace("/config", bytes_of_text("old")), ERR_OK);
        sim_fault_at(sim, sim_operation_count(sim) + 1 + seed % 6, SIM_FAULT_POWER_LOSS);
        err_t err = file_replace("/config", bytes_of_text("new content"));
        if (!sim_crashed(sim))
            sim_power_loss(sim);
        sim_restart(sim);
        const char *text = text_of("/config");
        assert_non_null(text);
        bool is_new = strcmp(text, "new content") == 0;
        assert_true(is_new || (err != ERR_OK && strcmp(text, "old") == 0));
        old_count += !is_new;
        new_count += is_new;
        sim_free(sim);
    }
    assert_true(old_count > 5);
    assert_true(new_count > 5);
}

enum { PAGES = 16, PAGE = 4096 };

// Counts, over many power losses, pages that are old, new and torn.
static void unsynced_pages_survive_tear_or_vanish(void **state)
{
    (void)state;
    static uint8_t old_bytes[PAGES * PAGE], new_bytes[PAGES * PAGE], got[PAGES * PAGE];
    memset(old_bytes, 'o', sizeof(old_bytes));
    memset(new_bytes, 'n', sizeof(new_bytes));
    size_t kept = 0, lost = 0, torn = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct sim *sim = sim_new(seed, NULL);
        struct file *file = open_file("/f", FILE_WRITE | FILE_CREATE);
        bytes_t part = bytes_of(old_bytes, sizeof(old_bytes));
        assert_int_equal(file_write_at(file, 0, &part, 1), ERR_OK);
        assert_int_equal(file_sync(file), ERR_OK);
        assert_int_equal(dir_sync("/"), ERR_OK);
        part = bytes_of(new_bytes, sizeof(new_bytes));
        assert_int_equal(file_write_at(file, 0, &part, 1), ERR_OK);
        lose_power(sim);
        file_close(file);
        file = open_file("/f", 0);
        size_t size;
        assert_int_equal(file_read_at(file, 0, got, sizeof(got), &size), ERR_OK);
        assert_int_equal(size, sizeof(got));
        for (size_t i = 0; i < PAGES; i++) {
            const uint8_t *page = got + i * PAGE;
            if (memcmp(page, new_bytes, PAGE) == 0)
                kept++;
            else if (memcmp(page, old_bytes, PAGE) == 0)
                lost++;
            else
                torn++;
            for (size_t sector = 0; sector < PAGE; sector += 512)
                assert_true(memcmp(page + sector, old_bytes, 512) == 0 || memcmp(page + sector, new_bytes, 512) == 0);
        }
        file_close(file);
        sim_free(sim);
    }
    assert_true(kept > 50);
    assert_true(lost > 50);
    assert_true(torn > 20);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
    (void)state;
    static uint8_t block[8192];
    memset(block, 1, sizeof(block));
    struct sim *sim = sim_new(1, &(struct sim_options){ .steady = true, .disk_quota = 20000 });
    struct file *file = open_file("/f", FILE_WRITE | FILE_CREATE);
    bytes_t part = bytes_of(block, sizeof(block));
    assert_int_equal(file_write_at(file, 0, &part, 1), ERR_OK);
    assert_int_equal(file_write_at(file, 8192, &part, 1), ERR_OK);
    assert_int_equal(file_write_at(file, 16384, &part, 1), ERR_NO_SPACE);
    assert_int_equal(file_write_at(file, 0, &part, 1), ERR_OK);
    uint64_t free_size, total;
    assert_int_equal(dir_space("/", &free_size, &total), ERR_OK);
    assert_int_equal(total, 20000);
    assert_true(free_size <= 20000 - 16384);
    assert_int_equal(file_truncate(file, 0), ERR_OK);
    assert_int_equal(file_write_at(file, 0, &part, 1), ERR_OK);
    assert_int_equal(file_truncate(file, 30000), ERR_NO_SPACE);
    file_close(file);
    assert_int_equal(file_remove("/f"), ERR_OK);
    assert_int_equal(dir_space("/", &free_size, &total), ERR_OK);
    assert_int_equal(free_size, 20000);
    sim_free(sim);
}

// As on Linux: after a failed sync the pages count as clean, so a second sync succeeds and has saved nothing.
static void a_failed_sync_is_not_made_good_by_the_next(void **state)
{
    (void)state;
    size_t lost = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim *sim = world(seed, SIM_LOSS_ALL);
        struct file *file = open_file("/f", FILE_WRITE | FILE_CREATE);
        assert_int_equal(dir_sync("/"), ERR_OK);
        assert_int_equal(write_text(file, 0, "data"), ERR_OK);
        sim_fault_at(sim, sim_operation_count(sim) + 1, SIM_FAULT_IO);
        assert_int_equal(file_sync(file), ERR_IO);
        assert_string_equal(text_of("/f"), "data");
        assert_int_equal(file_sync(file), ERR_OK);
        lose_power(sim);
        const char *text = text_of("/f");
        assert_non_null(text);
        lost += strcmp(text, "data") != 0;
        file_close(file);
        sim_free(sim);
    }
    assert_true(lost > 0);
}

static void the_fault_falls_on_the_operation_that_was_named(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 5; at++) {
        struct sim *sim = world(1, SIM_LOSS_ALL);
        struct file *file = open_file("/f", FILE_WRITE | FILE_CREATE);
        uint64_t faults = sim_fault_count(sim);
        sim_fault_at(sim, sim_operation_count(sim) + at, SIM_FAULT_NO_SPACE);
        for (uint64_t i = 1; i <= 5; i++)
            assert_int_equal(write_text(file, 0, "x"), i == at ? ERR_NO_SPACE : ERR_OK);
        assert_int_equal(sim_fault_count(sim), faults + 1);
        sim_fault_from(sim, sim_operation_count(sim) + at, SIM_FAULT_IO);
        for (uint64_t i = 1; i <= 5; i++)
            assert_int_equal(write_text(file, 0, "x"), i >= at ? ERR_IO : ERR_OK);
        sim_fault_at(sim, 0, SIM_FAULT_NONE);
        assert_int_equal(write_text(file, 0, "x"), ERR_OK);
        file_close(file);
        sim_free(sim);
    }
}

static void seeded_faults_happen(void **state)
{
    (void)state;
    struct sim_options options = {
        .read_error_ppm = 200000, .write_error_ppm = 200000, .sync_error_ppm = 200000, .space_error_ppm = 200000
    };
    struct sim *sim = sim_new(11, NULL);
    struct file *file = open_file("/f", FILE_WRITE | FILE_CREATE);
    struct sim_options calm = *sim_options_of(sim);
    sim_options_of(sim)->read_error_ppm = options.read_error_ppm;
    sim_options_of(sim)->write_error_ppm = options.write_error_ppm;
    sim_options_of(sim)->sync_error_ppm = options.sync_error_ppm;
    sim_options_of(sim)->space_error_ppm = options.space_error_ppm;
    size_t bad_reads = 0, bad_writes = 0, full = 0, bad_syncs = 0;
    for (size_t i = 0; i < 100; i++) {
        char byte;
        size_t size;
        bad_reads += file_read_at(file, 0, &byte, 1, &size) == ERR_IO;
        err_t err = write_text(file, 0, "x");
        bad_writes += err == ERR_IO;
        full += err == ERR_NO_SPACE;
        bad_syncs += file_sync(file) == ERR_IO;
    }
    assert_in_range(bad_reads, 5, 50);
    assert_in_range(bad_writes, 5, 50);
    assert_in_range(full, 5, 50);
    assert_in_range(bad_syncs, 5, 50);
    *sim_options_of(sim) = calm;
    assert_int_equal(write_text(file, 0, "x"), ERR_OK);
    file_close(file);
    sim_free(sim);
}

static void a_lock_holds_until_it_is_closed_or_the_program_dies(void **state)
{
    (void)state;
    struct sim *sim = world(1, SIM_LOSS_NONE);
    struct file *first = open_file("/lock", FILE_WRITE | FILE_CREATE), *second = open_file("/lock", FILE_WRITE);
    assert_int_equal(file_lock(first), ERR_OK);
    assert_int_equal(file_lock(second), ERR_BUSY);
    file_close(first);
    assert_int_equal(file_lock(second), ERR_OK);
    lose_power(sim);
    file_close(second);
    first = open_file("/lock", FILE_WRITE);
    assert_int_equal(file_lock(first), ERR_OK);
    file_close(first);
    sim_file_lock(sim, "/lock", true);
    first = open_file("/lock", FILE_WRITE);
    assert_int_equal(file_lock(first), ERR_BUSY);
    file_close(first);
    sim_free(sim);
}

static void folders_list_what_they_hold(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, NULL);
    assert_int_equal(dir_make("data"), ERR_OK);
    assert_int_equal(dir_make("data"), ERR_EXISTS);
    assert_int_equal(dir_make("absent/d"), ERR_NOT_FOUND);
    make_text("data/a", "1");
    assert_int_equal(dir_make("data/b"), ERR_OK);
    struct arena arena = { 0 };
    struct dir_entry *entries;
    size_t count;
    assert_int_equal(dir_list("./data", &arena, &entries, &count), ERR_OK);
    assert_int_equal(count, 2);
    size_t b = strcmp(entries[0].name, "b") == 0 ? 0 : 1;
    assert_true(entries[b].is_dir);
    assert_false(entries[1 - b].is_dir);
    assert_string_equal(entries[1 - b].name, "a");
    assert_int_equal(dir_remove("data"), ERR_IO);
    assert_int_equal(file_remove("data/a"), ERR_OK);
    assert_int_equal(dir_remove("data/b"), ERR_OK);
    assert_int_equal(dir_remove("data"), ERR_OK);
    assert_false(file_exists("data"));
    arena_free(&arena);
    sim_free(sim);
}

static void truncation_is_lost_or_kept_as_one_change(void **state)
{
    (void)state;
    struct sim *sim = world(1, SIM_LOSS_ALL);
    make_text("/f", "0123456789");
    struct file *file = open_file("/f", FILE_WRITE);
    assert_int_equal(file_sync(file), ERR_OK);
    assert_int_equal(dir_sync("/"), ERR_OK);
    assert_int_equal(file_truncate(file, 4), ERR_OK);
    assert_string_equal(text_of("/f"), "0123");
    lose_power(sim);
    file_close(file);
    assert_string_equal(text_of("/f"), "0123456789");
    file = open_file("/f", FILE_WRITE);
    assert_int_equal(file_truncate(file, 4), ERR_OK);
    assert_int_equal(file_truncate(file, 6), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    file_close(file);
    lose_power(sim);
    struct buf *buf;
    assert_int_equal(file_read_whole("/f", 100, &buf), ERR_OK);
    assert_int_equal(buf->capacity, 6);
    assert_memory_equal(buf->data, "0123\0\0", 6);
    buf_unref(buf);
    sim_free(sim);
}

static void dsync_writes_need_no_sync(void **state)
{
    (void)state;
    struct sim *sim = world(1, SIM_LOSS_ALL);
    struct file *file = open_file("/f", FILE_WRITE | FILE_CREATE | FILE_DSYNC);
    assert_int_equal(dir_sync("/"), ERR_OK);
    assert_int_equal(write_text(file, 0, "kept"), ERR_OK);
    lose_power(sim);
    file_close(file);
    assert_string_equal(text_of("/f"), "kept");
    sim_free(sim);
}

static void a_sync_of_the_system_covers_all_files_and_names(void **state)
{
    (void)state;
    struct sim *sim = world(1, SIM_LOSS_ALL);
    make_text("/a", "a");
    make_text("/b", "b");
    struct file *file = open_file("/a", FILE_WRITE);
    assert_int_equal(file_sync_system(file), ERR_OK);
    file_close(file);
    lose_power(sim);
    assert_string_equal(text_of("/a"), "a");
    assert_string_equal(text_of("/b"), "b");
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_synced_is_lost_and_what_was_is_kept),
        cmocka_unit_test(a_kill_keeps_the_page_cache),
        cmocka_unit_test(names_need_a_sync_of_their_folder),
        cmocka_unit_test(a_replacement_is_whole_wherever_power_goes),
        cmocka_unit_test(unsynced_pages_survive_tear_or_vanish),
        cmocka_unit_test(a_full_disk_refuses_and_recovers),
        cmocka_unit_test(a_failed_sync_is_not_made_good_by_the_next),
        cmocka_unit_test(the_fault_falls_on_the_operation_that_was_named),
        cmocka_unit_test(seeded_faults_happen),
        cmocka_unit_test(a_lock_holds_until_it_is_closed_or_the_program_dies),
        cmocka_unit_test(folders_list_what_they_hold),
        cmocka_unit_test(truncation_is_lost_or_kept_as_one_change),
        cmocka_unit_test(dsync_writes_need_no_sync),
        cmocka_unit_test(a_sync_of_the_system_covers_all_files_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
