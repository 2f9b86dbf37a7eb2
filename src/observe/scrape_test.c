// SPDX-License-Identifier: Apache-2.0
#include "observe/scrape.h"

#include "base/assert.h"
#include "base/test.h"

// Writes its name over several turns.
struct slow_collector {
    struct collector collector;
    struct scraper *scraper;
    struct writer *out;
    struct timer timer;
    int turns, runs;
};

static void on_turn(struct timer *timer)
{
    struct slow_collector *slow = CONTAINER_OF(timer, struct slow_collector, timer);
    writer_text(slow->out, "slow\n");
    if (--slow->turns == 0)
        scraper_collected(slow->scraper);
    else
        timer_start(timer, 1);
}

static void collect_slowly(struct collector *collector, struct scraper *scraper, struct writer *out)
{
    struct slow_collector *slow = CONTAINER_OF(collector, struct slow_collector, collector);
    slow->scraper = scraper;
    slow->out = out;
    slow->turns = 3;
    slow->runs++;
    timer_start(&slow->timer, 1);
}

static void collect_at_once(struct collector *collector, struct scraper *scraper, struct writer *out)
{
    (void)collector;
    writer_text(out, "fast\n");
    scraper_collected(scraper);
}

struct asker {
    struct scrape scrape;
    struct scraper *scraper;
    unsigned pages, *left;
};

static void on_page(struct scrape *scrape, const struct slice *page)
{
    struct asker *asker = CONTAINER_OF(scrape, struct asker, scrape);
    assert_true(bytes_is(page->bytes, "slow\nslow\nslow\nfast\n"));
    asker->pages++;
    if (--*asker->left == 0)
        loop_stop(asker->scraper->loop);
}

struct late {
    struct timer timer;
    struct asker *asker;
};

static void on_late(struct timer *timer)
{
    struct late *late = CONTAINER_OF(timer, struct late, timer);
    scraper_ask(late->asker->scraper, &late->asker->scrape);
}

static void serves_everybody_who_asked_before_from_one_page(void **state)
{
    (void)state;
    struct loop *loop = loop_new(0);
    struct scraper scraper;
    struct slow_collector slow = { .collector.collect = collect_slowly };
    struct collector fast = { .collect = collect_at_once };
    scraper_init(&scraper, loop);
    scraper_add(&scraper, &slow.collector);
    scraper_add(&scraper, &fast);
    timer_init(&slow.timer, loop, on_turn);
    unsigned left = 3;
    struct asker askers[3];
    for (size_t i = 0; i < 3; i++)
        askers[i] = (struct asker){ .scrape.on_page = on_page, .scraper = &scraper, .left = &left };
    scraper_ask(&scraper, &askers[0].scrape);
    struct late late[2] = { { .asker = &askers[1] }, { .asker = &askers[2] } };
    for (size_t i = 0; i < 2; i++) {
        timer_init(&late[i].timer, loop, on_late);
        timer_start(&late[i].timer, 2);
    }
    loop_run(loop);
    assert_int_equal(slow.runs, 2); // the first page, and one for the two that came during it
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(askers[i].pages, 1);
    scraper_deinit(&scraper);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_everybody_who_asked_before_from_one_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
