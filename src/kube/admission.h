// SPDX-License-Identifier: Apache-2.0
// What happens to an object between a body and the row: it is compared with its path, cut and filled by its schema,
// gets the fields that the server owns, and is validated. Without I/O; the same for requests and for eddy's own
// controllers.
#pragma once

#include "kube/apply/managed.h"
#include "kube/problem.h"
#include "kube/request.h"
#include "kube/write.h"

struct admission {
    const struct kind *kind;
    const struct kind_version *version; // that the object is written in
    bytes_t name_space, name;           // as the path says; the name may be empty for a new one
    bytes_t subresource;                // "", "status"
    struct arena *arena;
    struct problem *problem;
    int64_t now_ms;     // wall time
    uint64_t *last_uid; // of uid_text
    bytes_t manager;    // who it is in managedFields
    bool is_apply;      // the object came by server-side apply: its managedFields are right already
    enum field_validation validation;
    void (*on_warning)(void *owner, bytes_t text); // may be NULL
    void *owner;
};

// A body: right apiVersion and kind (absent ones are filled in where the path tells them), the path's namespace and
// name, no fields twice and none that the schema does not know. False: problem.
bool admit_body(const struct admission *admission, struct json_value *object);
// A new object: the name (also by generateName), the server's fields, defaults, validation. False: problem.
bool admit_create(const struct admission *admission, struct json_value *object);
// OBJECT, a tree of its own, instead of LIVE. Decides also that nothing changes, and that an object whose last
// finalizer went is removed. For WRITE_PUT and WRITE_REMOVE *RET_OBJECT is what is to be stored.
enum write_action admit_update(const struct admission *admission, const struct json_value *live,
                               struct json_value *object, struct json_value **ret_object);
// Server-side apply: what the manager wants of the object, CONFIG, into LIVE, or into a new one. FORCE: it also takes
// over what others own. The manager's fields that CONFIG leaves out go. As admit_update, but that a new one is put.
enum write_action admit_apply(struct admission *admission, const struct json_value *live,
                              const struct json_value *config, bool force, struct json_value **ret_object);

enum propagation { PROPAGATION_BACKGROUND, PROPAGATION_FOREGROUND, PROPAGATION_ORPHAN };
struct deletion {
    enum propagation propagation;
    bytes_t uid, resource_version; // preconditions; empty: none
};
// LIVE, a tree of its own, is to be deleted: it goes (WRITE_REMOVE), waits for its finalizers (WRITE_PUT), or waits
// already (WRITE_KEEP). LIVE is what is to be stored.
enum write_action admit_delete(const struct admission *admission, struct json_value *live,
                               const struct deletion *deletion);

// What a change is to the books of managedFields; in the admission's arena.
struct apply_scope admission_scope(const struct admission *admission);

// "2026-11-22T09:09:56Z" (RFC 3339 in UTC, whole seconds, as meta/v1 Time).
bytes_t time_text(struct arena *arena, int64_t wall_ms);
// A new UUID (RFC 9562 5.7), which is larger than those before: of two objects the one that came first has the smaller.
// *LAST_UID, 0 at first, has their time: 48 bits of milliseconds and 12 that count.
bytes_t uid_text(uint64_t *last_uid, struct arena *arena);
