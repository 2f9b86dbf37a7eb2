// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/event_type_maker.h"

#include "auth/digest.h"
#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "cloudevents/cloudevent.h"
#include "io/random.h"
#include "kube/api.h"
#include "kube/client.h"
#include "kube/object.h"

#include <stdlib.h>

#define DESCRIPTION "Event Type auto-created by controller"

enum { NAME_SIZE_MAX = 253 };

struct seen {
    struct map_node node;
    struct siphash hash;
};

// What may stand behind an address, the one that takes the events first.
static const struct {
    char inbox; // the first letter of its key
    const char *group, *plural, *api_version, *kind;
} takers[] = {
    { 'b', "eventing.knative.dev", "brokers", "eventing.knative.dev/v1", "Broker" },
    { 'c', "messaging.knative.dev", "inmemorychannels", "messaging.knative.dev/v1", "InMemoryChannel" },
    { 'c', "messaging.knative.dev", "kafkachannels", "messaging.knative.dev/v1beta1", "KafkaChannel" },
    { 'c', "messaging.knative.dev", "channels", "messaging.knative.dev/v1", "Channel" },
    { 'k', "eventing.knative.dev", "kafkasinks", "eventing.knative.dev/v1alpha1", "KafkaSink" },
};

static bytes_t seen_key(const struct map_node *node)
{
    const struct seen *seen = CONTAINER_OF_CONST(node, struct seen, node);
    return bytes_of(&seen->hash, sizeof seen->hash);
}

static void seen_clear(struct event_type_maker *maker)
{
    struct map_node *node;
    while ((node = map_next(&maker->seen, NULL)) != NULL) {
        map_remove(&maker->seen, node);
        free(CONTAINER_OF(node, struct seen, node));
    }
}

void event_type_maker_init(struct event_type_maker *maker, struct kube *kube)
{
    *maker = (struct event_type_maker){
        .kube = kube,
        .secret = { random_u64(), random_u64() },
        .seen = MAP_INIT(seen_key),
    };
}

void event_type_maker_deinit(struct event_type_maker *maker)
{
    seen_clear(maker);
    map_free(&maker->seen);
}

void event_type_maker_forget(struct event_type_maker *maker)
{
    seen_clear(maker);
    maker->made -= maker->made > 0;
}

// --- one that is new

static struct json_value *taker_find(const struct event_type_maker *maker, bytes_t inbox_key, struct arena *arena,
                                     size_t *ret_taker)
{
    bytes_t name_space, name;
    struct json_value *object;
    key_names(bytes_of(inbox_key.data + 2, inbox_key.size - 2), &name_space, &name);
    for (size_t i = 0; i < ARRAY_COUNT(takers); i++) {
        const struct kind *kind = takers[i].inbox != inbox_key.data[0]
                                      ? NULL
                                      : kinds_find(&maker->kube->resources.kinds, bytes_of_text(takers[i].group),
                                                   bytes_of_text(takers[i].plural));
        if (kind == NULL || client_get(maker->kube, kind, name_space, name, arena, &object) != ERR_OK)
            continue;
        *ret_taker = i;
        return object;
    }
    return NULL;
}

// "et-BROKER-" and the MD5 of what tells it from others.
static const char *name_of(const struct json_value *taker, const struct cloudevent *event, struct arena *arena)
{
    char digest[DIGEST_MD5_TEXT_SIZE];
    bytes_t name = object_name(taker), name_space = object_namespace(taker);
    size_t room = NAME_SIZE_MAX - sizeof "et--" + 1 - (sizeof digest - 1);
    const char *all = arena_format(arena, "%.*s%.*s%.*s%.*s", BYTES_ARG(event->core[CLOUDEVENT_TYPE]),
                                   BYTES_ARG(event->core[CLOUDEVENT_SOURCE]), BYTES_ARG(name_space), BYTES_ARG(name));
    digest_md5(bytes_of_text(all), digest);
    name.size = name.size < room ? name.size : room;
    return arena_format(arena, "et-%.*s-%s", BYTES_ARG(name), digest);
}

static void owner_add(struct json_value *object, const struct json_value *taker, size_t row, struct arena *arena)
{
    struct json_value *list = json_new(arena, JSON_ARRAY), *owner = json_new(arena, JSON_OBJECT);
    json_set_text(owner, arena, "apiVersion", takers[row].api_version);
    json_set_text(owner, arena, "kind", takers[row].kind);
    json_set_bytes(owner, arena, "name", object_name(taker));
    json_set_bytes(owner, arena, "uid", object_meta_text(taker, "uid"));
    json_append(list, owner);
    json_set(json_set_object(object, arena, "metadata"), BYTES_LITERAL("ownerReferences"), list);
}

static void spec_add(struct json_value *object, const struct json_value *taker, size_t row,
                     const struct cloudevent *event, struct arena *arena)
{
    struct json_value *spec = json_set_object(object, arena, "spec");
    struct json_value *reference = json_set_object(spec, arena, "reference");
    bytes_t schema = event->core[CLOUDEVENT_DATASCHEMA];
    json_set_bytes(spec, arena, "type", arena_copy(arena, event->core[CLOUDEVENT_TYPE]));
    json_set_bytes(spec, arena, "source", arena_copy(arena, event->core[CLOUDEVENT_SOURCE]));
    if (schema.size > 0)
        json_set_bytes(spec, arena, "schema", arena_copy(arena, schema));
    json_set_text(spec, arena, "description", DESCRIPTION);
    json_set_text(reference, arena, "apiVersion", takers[row].api_version);
    json_set_text(reference, arena, "kind", takers[row].kind);
    json_set_bytes(reference, arena, "name", object_name(taker));
    json_set_bytes(reference, arena, "namespace", object_namespace(taker));
}

static void on_made(struct client_op *op)
{
    if (op->reason != PROBLEM_NONE && op->reason != PROBLEM_ALREADY_EXISTS)
        log_line(LOG_WARN, "an EventType could not be made",
                 LOG_FIELDS(log_bytes("namespace", op->name_space), log_bytes("name", op->name),
                            log_bytes("why", op->message)));
}

static bool may_make(struct event_type_maker *maker)
{
    bool may = maker->made < EVENT_TYPES_MADE_MAX;
    if (!may && !maker->has_told)
        log_line(LOG_WARN, "no more EventTypes make themselves: do types or sources of events hold ids?",
                 LOG_FIELDS(log_int("made", (int64_t)maker->made)));
    maker->has_told = !may;
    maker->made += may;
    return may;
}

static void make(struct event_type_maker *maker, bytes_t inbox_key, const struct cloudevent *event)
{
    const struct kinds *kinds = &maker->kube->resources.kinds;
    struct kind *types = kinds_find(kinds, BYTES_LITERAL("eventing.knative.dev"), BYTES_LITERAL("eventtypes"));
    struct arena arena = ARENA_INIT;
    struct json_value *there;
    size_t row;
    const struct json_value *taker = taker_find(maker, inbox_key, &arena, &row);
    const char *name = taker == NULL ? NULL : name_of(taker, event, &arena);
    if (name != NULL &&
        client_get(maker->kube, types, object_namespace(taker), bytes_of_text(name), &arena, &there) == ERR_NOT_FOUND &&
        may_make(maker)) {
        struct client_op *op = client_op_new(maker->kube, types, object_namespace(taker), bytes_of_text(name), "eddy");
        struct json_value *object = json_new(&op->arena, JSON_OBJECT);
        const struct json_value *kept = json_copy(&op->arena, taker);
        owner_add(object, kept, row, &op->arena);
        spec_add(object, kept, row, event, &op->arena);
        op->on_done = on_made;
        client_create(op, object);
    }
    arena_free(&arena);
}

void event_type_maker_see(void *owner, bytes_t inbox_key, const struct cloudevent *event)
{
    struct event_type_maker *maker = owner;
    struct arena arena = ARENA_INIT;
    const char *all = arena_format(&arena, "%.*s %.*s %.*s", BYTES_ARG(inbox_key),
                                   BYTES_ARG(event->core[CLOUDEVENT_SOURCE]), BYTES_ARG(event->core[CLOUDEVENT_TYPE]));
    struct siphash hash = siphash_128(maker->secret, bytes_of_text(all));
    bool is_new = map_find(&maker->seen, bytes_of(&hash, sizeof hash)) == NULL;
    arena_free(&arena);
    if (!is_new)
        return;
    if (maker->seen.count >= EVENT_TYPES_SEEN_MAX)
        seen_clear(maker);
    struct seen *seen = mem_zalloc(1, sizeof *seen);
    seen->hash = hash;
    map_insert(&maker->seen, &seen->node);
    make(maker, inbox_key, event);
}
