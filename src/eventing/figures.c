// SPDX-License-Identifier: Apache-2.0
#include "eventing/figures.h"

#include "base/mem.h"
#include "eventing/eventing.h"

#include <stdlib.h>

static const struct consumer *consumer_of(const struct list_node *node)
{
    return CONTAINER_OF_CONST(node, struct consumer, tallied);
}

static void consumer_take(const struct consumer *consumer, struct tally_figures *figures)
{
    figures->is_failing = figures->is_failing || consumer->circuit != NULL;
    for (int32_t i = 0; i < consumer->partition_count; i++) {
        const struct cursor *cursor = &consumer->cursors[i];
        int64_t waiting = cursor->feed == NULL ? 0 : cursor->feed->end - cursor_floor(cursor);
        figures->held += (int64_t)cursor->count;
        figures->waiting += waiting > 0 ? waiting : 0;
    }
}

static char *labels_of(const struct tally *tally)
{
    struct writer out = WRITER_INIT;
    metric_label(&out, "kind", bytes_of_text(tally->kind));
    metric_label(&out, "namespace", tally->name_space);
    metric_label(&out, "name", tally->name);
    char *labels = bytes_to_text(writer_view(&out));
    writer_free(&out);
    return labels;
}

static void tally_take(const struct tally *tally, struct tally_figures *figures)
{
    *figures = (struct tally_figures){
        .labels = labels_of(tally),
        .parts = tally->parts,
        .counts = tally->counts,
    };
    LIST_EACH(&tally->consumers, node)
    {
        consumer_take(consumer_of(node), figures);
    }
    if (tally->latency == NULL)
        return;
    figures->latency = mem_zalloc(1, sizeof *figures->latency);
    histogram_copy_add(figures->latency, tally->latency);
}

static void take(const struct eventing *eventing, struct eventing_figures *ret_figures)
{
    const struct map *tallies = &eventing->tallies;
    *ret_figures = (struct eventing_figures){ .items = mem_zalloc(tallies->count, sizeof *ret_figures->items) };
    for (struct map_node *node = map_next(tallies, NULL); node != NULL; node = map_next(tallies, node))
        tally_take(CONTAINER_OF(node, struct tally, node), &ret_figures->items[ret_figures->count++]);
}

// --- the ends of topics

struct ends {
    struct eventing *eventing;
    void (*on_taken)(void *owner, const struct eventing_figures *figures);
    void *owner;
    size_t waiting;
};

struct end {
    struct engine_find_op op;
    struct ends *ends;
    struct feed *feed; // NULL: it has stopped meanwhile
    char *topic;
};

static void one_found(struct ends *ends)
{
    struct eventing_figures figures;
    if (--ends->waiting > 0)
        return;
    take(ends->eventing, &figures);
    ends->on_taken(ends->owner, &figures);
    free(ends);
}

static void on_found(struct engine_find_op *op)
{
    struct end *end = CONTAINER_OF(op, struct end, op);
    struct ends *ends = end->ends;
    if (end->feed != NULL)
        end->feed->finder = NULL;
    if (end->feed != NULL && op->err == ERR_OK)
        end->feed->end = op->offset;
    free(end->topic);
    free(end);
    one_found(ends);
}

// Once for all who are fed by it.
static void find(struct ends *ends, struct feed *feed)
{
    if (feed == NULL || feed->finder != NULL)
        return;
    struct end *end = mem_zalloc(1, sizeof *end);
    end->ends = ends;
    end->feed = feed;
    end->topic = bytes_to_text(feed->topic);
    end->op = (struct engine_find_op){
        .on_done = on_found,
        .topic = bytes_of_text(end->topic),
        .partition = feed->partition,
        .offset = ENGINE_LATEST,
    };
    feed->finder = &end->feed;
    ends->waiting++;
    feed->engine->driver->offset_find(feed->engine, &end->op);
}

static void find_all(struct ends *ends, const struct tally *tally)
{
    LIST_EACH(&tally->consumers, node)
    {
        const struct consumer *consumer = consumer_of(node);
        for (int32_t i = 0; i < consumer->partition_count; i++)
            find(ends, consumer->cursors[i].feed);
    }
}

void eventing_figures_take(struct eventing *eventing,
                           void (*on_taken)(void *owner, const struct eventing_figures *figures), void *owner)
{
    const struct map *tallies = &eventing->tallies;
    struct ends *ends = mem_alloc(sizeof *ends);
    *ends = (struct ends){ eventing, on_taken, owner, 1 };
    for (struct map_node *node = map_next(tallies, NULL); node != NULL; node = map_next(tallies, node))
        find_all(ends, CONTAINER_OF(node, struct tally, node));
    one_found(ends);
}

void eventing_figures_free(struct eventing_figures *figures)
{
    for (size_t i = 0; i < figures->count; i++) {
        free(figures->items[i].labels);
        free(figures->items[i].latency);
    }
    free(figures->items);
}
