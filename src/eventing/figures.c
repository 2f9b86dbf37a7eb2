// SPDX-License-Identifier: Apache-2.0
#include "eventing/figures.h"

#include "base/mem.h"
#include "eventing/eventing.h"

#include <stdlib.h>

static void post_take(const struct post *post, struct post_figures *figures)
{
    const struct consumer *consumer = &post->member.consumer;
    *figures = (struct post_figures){
        .kind = post->kind,
        .name_space = bytes_to_text(post->name_space),
        .name = bytes_to_text(post->name),
        .stats = consumer->stats,
        .is_failing = consumer->circuit != NULL,
    };
    for (int32_t i = 0; i < consumer->partition_count; i++) {
        const struct cursor *cursor = &consumer->cursors[i];
        int64_t waiting = cursor->feed == NULL ? 0 : cursor->feed->end - cursor_floor(cursor);
        figures->held += (int64_t)cursor->count;
        figures->waiting += waiting > 0 ? waiting : 0;
    }
}

static void station_take(const struct station *station, struct station_figures *figures)
{
    static const char *const kinds[] = { [INBOX_BROKER] = "broker", [INBOX_CHANNEL] = "channel" };
    *figures = (struct station_figures){
        .kind = kinds[station->kind],
        .name_space = bytes_to_text(station->name_space),
        .name = bytes_to_text(station->name),
    };
    histogram_copy_add(&figures->latency, &station->latency);
}

static void take(const struct eventing *eventing, struct eventing_figures *ret_figures)
{
    const struct map *posts = &eventing->posts, *stations = &eventing->stations;
    *ret_figures = (struct eventing_figures){
        .posts = mem_zalloc(posts->count, sizeof *ret_figures->posts),
        .stations = mem_zalloc(stations->count, sizeof *ret_figures->stations),
    };
    for (struct map_node *node = map_next(posts, NULL); node != NULL; node = map_next(posts, node))
        post_take(CONTAINER_OF(node, struct post, node), &ret_figures->posts[ret_figures->post_count++]);
    for (struct map_node *node = map_next(stations, NULL); node != NULL; node = map_next(stations, node))
        station_take(CONTAINER_OF(node, struct station, node), &ret_figures->stations[ret_figures->station_count++]);
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
    char *station; // its key: it may go meanwhile
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
    struct map_node *node = map_find(&ends->eventing->stations, bytes_of_text(end->station));
    struct hub *hub = node == NULL ? NULL : &CONTAINER_OF(node, struct station, node)->hub;
    if (op->err == ERR_OK && hub != NULL && op->partition < hub->partition_count)
        hub->feeds[op->partition].end = op->offset;
    free(end->station);
    free(end->topic);
    free(end);
    one_found(ends);
}

static void find(struct ends *ends, const struct station *station, int32_t partition)
{
    struct engine *engine = ends->eventing->engine;
    struct end *end = mem_zalloc(1, sizeof *end);
    end->ends = ends;
    end->station = mem_text(station->key);
    end->topic = bytes_to_text(station->hub.topic);
    end->op = (struct engine_find_op){
        .on_done = on_found, .topic = bytes_of_text(end->topic), .partition = partition, .offset = ENGINE_LATEST
    };
    ends->waiting++;
    engine->driver->offset_find(engine, &end->op);
}

void eventing_figures_take(struct eventing *eventing,
                           void (*on_taken)(void *owner, const struct eventing_figures *figures), void *owner)
{
    struct ends *ends = mem_alloc(sizeof *ends);
    *ends = (struct ends){ eventing, on_taken, owner, 1 };
    for (struct map_node *node = map_next(&eventing->stations, NULL); node != NULL;
         node = map_next(&eventing->stations, node)) {
        const struct station *station = CONTAINER_OF(node, struct station, node);
        for (int32_t i = 0; i < station->hub.partition_count; i++)
            find(ends, station, i);
    }
    one_found(ends);
}

void eventing_figures_free(struct eventing_figures *figures)
{
    for (size_t i = 0; i < figures->post_count; i++) {
        free(figures->posts[i].name_space);
        free(figures->posts[i].name);
    }
    for (size_t i = 0; i < figures->station_count; i++) {
        free(figures->stations[i].name_space);
        free(figures->stations[i].name);
    }
    free(figures->posts);
    free(figures->stations);
}
