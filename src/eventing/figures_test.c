// SPDX-License-Identifier: Apache-2.0
#include "eventing/figures.h"

#include "eventing/eventing.h"

#include "eventing/testing/event_world.h"

enum { HUBS = 2 };

// Of one object, as a source of two topics has them.
static struct eventing eventing;
static struct tally *tally;
static struct scripted target, last;
static struct hub hubs[HUBS];
static struct hub_member members[HUBS];
static int joined;
static struct eventing_figures figures;

static int begin(void **state)
{
    target = scripted_new("http://target/");
    last = scripted_new("last");
    joined = 0;
    return world_begin(state);
}

static int never(const char *id, int nth)
{
    (void)id;
    (void)nth;
    return -1;
}

static void on_joined(struct hub_member *member, err_t err)
{
    (void)member;
    assert_int_equal(err, ERR_OK);
    joined++;
}

static void start(void)
{
    static const char *const groups[HUBS] = { "g0", "g1" };
    eventing_init(&eventing, engine);
    tally = tally_get(&eventing.tallies, "kafkasource", BYTES_LITERAL("n"), BYTES_LITERAL("s"),
                      TALLY_ATTEMPTS | TALLY_EVENTS | TALLY_LATENCY);
    for (int i = 0; i < HUBS; i++) {
        hub_open(&hubs[i], engine, BYTES_LITERAL("events"), topic_id, 1);
        members[i] = (struct hub_member){
            .group = bytes_of_text(groups[i]),
            .from = ENGINE_EARLIEST,
            .on_joined = on_joined,
            .consumer = { .filter = filter_of("{}"),
                          .sink = &target.sink,
                          .last = &last.sink,
                          .delivery = delivery_default(BACKOFF_FROM_ZERO) },
        };
        tally_add(tally, &members[i].consumer);
        hub_join(&hubs[i], &members[i]);
    }
}

static void leave(int i)
{
    hub_leave(&members[i], false);
    list_remove(&members[i].consumer.tallied);
    hub_close(&hubs[i]);
}

static void first_leaves(void)
{
    leave(0);
}

static void second_leaves(void)
{
    leave(1);
    tally_drop(&eventing.tallies, tally);
    eventing_deinit(&eventing);
}

static void on_taken(void *owner, const struct eventing_figures *taken)
{
    (void)owner;
    figures = *taken;
    bench_go(&bench);
}

static void take(void *owner)
{
    (void)owner;
    eventing_figures_take(&eventing, on_taken, NULL);
}

static void take_as_one_leaves(void *owner)
{
    take(owner);
    first_leaves();
}

static const struct tally_figures *taken_by(void (*fn)(void *owner))
{
    eventing_figures_free(&figures);
    figures = (struct eventing_figures){ 0 };
    bench_wait(&bench, fn, NULL);
    assert_int_equal(figures.count, 1);
    return &figures.items[0];
}

static bool all_are_held(void)
{
    return joined == HUBS && target.held_count == 6;
}

static bool all_are_delivered(void)
{
    return tally->counts.delivered == 6;
}

static void adds_up_what_the_consumers_of_an_object_have(void **state)
{
    (void)state;
    target.answer = never;
    append("a b c");
    run(start);
    wait_until(all_are_held);
    const struct tally_figures *item = taken_by(take);
    assert_string_equal(item->labels, "kind=\"kafkasource\",namespace=\"n\",name=\"s\"");
    assert_int_equal(item->held, 6);
    assert_int_equal(item->waiting, 6);
    assert_int_equal(item->counts.matched, 6);
    assert_int_equal(item->latency->count, 0);
    scripted_let_go(&target);
    wait_until(all_are_delivered);
    item = taken_by(take);
    assert_int_equal(item->held, 0);
    assert_int_equal(item->waiting, 0);
    assert_int_equal(item->counts.delivered, 6);
    assert_int_equal(item->latency->count, 6);
    run(first_leaves);
    run(second_leaves);
}

static void what_one_of_them_did_stays_when_it_leaves(void **state)
{
    (void)state;
    append("a b c");
    run(start);
    wait_until(all_are_delivered);
    const struct tally_figures *item = taken_by(take_as_one_leaves); // while the end of its topic is looked for
    assert_int_equal(item->counts.delivered, 6);
    assert_int_equal(item->waiting, 0);
    assert_int_equal(taken_by(take)->counts.delivered, 6);
    run(second_leaves);
}

static int end(void **state)
{
    eventing_figures_free(&figures);
    figures = (struct eventing_figures){ 0 };
    return world_end(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(adds_up_what_the_consumers_of_an_object_have),
        TEST(what_one_of_them_did_stays_when_it_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
