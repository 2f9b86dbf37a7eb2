// SPDX-License-Identifier: Apache-2.0
// The latest changes of all resources, in memory, in the order of their versions: what watches read, and what a list
// needs that goes on at an older version. Older ones than a bound are forgotten; whoever asks for them hears "expired"
// and lists again, as with etcd's compaction. Belongs to the API's loop.
#pragma once

#include "base/buf.h"
#include "kube/object.h"
#include "store/table.h"

// One change. It lives until the history forgets it, which may happen with any later change.
struct event {
    struct list_node all, of_kind; // not linked: forgotten
    struct kind *kind;
    int64_t version;     // the resourceVersion that the change made
    int64_t old_version; // 0: there was no object before
    enum change change;
    size_t size;              // of it, in memory
    bytes_t key;              // of the row
    bytes_t name_space, name; // views of KEY; the first is empty for a kind of the cluster
    bytes_t value;            // the object, after the change; the last state of one that was deleted
    bytes_t old_value;        // before it; BYTES_NULL: there was none, or it is not known any more
    // The object as text in one version, made by the first watch that shows it.
    struct slice text;
    const struct kind_version *text_version;
};

// Who wants to know about changes of one kind. Embedded in its owner.
struct watcher {
    struct list_node node;
    // There are new ones; at the end of a turn. May stop its own watcher, no other.
    void (*on_events)(struct watcher *watcher);
};

struct history {
    struct loop *loop;
    struct list_node all;
    size_t count, size; // bytes
    size_t count_max, size_max;
    int64_t horizon;      // changes up to this version are forgotten
    int64_t newest;       // the version of the newest change that was shown
    struct deferred tell; // watchers, once a turn; then what is too much is forgotten
    struct list_node told_kinds;
};

void history_init(struct history *history, struct loop *loop, size_t count_max, size_t size_max);
void history_deinit(struct history *history);
// From VERSION on: what came before is unknown. Forgets everything.
void history_begin(struct history *history, int64_t version);
// Up to VERSION nothing more changed.
void history_end(struct history *history, int64_t version);
// A change that is durable: the row and the one that it replaced, or NULL.
struct event *history_add(struct history *history, struct kind *kind, const struct table_row *row,
                          const struct table_row *old);
// Forgets what is more than the bounds allow; happens by itself at the end of a turn with changes.
void history_trim(struct history *history);
// The first change of the kind behind VERSION; NULL: none yet. *RET_EXPIRED: changes behind VERSION were forgotten.
struct event *history_after(struct history *history, const struct kind *kind, int64_t version, bool *ret_expired);
// OLD_VALUE is what it replaced: BYTES_NULL then says that there was nothing.
static inline bool event_knows_old(const struct event *event)
{
    return event->change == CHANGE_ADDED || event->old_value.data != NULL;
}
// The one that follows of the same kind, or NULL.
struct event *event_next(const struct event *event);

void watcher_start(struct watcher *watcher, struct kind *kind);
void watcher_stop(struct watcher *watcher);
// Every watcher of the kind is told, although nothing happened: the kind is retired.
void history_tell(struct history *history, struct kind *kind);

// Cuts a row's key behind its kind's prefix.
void key_names(bytes_t rest, bytes_t *ret_namespace, bytes_t *ret_name);
