// SPDX-License-Identifier: Apache-2.0
// One change of one object: look at what is there, decide, put it with the version that was seen, and start over when
// somebody else was quicker. Belongs to the API's loop; embedded in its owner.
#pragma once

#include "kube/problem.h"
#include "kube/resources.h"

enum write_action {
    WRITE_REFUSE, // problem says why
    WRITE_KEEP,   // nothing changes: the live object is the answer
    WRITE_PUT,    // object takes its place
    WRITE_REMOVE, // the object goes; object is its last state
};

struct write {
    struct engine_put_op op;     // private
    struct resources *resources; // in, as all that follows
    struct kind *kind;
    const struct kind_version *version; // that the objects are seen in
    bytes_t name_space, name;           // valid until on_done
    struct arena *arena;                // of the request
    bool is_dry_run;                    // decides, puts nothing
    // Looks at LIVE (NULL: there is none; a tree of its own that may be changed) and sets object. Called again after a
    // conflict.
    enum write_action (*decide)(struct write *write, struct json_value *live);
    // Once, in a later turn unless nothing had to be put; then within write_start.
    void (*on_done)(struct write *write);

    // out
    struct json_value *object; // set by decide
    struct problem problem;    // set by decide, or by what went wrong here
    enum write_action action;
    bool was_there;
    int64_t resource_version; // of the object as it is now; after a dry run the one that it has
    struct slice value;       // the row's value: object_write shows it. Released by write_deinit

    // private
    bytes_t key;
    int64_t live_version;
    int tries;
};

void write_start(struct write *write);
// Ends it before it began; its problem is set.
void write_refuse(struct write *write);
void write_deinit(struct write *write);
