// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/post_settings.h"

#include "base/log.h"
#include "base/mem.h"
#include "eventing/kinds/delivery_rules.h"
#include "kube/api.h"
#include "kube/recorder.h"

#include <inttypes.h>
#include <stdlib.h>

#define HEALTHY "SubscriberHealthy"

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

err_t post_settings_filter(struct post_settings *settings, const struct json_value *spec, diag_t *diag)
{
    settings->arena = ARENA_SMALL;
    return filter_compile(spec, &settings->arena, &settings->filter, diag);
}

err_t post_settings_annotations(struct post_settings *settings, const struct json_value *object, diag_t *diag)
{
    bytes_t rate = object_annotation(object, DELIVERY_RATE), at_once = object_annotation(object, DELIVERY_AT_ONCE);
    diag_t why = { 0 };
    settings->is_ordered = bytes_is(object_annotation(object, DELIVERY_ORDER), "ordered");
    if (rate.size > 0 && limiter_rate_read(rate, &settings->interval_ns, &why) != ERR_OK)
        return diag_fail(diag, ERR_INVALID, DELIVERY_RATE, "%s", why.text);
    if (at_once.size > 0 && limiter_at_once_read(at_once, &settings->at_once_max, &why) != ERR_OK)
        return diag_fail(diag, ERR_INVALID, DELIVERY_AT_ONCE, "%s", why.text);
    return ERR_OK;
}

err_t post_settings_sink(const struct post_settings *settings, struct look *look, const struct json_value *destination,
                         struct sink **ret_sink, struct whereabouts *ret_where, diag_t *diag)
{
    *ret_sink = NULL;
    *ret_where = (struct whereabouts){ 0 };
    if (!is_object(destination) || destination->count == 0)
        return ERR_OK;
    return look_resolve(look, destination, settings->delivery.mode, ret_sink, ret_where, diag);
}

static bool differ_from(struct post *post, const struct post_settings *settings, const char *made_of)
{
    // Annotations count for no generation.
    char *text = mem_format("%s %d %" PRId64 " %" PRId64, made_of, settings->is_ordered, settings->interval_ns,
                            settings->at_once_max);
    bool differ = post->made_of == NULL || strcmp(post->made_of, text) != 0;
    free(post->made_of);
    post->made_of = text;
    return differ;
}

static void filter_take(struct post *post, struct post_settings *settings)
{
    static const struct filter none = { .root = NULL };
    struct filter *filter = NULL;
    if (settings->filter.root != NULL) {
        filter = arena_alloc(&settings->arena, sizeof *filter);
        *filter = settings->filter;
    }
    hub_filter_set(&post->member, filter == NULL ? &none : filter);
    arena_free(&post->arena);
    post->arena = settings->arena;
}

void post_settings_take(struct post *post, struct post_settings *settings, struct station *station, const char *made_of)
{
    struct consumer *consumer = &post->member.consumer;
    bool differ = differ_from(post, settings, made_of);
    if (differ)
        filter_take(post, settings);
    else
        arena_free(&settings->arena);
    post_sinks_let_go(post);
    consumer->owner = post;
    consumer->has_hops = settings->has_hops;
    consumer->is_lenient = settings->is_lenient;
    consumer->delivery = settings->delivery;
    consumer->is_ordered = settings->is_ordered;
    consumer->limiter.interval_ns = settings->interval_ns;
    consumer->limiter.at_once_max = settings->at_once_max;
    consumer->sink = settings->sink;
    consumer->replies = settings->replies;
    consumer->dead_letters = settings->dead_letters;
    consumer->last = station->last;
    if (post->station == NULL)
        post_join(post, station, ENGINE_LATEST);
    else if (post->is_joined && differ)
        consumer_nudge(consumer);
}

static const char *failure_text(struct look *look, const struct circuit *circuit)
{
    if (circuit->status == 0)
        return arena_format(&look->arena, "%d attempts in a row failed; the last one had no answer: %s",
                            CONSUMER_FAILURES, circuit->error);
    return arena_format(&look->arena, "%d attempts in a row failed; the last one was answered with %d.",
                        CONSUMER_FAILURES, circuit->status);
}

void post_look_health(struct look *look, const struct post *post)
{
    const struct circuit *circuit = post->member.consumer.circuit;
    const struct json_value *was = condition_find(look->object, HEALTHY);
    bool was_failing = bytes_is(json_text_at(was, "status"), "False");
    const char *text = circuit == NULL ? "The subscriber takes events again." : failure_text(look, circuit);
    if (circuit == NULL && was == NULL)
        return;
    look_extra(look, &(struct condition){ .type = HEALTHY,
                                          .status = circuit == NULL ? "True" : "False",
                                          .reason = circuit == NULL ? NULL : "SubscriberFails",
                                          .message = circuit == NULL ? NULL : text,
                                          .severity = "Warning" });
    if (was_failing == (circuit != NULL))
        return;
    log_line(circuit != NULL ? LOG_WARN : LOG_INFO, circuit != NULL ? "a subscriber fails" : "a subscriber recovered",
             LOG_FIELDS(log_text("for", post->tally->key), log_text("what", text)));
    record_event(look->controller->kube, look->controller->kind, look->object, circuit != NULL,
                 circuit == NULL ? "SubscriberRecovered" : "SubscriberFails", text);
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
