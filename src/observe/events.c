// SPDX-License-Identifier: Apache-2.0
#include "observe/events.h"

#include "base/assert.h"
#include "base/mem.h"
#include "eventing/figures.h"
#include "observe/exposition.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_PER_TURN = 2000 };

// What one page needs; goes to the API's loop, comes back, and writes there in turns.
struct gather {
    struct message ask, write;
    struct eventing *eventing;
    struct scraper *scraper;
    struct writer *out;
    struct eventing_figures figures;
    size_t family, item; // where writing goes on
    const char *headed;  // the family whose head was written last, or NULL
};

// --- families

#define OF(name, expression)                                                                                           \
    static double name(const struct tally_figures *item)                                                               \
    {                                                                                                                  \
        return (double)(expression);                                                                                   \
    }
OF(matched, item->counts.matched)
OF(delivered, item->counts.delivered)
OF(retried, item->counts.retried)
OF(failed, item->counts.failed)
OF(dead, item->counts.dead)
OF(replies, item->counts.replies)
OF(missed, item->counts.missed)
OF(held, item->held)
OF(waiting, item->waiting)
OF(failing, item->is_failing)

// Rows of one name stand together.
static const struct family {
    enum tally_parts part;
    const char *name, *help;
    enum metric_type type;
    const char *label, *value; // a constant label, or NULL
    double (*of)(const struct tally_figures *item);
} families[] = {
    { TALLY_EVENTS, "eddy_events_matched_total", "Events that passed a filter.", METRIC_COUNTER, NULL, NULL, matched },
    { TALLY_ATTEMPTS, "eddy_event_attempts_total", "What became of attempts: delivered, to be retried, or given up.",
      METRIC_COUNTER, "result", "delivered", delivered },
    { TALLY_ATTEMPTS, "eddy_event_attempts_total", NULL, METRIC_COUNTER, "result", "retried", retried },
    { TALLY_ATTEMPTS, "eddy_event_attempts_total", NULL, METRIC_COUNTER, "result", "failed", failed },
    { TALLY_EVENTS, "eddy_dead_letters_total", "Events that became dead letters and were kept.", METRIC_COUNTER, NULL,
      NULL, dead },
    { TALLY_EVENTS, "eddy_event_replies_total", "Answers that were sent on.", METRIC_COUNTER, NULL, NULL, replies },
    { TALLY_EVENTS, "eddy_event_records_missed_total",
      "Records that retention, or somebody, deleted before they were looked at.", METRIC_COUNTER, NULL, NULL, missed },
    { TALLY_EVENTS, "eddy_events_in_delivery", "Events that are being delivered, or wait for their next attempt.",
      METRIC_GAUGE, NULL, NULL, held },
    { TALLY_EVENTS, "eddy_events_lag", "Records of the topics that are not done with.", METRIC_GAUGE, NULL, NULL,
      waiting },
    { TALLY_EVENTS, "eddy_subscriber_failing", "1 while every attempt fails.", METRIC_GAUGE, NULL, NULL, failing },
    { TALLY_LATENCY, "eddy_event_attempt_seconds", "How long attempts took, whatever came of them.", METRIC_HISTOGRAM,
      NULL, NULL, NULL },
};

static void write_number(struct gather *g, const struct family *family, const struct tally_figures *item)
{
    writer_format(g->out, "%s{%s", family->name, item->labels);
    if (family->label != NULL)
        exposition_label(g->out, true, family->label, bytes_of_text(family->value));
    writer_text(g->out, "} ");
    exposition_number(g->out, family->of(item));
    writer_u8(g->out, '\n');
}

static void write_histogram(struct gather *g, const struct family *family, const struct tally_figures *item)
{
    struct metric_row row = { .name = family->name, .scale = 1e-9 };
    struct metric_sample sample = { .row = &row, .labels = item->labels, .histogram = item->latency };
    exposition_histogram(g->out, &sample);
}

// Returns how many lines that are, about.
static size_t write_item(struct gather *g, const struct family *family, const struct tally_figures *item)
{
    if ((item->parts & family->part) == 0)
        return 1; // it was looked at
    if (g->headed == NULL || strcmp(g->headed, family->name) != 0)
        exposition_family(g->out, family->name, family->help, family->type);
    g->headed = family->name;
    if (family->type == METRIC_HISTOGRAM) {
        write_histogram(g, family, item);
        return HISTOGRAM_BUCKETS;
    }
    write_number(g, family, item);
    return 1;
}

// --- a part per turn

static void on_write(struct message *message)
{
    struct gather *g = CONTAINER_OF(message, struct gather, write);
    struct scraper *scraper = g->scraper;
    size_t lines = 0;
    for (; g->family < ARRAY_COUNT(families); g->family++, g->item = 0) {
        while (g->item < g->figures.count && lines < LINES_PER_TURN)
            lines += write_item(g, &families[g->family], &g->figures.items[g->item++]);
        if (g->item < g->figures.count) {
            loop_post(scraper->loop, &g->write);
            return;
        }
    }
    eventing_figures_free(&g->figures);
    free(g);
    scraper_collected(scraper);
}

static void on_taken(void *owner, const struct eventing_figures *figures)
{
    struct gather *g = owner;
    g->figures = *figures;
    loop_post(g->scraper->loop, &g->write);
}

static void on_ask(struct message *message)
{
    struct gather *g = CONTAINER_OF(message, struct gather, ask);
    eventing_figures_take(g->eventing, on_taken, g);
}

static void collect(struct collector *base, struct scraper *scraper, struct writer *out)
{
    const struct events_collector *collector = CONTAINER_OF(base, struct events_collector, collector);
    if (collector->eventing == NULL) {
        scraper_collected(scraper);
        return;
    }
    struct gather *g = mem_zalloc(1, sizeof *g);
    g->ask.on_message = on_ask;
    g->write.on_message = on_write;
    g->eventing = collector->eventing;
    g->scraper = scraper;
    g->out = out;
    loop_post(collector->loop, &g->ask);
}

void events_collector_init(struct events_collector *collector)
{
    *collector = (struct events_collector){ .collector.collect = collect };
}

void events_collector_set(struct events_collector *collector, struct loop *loop, struct eventing *eventing)
{
    collector->loop = loop;
    collector->eventing = eventing;
}
