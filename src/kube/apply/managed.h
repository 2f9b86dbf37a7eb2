// SPDX-License-Identifier: Apache-2.0
// metadata.managedFields: who owns which fields of an object, and since when. managed_update keeps the books for every
// request that is no apply (server_side.h).
#pragma once

#include "kube/apply/compare.h"

// What a request goes to. All of it outlives the call.
struct apply_scope {
    const struct schema *schema; // NULL: nothing is known of the kind
    bytes_t api_version;         // of the request, its object and the new entry: "eventing.knative.dev/v1"
    const bytes_t *served;       // the kind's other versions; entries of any other version are forgotten
    size_t served_count;
    bytes_t subresource;             // "status"; empty: the object itself
    const struct field_set *ignored; // what such a request cannot change, with all below; NULL: nothing
    int64_t now_s;                   // unix time
};

struct managed_entry {
    bytes_t manager;
    bool applied; // operation Apply, else Update
    bytes_t api_version;
    bytes_t subresource;
    bool has_time;
    int64_t time_s;
    const struct field_set *fields;
};

// Entries of a peer's object; as many managers never share one.
enum { MANAGED_ENTRIES_MAX = 1000, MANAGED_UPDATES_MAX = 10 };

// In no order; each manager, operation, subresource (and version, for updates) once.
struct managed {
    struct arena *arena;
    struct managed_entry *entries;
    size_t count, capacity;
};

// Of OBJECT (may be NULL: none). ERR_MALFORMED, ERR_TOO_LARGE.
err_t managed_decode(const struct json_value *object, struct arena *arena, struct managed *ret_managed,
                     diag_t *diag) MUST_CHECK;
// Writes metadata.managedFields in Kubernetes' order; no entries: there is no such member.
void managed_encode(const struct managed *managed, struct json_value *object);

// After a create (OLD is NULL), update or patch: FRESH, which is about to be stored, gets its managedFields. MANAGER
// owns what changed or came, nobody owns what went. What FRESH brings in managedFields counts (an empty list or one
// empty entry wipes them), but not through a subresource; what cannot be read is as if it were not there. On an error
// (ERR_INVALID: list items without keys; ERR_TOO_LARGE) FRESH has no managedFields, and may be stored so.
err_t managed_update(const struct apply_scope *scope, const struct json_value *old, struct json_value *fresh,
                     bytes_t manager, struct arena *arena, diag_t *diag) MUST_CHECK;
// When nothing differs but times in managedFields, FRESH gets OLD's: writing the same again changes nothing. True then.
bool managed_keep_times(const struct json_value *old, struct json_value *fresh, struct arena *arena);

// --- for server_side.c

struct managed_entry *managed_find(const struct managed *managed, const struct managed_entry *like);
// Adds an entry like this one, or finds it.
struct managed_entry *managed_put(struct managed *managed, const struct managed_entry *like)
    __attribute__((returns_nonnull));
struct managed managed_copy(const struct managed *managed);
// Entries without fields go.
void managed_drop_empty(struct managed *managed);
// No more than MANAGED_UPDATES_MAX entries of updates stay: the oldest become one of "ancient-changes" for each
// version.
void managed_cap(struct managed *managed);
// What tells entries apart, in the order in which Kubernetes sorts them.
bytes_t managed_identifier(const struct managed_entry *entry, struct arena *arena);
// Versions that are not served go; sets are put right for the schema.
void managed_reconcile(struct managed *managed, const struct apply_scope *scope);
// Without what the scope ignores.
err_t scope_compare(const struct apply_scope *scope, const struct json_value *old, const struct json_value *fresh,
                    struct arena *arena, struct comparison *ret_comparison, diag_t *diag) MUST_CHECK;
const struct field_set *scope_filter(const struct apply_scope *scope, const struct field_set *set, struct arena *arena);
// SET without what nobody owns: name, uid, resourceVersion...
const struct field_set *managed_strip(const struct field_set *set, struct arena *arena);
// The books for one change, made by MANAGER.
err_t managed_track(struct managed *managed, const struct apply_scope *scope, const struct json_value *old,
                    const struct json_value *fresh, bytes_t manager, diag_t *diag) MUST_CHECK;
