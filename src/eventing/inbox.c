// SPDX-License-Identifier: Apache-2.0
#include "eventing/inbox.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/request.h"
#include "http/target.h"

#include <stdlib.h>

#define KEY_FORMAT "%c/%.*s/%.*s"
enum { KEY_SIZE = 512 };

static const struct {
    char letter;
    const char *segment; // before namespace and name on this server; NULL: none
} kinds[INBOX_KIND_COUNT] = {
    [INBOX_BROKER] = { 'b', NULL },
    [INBOX_CHANNEL] = { 'c', "channels" },
    [INBOX_KAFKA_SINK] = { 'k', "kafkasinks" },
};

// Services of a cluster behind whose path there are namespace and name.
static const struct service {
    const char *host;
    enum inbox_kind kind;
} services[] = {
    { "broker-ingress.knative-eventing", INBOX_BROKER },
    { "kafka-broker-ingress.knative-eventing", INBOX_BROKER },
    { "kafka-channel-ingress.knative-eventing", INBOX_CHANNEL },
    { "imc-dispatcher.knative-eventing", INBOX_CHANNEL },
    { "kafka-sink-ingress.knative-eventing", INBOX_KAFKA_SINK },
};

static bytes_t inbox_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct inbox, node)->key;
}

void inboxes_init(struct inboxes *inboxes)
{
    inboxes->map = MAP_INIT(inbox_key);
}

static void inbox_free(struct inboxes *inboxes, struct inbox *inbox)
{
    map_remove(&inboxes->map, &inbox->node);
    free((void *)(uintptr_t)inbox->key.data);
    free((void *)(uintptr_t)inbox->topic.data);
    free(inbox);
}

void inboxes_deinit(struct inboxes *inboxes)
{
    struct map_node *node;
    while ((node = map_next(&inboxes->map, NULL)) != NULL)
        inbox_free(inboxes, CONTAINER_OF(node, struct inbox, node));
    map_free(&inboxes->map);
}

static void key_put(uint8_t *to, bytes_t text)
{
    if (text.size > 0)
        memcpy(to, text.data, text.size);
}

// As KEY_FORMAT has it, for each event: without a format.
struct inbox *inbox_find(const struct inboxes *inboxes, enum inbox_kind kind, bytes_t name_space, bytes_t name)
{
    uint8_t key[KEY_SIZE]; // no resource has a longer one
    size_t size = name_space.size + name.size + 3;
    if (size > sizeof key)
        return NULL;
    key[0] = (uint8_t)kinds[kind].letter;
    key[1] = key[2 + name_space.size] = '/';
    key_put(key + 2, name_space);
    key_put(key + 3 + name_space.size, name);
    struct map_node *node = map_find(&inboxes->map, bytes_of(key, size));
    return node == NULL ? NULL : CONTAINER_OF(node, struct inbox, node);
}

void inbox_remove(struct inboxes *inboxes, enum inbox_kind kind, bytes_t name_space, bytes_t name)
{
    struct inbox *inbox = inbox_find(inboxes, kind, name_space, name);
    if (inbox != NULL)
        inbox_free(inboxes, inbox);
}

void inbox_put(struct inboxes *inboxes, enum inbox_kind kind, bytes_t name_space, bytes_t name, bytes_t topic,
               enum cloudevent_mode mode)
{
    inbox_remove(inboxes, kind, name_space, name);
    struct inbox *inbox = mem_zalloc(1, sizeof *inbox);
    *inbox = (struct inbox){
        .kind = kind,
        .key = bytes_of_text(mem_format(KEY_FORMAT, kinds[kind].letter, BYTES_ARG(name_space), BYTES_ARG(name))),
        .topic = bytes_of_text(bytes_to_text(topic)),
        .mode = mode,
    };
    map_insert(&inboxes->map, &inbox->node);
}

// --- addresses

static bool cut_suffix(bytes_t *text, const char *suffix)
{
    size_t size = strlen(suffix);
    if (text->size <= size || !http_text_equal(bytes_of(text->data + text->size - size, size), suffix))
        return false;
    text->size -= size;
    return true;
}

static const struct service *service_find(bytes_t host)
{
    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        if (http_text_equal(host, services[i].host))
            return &services[i];
    }
    return NULL;
}

// Without ".svc" and what follows; false: it is no name of the cluster. A pod may leave all of that out ("search" of
// its resolv.conf): of the services only, for others could be names of the world.
static bool cluster_name(bytes_t *host)
{
    (void)cut_suffix(host, "."); // the root, which ends an absolute name
    return cut_suffix(host, ".svc.cluster.local") || cut_suffix(host, ".svc") || service_find(*host) != NULL;
}

bool inbox_is_cluster_host(bytes_t host)
{
    return host.size > 0 && cluster_name(&host);
}

// The segments of PATH; false: they are not COUNT, or one is empty.
static bool segments_are(bytes_t path, bytes_t *segments, size_t count)
{
    bytes_t segment;
    for (size_t i = 0; i < count; i++) {
        if (!http_path_next(&path, &segments[i]) || segments[i].size == 0)
            return false;
    }
    return !http_path_next(&path, &segment);
}

// "x-kn-channel.ns".
static enum inbox_match match_channel(bytes_t host, bytes_t path, bytes_t *ret_name_space, bytes_t *ret_name)
{
    const uint8_t *dot = memchr(host.data, '.', host.size);
    if (dot == NULL)
        return INBOX_NOWHERE;
    bytes_t name = bytes_of(host.data, (size_t)(dot - host.data));
    if (!cut_suffix(&name, "-kn-channel"))
        return INBOX_NOWHERE;
    *ret_name = name;
    *ret_name_space = bytes_of(dot + 1, host.size - (size_t)(dot + 1 - host.data));
    return path.size == 0 || bytes_is(path, "/") ? INBOX_FOUND : INBOX_NO_PATH;
}

static enum inbox_match match_here(bytes_t path, enum inbox_kind *ret_kind, bytes_t *ret_name_space, bytes_t *ret_name)
{
    bytes_t segments[3];
    if (path.size == 0 || bytes_is(path, "/"))
        return INBOX_AT_ROOT;
    for (size_t i = 0; i < INBOX_KIND_COUNT; i++) {
        size_t before = kinds[i].segment != NULL;
        if (!segments_are(path, segments, before + 2) || (before == 1 && !bytes_is(segments[0], kinds[i].segment)))
            continue;
        *ret_kind = (enum inbox_kind)i;
        *ret_name_space = segments[before];
        *ret_name = segments[before + 1];
        return INBOX_FOUND;
    }
    return INBOX_NO_PATH;
}

static enum inbox_match match_service(bytes_t path, bytes_t *ret_name_space, bytes_t *ret_name)
{
    bytes_t segments[2];
    if (path.size == 0 || bytes_is(path, "/"))
        return INBOX_AT_ROOT;
    if (!segments_are(path, segments, 2))
        return INBOX_NO_PATH;
    *ret_name_space = segments[0];
    *ret_name = segments[1];
    return INBOX_FOUND;
}

enum inbox_match inbox_match(bytes_t host, bytes_t path, enum inbox_kind *ret_kind, bytes_t *ret_name_space,
                             bytes_t *ret_name)
{
    bytes_t name = host;
    if (host.size == 0 || !cluster_name(&name))
        return match_here(path, ret_kind, ret_name_space, ret_name);
    const struct service *service = service_find(name);
    *ret_kind = service == NULL ? INBOX_CHANNEL : service->kind;
    return service == NULL ? match_channel(name, path, ret_name_space, ret_name)
                           : match_service(path, ret_name_space, ret_name);
}

const char *inbox_path(struct arena *arena, enum inbox_kind kind, bytes_t name_space, bytes_t name)
{
    const char *segment = kinds[kind].segment;
    return arena_format(arena, "%s%s/%.*s/%.*s", segment == NULL ? "" : "/", segment == NULL ? "" : segment,
                        BYTES_ARG(name_space), BYTES_ARG(name));
}
