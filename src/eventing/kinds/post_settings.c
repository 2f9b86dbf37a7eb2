// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/post_settings.h"

#include "base/mem.h"
#include "eventing/resolve.h"

#include <stdlib.h>

#define ORDER "kafka.eventing.knative.dev/delivery.order"

void post_settings_free(struct post_settings *settings)
{
    sink_unref(settings->sink);
    sink_unref(settings->replies);
    sink_unref(settings->dead_letters);
    arena_free(&settings->arena);
}

static bool is_object(const struct json_value *value)
{
    return value != NULL && value->type == JSON_OBJECT;
}

err_t post_settings_delivery(struct post_settings *settings, const struct json_value *spec,
                             const struct json_value *fallback, enum backoff_flavour flavour,
                             const struct json_value **ret_dead_letters, diag_t *diag)
{
    const struct json_value *own = json_get(spec, "delivery");
    const struct json_value *delivery = is_object(own) ? own : json_get(fallback, "delivery");
    settings->delivery = delivery_default(flavour);
    *ret_dead_letters = json_get(delivery, "deadLetterSink");
    return delivery_read(delivery, &settings->delivery, diag);
}

void post_settings_order(struct post_settings *settings, const struct json_value *object)
{
    settings->is_ordered = bytes_is(object_annotation(object, ORDER), "ordered");
}

err_t post_settings_sink(struct look *look, const struct json_value *destination, struct sink **ret_sink,
                         const char **ret_uri, diag_t *diag)
{
    *ret_sink = NULL;
    *ret_uri = NULL;
    if (!is_object(destination) || destination->count == 0)
        return ERR_OK;
    err_t err = destination_resolve(look->eventing, destination, look->work->name_space, ret_sink, diag);
    if (err == ERR_OK)
        *ret_uri = arena_format(&look->arena, "%s", (*ret_sink)->uri);
    return err;
}

static bool differ_from(struct post *post, const char *made_of)
{
    bool differ = post->made_of == NULL || strcmp(post->made_of, made_of) != 0;
    if (differ) {
        free(post->made_of);
        post->made_of = mem_text(made_of);
    }
    return differ;
}

void post_settings_take(struct post *post, struct post_settings *settings, struct station *station, const char *made_of)
{
    struct consumer *consumer = &post->member.consumer;
    bool differ = differ_from(post, made_of);
    struct filter *filter = arena_alloc(&settings->arena, sizeof *filter);
    *filter = settings->filter;
    hub_filter_set(&post->member, filter);
    post_sinks_let_go(post);
    arena_free(&post->arena);
    post->arena = settings->arena;
    consumer->owner = post;
    consumer->has_hops = settings->has_hops;
    consumer->is_lenient = settings->is_lenient;
    consumer->delivery = settings->delivery;
    consumer->is_ordered = settings->is_ordered;
    consumer->sink = settings->sink;
    consumer->replies = settings->replies;
    consumer->dead_letters = settings->dead_letters;
    consumer->last = station->last;
    if (post->station == NULL)
        post_join(post, station, ENGINE_LATEST);
    else if (post->is_joined && differ)
        consumer_nudge(consumer);
}

struct condition post_condition(const struct post *post, const char *type)
{
    struct condition condition = { .type = type, .status = "True" };
    if (!post->is_joined && post->err != ERR_OK) {
        condition.status = "False";
        condition.reason = "NotSubscribed";
        condition.message = err_text(post->err);
    } else if (!post->is_joined) {
        condition.status = "Unknown";
        condition.reason = "Subscribing";
        condition.message = "Where it is in its topic is being found.";
    }
    return condition;
}

void uri_set(struct json_value *object, struct arena *arena, const char *name, const char *uri)
{
    if (uri != NULL)
        json_set_text(object, arena, name, uri);
    else
        json_unset(object, bytes_of_text(name));
}
