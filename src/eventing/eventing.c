// SPDX-License-Identifier: Apache-2.0
#include "eventing/eventing.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "eventing/topic_sink.h"
#include "http/client.h"
#include "eventing/trust.h"
#include "kube/api.h"
#include "kube/controller.h"

#include <stdlib.h>

enum {
    ANSWER_SIZE_MAX = 1 << 20, // of a subscriber: an event that comes back
    // How many wait for a connection is bounded by what consumers hold (CONSUMER_WINDOW). It is no fault of a
    // subscriber, and no attempt, that many triggers share it.
    WAITING_MAX = INT32_MAX,
    CIRCUIT_TELL_MS = 1000,
    JOIN_AGAIN_MS = 10 * 1000, // after the offsets of a post could not be read or written, as on a full disk
};

static bytes_t station_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct station, node)->key);
}

static bytes_t post_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct post, node)->tally->key);
}

static void on_turn_end(struct deferred *deferred)
{
    struct eventing *eventing = CONTAINER_OF(deferred, struct eventing, change);
    LIST_EACH(&eventing->watchers, node)
    {
        struct eventing_watcher *watcher = LIST_ITEM(node, struct eventing_watcher, node);
        watcher->on_change(watcher);
    }
}

void eventing_init(struct eventing *eventing, struct engine *engine)
{
    *eventing = (struct eventing){
        .engine = engine,
        .stations = MAP_INIT(station_key),
        .posts = MAP_INIT(post_key),
        .tallies = MAP_INIT(tally_key),
        .change = { .on_turn_end = on_turn_end },
    };
    inboxes_init(&eventing->inboxes);
    trusts_init(&eventing->trusts);
    list_init(&eventing->watchers);
}

void eventing_start(struct eventing *eventing, struct loop *loop)
{
    struct http_client_config config;
    http_client_config_default(&config);
    config.response.body_size = ANSWER_SIZE_MAX;
    config.waiting_count = WAITING_MAX;
    eventing->loop = loop;
    eventing->client = http_client_open(loop, &config);
}

void eventing_address_set(struct eventing *eventing, const char *host, uint16_t port)
{
    bool is_any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 || strcmp(host, "localhost") == 0;
    bool is_v6 = !is_any && strchr(host, ':') != NULL;
    free(eventing->base_url);
    eventing->base_url =
        mem_format("http://%s%s%s:%u", is_v6 ? "[" : "", is_any ? "127.0.0.1" : host, is_v6 ? "]" : "", port);
}

void eventing_stop(struct eventing *eventing, void (*on_stopped)(void *owner), void *owner)
{
    struct map_node *node;
    eventing->is_stopping = true;
    while ((node = map_next(&eventing->posts, NULL)) != NULL)
        post_drop(CONTAINER_OF(node, struct post, node), false);
    while ((node = map_next(&eventing->stations, NULL)) != NULL)
        station_close(CONTAINER_OF(node, struct station, node), false);
    loop_defer_cancel(eventing->loop, &eventing->change);
    http_client_close(eventing->client, on_stopped, owner);
    eventing->client = NULL;
}

void eventing_deinit(struct eventing *eventing)
{
    map_free(&eventing->posts);
    map_free(&eventing->stations);
    tallies_free(&eventing->tallies);
    inboxes_deinit(&eventing->inboxes);
    trust_unref(eventing->trust);
    map_free(&eventing->trusts);
    free(eventing->base_url);
}

struct eventing *eventing_of(const struct kube *kube)
{
    return kube->options.kinds_owner;
}

// --- watchers

void eventing_watch(struct eventing *eventing, struct eventing_watcher *watcher)
{
    list_append(&eventing->watchers, &watcher->node);
}

void eventing_unwatch(struct eventing_watcher *watcher)
{
    list_remove(&watcher->node);
}

void eventing_changed(struct eventing *eventing)
{
    loop_defer(eventing->loop, &eventing->change);
}

// --- stations

static char *station_name(enum inbox_kind kind, bytes_t name_space, bytes_t name)
{
    return mem_format("%d/%.*s/%.*s", (int)kind, BYTES_ARG(name_space), BYTES_ARG(name));
}

struct station *station_find(const struct eventing *eventing, enum inbox_kind kind, bytes_t name_space, bytes_t name)
{
    char *key = station_name(kind, name_space, name);
    struct map_node *node = map_find(&eventing->stations, bytes_of_text(key));
    free(key);
    return node == NULL ? NULL : CONTAINER_OF(node, struct station, node);
}

// A topic that a client deleted is made again, or its absence is told; places in the old one mean nothing in it. One
// that cannot be read is opened again at a later look.
static void on_hub_end(struct hub *hub, err_t err)
{
    struct station *station = hub->owner;
    struct controller *controller = station->controller;
    bool is_gone = err == ERR_CLOSED || err == ERR_NOT_FOUND;
    if (station->eventing->is_stopping)
        return;
    log_line(LOG_WARN, is_gone ? "a topic that events are delivered from is gone" : "events cannot be read",
             LOG_FIELDS(log_bytes("namespace", station->name_space), log_bytes("name", station->name),
                        log_bytes("topic", hub->topic), log_err(err)));
    if (is_gone)
        controller_enqueue(controller, station->name_space, station->name);
    station_close(station, is_gone);
}

static void station_open(struct eventing *eventing, const struct station_plan *plan)
{
    static const char *const kinds[] = { [INBOX_BROKER] = "broker", [INBOX_CHANNEL] = "channel" };
    struct arena arena = ARENA_INIT;
    struct station *station = mem_zalloc(1, sizeof *station);
    const char *base = eventing->base_url == NULL ? "" : eventing->base_url;
    const char *uri = arena_format(&arena, "%s%s", base, inbox_path(&arena, plan->kind, plan->name_space, plan->name));
    const char *dead_uri = arena_format(&arena, "topic:%.*s", BYTES_ARG(plan->dead_topic));
    enum topic_sink_way way = plan->kind == INBOX_BROKER ? TOPIC_SINK_BROKER : TOPIC_SINK_PLAIN;
    station->eventing = eventing;
    station->controller = plan->controller;
    station->kind = plan->kind;
    station->key = station_name(plan->kind, plan->name_space, plan->name);
    key_names(bytes_of_text(strchr(station->key, '/') + 1), &station->name_space, &station->name);
    station->tally =
        tally_get(&eventing->tallies, kinds[plan->kind], station->name_space, station->name, TALLY_LATENCY);
    station->replies = topic_sink_new(eventing->engine, plan->topic, CLOUDEVENT_MODE_BINARY, way, uri);
    station->last =
        topic_sink_new(eventing->engine, plan->dead_topic, CLOUDEVENT_MODE_BINARY, TOPIC_SINK_PLAIN, dead_uri);
    hub_open(&station->hub, eventing->engine, plan->topic, plan->topic_id, plan->partition_count);
    station->hub.on_end = on_hub_end;
    station->hub.owner = station;
    map_insert(&eventing->stations, &station->node);
    inbox_put(&eventing->inboxes, plan->kind, plan->name_space, plan->name, plan->topic, CLOUDEVENT_MODE_BINARY);
    topic_sink_tell(station->replies, &eventing->inboxes,
                    inbox_find(&eventing->inboxes, plan->kind, plan->name_space, plan->name)->key);
    arena_free(&arena);
    eventing_changed(eventing);
}

void station_ensure(struct eventing *eventing, const struct station_plan *plan)
{
    struct station *station = station_find(eventing, plan->kind, plan->name_space, plan->name);
    bool is_same = station != NULL && hub_is_of(&station->hub, plan->topic_id);
    if (is_same && station->hub.partition_count == plan->partition_count)
        return;
    if (station != NULL) // another topic of that name has come in the place of its own
        station_close(station, !is_same && bytes_equal(station->hub.topic, plan->topic));
    station_open(eventing, plan);
}

void station_posts_enqueue(const struct station *station)
{
    LIST_EACH(&station->hub.members, node)
    {
        struct hub_member *member = LIST_ITEM(node, struct hub_member, node);
        const struct post *post = CONTAINER_OF(member, struct post, member);
        controller_enqueue(post->controller, post->name_space, post->name);
    }
}

void station_close(struct station *station, bool forgets)
{
    struct eventing *eventing = station->eventing;
    LIST_EACH(&station->hub.members, node)
    {
        struct hub_member *member = LIST_ITEM(node, struct hub_member, node);
        struct post *post = CONTAINER_OF(member, struct post, member);
        post_leave(post, forgets);
        post->is_late = forgets;
        controller_enqueue(post->controller, post->name_space, post->name);
    }
    inbox_remove(&eventing->inboxes, station->kind, station->name_space, station->name);
    map_remove(&eventing->stations, &station->node);
    hub_close(&station->hub);
    sink_unref(station->replies);
    sink_unref(station->last);
    tally_drop(&eventing->tallies, station->tally);
    free(station->key);
    free(station);
    eventing_changed(eventing);
}

// --- posts

struct post *post_find(const struct eventing *eventing, const char *kind, bytes_t name_space, bytes_t name)
{
    const struct tally *tally = tally_find(&eventing->tallies, kind, name_space, name);
    struct map_node *node = tally == NULL ? NULL : map_find(&eventing->posts, bytes_of_text(tally->key));
    return node == NULL ? NULL : CONTAINER_OF(node, struct post, node);
}

static void on_again(struct timer *timer)
{
    struct post *post = CONTAINER_OF(timer, struct post, again);
    hub_leave(&post->member, false);
    hub_join(&post->station->hub, &post->member);
}

// A subscriber that fails now and then costs one write of a status a second at most.
static void circuit_tell(struct post *post)
{
    post->is_untold = false;
    timer_start(&post->told, CIRCUIT_TELL_MS);
    controller_enqueue(post->controller, post->name_space, post->name);
}

static void on_told(struct timer *timer)
{
    struct post *post = CONTAINER_OF(timer, struct post, told);
    if (post->is_untold)
        circuit_tell(post);
}

static void on_circuit(struct consumer *consumer)
{
    struct post *post = CONTAINER_OF(consumer, struct post, member.consumer);
    post->is_untold = true;
    if (!timer_active(&post->told))
        circuit_tell(post);
}

struct post *post_get(struct eventing *eventing, struct controller *controller, const char *kind, bytes_t name_space,
                      bytes_t name)
{
    struct post *post = post_find(eventing, kind, name_space, name);
    if (post != NULL)
        return post;
    post = mem_zalloc(1, sizeof *post);
    post->eventing = eventing;
    post->controller = controller;
    timer_init(&post->again, eventing->loop, on_again);
    timer_init(&post->told, eventing->loop, on_told);
    post->tally = tally_get(&eventing->tallies, kind, name_space, name, TALLY_ATTEMPTS | TALLY_EVENTS);
    tally_add(post->tally, &post->member.consumer);
    post->group = mem_format("knative-%s-%.*s-%.*s", kind, BYTES_ARG(name_space), BYTES_ARG(name));
    post->name_space = post->tally->name_space;
    post->name = post->tally->name;
    map_insert(&eventing->posts, &post->node);
    return post;
}

// A channel's status lists its subscribers.
static void station_tell(const struct station *station)
{
    if (station->kind == INBOX_CHANNEL)
        controller_enqueue(station->controller, station->name_space, station->name);
}

static void on_joined(struct hub_member *member, err_t err)
{
    struct post *post = CONTAINER_OF(member, struct post, member);
    post->is_joined = err == ERR_OK;
    post->is_late = post->is_late && err != ERR_OK;
    post->err = err;
    if (err != ERR_OK)
        timer_start(&post->again, JOIN_AGAIN_MS);
    station_tell(post->station);
    controller_enqueue(post->controller, post->name_space, post->name);
}

void post_join(struct post *post, struct station *station, int64_t from)
{
    ASSERT(post->station == NULL && !post->eventing->is_stopping);
    post->station = station;
    post->is_joined = false;
    post->err = ERR_OK;
    post->member.group = bytes_of_text(post->group);
    post->member.from = post->is_late ? ENGINE_EARLIEST : from;
    post->member.on_joined = on_joined;
    post->member.consumer.name_space = post->name_space;
    post->member.consumer.on_circuit = on_circuit;
    post->member.consumer.latency = station->tally->latency;
    post->member.consumer.who = bytes_of_text(post->tally->key);
    hub_join(&station->hub, &post->member);
}

void post_sinks_let_go(struct post *post)
{
    struct consumer *consumer = &post->member.consumer;
    sink_unref(consumer->sink);
    sink_unref(consumer->replies);
    sink_unref(consumer->dead_letters);
    consumer->sink = consumer->replies = consumer->dead_letters = NULL;
}

void post_leave(struct post *post, bool forgets)
{
    if (post->station == NULL)
        return;
    timer_stop(&post->again);
    hub_leave(&post->member, forgets);
    post_sinks_let_go(post);
    station_tell(post->station);
    post->station = NULL;
    post->is_joined = false;
}

void post_drop(struct post *post, bool forgets)
{
    post_leave(post, forgets);
    post_sinks_let_go(post);
    timer_stop(&post->told);
    map_remove(&post->eventing->posts, &post->node);
    list_remove(&post->member.consumer.tallied);
    tally_drop(&post->eventing->tallies, post->tally);
    arena_free(&post->arena);
    free(post->made_of);
    free(post->group);
    free(post);
}
