// SPDX-License-Identifier: Apache-2.0
#include "io/clock.h"
#include "io/disk.h"
#include "io/random.h"
#include "io/sim/sim.h"
#include "io/system.h"

#include "base/test.h"

#include "base/assert.h"
#include "base/mem.h"

struct ticker {
    struct timer timer;
    int64_t period_ms;
    int64_t fired_ms[8];
    size_t count, limit;
};

static void on_tick(struct timer *timer)
{
    struct ticker *ticker = CONTAINER_OF(timer, struct ticker, timer);
    ticker->fired_ms[ticker->count++] = loop_now_ms(timer->loop);
    if (ticker->count < ticker->limit)
        timer_start(timer, ticker->period_ms);
}

static void timers_fire_when_they_are_due_and_in_order(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, &(struct sim_options){ .steady = true });
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    struct ticker slow = { .period_ms = 100, .limit = 3 }, fast = { .period_ms = 30, .limit = 8 };
    timer_init(&slow.timer, loop, on_tick);
    timer_init(&fast.timer, loop, on_tick);
    int64_t start_ms = loop_now_ms(loop);
    timer_start(&slow.timer, 100);
    timer_start(&fast.timer, 30);
    assert_int_equal(sim_run_ms(sim, 205), SIM_TIME);
    assert_int_equal(slow.count, 2);
    assert_int_equal(fast.count, 6);
    assert_int_equal(slow.fired_ms[1] - start_ms, 200);
    timer_stop(&fast.timer);
    assert_false(timer_active(&fast.timer));
    assert_int_equal(sim_run_ms(sim, 1000), SIM_TIME);
    assert_int_equal(fast.count, 6);
    assert_int_equal(slow.count, 3);
    assert_int_equal(sim_run(sim, (struct sim_until){ .steps = 0 }), SIM_IDLE);
    loop_free(loop);
    sim_free(sim);
}

struct letter {
    struct message message;
    struct letter_box *box;
    unsigned sender, number;
};

struct letter_box {
    struct loop *loop;
    unsigned next[2];
    unsigned switches, last_sender, count;
};

static void on_letter(struct message *message)
{
    struct letter *letter = CONTAINER_OF(message, struct letter, message);
    struct letter_box *box = letter->box;
    assert_int_equal(letter->number, box->next[letter->sender]);
    box->next[letter->sender]++;
    if (box->count++ > 0 && box->last_sender != letter->sender)
        box->switches++;
    box->last_sender = letter->sender;
    assert_ptr_equal(loop_current(), box->loop);
    free(letter);
}

enum { LETTER_COUNT = 100 };

struct writer_of_letters {
    struct message start;
    struct letter_box *box;
    unsigned sender;
};

static void on_start(struct message *message)
{
    const struct writer_of_letters *writer = CONTAINER_OF(message, struct writer_of_letters, start);
    for (unsigned i = 0; i < LETTER_COUNT; i++) {
        struct letter *letter = mem_zalloc(1, sizeof(*letter));
        *letter = (struct letter){ { .on_message = on_letter }, writer->box, writer->sender, i };
        loop_post(writer->box->loop, &letter->message);
    }
}

// Two loops write to a third. Returns how often the sender of neighbours differs.
static unsigned run_letters(uint64_t seed, uint64_t *ret_hash)
{
    struct sim *sim = sim_new(seed, NULL);
    struct loop *loops[3];
    for (unsigned i = 0; i < 3; i++)
        loop_start_thread(loops[i] = loop_new(i));
    struct letter_box box = { .loop = loops[2] };
    struct writer_of_letters writers[2];
    for (unsigned i = 0; i < 2; i++) {
        writers[i] = (struct writer_of_letters){ { .on_message = on_start }, &box, i };
        loop_post(loops[i], &writers[i].start);
    }
    assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_IDLE);
    assert_int_equal(box.count, 2 * LETTER_COUNT);
    *ret_hash = sim_trace_hash(sim);
    for (unsigned i = 0; i < 3; i++)
        loop_free(loops[i]);
    sim_free(sim);
    return box.switches;
}

static void messages_keep_the_order_of_each_sender_only(void **state)
{
    (void)state;
    unsigned mixed = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t hash;
        mixed += run_letters(seed, &hash) > 1;
    }
    assert_true(mixed > 0);
}

static void same_seed_is_the_same_run_and_another_is_not(void **state)
{
    (void)state;
    uint64_t first, again, other;
    (void)run_letters(7, &first);
    (void)run_letters(7, &again);
    (void)run_letters(8, &other);
    assert_true(first == again);
    assert_true(first != other);
}

struct worker {
    struct disk_job job;
    struct deferred deferred;
    unsigned runs, done, turn_ends;
    bool posts_again;
};

static void on_turn_end(struct deferred *deferred)
{
    CONTAINER_OF(deferred, struct worker, deferred)->turn_ends++;
}

static void worker_run(struct disk_job *job)
{
    assert_null(loop_current());
    CONTAINER_OF(job, struct worker, job)->runs++;
}

static void worker_done(struct disk_job *job)
{
    struct worker *worker = CONTAINER_OF(job, struct worker, job);
    assert_ptr_equal(loop_current(), job->loop);
    worker->done++;
    loop_defer(job->loop, &worker->deferred);
    loop_defer(job->loop, &worker->deferred);
}

static const unsigned one_each[DISK_QUEUE_COUNT] = { 1, 1, 1 };

static void jobs_run_off_the_loop_and_end_on_it(void **state)
{
    (void)state;
    struct sim *sim = sim_new(3, NULL);
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    disk_start(one_each);
    struct worker workers[5];
    for (size_t i = 0; i < 5; i++) {
        workers[i] = (struct worker){ .job = { .loop = loop, .run = worker_run, .on_done = worker_done },
                                      .deferred = { .on_turn_end = on_turn_end } };
        disk_submit(i % 2 ? DISK_READ : DISK_FLUSH, &workers[i].job);
        assert_int_equal(workers[i].runs, 0);
    }
    assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_IDLE);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(workers[i].runs, 1);
        assert_int_equal(workers[i].done, 1);
        assert_int_equal(workers[i].turn_ends, 1);
    }
    disk_submit(DISK_BACKGROUND, &workers[0].job);
    disk_stop();
    assert_int_equal(workers[0].runs, 2);
    loop_free(loop);
    sim_free(sim);
}

struct telling_job {
    struct disk_job job;
    struct message told;
    bool is_told, is_done;
};

static void on_told(struct message *message)
{
    struct telling_job *telling = CONTAINER_OF(message, struct telling_job, told);
    assert_false(telling->is_done);
    telling->is_told = true;
}

static void telling_run(struct disk_job *job)
{
    struct telling_job *telling = CONTAINER_OF(job, struct telling_job, job);
    loop_post(job->loop, &telling->told);
}

static void telling_on_done(struct disk_job *job)
{
    CONTAINER_OF(job, struct telling_job, job)->is_done = true;
}

static void what_a_job_posts_comes_before_its_end(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        const unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
        struct sim *sim = sim_new(seed, &(struct sim_options){ 0 });
        struct loop *loop = loop_new(0);
        struct telling_job telling = { .job = { .loop = loop, .run = telling_run, .on_done = telling_on_done },
                                       .told.on_message = on_told };
        disk_start(threads);
        loop_start_thread(loop);
        disk_submit(DISK_FLUSH, &telling.job);
        sim_run_ms(sim, 100);
        assert_true(telling.is_told && telling.is_done);
        disk_stop();
        loop_free(loop);
        sim_free(sim);
    }
}

static void a_paused_loop_stands_still_and_others_go_on(void **state)
{
    (void)state;
    struct sim *sim = sim_new(4, &(struct sim_options){ .steady = true });
    struct loop *still = loop_new(0), *other = loop_new(1);
    loop_start_thread(still);
    loop_start_thread(other);
    struct ticker a = { .period_ms = 10, .limit = 8 }, b = { .period_ms = 10, .limit = 8 };
    timer_init(&a.timer, still, on_tick);
    timer_init(&b.timer, other, on_tick);
    timer_start(&a.timer, 10);
    timer_start(&b.timer, 10);
    sim_loop_pause(still, 55);
    assert_int_equal(sim_run_ms(sim, 50), SIM_TIME);
    assert_int_equal(a.count, 0);
    assert_int_equal(b.count, 5);
    assert_int_equal(sim_run_ms(sim, 10), SIM_TIME);
    assert_int_equal(a.count, 1);
    assert_true(sim_fault_count(sim) > 0);
    timer_stop(&a.timer);
    timer_stop(&b.timer);
    loop_free(still);
    loop_free(other);
    sim_free(sim);
}

static void seeded_pauses_and_clock_jumps_happen(void **state)
{
    (void)state;
    struct sim_options options = {
        .pause_ppm = 300000, .pause_max_ms = 20, .wall_jump_ppm = 300000, .wall_jump_max_ms = 5000
    };
    struct sim *sim = sim_new(5, &options);
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    struct ticker ticker = { .period_ms = 10, .limit = 8 };
    timer_init(&ticker.timer, loop, on_tick);
    timer_start(&ticker.timer, 10);
    int64_t mono_ns = clock_mono_ns(), wall_ms = clock_wall_ms();
    assert_int_equal(sim_run(sim, (struct sim_until){ 0 }), SIM_IDLE);
    int64_t elapsed_ms = (clock_mono_ns() - mono_ns) / 1000000;
    assert_int_equal(ticker.count, 8);
    assert_true(elapsed_ms > 80);
    assert_true(clock_wall_ms() - wall_ms > elapsed_ms + 10 || clock_wall_ms() - wall_ms < elapsed_ms - 10);
    int64_t now_ms = clock_wall_ms();
    sim_wall_jump(sim, -3600000);
    assert_int_equal(clock_wall_ms(), now_ms - 3600000);
    loop_free(loop);
    sim_free(sim);
}

static void on_exit_time(struct timer *timer)
{
    (void)timer;
    system_exit(7);
}

static void leaving_ends_the_program_where_it_stands(void **state)
{
    (void)state;
    struct sim *sim = sim_new(6, NULL);
    struct loop *loop = loop_new(0);
    loop_start_thread(loop);
    struct timer end;
    struct ticker ticker = { .period_ms = 10, .limit = 8 };
    timer_init(&end, loop, on_exit_time);
    timer_init(&ticker.timer, loop, on_tick);
    timer_start(&end, 35);
    timer_start(&ticker.timer, 10);
    assert_int_equal(sim_run_ms(sim, 1000), SIM_EXITED);
    assert_int_equal(sim_exit_code(sim), 7);
    assert_int_equal(ticker.count, 3);
    assert_false(timer_active(&ticker.timer));
    timer_stop(&ticker.timer);
    timer_start(&ticker.timer, 10);
    loop_free(loop);
    sim_restart(sim);
    assert_int_equal(sim_run_ms(sim, 1000), SIM_TIME);
    assert_int_equal(ticker.count, 3);
    sim_free(sim);
}

struct credit_source {
    struct message message;
    unsigned told;
};

static void on_credit(struct message *message)
{
    CONTAINER_OF(message, struct credit_source, message)->told++;
}

static void credit_is_told_below_half_the_limit(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1, NULL);
    struct loop *to = loop_new(0), *from = loop_new(1);
    loop_start_thread(to);
    loop_start_thread(from);
    struct credit_source source = { .message = { .on_message = on_credit } };
    loop_credit_limit_set(to, 100);
    loop_credit_take(to, 150);
    assert_true(loop_credit_short(to));
    loop_credit_wait(to, from, &source.message);
    loop_credit_give(to, 90);
    (void)sim_run(sim, (struct sim_until){ 0 });
    assert_int_equal(source.told, 0);
    loop_credit_give(to, 15);
    (void)sim_run(sim, (struct sim_until){ 0 });
    assert_int_equal(source.told, 1);
    loop_free(to);
    loop_free(from);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_when_they_are_due_and_in_order),
        cmocka_unit_test(messages_keep_the_order_of_each_sender_only),
        cmocka_unit_test(same_seed_is_the_same_run_and_another_is_not),
        cmocka_unit_test(jobs_run_off_the_loop_and_end_on_it),
        cmocka_unit_test(what_a_job_posts_comes_before_its_end),
        cmocka_unit_test(a_paused_loop_stands_still_and_others_go_on),
        cmocka_unit_test(seeded_pauses_and_clock_jumps_happen),
        cmocka_unit_test(leaving_ends_the_program_where_it_stands),
        cmocka_unit_test(credit_is_told_below_half_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
