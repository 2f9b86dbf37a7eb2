// SPDX-License-Identifier: Apache-2.0
#include "io/file.h"

#include "base/assert.h"
#include "io/disk.h"
#include "io/random.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

static char folder[64];

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/eddy-file-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    assert_int_equal(dir_list(folder, &arena, &entries, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        const char *path = path_of(entries[i].name);
        assert_int_equal(entries[i].is_dir ? dir_remove(path) : file_remove(path), ERR_OK);
    }
    arena_free(&arena);
    assert_int_equal(dir_remove(folder), ERR_OK);
    return 0;
}

static struct file *open_file(const char *name, unsigned flags)
{
    struct file *file = NULL;
    assert_int_equal(file_open(path_of(name), flags, &file), ERR_OK);
    return file;
}

static void writes_many_parts_behind_each_other(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static uint8_t content[COUNT * 7];
    bytes_t parts[COUNT];
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (uint8_t)(i * 31 >> 3);
    size_t at = 0;
    for (size_t i = 0; i < COUNT; i++) {
        parts[i] = bytes_of(content + at, i % 15); // 0 to 14 bytes: 7 on average
        at += i % 15;
    }
    struct file *file = open_file("many", FILE_WRITE | FILE_CREATE);
    assert_int_equal(file_write_at(file, 100, parts, COUNT), ERR_OK);
    assert_int_equal(file_write_at(file, 0, NULL, 0), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    assert_int_equal(file_sync_system(file), ERR_OK);
    uint64_t size;
    assert_int_equal(file_size(file, &size), ERR_OK);
    assert_int_equal(size, 100 + at);
    static uint8_t back[sizeof(content) + 1000];
    size_t got;
    assert_int_equal(file_read_at(file, 100, back, sizeof(back), &got), ERR_OK);
    assert_int_equal(got, at);
    assert_memory_equal(back, content, at);
    assert_int_equal(file_truncate(file, 50), ERR_OK);
    assert_int_equal(file_read_at(file, 50, back, 1, &got), ERR_OK);
    assert_int_equal(got, 0);
    file_close(file);
    file_close(NULL);
}

static void reserves_space_without_growing_the_file(void **state)
{
    (void)state;
    struct file *file = open_file("reserved", FILE_WRITE | FILE_CREATE);
    bytes_t part = BYTES_LITERAL("some bytes");
    uint64_t size;
    struct stat before, reserved, returned;
    assert_int_equal(file_write_at(file, 0, &part, 1), ERR_OK);
    assert_int_equal(stat(path_of("reserved"), &before), 0);
    assert_int_equal(file_reserve(file, 1 << 20), ERR_OK);
    assert_int_equal(file_size(file, &size), ERR_OK);
    assert_int_equal(size, part.size);
    assert_int_equal(stat(path_of("reserved"), &reserved), 0);
    assert_true(reserved.st_blocks * 512 >= 1 << 20);
    assert_int_equal(file_truncate(file, size), ERR_OK);
    assert_int_equal(stat(path_of("reserved"), &returned), 0);
    assert_true(returned.st_blocks < reserved.st_blocks);
    file_close(file);
}

static void tells_why_a_file_does_not_open(void **state)
{
    (void)state;
    struct file *file = NULL;
    assert_int_equal(file_open(path_of("absent"), 0, &file), ERR_NOT_FOUND);
    file_close(open_file("there", FILE_WRITE | FILE_CREATE));
    assert_int_equal(file_open(path_of("there"), FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &file), ERR_EXISTS);
    assert_int_equal(file_open(folder, FILE_WRITE, &file), ERR_IO);
    // Files of proc cannot bypass a page cache that they do not have.
    assert_int_equal(file_open("/proc/self/stat", FILE_DIRECT, &file), ERR_UNSUPPORTED);
    assert_null(file);
    assert_true(file_exists(path_of("there")));
    assert_false(file_exists(path_of("absent")));
    assert_int_equal(file_remove(path_of("absent")), ERR_NOT_FOUND);
    assert_int_equal(dir_make(path_of("there")), ERR_EXISTS);
}

static void a_full_disk_is_told_apart(void **state)
{
    (void)state;
    struct file *full;
    assert_int_equal(file_open("/dev/full", FILE_WRITE, &full), ERR_OK);
    bytes_t part = BYTES_LITERAL("x");
    assert_int_equal(file_write_at(full, 0, &part, 1), ERR_NO_SPACE);
    file_close(full);
    uint64_t left, total;
    assert_int_equal(dir_space(folder, &left, &total), ERR_OK);
    assert_true(left <= total && total > 0);
}

static void replaces_a_file_whole(void **state)
{
    (void)state;
    struct buf *buf;
    assert_int_equal(file_replace(path_of("config"), BYTES_LITERAL("first, and longer")), ERR_OK);
    assert_int_equal(file_replace(path_of("config"), BYTES_LITERAL("second")), ERR_OK);
    assert_int_equal(file_read_whole(path_of("config"), 6, &buf), ERR_OK);
    assert_int_equal(buf->capacity, 6);
    assert_memory_equal(buf->data, "second", 6);
    buf_unref(buf);
    assert_int_equal(file_read_whole(path_of("config"), 5, &buf), ERR_TOO_LARGE);
    assert_int_equal(file_read_whole("/proc/self/stat", 100000, &buf), ERR_OK); // its size says 0
    assert_true(buf->capacity > 10);
    buf_unref(buf);
    assert_int_equal(file_replace(path_of("absent/config"), BYTES_LITERAL("x")), ERR_NOT_FOUND);
    assert_false(file_exists(path_of("config.tmp")));
}

static void a_stamp_changes_with_the_file(void **state)
{
    (void)state;
    struct file_stamp stamp, next;
    assert_int_equal(file_look(path_of("stamped"), &stamp), ERR_NOT_FOUND);
    assert_int_equal(file_replace(path_of("stamped"), BYTES_LITERAL("one")), ERR_OK);
    assert_int_equal(file_look(path_of("stamped"), &stamp), ERR_OK);
    assert_int_equal(file_look(path_of("stamped"), &next), ERR_OK);
    assert_memory_equal(&stamp, &next, sizeof stamp);
    assert_int_equal(stamp.size, 3);
    assert_false(stamp.is_dir);
    assert_int_equal(file_replace(path_of("stamped"), BYTES_LITERAL("two")), ERR_OK);
    assert_int_equal(file_look(path_of("stamped"), &next), ERR_OK);
    assert_memory_not_equal(&stamp, &next, sizeof stamp);
    assert_int_equal(file_look(folder, &next), ERR_OK);
    assert_true(next.is_dir);
    // What a link points to counts.
    assert_int_equal(symlink("stamped", path_of("link")), 0);
    assert_int_equal(file_look(path_of("stamped"), &stamp), ERR_OK);
    assert_int_equal(file_look(path_of("link"), &next), ERR_OK);
    assert_memory_equal(&stamp, &next, sizeof stamp);
    assert_int_equal(file_remove(path_of("link")), ERR_OK);
}

static void lists_a_folder(void **state)
{
    (void)state;
    assert_int_equal(dir_make(path_of("sub")), ERR_OK);
    file_close(open_file("sub/a", FILE_WRITE | FILE_CREATE));
    assert_int_equal(dir_make(path_of("sub/b")), ERR_OK);
    assert_int_equal(dir_sync(path_of("sub")), ERR_OK);
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    assert_int_equal(dir_list(path_of("sub"), &arena, &entries, &count), ERR_OK);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(entries[i].name, entries[i].is_dir ? "b" : "a");
    assert_int_equal(dir_list(path_of("absent"), &arena, &entries, &count), ERR_NOT_FOUND);
    arena_free(&arena);
    assert_int_equal(dir_remove(path_of("sub")), ERR_EXISTS);
    assert_int_equal(file_rename(path_of("sub/a"), path_of("a")), ERR_OK);
    assert_int_equal(dir_remove(path_of("sub/b")), ERR_OK);
}

static void a_lock_lasts_until_its_holder_ends(void **state)
{
    (void)state;
    int ready[2], go[2];
    assert_int_equal(pipe(ready) | pipe(go), 0);
    pid_t other = fork();
    if (other == 0) {
        char byte = 0;
        struct file *held;
        if (file_open(path_of("lock"), FILE_WRITE | FILE_CREATE, &held) != ERR_OK || file_lock(held) != ERR_OK)
            _exit(1);
        _exit(write(ready[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1 ? 0 : 1);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct file *file = open_file("lock", FILE_WRITE | FILE_CREATE);
    assert_int_equal(file_lock(file), ERR_BUSY);
    assert_int_equal(write(go[1], "x", 1), 1);
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    assert_int_equal(file_lock(file), ERR_OK);
    file_close(file);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

#define JOB_COUNT 3000

static struct loop *loop;
static atomic_int runs;
static int order_broken, done;

struct numbered {
    struct disk_job job;
    int number;
};

static void run_numbered(struct disk_job *job)
{
    struct numbered *numbered = CONTAINER_OF(job, struct numbered, job);
    assert_null(loop_current());
    numbered->number -= atomic_fetch_add(&runs, 1);
}

static void done_numbered(struct disk_job *job)
{
    const struct numbered *numbered = CONTAINER_OF(job, struct numbered, job);
    assert_ptr_equal(loop_current(), loop);
    order_broken += numbered->number != 0;
    if (++done == JOB_COUNT)
        loop_stop(loop);
}

static struct numbered jobs[JOB_COUNT];

static void submit_jobs(enum disk_queue queue)
{
    atomic_store(&runs, 0);
    done = order_broken = 0;
    for (int i = 0; i < JOB_COUNT; i++) {
        jobs[i] =
            (struct numbered){ .number = i, .job = { .loop = loop, .run = run_numbered, .on_done = done_numbered } };
        disk_submit(queue, &jobs[i].job);
    }
}

static void a_queue_with_one_thread_runs_jobs_in_order(void **state)
{
    (void)state;
    static const unsigned threads[DISK_QUEUE_COUNT] = { 1, 4, 1 };
    loop = loop_new(0);
    disk_start(threads);
    submit_jobs(DISK_FLUSH);
    loop_run(loop);
    assert_int_equal(order_broken, 0);
    submit_jobs(DISK_READ); // four threads: all are run, in whatever order
    loop_run(loop);
    assert_int_equal(atomic_load(&runs), JOB_COUNT);
    submit_jobs(DISK_BACKGROUND);
    disk_stop();
    assert_int_equal(atomic_load(&runs), JOB_COUNT);
    loop_run(loop); // their messages were posted before disk_stop returned
    assert_int_equal(done, JOB_COUNT);
    loop_free(loop);
}

static void random_numbers_are_spread(void **state)
{
    (void)state;
    int counts[10] = { 0 };
    for (int i = 0; i < 10000; i++)
        counts[random_below(10)]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], 700, 1300);
    assert_int_equal(random_below(1), 0);
    uint8_t large[1000] = { 0 }, zero[100] = { 0 };
    random_bytes(large, sizeof(large));
    for (size_t at = 0; at < sizeof(large); at += sizeof(zero))
        assert_memory_not_equal(large + at, zero, sizeof(zero));
    assert_true(random_u64() != random_u64());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_many_parts_behind_each_other),
        cmocka_unit_test(reserves_space_without_growing_the_file),
        cmocka_unit_test(tells_why_a_file_does_not_open),
        cmocka_unit_test(a_full_disk_is_told_apart),
        cmocka_unit_test(replaces_a_file_whole),
        cmocka_unit_test(a_stamp_changes_with_the_file),
        cmocka_unit_test(lists_a_folder),
        cmocka_unit_test(a_lock_lasts_until_its_holder_ends),
        cmocka_unit_test(a_queue_with_one_thread_runs_jobs_in_order),
        cmocka_unit_test(random_numbers_are_spread),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
