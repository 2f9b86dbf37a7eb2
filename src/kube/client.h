// SPDX-License-Identifier: Apache-2.0
// How eddy's own controllers read and write resources. Reads come from memory and are what the controller has seen;
// writes are asked for and answered later. Behind it is this process's API; a cluster's would be informers for the
// reads and requests for the writes. On the API's loop.
#pragma once

#include "kube/admission.h"

struct kube;

// A write; embedded in its owner, or made by client_op_new.
struct client_op {
    struct write write; // private
    struct admission admission;
    struct arena arena;
    struct kube *kube;
    // in
    struct kind *kind;
    bytes_t name_space, name; // copied by the call
    const char *manager;
    bytes_t subresource; // "status", or empty; static text
    // Of an update: changes OBJECT, a tree of its own on ARENA; false: leave it. Called again after a conflict. NULL
    // object: it is not there (not called).
    bool (*change)(struct client_op *op, struct json_value *object);
    const struct kind_version *version;    // of an apply: that the object is written in
    void (*on_done)(struct client_op *op); // may be NULL
    void *owner;
    // out: PROBLEM_NONE, or why not
    enum problem_reason reason;
    bytes_t message;          // until on_done returns, as FIELD
    bytes_t field;            // what it is about, "spec.filters[0].exact"; empty: no field, or not known
    bool is_new;              // it was not there before
    struct deletion deletion; // of a delete
    struct json_value *body;  // private
};

// Each takes the op over if it came from client_op_new (it is freed behind on_done).
struct client_op *client_op_new(struct kube *kube, struct kind *kind, bytes_t name_space, bytes_t name,
                                const char *manager);
// OBJECT lives in op->arena.
void client_create(struct client_op *op, struct json_value *object);
void client_update(struct client_op *op);
// Server-side apply with force, and what the schema does not know is refused: OBJECT is what op->manager wants.
void client_apply(struct client_op *op, struct json_value *object);
void client_delete(struct client_op *op);
// The object goes although something holds it: the last step of a controller that holds it.
void client_remove(struct client_op *op);

// Asks every object of the kind in that namespace (empty: in all) to go, some at a time. How many are still there.
size_t client_delete_all(struct kube *kube, struct kind *kind, bytes_t name_space, const char *manager);

// ERR_NOT_FOUND; the tree is of ARENA.
err_t client_get(struct kube *kube, const struct kind *kind, bytes_t name_space, bytes_t name, struct arena *arena,
                 struct json_value **ret_object) MUST_CHECK;
