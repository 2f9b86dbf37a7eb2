// SPDX-License-Identifier: Apache-2.0
#include "io/loop.h"

#include "base/assert.h"
#include "io/clock.h"

#include <stdatomic.h>

#include "base/test.h"

#define MESSAGE_COUNT 1000000
#define WINDOW        256

// Two loops on two threads: A keeps WINDOW messages on their way to B, which sends each one back.
struct parcel {
    struct message message;
    struct pair *pair;
    uint64_t number;
};

struct pair {
    struct loop *a, *b;
    struct parcel parcels[WINDOW];
    uint64_t sent, seen_by_b, returned;
    bool in_order;
};

static void on_parcel_at_a(struct message *message);

static void on_parcel_at_b(struct message *message)
{
    struct parcel *parcel = CONTAINER_OF(message, struct parcel, message);
    struct pair *pair = parcel->pair;
    pair->in_order = pair->in_order && parcel->number == pair->seen_by_b;
    pair->seen_by_b++;
    parcel->message.on_message = on_parcel_at_a;
    loop_post(pair->a, &parcel->message);
}

static void send_parcel(struct pair *pair, struct parcel *parcel)
{
    parcel->pair = pair;
    parcel->number = pair->sent++;
    parcel->message.on_message = on_parcel_at_b;
    loop_post(pair->b, &parcel->message);
}

static void on_parcel_at_a(struct message *message)
{
    struct parcel *parcel = CONTAINER_OF(message, struct parcel, message);
    struct pair *pair = parcel->pair;
    pair->returned++;
    if (pair->sent < MESSAGE_COUNT / 2)
        send_parcel(pair, parcel);
    else if (pair->returned == pair->sent)
        loop_stop(pair->a);
}

static void two_loops_exchange_a_million_messages_in_order(void **state)
{
    (void)state;
    static struct pair pair;
    pair = (struct pair){ .a = loop_new(0), .b = loop_new(1), .in_order = true };
    loop_start_thread(pair.b);
    for (size_t i = 0; i < WINDOW; i++)
        send_parcel(&pair, &pair.parcels[i]);
    loop_run(pair.a);
    loop_stop(pair.b);
    loop_join(pair.b);
    loop_free(pair.a);
    loop_free(pair.b);
    assert_int_equal(pair.returned, MESSAGE_COUNT / 2);
    assert_int_equal(pair.seen_by_b, MESSAGE_COUNT / 2);
    assert_true(pair.in_order);
}

// What happened, one letter each.
static char trace[64];

static void note(char letter)
{
    size_t length = strlen(trace);
    trace[length] = letter;
    trace[length + 1] = '\0';
}

struct probe {
    struct loop *loop;
    struct message message, second;
    struct deferred deferred, more;
    struct timer timer, other;
    int count;
};

static void on_more(struct deferred *deferred)
{
    (void)deferred;
    note('M');
}

static void on_deferred(struct deferred *deferred)
{
    struct probe *probe = CONTAINER_OF(deferred, struct probe, deferred);
    note('D');
    loop_defer(probe->loop, &probe->more);
}

static void on_second(struct message *message)
{
    struct probe *probe = CONTAINER_OF(message, struct probe, second);
    note('2');
    loop_stop(probe->loop);
}

static void on_first(struct message *message)
{
    struct probe *probe = CONTAINER_OF(message, struct probe, message);
    note('1');
    loop_defer(probe->loop, &probe->deferred);
    loop_defer(probe->loop, &probe->deferred);
    probe->second.on_message = on_second;
    loop_post(probe->loop, &probe->second);
}

static void on_order_timer(struct timer *timer)
{
    (void)timer;
    note('T');
}

static void a_turn_is_messages_then_timers_then_deferred_work(void **state)
{
    (void)state;
    trace[0] = '\0';
    struct probe probe = { .loop = loop_new(0) };
    probe.message.on_message = on_first;
    probe.deferred.on_turn_end = on_deferred;
    probe.more.on_turn_end = on_more;
    timer_init(&probe.timer, probe.loop, on_order_timer);
    timer_start(&probe.timer, 0);
    loop_post(probe.loop, &probe.message);
    loop_run(probe.loop);
    loop_free(probe.loop);
    assert_string_equal(trace, "1TDM2");
}

static void on_cancelled(struct deferred *deferred)
{
    (void)deferred;
    note('X');
}

static void on_canceller(struct deferred *deferred)
{
    struct probe *probe = CONTAINER_OF(deferred, struct probe, deferred);
    loop_defer_cancel(probe->loop, &probe->more);
    loop_stop(probe->loop);
    note('D');
}

static void deferred_work_can_be_cancelled(void **state)
{
    (void)state;
    trace[0] = '\0';
    struct probe probe = { .loop = loop_new(0) };
    probe.deferred.on_turn_end = on_canceller;
    probe.more.on_turn_end = on_cancelled;
    loop_defer_cancel(probe.loop, &probe.more);
    loop_defer(probe.loop, &probe.deferred);
    loop_defer(probe.loop, &probe.more);
    loop_run(probe.loop);
    loop_free(probe.loop);
    assert_string_equal(trace, "D");
}

struct alarm {
    struct timer timer;
    char letter;
    bool is_last;
};

static void on_alarm_timer(struct timer *timer)
{
    struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);
    note(alarm->letter);
    if (alarm->is_last)
        loop_stop(timer->loop);
}

static void timers_fire_by_time_then_by_start(void **state)
{
    (void)state;
    trace[0] = '\0';
    struct loop *loop = loop_new(0);
    static const int64_t delays_ms[] = { 20, 5, 5, 30, 0, 10 };
    struct alarm alarms[ARRAY_COUNT(delays_ms)];
    int64_t started_ns = clock_mono_ns();
    for (size_t i = 0; i < ARRAY_COUNT(delays_ms); i++) {
        alarms[i] = (struct alarm){ .letter = (char)('a' + i), .is_last = i == 3 };
        timer_init(&alarms[i].timer, loop, on_alarm_timer);
        timer_start(&alarms[i].timer, delays_ms[i]);
    }
    // A restart moves it behind the others: 'b' from 5 to 25 ms.
    timer_start(&alarms[1].timer, 25);
    loop_run(loop);
    assert_true(clock_mono_ns() - started_ns >= 28 * 1000000);
    loop_free(loop);
    assert_string_equal(trace, "ecfabd");
}

static void on_stopping_timer(struct timer *timer)
{
    struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
    note('a');
    timer_stop(&probe->other);
    timer_stop(&probe->other);
    if (++probe->count < 3)
        timer_start(timer, 0);
    else
        loop_stop(probe->loop);
}

static void a_timer_stops_another_and_restarts_itself(void **state)
{
    (void)state;
    trace[0] = '\0';
    struct probe probe = { .loop = loop_new(0) };
    timer_init(&probe.timer, probe.loop, on_stopping_timer);
    timer_init(&probe.other, probe.loop, on_order_timer);
    assert_false(timer_active(&probe.timer));
    timer_start(&probe.timer, 0);
    timer_start(&probe.other, 0);
    assert_true(timer_active(&probe.other));
    loop_run(probe.loop);
    assert_false(timer_active(&probe.other));
    loop_free(probe.loop);
    assert_string_equal(trace, "aaa");
}

struct debt {
    struct loop *giver, *receiver;
    struct message message, to_receiver;
    atomic_bool given;
    bool given_when_told;
};

static void on_credit(struct message *message)
{
    struct debt *debt = CONTAINER_OF(message, struct debt, message);
    debt->given_when_told = atomic_load(&debt->given);
    loop_stop(debt->giver);
}

static void on_receiver(struct message *message)
{
    struct debt *debt = CONTAINER_OF(message, struct debt, to_receiver);
    loop_credit_give(debt->receiver, 100); // 900 of 1000: not below half
    atomic_store(&debt->given, true);
    loop_credit_give(debt->receiver, 500);
}

static void credit_stops_a_source_until_half_is_given_back(void **state)
{
    (void)state;
    struct debt debt = { .giver = loop_new(0), .receiver = loop_new(1) };
    debt.message.on_message = on_credit;
    debt.to_receiver.on_message = on_receiver;
    loop_credit_limit_set(debt.receiver, 1000);
    loop_credit_take(debt.receiver, 1000);
    assert_false(loop_credit_short(debt.receiver));
    loop_credit_take(debt.receiver, 1);
    assert_true(loop_credit_short(debt.receiver));
    loop_credit_give(debt.receiver, 1);
    loop_credit_wait(debt.receiver, debt.giver, &debt.message);
    loop_start_thread(debt.receiver);
    loop_post(debt.receiver, &debt.to_receiver);
    loop_run(debt.giver);
    assert_true(debt.given_when_told);
    assert_false(loop_credit_short(debt.receiver));
    loop_stop(debt.receiver);
    loop_join(debt.receiver);
    // Nothing to wait for: at once.
    loop_credit_wait(debt.receiver, debt.giver, &debt.message);
    loop_run(debt.giver);
    loop_free(debt.giver);
    loop_free(debt.receiver);
}

static void stop_before_run_ends_the_run(void **state)
{
    (void)state;
    struct loop *loop = loop_new(7);
    loop_stop(loop);
    loop_run(loop);
    assert_int_equal(loop_index(loop), 7);
    assert_null(loop_current());
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_loops_exchange_a_million_messages_in_order),
        cmocka_unit_test(a_turn_is_messages_then_timers_then_deferred_work),
        cmocka_unit_test(deferred_work_can_be_cancelled),
        cmocka_unit_test(timers_fire_by_time_then_by_start),
        cmocka_unit_test(a_timer_stops_another_and_restarts_itself),
        cmocka_unit_test(credit_stops_a_source_until_half_is_given_back),
        cmocka_unit_test(stop_before_run_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
