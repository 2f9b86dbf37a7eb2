// SPDX-License-Identifier: Apache-2.0
// Subscription: the events of a channel go to a subscriber, and what it answers with goes on to a reply.
#include "base/assert.h"
#include "eventing/kinds/channel_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/post_settings.h"
#include "kube/api.h"
#include "kube/client.h"
#include "kube/embed.h"

#include <inttypes.h>

EMBED(subscription_definition, "subscription");

#define KIND "subscription"

// --- its status

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct post_settings *settings = look->owner; // NULL: there are none
    struct json_value *found = json_set_object(status, arena, "physicalSubscription");
    whereabouts_fill(settings == NULL ? &nowhere : &settings->subscriber, found, arena, "subscriber");
    whereabouts_fill(settings == NULL ? &nowhere : &settings->reply, found, arena, "reply");
    whereabouts_fill(settings == NULL ? &nowhere : &settings->dead_letter, found, arena, "deadLetterSink");
}

static void conclude(struct look *look)
{
    look->fill = fill_status;
    look_condition(look, "OIDCIdentityCreated", "True", "AuthOIDCDisabled", "Events carry no identity.");
    look_conclude(look);
}

// Events wait in the channel until that is put right.
static void refuse(struct look *look, const char *reason, const char *message)
{
    struct post *post = post_find(look->eventing, KIND, look->work->name_space, look->work->name);
    if (post != NULL)
        post_leave(post, false);
    look_condition(look, "ReferencesResolved", "False", reason, message);
    look_condition(look, "AddedToChannel", "Unknown", NULL, NULL);
    look_condition(look, "ChannelReady", "Unknown", NULL, NULL);
    conclude(look);
}

// --- its channel

static struct json_value *channel_get(struct look *look, const struct json_value *ref)
{
    struct kube *kube = look->controller->kube;
    const struct kind *kind =
        kinds_find_object(&kube->resources.kinds, json_text_at(ref, "apiVersion"), json_text_at(ref, "kind"), NULL);
    struct json_value *channel;
    if (kind == NULL || !bytes_is(kind->group, "messaging.knative.dev") ||
        client_get(kube, kind, look->work->name_space, json_text_at(ref, "name"), &look->arena, &channel) != ERR_OK)
        return NULL;
    return channel;
}

// Of that kind: two kinds of channels do not have the same name, or one of them has no station.
static struct station *station_of(const struct look *look, const struct json_value *ref)
{
    bytes_t kind = json_text_at(ref, "kind");
    struct station *station =
        station_find(look->eventing, INBOX_CHANNEL, look->work->name_space, json_text_at(ref, "name"));
    bool is_any = bytes_is(kind, "Channel");
    return station != NULL && (is_any || bytes_equal(station->controller->kind->name, kind)) ? station : NULL;
}

static void without_station(struct look *look)
{
    struct post *post = post_find(look->eventing, KIND, look->work->name_space, look->work->name);
    if (post != NULL)
        post_leave(post, false);
    look_true(look, "ReferencesResolved");
    look_condition(look, "AddedToChannel", "Unknown", "ChannelNotReady", "The channel is not ready.");
    look_condition(look, "ChannelReady", "Unknown", "ChannelNotReady", "The channel is not ready.");
    conclude(look);
}

// --- where its events go

struct refusal {
    const char *reason, *message;
};

static bool sink_of(const struct post_settings *settings, struct look *look, const struct json_value *destination,
                    const char *field, const char *reason, struct sink **ret_sink, struct whereabouts *ret_where,
                    struct refusal *refusal)
{
    diag_t diag = { 0 };
    if (post_settings_sink(settings, look, destination, ret_sink, ret_where, &diag) == ERR_OK)
        return true;
    *refusal =
        (struct refusal){ reason, arena_format(&look->arena, "Failed to resolve spec.%s: %s", field, diag.text) };
    return false;
}

static bool settings_read(struct look *look, const struct json_value *channel, const struct station *station,
                          struct post_settings *settings, struct refusal *refusal)
{
    const struct json_value *spec = json_get(look->object, "spec"), *dead_letters;
    bool is_kafka = station != NULL && bytes_is(station->controller->kind->name, "KafkaChannel");
    enum backoff_flavour flavour = is_kafka ? BACKOFF_FROM_ONE : BACKOFF_FROM_ZERO;
    diag_t diag = { 0 };
    settings->is_lenient = !is_kafka; // Knative's two dispatchers differ
    if (post_settings_annotations(settings, look->object, &diag) != ERR_OK) {
        *refusal = (struct refusal){ "InvalidLimit",
                                     arena_format(&look->arena, "metadata.annotations.%s: %s", diag.where, diag.text) };
        return false;
    }
    if (post_settings_delivery(settings, spec, json_get(channel, "spec"), flavour, &dead_letters, &diag) != ERR_OK) {
        *refusal = (struct refusal){ "InvalidDelivery",
                                     arena_format(&look->arena, "spec.delivery.%s: %s", diag.where, diag.text) };
        return false;
    }
    return sink_of(settings, look, json_get(spec, "subscriber"), "subscriber", "SubscriberResolveFailed",
                   &settings->sink, &settings->subscriber, refusal) &&
           sink_of(settings, look, json_get(spec, "reply"), "reply", "ReplyResolveFailed", &settings->replies,
                   &settings->reply, refusal) &&
           sink_of(settings, look, dead_letters, "delivery.deadLetterSink", "DeadLetterSinkResolveFailed",
                   &settings->dead_letters, &settings->dead_letter, refusal);
}

static const char *made_of(struct look *look, const struct json_value *channel, const struct post_settings *settings)
{
    const char *const uris[] = { settings->subscriber.uri, settings->reply.uri, settings->dead_letter.uri };
    bytes_t uid = object_meta_text(look->object, "uid"), channel_uid = object_meta_text(channel, "uid");
    const char *text =
        arena_format(&look->arena, "%.*s %" PRId64 " %.*s %" PRId64, BYTES_ARG(uid), object_generation(look->object),
                     BYTES_ARG(channel_uid), object_generation(channel));
    for (size_t i = 0; i < ARRAY_COUNT(uris); i++)
        text = arena_format(&look->arena, "%s %s", text, uris[i] == NULL ? "" : uris[i]);
    return text;
}

static void join(struct look *look, const struct json_value *channel, struct station *station,
                 struct post_settings *settings)
{
    struct post *post = post_get(look->eventing, look->controller, KIND, look->work->name_space, look->work->name);
    const char *text = made_of(look, channel, settings);
    if (settings->sink == NULL) { // events go to the reply as they are
        settings->sink = settings->replies;
        settings->replies = NULL;
    }
    post_settings_take(post, settings, station, text);
    look_true(look, "ReferencesResolved");
    look_true(look, "AddedToChannel");
    post_look_health(look, post);
    struct condition condition = post_condition(post, "ChannelReady");
    look_condition(look, condition.type, condition.status, condition.reason, condition.message);
}

static void bring_about(struct look *look)
{
    const struct json_value *ref = json_get(json_get(look->object, "spec"), "channel");
    const struct json_value *channel = channel_get(look, ref);
    struct station *station = station_of(look, ref);
    struct post_settings *settings = arena_alloc(&look->arena, sizeof *settings);
    struct refusal refusal;
    *settings = (struct post_settings){ .arena = ARENA_INIT };
    if (channel == NULL || object_is_deleting(channel)) {
        refuse(look, "ChannelReferenceFailed",
               arena_format(&look->arena, "Failed to get Spec.Channel or backing channel: %.*s \"%.*s\" not found",
                            BYTES_ARG(json_text_at(ref, "kind")), BYTES_ARG(json_text_at(ref, "name"))));
        return;
    }
    if (!settings_read(look, channel, station, settings, &refusal)) {
        post_settings_free(settings);
        refuse(look, refusal.reason, refusal.message);
        return;
    }
    look->owner = settings;
    if (station == NULL) {
        post_settings_free(settings);
        without_station(look);
        return;
    }
    join(look, channel, station, settings);
    conclude(look);
}

static void gone(struct eventing *eventing, const struct work *work)
{
    struct post *post = post_find(eventing, KIND, work->name_space, work->name);
    if (post != NULL)
        post_drop(post, true);
}

static void reconcile(struct controller *controller, struct work *work)
{
    look_reconcile(controller, work, bring_about, gone);
}

// --- start

static void *start(struct kube *kube, struct kind *kind)
{
    return look_controller_start(kube, kind, reconcile, true);
}

static const struct kind_controller controller_of_subscriptions = { start, look_controller_stop, look_controller_free };

const struct kind_rules subscription_rules = {
    .definition = subscription_definition,
    .fill = subscription_fill,
    .inspect = subscription_inspect,
    .check = subscription_check,
    .controller = &controller_of_subscriptions,
};
