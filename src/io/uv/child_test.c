// SPDX-License-Identifier: Apache-2.0
#include "io/child.h"

#include "base/assert.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/system.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

enum {
    TEST_LIMIT_MS = 20000,
};

static struct loop *loop;
static struct timer limit;

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_new(0);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    timer_stop(&limit);
    loop_free(loop);
    return 0;
}

struct outcome {
    char out[256], err[256];
    size_t out_size;
    int exits, code;
    err_t why;
    size_t *pending;
    const char *kill_at; // sends SIGTERM when the output is this
};

static void on_output(struct child *child, bool is_error, bytes_t bytes)
{
    struct outcome *outcome = child_owner(child);
    char *text = is_error ? outcome->err : outcome->out;
    size_t used = strlen(text);
    snprintf(text + used, sizeof(outcome->out) - used, "%.*s", BYTES_ARG(bytes));
    outcome->out_size += is_error ? 0 : bytes.size;
    if (outcome->kill_at != NULL && strcmp(outcome->out, outcome->kill_at) == 0)
        child_signal(child, SIGTERM);
}

static void on_exit_told(struct child *child, err_t err, int code)
{
    struct outcome *outcome = child_owner(child);
    outcome->exits++;
    outcome->why = err;
    outcome->code = code;
    if (--*outcome->pending == 0)
        loop_stop(loop);
}

static const struct child_ops ops = { .on_output = on_output, .on_exit = on_exit_told };

static const char *const clean_env[] = { "PATH=/usr/bin:/bin", "COLOUR=green", NULL };

static void spawn_shell(struct outcome *outcome, const char *script, size_t *pending)
{
    const char *const argv[] = { "sh", "-c", script, NULL };
    struct child_spec spec = { .argv = argv, .env = clean_env, .folder = "/usr" };
    outcome->pending = pending;
    child_spawn(loop, &spec, &ops, outcome);
    assert_int_equal(outcome->exits, 0);
}

static void run_shell(struct outcome *outcome, const char *script)
{
    size_t pending = 1;
    spawn_shell(outcome, script, &pending);
    loop_run(loop);
    assert_int_equal(outcome->exits, 1);
}

static void gives_output_folder_environment_and_exit_code(void **state)
{
    (void)state;
    struct outcome outcome = { 0 };
    run_shell(&outcome, "echo $COLOUR $HOME $(pwd); echo broken >&2; cat; exit 7");
    assert_int_equal(outcome.why, ERR_OK);
    assert_int_equal(outcome.code, 7);
    assert_string_equal(outcome.out, "green /usr\n");
    assert_string_equal(outcome.err, "broken\n");
}

static void output_is_complete_before_the_exit_is_told(void **state)
{
    (void)state;
    struct outcome outcome = { 0 };
    run_shell(&outcome, "head -c 3000000 /dev/zero");
    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.out_size, 3000000);
}

static void tells_what_cannot_be_started(void **state)
{
    (void)state;
    static const char *const absent[] = { "no-such-program", NULL };
    static const char *const denied[] = { "/etc/passwd", NULL };
    static const char *const fine[] = { "true", NULL };
    const struct child_spec specs[] = { { absent, clean_env, NULL },
                                        { denied, clean_env, NULL },
                                        { fine, clean_env, "/no/such/folder" } };
    static const err_t expected[] = { ERR_NOT_FOUND, ERR_DENIED, ERR_NOT_FOUND };
    struct outcome outcomes[ARRAY_COUNT(specs)] = { 0 };
    size_t pending = ARRAY_COUNT(specs);
    for (size_t i = 0; i < ARRAY_COUNT(specs); i++) {
        outcomes[i].pending = &pending;
        child_spawn(loop, &specs[i], &ops, &outcomes[i]);
    }
    loop_run(loop);
    for (size_t i = 0; i < ARRAY_COUNT(specs); i++) {
        assert_int_equal(outcomes[i].why, expected[i]);
        assert_int_equal(outcomes[i].exits, 1);
    }
}

static void a_signal_reaches_the_whole_group(void **state)
{
    (void)state;
    struct outcome outcome = { .kill_at = "ready\n" };
    int64_t started_ns = clock_mono_ns();
    run_shell(&outcome, "sleep 100 & echo ready; wait");
    assert_int_equal(outcome.code, 128 + SIGTERM);
    assert_true(clock_mono_ns() - started_ns < (int64_t)5000 * 1000000);
}

// The keeper kills before it tells, and reaps a moment later.
static bool is_gone_soon(pid_t pid)
{
    for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
        usleep(10000);
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static void the_end_of_a_child_ends_its_group(void **state)
{
    (void)state;
    struct outcome outcome = { 0 };
    run_shell(&outcome, "sleep 100 & echo $!");
    assert_true(atoi(outcome.out) > 1);
    assert_true(is_gone_soon(atoi(outcome.out)));
}

static void a_process_that_left_the_group_does_not_hold_the_exit_back(void **state)
{
    (void)state;
    struct outcome outcome = { 0 };
    int64_t started_ns = clock_mono_ns();
    run_shell(&outcome, "setsid sleep 100 & echo gone");
    assert_string_equal(outcome.out, "gone\n");
    assert_true(clock_mono_ns() - started_ns < (int64_t)10000 * 1000000);
}

static void runs_many_at_once(void **state)
{
    (void)state;
    enum { COUNT = 50 };
    static struct outcome outcomes[COUNT];
    size_t pending = COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        char script[64];
        snprintf(script, sizeof(script), "echo %zu; exit %zu", i, i);
        spawn_shell(&outcomes[i], script, &pending);
    }
    loop_run(loop);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(outcomes[i].code, i);
        assert_int_equal(atoi(outcomes[i].out), i);
    }
}

// The end of a pipe that grandchildren hold shows that the last of them is gone.
static bool ends_within(int fd, int time_ms)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    char byte;
    return poll(&polled, 1, time_ms) == 1 && read(fd, &byte, 1) == 0;
}

static void start_and_wait(void)
{
    // One that obeys SIGTERM, one that does not, and one that left its group.
    static const char script[] =
        "trap '' TERM; sleep 1000 & setsid sleep 1000 & echo ready >&9; while :; do sleep 1; done";
    struct outcome outcome = { 0 };
    size_t pending = 1;
    loop = loop_new(0);
    spawn_shell(&outcome, script, &pending);
    loop_run(loop);
}

// Descriptor 9 is inherited by the keeper, and so by all its descendants.
static void kill_9_of_the_process_ends_its_grandchildren(void **state)
{
    (void)state;
    int held[2];
    assert_int_equal(pipe(held), 0);
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        close(held[0]);
        if (dup2(held[1], 9) < 0)
            _exit(1);
        close(held[1]);
        if (child_keeper_start() == ERR_OK)
            start_and_wait();
        _exit(1);
    }
    close(held[1]);
    char ready[6];
    assert_int_equal(read(held[0], ready, sizeof(ready)), sizeof(ready));
    assert_memory_equal(ready, "ready\n", sizeof(ready));
    assert_false(ends_within(held[0], 50));
    assert_int_equal(kill(process, SIGKILL), 0);
    assert_int_equal(waitpid(process, NULL, 0), process);
    assert_true(ends_within(held[0], 6000));
    close(held[0]);
}

static int start_keeper(void **state)
{
    (void)state;
    return child_keeper_start() != ERR_OK;
}

static int stop_keeper(void **state)
{
    (void)state;
    child_keeper_stop();
    child_keeper_stop();
    return 0;
}

int main(void)
{
#define CHILD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    // First: it forks, which is for processes without threads.
    const struct CMUnitTest alone[] = { cmocka_unit_test(kill_9_of_the_process_ends_its_grandchildren) };
    const struct CMUnitTest tests[] = {
        CHILD_TEST(gives_output_folder_environment_and_exit_code),
        CHILD_TEST(output_is_complete_before_the_exit_is_told),
        CHILD_TEST(tells_what_cannot_be_started),
        CHILD_TEST(a_signal_reaches_the_whole_group),
        CHILD_TEST(the_end_of_a_child_ends_its_group),
        CHILD_TEST(a_process_that_left_the_group_does_not_hold_the_exit_back),
        CHILD_TEST(runs_many_at_once),
    };
    int failed = cmocka_run_group_tests(alone, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, start_keeper, stop_keeper);
}
