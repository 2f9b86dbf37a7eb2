// SPDX-License-Identifier: Apache-2.0
#include "io/system.h"

#include "io/clock.h"
#include "io/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/test.h"

static void the_system_knows_the_process(void **state)
{
    (void)state;
    struct system_usage usage;
    system_usage_read(&usage);
    assert_true(usage.resident_size > 100000);
    assert_true(usage.cpu_ns > 0);
    assert_in_range(usage.open_files, 3, 1000);
    assert_in_range(clock_wall_ms() - usage.started_wall_ms + 20, 0, 600000); // to 10 ms
    assert_int_equal(system_process_id(), getpid());
    assert_true(system_cpu_count() >= 1);
    uint64_t limit = system_raise_file_limit();
    system_usage_read(&usage);
    assert_int_equal(usage.max_files, limit);
    assert_non_null(system_environment());
}

struct heard {
    struct loop *loop;
    int numbers[3];
    int count;
};

static void on_signal(int signal_number, void *owner)
{
    struct heard *heard = owner;
    heard->numbers[heard->count++] = signal_number;
    if (heard->count == 2)
        loop_stop(heard->loop);
    else
        raise(SIGHUP);
}

static void signals_arrive_on_the_loop(void **state)
{
    (void)state;
    struct heard heard = { .loop = loop_new(0) };
    system_on_signal(heard.loop, on_signal, &heard);
    raise(SIGTERM);
    loop_run(heard.loop);
    system_signals_stop();
    system_signals_stop();
    loop_free(heard.loop);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.numbers[0], SIGTERM);
    assert_int_equal(heard.numbers[1], SIGHUP);
}

// Runs with descriptor FD replaced by WITH.
static int swap_fd(int fd, int with)
{
    int kept = dup(fd);
    assert_true(kept >= 0 && dup2(with, fd) == fd);
    return kept;
}

static void a_closed_pipe_is_an_error_and_no_death(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    // SIGPIPE is ignored since the last test.
    int kept = swap_fd(STDOUT_FILENO, ends[1]);
    err_t open_err = system_write_out(BYTES_LITERAL("hello"));
    char text[16];
    ssize_t got = read(ends[0], text, sizeof(text));
    close(ends[0]);
    err_t closed_err = system_write_out(BYTES_LITERAL("hello"));
    bool is_terminal = system_out_is_terminal();
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(ends[1]);
    assert_int_equal(open_err, ERR_OK);
    assert_int_equal(got, 5);
    assert_int_equal(closed_err, ERR_RESET);
    assert_false(is_terminal);
}

static void reads_standard_input_to_its_end(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    close(ends[1]);
    int kept = swap_fd(STDIN_FILENO, ends[0]);
    char text[16];
    size_t first = 99, second = 99;
    assert_int_equal(system_read_in(text, sizeof(text), &first), ERR_OK);
    assert_int_equal(system_read_in(text, sizeof(text), &second), ERR_OK);
    assert_false(system_in_is_terminal());
    dup2(kept, STDIN_FILENO);
    close(kept);
    close(ends[0]);
    assert_int_equal(first, 3);
    assert_int_equal(second, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_knows_the_process),
        cmocka_unit_test(signals_arrive_on_the_loop),
        cmocka_unit_test(a_closed_pipe_is_an_error_and_no_death),
        cmocka_unit_test(reads_standard_input_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
