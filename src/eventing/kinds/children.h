// SPDX-License-Identifier: Apache-2.0
// Objects that another one is made of: the channel behind a Channel, the channels and subscriptions of a Sequence. They
// have an ownerReference, go with their owner, and their changes bring it back to its controller.
#pragma once

#include "eventing/kinds/look.h"

// One look's writes of children; on the look's arena.
struct children {
    struct look *look;
    void (*on_done)(struct children *children); // in a later turn: everything is written, or PROBLEM says why not
    const char *problem;                        // on the look's arena; NULL: none
    bool is_failed;                             // another try may mend it
    size_t waiting;                             // private
    struct message done;                        // private
};

// Writes are asked for between these two.
void children_begin(struct children *children, struct look *look, void (*on_done)(struct children *children));
void children_end(struct children *children);
// Makes it, or makes its spec what SPEC is, a tree on the look's arena. One that belongs to somebody else is a problem.
void child_put(struct children *children, struct kind *kind, const char *name, const struct json_value *spec);
// Deletes it, if it is the look's resource's. False: there is none.
bool child_remove(struct children *children, struct kind *kind, const char *name);

// As it is; NULL: it is not there, or somebody else's.
const struct json_value *child_get(const struct look *look, const struct kind *kind, const char *name);
// A reference to it: apiVersion, kind, name and, in a status, namespace.
struct json_value *child_reference(struct arena *arena, const struct kind *kind, const char *name, bytes_t name_space);

// Changes of objects of a kind bring their owner back.
struct owner_watch {
    struct watcher watcher;
    struct controller *owner;
    const struct kind *kind;
    int64_t version;
};
void owner_watch_start(struct owner_watch *watch, struct controller *owner, struct kind *kind);
void owner_watch_stop(struct owner_watch *watch);
