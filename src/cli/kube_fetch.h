// SPDX-License-Identifier: Apache-2.0
// Objects from the server: one, or all that a selection means, however many pages that takes.
#pragma once

#include "cli/kube_session.h"

struct kube_query {
    const struct kube_kind *kind;
    const char *name_space; // NULL: all of them
    const char *name;       // NULL: all of them
    const char *labels;     // selectors; NULL: none
    const char *fields;
    bool as_table; // as a Table of meta.k8s.io, for people
};

// The answer's tree is the object, the whole list (each item with its apiVersion and kind), or the Table. Errors as
// kube_link_call has them. In ARENA.
err_t kube_fetch(struct kube_session *session, const struct kube_query *query, struct arena *arena,
                 struct kube_answer *ret_answer) MUST_CHECK;
// A single object.
err_t kube_fetch_one(struct kube_session *session, const struct kube_kind *kind, const char *name_space,
                     const char *name, struct arena *arena, struct kube_answer *ret_answer) MUST_CHECK;

// What happened in a watch: TYPE is "ADDED", "MODIFIED" or "DELETED", OBJECT lives as long as the call. False: no more
// is wanted.
typedef bool kube_event_fn(void *owner, const char *type, const struct json_value *object);
// Watches from behind VERSION on until ON_EVENT wants no more (ERR_OK) or something fails; a watch that the server ends
// in peace goes on where it was. QUERY.name is a field selector here.
err_t kube_watch(struct kube_session *session, const struct kube_query *query, bytes_t version, kube_event_fn *on_event,
                 void *owner, struct arena *arena, struct kube_answer *ret_answer) MUST_CHECK;
