// SPDX-License-Identifier: Apache-2.0
#include "io/system.h"

#include "io/clock.h"
#include "io/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
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
    char here[4096], *folder = system_folder();
    assert_string_equal(folder, getcwd(here, sizeof here));
    free(folder);
    assert_true(system_cpu_count() >= 1);
    uint64_t limit = system_raise_file_limit();
    system_usage_read(&usage);
    assert_int_equal(usage.max_files, limit);
    assert_non_null(system_environment());
}

struct heard {
    struct loop *loop;
    int numbers[4];
    int count;
};

static void on_signal(int signal_number, void *owner)
{
    struct heard *heard = owner;
    heard->numbers[heard->count++] = signal_number;
    static const int more[] = { SIGHUP, SIGUSR1, SIGUSR2 };
    if (heard->count == 4)
        loop_stop(heard->loop);
    else
        raise(more[heard->count - 1]);
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
    static const int expected[] = { SYSTEM_TERMINATE, SYSTEM_HANGUP, SYSTEM_USER_1, SYSTEM_USER_2 };
    assert_memory_equal(heard.numbers, expected, sizeof expected);
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

static void standard_error_goes_to_a_file_that_may_be_renamed(void **state)
{
    (void)state;
    char folder[] = "/tmp/eddy-system-test-XXXXXX", path[64], old[64], text[16] = "", more[16] = "";
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/log", folder);
    snprintf(old, sizeof(old), "%s/old", folder);
    int kept = dup(STDERR_FILENO);
    err_t nowhere_err = system_err_to_file("/nowhere/log");
    err_t first_err = system_err_to_file(path);
    err_t write_err = system_write_err(BYTES_LITERAL("one"));
    int renamed = rename(path, old);
    err_t second_err = system_err_to_file(path);
    err_t more_err = system_write_err(BYTES_LITERAL("two"));
    dup2(kept, STDERR_FILENO);
    close(kept);
    FILE *file = fopen(old, "r");
    assert_true(file != NULL && fgets(text, sizeof(text), file) != NULL);
    fclose(file);
    file = fopen(path, "r");
    assert_true(file != NULL && fgets(more, sizeof(more), file) != NULL);
    fclose(file);
    assert_int_equal(unlink(path) + unlink(old) + rmdir(folder) + renamed, 0);
    assert_int_equal(nowhere_err, ERR_NOT_FOUND);
    assert_int_equal(first_err + write_err + second_err + more_err, ERR_OK);
    assert_string_equal(text, "one");
    assert_string_equal(more, "two");
}

static void other_processes_are_found_by_name_and_told(void **state)
{
    (void)state;
    int ends[2];
    char name[16] = "";
    uint64_t found[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) { // of the same name; it waits to be told
        close(ends[1]);
        ssize_t got = read(ends[0], name, 1);
        _exit(got == 0 ? 0 : 1);
    }
    close(ends[0]);
    FILE *file = fopen("/proc/self/comm", "r");
    assert_true(file != NULL && fgets(name, sizeof(name), file) != NULL);
    fclose(file);
    name[strcspn(name, "\n")] = '\0';
    size_t count = system_find_processes(name, found, 2);
    err_t told = system_send_signal((uint64_t)child, SYSTEM_TERMINATE);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ends[1]);
    assert_true(count >= 1 && (count > 1 || found[0] == (uint64_t)child));
    assert_int_equal(told, ERR_OK);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(system_send_signal((uint64_t)child, SYSTEM_TERMINATE), ERR_NOT_FOUND);
    assert_int_equal(system_send_signal(0, SYSTEM_TERMINATE), ERR_NOT_FOUND);
    assert_int_equal(system_find_processes("no such program", found, 2), 0);
}

static void a_program_runs_on_our_streams_to_its_end(void **state)
{
    (void)state;
    int ends[2], code = -1;
    char text[16] = "";
    assert_int_equal(pipe(ends), 0);
    int kept = swap_fd(STDOUT_FILENO, ends[1]);
    static const char *const says[] = { "sh", "-c", "echo \"$1\"; exit 3", "sh", "hi", NULL };
    err_t err = system_run_program(says, &code);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(ends[1]);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(code, 3);
    assert_int_equal(read(ends[0], text, sizeof text), 3);
    assert_string_equal(text, "hi\n");
    close(ends[0]);
    // An interrupt of the terminal goes to both; it ends the program, not us.
    static const char *const dies[] = { "sh", "-c", "kill -INT $PPID; kill -INT $$", NULL };
    assert_int_equal(system_run_program(dies, &code), ERR_OK);
    assert_int_equal(code, 128 + SIGINT);
    static const char *const missing[] = { "no such program", NULL };
    assert_int_equal(system_run_program(missing, &code), ERR_NOT_FOUND);
}

static void local_time_is_that_of_the_zone(void **state)
{
    (void)state;
    setenv("TZ", "EST-02:30", 1); // east of Greenwich
    tzset();
    assert_int_equal(clock_local_ms(1767323045678) - 1767323045678, 9000000);
    unsetenv("TZ");
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_knows_the_process),
        cmocka_unit_test(signals_arrive_on_the_loop),
        cmocka_unit_test(a_closed_pipe_is_an_error_and_no_death),
        cmocka_unit_test(reads_standard_input_to_its_end),
        cmocka_unit_test(standard_error_goes_to_a_file_that_may_be_renamed),
        cmocka_unit_test(other_processes_are_found_by_name_and_told),
        cmocka_unit_test(a_program_runs_on_our_streams_to_its_end),
        cmocka_unit_test(local_time_is_that_of_the_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
