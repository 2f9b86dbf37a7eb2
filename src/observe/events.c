// SPDX-License-Identifier: Apache-2.0
#include "observe/events.h"

#include "base/assert.h"
#include "base/mem.h"
#include "eventing/figures.h"
#include "observe/exposition.h"

#include <stdlib.h>

enum { LINES_PER_TURN = 2000 };

// What one page needs; goes to the API's loop, comes back, and writes there in turns.
struct gather {
    struct message ask, write;
    struct eventing *eventing;
    struct scraper *scraper;
    struct writer *out;
    struct eventing_figures figures;
    size_t family, line; // where writing goes on
};

// --- families

#define OF(name, expression)                                                                                           \
    static double name(const struct post_figures *post)                                                                \
    {                                                                                                                  \
        return (double)(expression);                                                                                   \
    }
OF(matched, post->stats.matched)
OF(delivered, post->stats.delivered)
OF(retried, post->stats.retried)
OF(failed, post->stats.failed)
OF(dead, post->stats.dead)
OF(replies, post->stats.replies)
OF(held, post->held)
OF(waiting, post->waiting)
OF(failing, post->is_failing)

static const struct family {
    const char *name, *help;
    enum metric_type type;
    const char *label, *value; // a constant label, or NULL
    bool is_same;              // as the row before: no head
    double (*of)(const struct post_figures *post);
} families[] = {
    { "eddy_events_matched_total", "Events that passed a filter.", METRIC_COUNTER, NULL, NULL, false, matched },
    { "eddy_event_attempts_total", "What became of attempts: delivered, to be retried, or given up.", METRIC_COUNTER,
      "result", "delivered", false, delivered },
    { "eddy_event_attempts_total", NULL, METRIC_COUNTER, "result", "retried", true, retried },
    { "eddy_event_attempts_total", NULL, METRIC_COUNTER, "result", "failed", true, failed },
    { "eddy_dead_letters_total", "Events that became dead letters and were kept.", METRIC_COUNTER, NULL, NULL, false,
      dead },
    { "eddy_event_replies_total", "Answers that were sent on.", METRIC_COUNTER, NULL, NULL, false, replies },
    { "eddy_events_in_delivery", "Events that are being delivered, or wait for their next attempt.", METRIC_GAUGE, NULL,
      NULL, false, held },
    { "eddy_events_lag", "Records of the topic that are not done with.", METRIC_GAUGE, NULL, NULL, false, waiting },
    { "eddy_subscriber_failing", "1 while every attempt fails.", METRIC_GAUGE, NULL, NULL, false, failing },
};

static void write_post(struct gather *g, const struct family *family, const struct post_figures *post)
{
    writer_text(g->out, family->name);
    writer_u8(g->out, '{');
    exposition_label(g->out, false, "kind", bytes_of_text(post->kind));
    exposition_label(g->out, true, "namespace", bytes_of_text(post->name_space));
    exposition_label(g->out, true, "name", bytes_of_text(post->name));
    if (family->label != NULL)
        exposition_label(g->out, true, family->label, bytes_of_text(family->value));
    writer_text(g->out, "} ");
    exposition_number(g->out, family->of(post));
    writer_u8(g->out, '\n');
}

// --- the latency of attempts

static const struct metric_row latency_row = {
    .name = "eddy_event_attempt_seconds",
    .help = "How long attempts took, whatever came of them.",
    .type = METRIC_HISTOGRAM,
    .scale = 1e-9,
};

static void write_station(struct gather *g, const struct station_figures *station)
{
    struct writer labels = WRITER_INIT;
    metric_label(&labels, "kind", bytes_of_text(station->kind));
    metric_label(&labels, "namespace", bytes_of_text(station->name_space));
    metric_label(&labels, "name", bytes_of_text(station->name));
    writer_u8(&labels, '\0');
    exposition_histogram(g->out, &(struct metric_sample){ .row = &latency_row,
                                                          .labels = (const char *)writer_view(&labels).data,
                                                          .histogram = &station->latency });
    writer_free(&labels);
}

static void write_latencies(struct gather *g)
{
    if (g->figures.station_count > 0)
        exposition_family(g->out, latency_row.name, latency_row.help, latency_row.type);
    for (size_t i = 0; i < g->figures.station_count; i++)
        write_station(g, &g->figures.stations[i]);
}

// --- writing, a part per turn

static void on_write(struct message *message)
{
    struct gather *g = CONTAINER_OF(message, struct gather, write);
    size_t count = g->figures.post_count, lines = 0;
    while (g->family < ARRAY_COUNT(families) && lines < LINES_PER_TURN) {
        const struct family *family = &families[g->family];
        if (g->line == 0 && !family->is_same && count > 0)
            exposition_family(g->out, family->name, family->help, family->type);
        for (; g->line < count && lines < LINES_PER_TURN; g->line++, lines++)
            write_post(g, family, &g->figures.posts[g->line]);
        if (g->line < count)
            break;
        g->line = 0;
        g->family++;
    }
    if (g->family < ARRAY_COUNT(families)) {
        loop_post(g->scraper->loop, &g->write);
        return;
    }
    write_latencies(g);
    struct scraper *scraper = g->scraper;
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
