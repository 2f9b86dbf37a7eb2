// SPDX-License-Identifier: Apache-2.0
#include "io/sim/sim.h"

#include "base/assert.h"
#include "io/child.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/loop.h"
#include "io/random.h"
#include "io/system.h"

#include "base/test.h"

enum { LOOPS = 3, PARCELS = 20, HOPS = 50 };

// Parcels that wander between loops at random, with a timer and deferred work on each loop.
struct parcel {
    struct message message;
    struct program *program;
    unsigned hops;
    uint64_t number;
};

struct station {
    struct program *program;
    struct timer timer;
    struct deferred deferred;
    unsigned ticks, turns, seen;
};

struct program {
    struct loop *loops[LOOPS];
    struct station stations[LOOPS];
    struct parcel parcels[PARCELS];
    unsigned arrived;
    uint64_t order; // of all hops, folded
};

static void on_parcel(struct message *message)
{
    struct parcel *parcel = CONTAINER_OF(message, struct parcel, message);
    struct program *program = parcel->program;
    unsigned here = loop_index(loop_current());
    program->order = program->order * 31 + parcel->number * LOOPS + here;
    program->stations[here].seen++;
    loop_defer(loop_current(), &program->stations[here].deferred);
    if (++parcel->hops == HOPS)
        program->arrived++;
    else
        loop_post(program->loops[random_below(LOOPS)], message);
}

static void on_tick(struct timer *timer)
{
    struct station *station = CONTAINER_OF(timer, struct station, timer);
    station->ticks++;
    timer_start(timer, 1 + (int64_t)random_below(3));
}

static void on_turn_end(struct deferred *deferred)
{
    struct station *station = CONTAINER_OF(deferred, struct station, deferred);
    station->turns++;
}

static void program_start(struct program *program)
{
    *program = (struct program){ 0 };
    for (unsigned i = 0; i < LOOPS; i++) {
        struct station *station = &program->stations[i];
        program->loops[i] = loop_new(i);
        station->program = program;
        station->deferred.on_turn_end = on_turn_end;
        timer_init(&station->timer, program->loops[i], on_tick);
        timer_start(&station->timer, 1);
        loop_start_thread(program->loops[i]);
    }
    for (uint64_t i = 0; i < PARCELS; i++) {
        program->parcels[i] = (struct parcel){ .message.on_message = on_parcel, .program = program, .number = i };
        loop_post(program->loops[i % LOOPS], &program->parcels[i].message);
    }
}

static void program_free(struct program *program)
{
    for (unsigned i = 0; i < LOOPS; i++) {
        timer_stop(&program->stations[i].timer);
        loop_defer_cancel(program->loops[i], &program->stations[i].deferred);
        loop_free(program->loops[i]);
    }
}

static bool all_arrived(void *owner)
{
    const struct program *program = owner;
    return program->arrived == PARCELS;
}

static void time_passes_only_by_events_and_the_wall_clock_may_jump(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, NULL);
    int64_t mono_ns = clock_mono_ns(), wall_ms = clock_wall_ms();
    assert_int_equal(sim_run_ms(sim, 1500), SIM_TIME);
    assert_int_equal(clock_mono_ns() - mono_ns, 1500 * 1000000);
    assert_int_equal(clock_wall_ms() - wall_ms, 1500);
    sim_wall_jump(sim, -3600000);
    assert_int_equal(clock_wall_ms() - wall_ms, 1500 - 3600000);
    assert_int_equal(clock_mono_ns() - mono_ns, 1500 * 1000000);
    assert_int_equal(sim_fault_count(sim), 1);
    assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_IDLE);
    sim_free(sim);
}

// --- generations

struct crash_plan {
    struct sim *sim;
    struct timer timer;
};

static void on_crash_time(struct timer *timer)
{
    sim_power_loss(CONTAINER_OF(timer, struct crash_plan, timer)->sim);
}

static void after_a_crash_nothing_calls_back_and_the_program_can_be_freed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim *sim = sim_new(seed, NULL);
        struct program program, second;
        program_start(&program);
        struct crash_plan plan = { .sim = sim };
        timer_init(&plan.timer, program.loops[0], on_crash_time);
        timer_start(&plan.timer, 1);
        assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_CRASHED);
        unsigned arrived = program.arrived, ticks = program.stations[0].ticks;
        assert_false(timer_active(&program.stations[0].timer));
        timer_start(&program.stations[0].timer, 1);
        loop_post(program.loops[0], &program.parcels[0].message);
        sim_restart(sim);
        program_start(&second);
        assert_int_equal(sim_run(sim, (struct sim_until){ .done = all_arrived, .owner = &second }), SIM_DONE);
        assert_int_equal(program.arrived, arrived);
        assert_int_equal(program.stations[0].ticks, ticks);
        program_free(&program);
        program_free(&second);
        sim_free(sim);
    }
}

struct heap_job {
    struct disk_job job;
    struct sim *sim;
};

static void job_run(struct disk_job *job)
{
    sim_power_loss(CONTAINER_OF(job, struct heap_job, job)->sim);
}

static void job_never_done(struct disk_job *job)
{
    (void)job;
    fail();
}

static void what_was_in_flight_at_a_crash_is_kept_for_the_leak_checker(void **state)
{
    (void)state;
    static const unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    struct sim *sim = sim_new(1, NULL);
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    disk_start(threads);
    for (int i = 0; i < 3; i++) {
        // Nobody but the world knows these.
        struct heap_job *item = calloc(1, sizeof(*item));
        assert_non_null(item);
        item->sim = sim;
        item->job = (struct disk_job){ .loop = loop, .run = job_run, .on_done = job_never_done };
        disk_submit(DISK_READ, &item->job);
    }
    assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_CRASHED);
    sim_restart(sim);
    disk_start(threads);
    assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_IDLE);
    disk_stop();
    loop_free(loop);
    sim_free(sim);
}

// --- the surroundings

static void on_signal(int signal_number, void *owner)
{
    *(int *)owner = signal_number;
}

static void signals_and_standard_streams_are_the_tests(void **state)
{
    (void)state;
    const char *const env[] = { "EDDY_DATA=/data", NULL };
    struct sim *sim = sim_new(1, &(struct sim_options){ .env = env, .cpu_count = 7 });
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    int seen = 0;
    system_on_signal(loop, on_signal, &seen);
    sim_signal(sim, 15);
    assert_int_equal(seen, 0);
    sim_run_ms(sim, 1);
    assert_int_equal(seen, 15);
    assert_string_equal(system_environment()[0], "EDDY_DATA=/data");
    assert_int_equal(system_cpu_count(), 7);
    assert_int_equal(system_write_out(BYTES_LITERAL("out")), ERR_OK);
    assert_int_equal(system_write_err(BYTES_LITERAL("err")), ERR_OK);
    assert_true(bytes_is(sim_output(sim, false), "out"));
    assert_true(bytes_is(sim_output(sim, true), "err"));
    sim_input(sim, BYTES_LITERAL("line"));
    char text[3];
    size_t size;
    assert_int_equal(system_read_in(text, 3, &size), ERR_OK);
    assert_int_equal(size, 3);
    assert_int_equal(system_read_in(text, 3, &size), ERR_OK);
    assert_int_equal(size, 1);
    assert_int_equal(system_read_in(text, 3, &size), ERR_OK);
    assert_int_equal(size, 0);
    loop_free(loop);
    sim_free(sim);
}

static void on_child_exit(struct child *child, err_t err, int code)
{
    (void)code;
    *(err_t *)child_owner(child) = err;
}

static void children_are_not_supported(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, NULL);
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    const char *const argv[] = { "true", NULL };
    const struct child_ops ops = { .on_exit = on_child_exit };
    err_t err = ERR_OK;
    assert_int_equal(child_keeper_start(), ERR_OK);
    (void)child_spawn(loop, &(struct child_spec){ .argv = argv }, &ops, &err);
    assert_int_equal(err, ERR_OK);
    sim_run_ms(sim, 1);
    assert_int_equal(err, ERR_UNSUPPORTED);
    loop_free(loop);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_passes_only_by_events_and_the_wall_clock_may_jump),
        cmocka_unit_test(after_a_crash_nothing_calls_back_and_the_program_can_be_freed),
        cmocka_unit_test(what_was_in_flight_at_a_crash_is_kept_for_the_leak_checker),
        cmocka_unit_test(signals_and_standard_streams_are_the_tests),
        cmocka_unit_test(children_are_not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
