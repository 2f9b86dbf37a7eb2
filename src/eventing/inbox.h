// SPDX-License-Identifier: Apache-2.0
// Where events come in: a broker, a channel or a KafkaSink under its address, which is a topic behind it. On one loop.
#pragma once

#include "base/map.h"
#include "cloudevents/binding.h"

enum inbox_kind { INBOX_BROKER, INBOX_CHANNEL, INBOX_KAFKA_SINK, INBOX_KIND_COUNT };

struct inbox {
    struct map_node node;
    enum inbox_kind kind;
    bytes_t key;   // "b/NAMESPACE/NAME", of the heap; the first letter is the kind's
    bytes_t topic; // of the heap
    enum cloudevent_mode mode;
    uint64_t taken, refused;
};

struct cloudevent;

struct inboxes {
    struct map map;
    // Who wants to know what comes into them, before it is durable; NULL: nobody. KEY is the inbox's.
    void (*on_event)(void *owner, bytes_t key, const struct cloudevent *event);
    void *on_event_owner;
};

void inboxes_init(struct inboxes *inboxes);
void inboxes_deinit(struct inboxes *inboxes);
// An event comes into the inbox of that key.
static inline void inboxes_tell(const struct inboxes *inboxes, bytes_t key, const struct cloudevent *event)
{
    if (inboxes->on_event != NULL)
        inboxes->on_event(inboxes->on_event_owner, key, event);
}
// Replaces the one that is there.
void inbox_put(struct inboxes *inboxes, enum inbox_kind kind, bytes_t name_space, bytes_t name, bytes_t topic,
               enum cloudevent_mode mode);
void inbox_remove(struct inboxes *inboxes, enum inbox_kind kind, bytes_t name_space, bytes_t name);
// NULL: there is none.
struct inbox *inbox_find(const struct inboxes *inboxes, enum inbox_kind kind, bytes_t name_space, bytes_t name);

enum inbox_match {
    INBOX_FOUND,   // KIND, NAME_SPACE and NAME are those of the address; whether it exists is another question
    INBOX_NO_PATH, // the host has such addresses, but this is none: what Knative answers 400 to
    INBOX_AT_ROOT, // the same, and its root: what Knative answers 404 to
    INBOX_NOWHERE, // a host that is none of ours
};

// What an address names: "/NAMESPACE/BROKER" on this server or on one of Knative's broker ingresses, and so on. HOST is
// without port, BYTES_NULL or empty: this server; views of HOST and PATH.
enum inbox_match inbox_match(bytes_t host, bytes_t path, enum inbox_kind *ret_kind, bytes_t *ret_name_space,
                             bytes_t *ret_name);
// Is it a name of the cluster ("x.svc", "x.svc.cluster.local", "broker-ingress.knative-eventing"), which nobody but
// eddy resolves?
bool inbox_is_cluster_host(bytes_t host);
// The path under which this server takes events for it, in ARENA: "/NAMESPACE/NAME", "/channels/NAMESPACE/NAME", ...
const char *inbox_path(struct arena *arena, enum inbox_kind kind, bytes_t name_space, bytes_t name);
