// SPDX-License-Identifier: Apache-2.0
// KafkaSource: records of topics go to a sink, as events. The topics are those of this server.
#include "base/civil.h"
#include "base/log.h"
#include "base/mem.h"
#include "eventing/intake.h"
#include "eventing/kinds/kafka_source_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/namesake.h"
#include "eventing/kinds/post_settings.h"
#include "eventing/topic_sink.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"

#include <inttypes.h>
#include <stdlib.h>

EMBED(kafka_source_definition, "kafkasource");

static const struct namesake_rule names = { .separator = '-' }; // its dead letters have a topic

#define FINALIZER "kafkasources.sources.knative.dev"
#define KEY_TYPE  "kafkasources.sources.knative.dev/key-type" // label
#define TYPE      "dev.knative.kafka.event"
#define KIND      "kafkasource" // as tallies and marks name it

enum { LOOK_AGAIN_MS = 2000 }; // for a topic that is not there yet

struct sources {
    struct controller controller;
    struct eventing_watcher watcher;
    struct map map;
    struct map readers; // intakes that are open
};

struct source {
    struct map_node node;
    struct sources *sources;
    struct tally *tally; // of all its intakes
    bytes_t key;         // "NAMESPACE/NAME", a view of the tally's, as the next two
    bytes_t name_space, name;
    struct list_node intakes;
    struct sink *sink, *dead_letters, *last; // of all of them
    char *made_of;                           // what its settings came from
    struct timer again;                      // while a topic is not there
};

struct found_topic {
    int32_t partition_count; // 0: there is no such topic, or it is not for sources
    uint8_t id[ENGINE_TOPIC_ID_SIZE];
};

// One look. The log is asked about each topic, then for the one of the dead letters.
struct source_look {
    struct look *look;
    struct engine_topic_op op;
    struct engine_fetch_op fetch; // at the end of the source, as the next two
    struct engine_commit_op commit;
    struct engine_offset *forgotten;
    const bytes_t *topics;
    struct found_topic *found; // each of them
    size_t topic_count, at;
    const char *dead_topic;
    struct post_settings settings;
    struct record_maker maker;
    int64_t from, from_ms;
    struct condition group; // the condition; NULL type: nothing is wrong so far
    const char *claims;
    bool waits; // something has to be put right before events are delivered
};

static bytes_t source_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct source, node)->key;
}

// --- sources

static struct source *source_find(const struct sources *sources, bytes_t key)
{
    struct map_node *node = map_find(&sources->map, key);
    return node == NULL ? NULL : CONTAINER_OF(node, struct source, node);
}

static void on_again(struct timer *timer)
{
    struct source *source = CONTAINER_OF(timer, struct source, again);
    controller_enqueue(&source->sources->controller, source->name_space, source->name);
}

static struct source *source_get(struct sources *sources, const struct work *work)
{
    struct source *source = source_find(sources, work->key);
    if (source != NULL)
        return source;
    source = mem_zalloc(1, sizeof *source);
    source->sources = sources;
    source->tally = tally_get(&eventing_of(sources->controller.kube)->tallies, KIND, work->name_space, work->name,
                              TALLY_ATTEMPTS | TALLY_EVENTS | TALLY_LATENCY);
    source->key = bytes_of_text(source->tally->key + strlen(KIND "/"));
    source->name_space = source->tally->name_space;
    source->name = source->tally->name;
    list_init(&source->intakes);
    timer_init(&source->again, sources->controller.kube->loop, on_again);
    map_insert(&sources->map, &source->node);
    return source;
}

static void sinks_let_go(struct source *source)
{
    sink_unref(source->sink);
    sink_unref(source->dead_letters);
    sink_unref(source->last);
    source->sink = source->dead_letters = source->last = NULL;
}

static void intake_drop(struct intake *intake)
{
    list_remove(&intake->node);
    list_remove(&intake->member.consumer.tallied);
    intake_free(intake);
}

static void source_free(struct source *source)
{
    while (!list_empty(&source->intakes))
        intake_drop(LIST_ITEM(source->intakes.next, struct intake, node));
    timer_stop(&source->again);
    map_remove(&source->sources->map, &source->node);
    tally_drop(&eventing_of(source->sources->controller.kube)->tallies, source->tally);
    sinks_let_go(source);
    free(source->made_of);
    free(source);
}

static void on_intake(struct intake *intake)
{
    struct source *source = intake->owner;
    controller_enqueue(&source->sources->controller, source->name_space, source->name);
}

static struct intake *intake_get(struct source *source, struct engine *engine, bytes_t topic, bytes_t group)
{
    LIST_EACH(&source->intakes, node)
    {
        struct intake *intake = LIST_ITEM(node, struct intake, node);
        if (bytes_equal(intake->topic, topic) && bytes_equal(intake->group, group))
            return intake;
    }
    struct intake *intake = intake_new(engine, &source->sources->readers, topic, group);
    intake->on_change = on_intake;
    intake->owner = source;
    list_append(&source->intakes, &intake->node);
    tally_add(source->tally, &intake->member.consumer);
    return intake;
}

// --- what is wrong

// The first thing counts.
static void fault(struct source_look *this, const char *status, const char *reason, const char *message)
{
    if (this->group.type == NULL)
        this->group =
            (struct condition){ .type = "ConsumerGroup", .status = status, .reason = reason, .message = message };
}

static void fault_of(struct source_look *this, const char *reason, const diag_t *diag)
{
    const char *colon = diag->where[0] == '\0' ? "" : ": ";
    fault(this, "False", reason, arena_format(&this->look->arena, "%s%s%s", diag->where, colon, diag->text));
}

// --- what it wants

static err_t overrides_read(struct source_look *this, const struct json_value *spec, diag_t *diag)
{
    const struct json_value *all = json_get(json_get(spec, "ceOverrides"), "extensions");
    size_t count = all == NULL ? 0 : all->count;
    struct cloudevent_extension *overrides = arena_array(&this->look->arena, count, sizeof *overrides);
    err_t err = ERR_OK;
    for (const struct json_value *one = count == 0 ? NULL : all->first; one != NULL && err == ERR_OK; one = one->next) {
        struct cloudevent_extension *override = &overrides[this->maker.override_count++];
        *override = (struct cloudevent_extension){ one->name, cloudevent_string(one->text) };
        err = cloudevent_check(override->name, override->value, diag);
    }
    this->maker.overrides = overrides;
    return err;
}

static void from_read(struct source_look *this, const struct json_value *spec)
{
    bytes_t offset = json_text_at(spec, "initialOffset");
    this->from = bytes_is(offset, "earliest") ? ENGINE_EARLIEST : ENGINE_LATEST;
    if (bytes_is(offset, "earliest") || bytes_is(offset, "latest") || offset.size == 0)
        return;
    this->from = ENGINE_AT_TIME;
    if (civil_parse(offset, &this->from_ms) != ERR_OK || this->from_ms < 0)
        fault(this, "False", "InvalidInitialOffset", "spec.initialOffset is no time from 1970 on");
}

// Knative's default (DefaultEgressConfig of its source): ten retries, the first after twenty seconds.
static void delivery_read_all(struct source_look *this, const struct json_value *spec)
{
    static const char *const none = "Unable to get the dead letter sink's URI";
    struct post_settings *settings = &this->settings;
    const struct json_value *dead_letters = NULL, *delivery = json_get(spec, "delivery");
    diag_t diag = { 0 };
    if (post_settings_delivery(settings, spec, NULL, BACKOFF_FROM_ONE, &dead_letters, &diag) != ERR_OK)
        fault_of(this, "InvalidDelivery", &diag);
    if (delivery == NULL || delivery->type != JSON_OBJECT) {
        settings->delivery.retries = 10;
        settings->delivery.backoff = BACKOFF_EXPONENTIAL;
        settings->delivery.delay_ms = 10000;
    }
    if (post_settings_sink(settings, this->look, dead_letters, &settings->dead_letters, &settings->dead_letter,
                           &diag) != ERR_OK)
        fault_of(this, none, &diag);
    if (post_settings_annotations(settings, this->look->object, &diag) != ERR_OK)
        fault_of(this, "InvalidLimit", &diag);
    settings->is_ordered = !bytes_is(json_text_at(spec, "ordering"), "unordered");
}

static void sink_read(struct source_look *this, const struct json_value *spec)
{
    struct post_settings *settings = &this->settings;
    diag_t diag = { 0 };
    if (look_resolve(this->look, json_get(spec, "sink"), settings->delivery.mode, &settings->sink,
                     &settings->subscriber, &diag) == ERR_OK)
        look_true(this->look, "SinkProvided");
    else
        look_condition(this->look, "SinkProvided", "False", "NotFound",
                       arena_format(&this->look->arena, "%s", diag.text));
}

static void settings_read(struct source_look *this)
{
    const struct json_value *object = this->look->object, *spec = json_get(object, "spec");
    bytes_t key = json_text_at(object_labels(object), KEY_TYPE);
    diag_t diag = { 0 };
    delivery_read_all(this, spec);
    sink_read(this, spec);
    from_read(this, spec);
    if (!record_key_read(key, &this->maker.key))
        fault(this, "False", "IncorrectKeyTypeLabel",
              arena_format(&this->look->arena, "the label %s is \"%.*s\": expected string, int, float or byte-array",
                           KEY_TYPE, BYTES_ARG(key)));
    if (overrides_read(this, spec, &diag) != ERR_OK)
        fault_of(this, "InvalidExtension", &diag);
}

// --- its status

static const char *source_of(struct arena *arena, const struct work *work, bytes_t topic)
{
    return arena_format(arena, "/apis/v1/namespaces/%.*s/kafkasources/%.*s#%.*s", BYTES_ARG(work->name_space),
                        BYTES_ARG(work->name), BYTES_ARG(topic));
}

static struct json_value *attributes_of(const struct source_look *this, struct arena *arena)
{
    struct json_value *list = json_new(arena, JSON_ARRAY);
    for (size_t i = 0; i < this->topic_count; i++) {
        struct json_value *one = json_new(arena, JSON_OBJECT);
        json_set_text(one, arena, "type", TYPE);
        json_set_text(one, arena, "source", source_of(arena, this->look->work, this->topics[i]));
        json_append(list, one);
    }
    return list;
}

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct source_look *this = look->owner;
    whereabouts_fill(&this->settings.subscriber, status, arena, "sink");
    if (this->claims != NULL)
        json_set_text(status, arena, "claims", this->claims);
    else
        json_unset(status, BYTES_LITERAL("claims"));
    json_set(status, BYTES_LITERAL("ceAttributes"), attributes_of(this, arena));
    json_set_int(status, arena, "consumers", int_at(json_get(look->object, "spec"), "consumers"));
    json_set_text(status, arena, "selector", "app=kafka-source-dispatcher"); // of Knative's pods: none here
}

static void source_look_free(struct source_look *this)
{
    post_settings_free(&this->settings);
    free(this->forgotten);
    free(this);
}

static void conclude(struct source_look *this)
{
    struct look *look = this->look;
    struct source_look *shown = arena_alloc(&look->arena, sizeof *shown);
    look_condition(look, "ConsumerGroup", this->group.type == NULL ? "True" : this->group.status, this->group.reason,
                   this->group.message);
    look_condition(look, "OIDCIdentityCreated", "True", "AuthOIDCDisabled", "Events carry no identity.");
    *shown = *this; // what the status is made of lives with the look
    look->owner = shown;
    look->fill = fill_status;
    source_look_free(this);
    look_conclude(look);
}

static void retry(struct source_look *this)
{
    struct look *look = this->look;
    source_look_free(this);
    look_retry(look);
}

// --- reading

// Where something is wrong events wait until it is put right.
static void consumer_set(const struct source_look *this, const struct source *source, struct consumer *consumer)
{
    bool is_paused = int_at(json_get(this->look->object, "spec"), "consumers") == 0;
    consumer->name_space = source->name_space;
    consumer->who = bytes_of_text(source->tally->key);
    consumer->delivery = this->settings.delivery;
    consumer->is_ordered = this->settings.is_ordered;
    consumer->limiter.interval_ns = this->settings.interval_ns;
    consumer->limiter.at_once_max = this->settings.at_once_max;
    consumer->is_lenient = true; // nobody looks at answers
    consumer->sink = this->waits || is_paused ? NULL : source->sink;
    consumer->dead_letters = source->dead_letters;
    consumer->last = source->last;
}

static void sinks_take(struct source_look *this, struct source *source)
{
    struct eventing *eventing = this->look->eventing;
    struct arena *arena = &this->look->arena;
    const char *uri = arena_format(arena, "topic:%s", this->dead_topic);
    sinks_let_go(source);
    source->sink = this->settings.sink;
    source->dead_letters = this->settings.dead_letters;
    source->last = topic_sink_new(eventing->engine, bytes_of_text(this->dead_topic), CLOUDEVENT_MODE_BINARY,
                                  TOPIC_SINK_PLAIN, uri);
    this->settings.sink = this->settings.dead_letters = NULL;
}

static bool differs(const struct source_look *this, struct source *source)
{
    const struct post_settings *settings = &this->settings;
    const char *sink = settings->subscriber.uri, *dead_letter = settings->dead_letter.uri;
    char *made_of = mem_format("%" PRId64 " %d %" PRId64 " %" PRId64 " %s %s", object_generation(this->look->object),
                               this->waits, settings->interval_ns, settings->at_once_max, sink == NULL ? "" : sink,
                               dead_letter == NULL ? "" : dead_letter);
    bool differs = source->made_of == NULL || strcmp(source->made_of, made_of) != 0;
    free(source->made_of);
    source->made_of = made_of;
    return differs;
}

static bool is_wanted(const struct source_look *this, const struct intake *intake)
{
    bytes_t group = json_text_at(json_get(this->look->object, "spec"), "consumerGroup");
    for (size_t i = 0; i < this->topic_count; i++) {
        if (bytes_equal(this->topics[i], intake->topic) && bytes_equal(group, intake->group))
            return true;
    }
    return false;
}

static void drop_unwanted(const struct source_look *this, struct source *source)
{
    LIST_EACH(&source->intakes, node)
    {
        struct intake *intake = LIST_ITEM(node, struct intake, node);
        if (is_wanted(this, intake))
            continue;
        intake_drop(intake);
        eventing_changed(this->look->eventing); // another source may want it
    }
}

static void open_topic(struct source_look *this, struct intake *intake, const struct found_topic *found)
{
    struct arena *arena = &this->look->arena;
    if (intake->is_open && !hub_is_of(&intake->hub, found->id))
        intake_miss(intake); // another one has come in its place
    if (intake->is_open && intake->hub.partition_count != found->partition_count)
        intake_close(intake); // opened anew, with all of them
    if (intake->is_open)
        return;
    if (!intake_open(intake, found->id, found->partition_count, this->from, this->from_ms))
        fault(this, "False", "ConsumerGroupInUse",
              arena_format(arena,
                           "another KafkaSource reads topic \"%.*s\" in consumer group \"%.*s\": give this one its own",
                           BYTES_ARG(intake->topic), BYTES_ARG(intake->group)));
}

static void read_topic(struct source_look *this, struct source *source, size_t i)
{
    struct arena *arena = &this->look->arena;
    bytes_t topic = this->topics[i], group = json_text_at(json_get(this->look->object, "spec"), "consumerGroup");
    struct intake *intake = intake_get(source, this->look->eventing->engine, topic, group);
    this->maker.source = bytes_of_text(source_of(arena, this->look->work, topic));
    intake_make(intake, &this->maker);
    consumer_set(this, source, &intake->member.consumer);
    if (this->found[i].partition_count == 0) {
        intake_miss(intake);
        return;
    }
    open_topic(this, intake, &this->found[i]);
    if (intake->is_open && !intake->is_joined && intake->err != ERR_OK)
        fault(this, "False", "NotSubscribed", err_text(intake->err));
    else if (intake->is_open && !intake->is_joined)
        fault(this, "Unknown", "Subscribing", "Where the group is in its topics is being found.");
}

static const char *claims_of(const struct source *source, struct arena *arena)
{
    const char *claims = NULL;
    LIST_EACH(&source->intakes, node)
    {
        const struct intake *intake = LIST_ITEM(node, struct intake, node);
        if (!intake->is_joined)
            continue;
        const char *one =
            arena_format(arena, "%.*s:0-%" PRId32, BYTES_ARG(intake->topic), intake->hub.partition_count - 1);
        claims = claims == NULL ? one : arena_format(arena, "%s %s", claims, one);
    }
    return claims;
}

static void missing_tell(struct source_look *this, struct source *source)
{
    struct arena *arena = &this->look->arena;
    const char *missing = NULL;
    for (size_t i = 0; i < this->topic_count; i++) {
        if (this->found[i].partition_count > 0)
            continue;
        const char *one = arena_format(arena, "%.*s", BYTES_ARG(this->topics[i]));
        missing = missing == NULL ? one : arena_format(arena, "%s, %s", missing, one);
    }
    timer_stop(&source->again);
    if (missing == NULL)
        return;
    timer_start(&source->again, LOOK_AGAIN_MS);
    fault(this, "False", "TopicNotPresentOrInvalid",
          arena_format(arena,
                       "topics that are not there, or are the server's own: %s (the others are read; these are "
                       "when they come)",
                       missing));
}

static void read_all(struct source_look *this)
{
    struct sources *sources = CONTAINER_OF(this->look->controller, struct sources, controller);
    struct source *source = source_get(sources, this->look->work);
    bool is_other = differs(this, source);
    sinks_take(this, source);
    drop_unwanted(this, source);
    for (size_t i = 0; i < this->topic_count; i++)
        read_topic(this, source, i);
    LIST_EACH(&source->intakes, node)
    {
        struct intake *intake = LIST_ITEM(node, struct intake, node);
        if (is_other && intake->is_joined)
            consumer_nudge(&intake->member.consumer);
    }
    this->claims = claims_of(source, &this->look->arena);
    missing_tell(this, source);
    if (int_at(json_get(this->look->object, "spec"), "consumers") == 0)
        fault(this, "True", "NoConsumers", "spec.consumers is 0: events wait.");
    conclude(this);
}

// --- what the log says

static void on_dead_topic(struct engine_topic_op *op)
{
    struct source_look *this = CONTAINER_OF(op, struct source_look, op);
    bool is_final = op->err == ERR_INVALID || op->err == ERR_CONFLICT || op->err == ERR_LIMIT;
    if (this->look->eventing->is_stopping || (op->err != ERR_OK && !is_final)) {
        retry(this);
        return;
    }
    if (op->err != ERR_OK) { // without it an event could be lost
        fault(this, "False", "TopicFailed", arena_format(&this->look->arena, "%s", op->diag.text));
        conclude(this);
        return;
    }
    settings_read(this);
    this->waits = this->group.type != NULL;
    read_all(this);
}

static void ask_next(struct source_look *this);

static void on_topic(struct engine_topic_op *op)
{
    struct source_look *this = CONTAINER_OF(op, struct source_look, op);
    if (op->err != ERR_OK && op->err != ERR_NOT_FOUND && op->err != ERR_INVALID) {
        retry(this);
        return;
    }
    if (op->err == ERR_OK && !op->found.is_internal) {
        struct found_topic *found = &this->found[this->at];
        found->partition_count = op->found.partition_count;
        memcpy(found->id, op->found.id, sizeof found->id);
    }
    this->at++;
    ask_next(this);
}

static void ask_next(struct source_look *this)
{
    struct engine *engine = this->look->eventing->engine;
    bool is_dead = this->at == this->topic_count;
    this->op = (struct engine_topic_op){
        .on_done = is_dead ? on_dead_topic : on_topic,
        .name = is_dead ? bytes_of_text(this->dead_topic) : this->topics[this->at],
        .partition_count = 1,
    };
    if (is_dead)
        engine->driver->topic_ensure(engine, &this->op);
    else
        engine->driver->topic_describe(engine, &this->op);
}

// Each once.
static void topics_read(struct source_look *this)
{
    const struct json_value *list = json_get(json_get(this->look->object, "spec"), "topics");
    size_t count = list == NULL ? 0 : list->count;
    bytes_t *topics = arena_array(&this->look->arena, count, sizeof *topics);
    for (const struct json_value *one = count == 0 ? NULL : list->first; one != NULL; one = one->next) {
        size_t i = 0;
        while (i < this->topic_count && !bytes_equal(topics[i], one->text))
            i++;
        if (i == this->topic_count)
            topics[this->topic_count++] = one->text;
    }
    this->topics = topics;
    this->found = arena_array(&this->look->arena, count, sizeof *this->found);
}

static struct source_look *source_look_new(struct look *look)
{
    struct source_look *this = mem_zalloc(1, sizeof *this);
    this->look = look;
    this->dead_topic = arena_format(&look->arena, TOPIC_OF_SOURCES "%.*s-%.*s" DEAD_LETTERS,
                                    BYTES_ARG(look->work->name_space), BYTES_ARG(look->work->name));
    return this;
}

// Another one has the topic for dead letters: nothing is read.
static void stand_back(struct look *look, const struct json_value *older)
{
    struct sources *sources = CONTAINER_OF(look->controller, struct sources, controller);
    struct source *source = source_find(sources, look->work->key);
    struct source_look *this = source_look_new(look);
    if (source != NULL)
        source_free(source);
    topics_read(this);
    settings_read(this);
    fault(this, "False", "NameTaken", namesake_tell(look, older));
    conclude(this);
}

static void bring_about(struct look *look)
{
    const struct json_value *older;
    if (!object_has_finalizer(look->object, BYTES_LITERAL(FINALIZER))) {
        look_finalizer_add(look, FINALIZER);
        return;
    }
    if ((older = namesake_find(look, &names)) != NULL) {
        stand_back(look, older);
        return;
    }
    struct source_look *this = source_look_new(look);
    topics_read(this);
    ask_next(this);
}

// --- its end: a group that was made for it goes, one that a user named stays; its dead letters go

static void on_deleted(struct engine_topic_op *op)
{
    struct source_look *this = CONTAINER_OF(op, struct source_look, op);
    struct look *look = this->look;
    bool is_gone = op->err == ERR_OK || op->err == ERR_NOT_FOUND;
    source_look_free(this);
    if (is_gone)
        look_finalizer_remove(look, FINALIZER);
    else
        look_retry(look);
}

static void dead_topic_delete(struct source_look *this)
{
    struct engine *engine = this->look->eventing->engine;
    struct look *look = this->look;
    if (namesake_find(look, &names) != NULL) { // the topic is another's
        source_look_free(this);
        look_finalizer_remove(look, FINALIZER);
        return;
    }
    this->op = (struct engine_topic_op){ .on_done = on_deleted, .name = bytes_of_text(this->dead_topic) };
    engine->driver->topic_delete(engine, &this->op);
}

static void on_forgotten(struct engine_commit_op *op)
{
    struct source_look *this = CONTAINER_OF(op, struct source_look, commit);
    if (op->err == ERR_OK)
        dead_topic_delete(this);
    else
        retry(this);
}

static void on_fetched(struct engine_fetch_op *op)
{
    struct source_look *this = CONTAINER_OF(op, struct source_look, fetch);
    struct engine *engine = this->look->eventing->engine;
    if (op->err != ERR_OK) {
        retry(this);
        return;
    }
    this->forgotten = mem_zalloc(op->count + 1, sizeof *this->forgotten);
    for (size_t i = 0; i < op->count; i++) {
        this->forgotten[i] = op->items[i];
        this->forgotten[i].offset = -1;
    }
    this->commit = (struct engine_commit_op){ .on_done = on_forgotten, .items = this->forgotten, .count = op->count };
    engine->driver->offsets_commit(engine, &this->commit);
}

static void end(struct look *look)
{
    struct source_look *this = source_look_new(look);
    struct engine *engine = look->eventing->engine;
    bytes_t group = json_text_at(json_get(look->object, "spec"), "consumerGroup");
    if (!kafka_source_group_is_own(look->object)) {
        dead_topic_delete(this);
        return;
    }
    this->fetch = (struct engine_fetch_op){ .on_done = on_fetched, .group = group };
    engine->driver->offsets_fetch(engine, &this->fetch);
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct sources *sources = CONTAINER_OF(controller, struct sources, controller);
    struct eventing *eventing = eventing_of(controller->kube);
    struct look *look = look_begin(controller, work);
    if (look != NULL && !object_is_deleting(look->object)) {
        bring_about(look);
        return;
    }
    struct source *source = source_find(sources, work->key);
    if (source != NULL)
        source_free(source);
    if (source != NULL || look == NULL)
        eventing_changed(eventing); // somebody may have waited for its group, or its name
    if (look == NULL)
        work_end(work, WORK_DONE);
    else if (object_is_deleting(look->object) && object_has_finalizer(look->object, BYTES_LITERAL(FINALIZER)))
        end(look);
    else
        look_drop(look);
}

// --- start and stop

static void on_change(struct eventing_watcher *watcher)
{
    controller_enqueue_all(&CONTAINER_OF(watcher, struct sources, watcher)->controller);
}

static void *start(struct kube *kube, struct kind *kind)
{
    struct sources *sources = mem_zalloc(1, sizeof *sources);
    sources->controller = (struct controller){
        .kube = kube, .kind = kind, .reconcile = reconcile, .look_every_ms = kube->options.resync_ms
    };
    sources->map = MAP_INIT(source_key);
    sources->readers = MAP_INIT(intake_key);
    sources->watcher.on_change = on_change;
    eventing_watch(eventing_of(kube), &sources->watcher);
    controller_start(&sources->controller);
    return sources;
}

// Before the sinks go.
static void stop(void *state)
{
    struct sources *sources = state;
    struct map_node *node;
    eventing_unwatch(&sources->watcher);
    controller_stop(&sources->controller);
    while ((node = map_next(&sources->map, NULL)) != NULL)
        source_free(CONTAINER_OF(node, struct source, node));
}

static void sources_free(void *state)
{
    struct sources *sources = state;
    controller_deinit(&sources->controller);
    map_free(&sources->map);
    map_free(&sources->readers);
    free(sources);
}

static const struct kind_controller controller_of_sources = { start, stop, sources_free };

const struct kind_rules kafka_source_rules = {
    .definition = kafka_source_definition,
    .fill = kafka_source_fill,
    .inspect = kafka_source_inspect,
    .check = kafka_source_check,
    .controller = &controller_of_sources,
};
