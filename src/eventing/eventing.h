// SPDX-License-Identifier: Apache-2.0
// What the kinds of eventing share while eddy runs. Their controllers find it as kube_options.kinds_owner; everything
// here is on the API's loop.
#pragma once

#include "base/map.h"
#include "eventing/drain.h"
#include "eventing/hub.h"
#include "eventing/inbox.h"
#include "io/loop.h"

struct controller;
struct http_client;
struct kube;
struct trust;

struct eventing {
    struct engine *engine;
    struct loop *loop; // the API's
    struct http_client *client;
    struct map trusts;   // struct trust, of https sinks
    struct trust *trust; // the system's authorities alone; made when the first comes, NULL until then
    struct inboxes inboxes;
    struct map stations, posts;
    struct map tallies;        // struct tally
    struct list_node watchers; // struct eventing_watcher
    struct drain drain;        // before a stop
    struct deferred change;    // they are told
    char *base_url;            // "http://127.0.0.1:8080": where this server takes events; NULL: nowhere
    bool is_stopping;
};

// Before the loops run. LOOP is the API's.
void eventing_init(struct eventing *eventing, struct engine *engine);
void eventing_start(struct eventing *eventing, struct loop *loop);
void eventing_address_set(struct eventing *eventing, const char *host, uint16_t port);
// On the loop, when no controller begins anything new: what is done is committed, what is under way is given up.
// ON_STOPPED comes in a later turn.
void eventing_stop(struct eventing *eventing, void (*on_stopped)(void *owner), void *owner);
// When no loop runs.
void eventing_deinit(struct eventing *eventing);
struct eventing *eventing_of(const struct kube *kube);

// --- stations: brokers and channels, topics that events are delivered from

struct station {
    struct map_node node;
    struct eventing *eventing;
    struct controller *controller; // looks at its resource again when the topic is gone
    enum inbox_kind kind;
    char *key; // "KIND/NAMESPACE/NAME"
    bytes_t name_space, name;
    struct hub hub;
    struct sink *replies; // the way in, for what subscribers answer
    struct sink *last;    // where events go that nobody takes
    struct tally *tally;  // the latency of attempts of all its posts
};

struct station_plan {
    struct controller *controller;
    enum inbox_kind kind;
    bytes_t name_space, name;
    bytes_t topic, dead_topic; // they exist; the second one takes what nobody takes
    const uint8_t *topic_id;
    int32_t partition_count;
};

// Opens an inbox and a hub, unless they are open as planned already. When the topic goes they close by themselves.
void station_ensure(struct eventing *eventing, const struct station_plan *plan);
struct station *station_find(const struct eventing *eventing, enum inbox_kind kind, bytes_t name_space, bytes_t name);
// Its posts are looked at again.
void station_posts_enqueue(const struct station *station);
// Its posts leave, and are looked at again. FORGETS: its topic is gone, and their places in it go.
void station_close(struct station *station, bool forgets);

// --- posts: triggers and subscriptions, who want events of a station

struct post {
    struct map_node node; // by the key of its tally
    struct eventing *eventing;
    struct tally *tally;
    char *group; // of its offsets
    bytes_t name_space, name;
    struct controller *controller; // looks at it again when something changes
    struct hub_member member;
    struct station *station; // NULL: it has none
    bool is_joined;
    bool is_late;       // its topic went: what is in the one that comes is new, from the first event on
    err_t err;          // why it has not joined; tried again from time to time
    struct timer again; // for that
    struct timer told;  // runs while it was told lately that its subscriber fails, or works again
    bool is_untold;     // there is something new since then
    char *made_of;      // the owner's: what its settings came from
    struct arena arena; // of the consumer's filter
};

// Makes it, not joined to anything, or finds it. KIND is static.
struct post *post_get(struct eventing *eventing, struct controller *controller, const char *kind, bytes_t name_space,
                      bytes_t name);
struct post *post_find(const struct eventing *eventing, const char *kind, bytes_t name_space, bytes_t name);
// The consumer's fields are set. Its resource is looked at again when it has joined.
void post_join(struct post *post, struct station *station, int64_t from);
void post_leave(struct post *post, bool forgets);
void post_drop(struct post *post, bool forgets); // leaves, too
// Unreferences its consumer's sinks, replies and dead letters, which are the post's own.
void post_sinks_let_go(struct post *post);

// --- who wants to know when addresses come and go

struct eventing_watcher {
    struct list_node node;
    void (*on_change)(struct eventing_watcher *watcher);
};
void eventing_watch(struct eventing *eventing, struct eventing_watcher *watcher);
void eventing_unwatch(struct eventing_watcher *watcher);
// They hear of it once, at the end of the turn.
void eventing_changed(struct eventing *eventing);
