// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/server_side.h"

#include "kube/apply/conflicts.h"
#include "kube/apply/extract.h"
#include "kube/apply/last_applied.h"
#include "kube/apply/merge.h"

// One attempt, from what was read to what would be written.
struct attempt {
    const struct apply_scope *scope;
    const struct json_value *live, *config;
    struct arena *arena;
    struct managed managed;
    struct managed_entry self; // what tells the manager's entry apart
    struct json_value *object;
    struct disputed *disputed;
    size_t disputed_count;
    diag_t *diag;
};

// --- what the manager left out

static err_t with_named(struct attempt *attempt, const struct json_value *object, const struct field_set **ret_set)
{
    struct typed type = typed_root(attempt->scope->schema);
    const struct field_set *set;
    err_t err = fields_extract(type, object, attempt->arena, &set, attempt->diag);
    if (err == ERR_OK)
        *ret_set = fields_with_named(type, set, attempt->arena);
    return err;
}

static const struct field_set *owned_at(struct attempt *attempt, bytes_t version)
{
    const struct field_set *owned = &field_set_none;
    for (size_t i = 0; i < attempt->managed.count; i++) {
        const struct managed_entry *entry = &attempt->managed.entries[i];
        if (bytes_equal(entry->api_version, version))
            owned = field_set_union(attempt->arena, owned, entry->fields);
    }
    return owned;
}

// Of MERGED, whose fields are ALL: what PRUNED still has, and what somebody owns who wrote VERSION.
static err_t add_back_owned(struct attempt *attempt, const struct json_value *merged, const struct field_set *all,
                            bytes_t version, const struct json_value **pruned)
{
    struct typed type = typed_root(attempt->scope->schema);
    struct arena *arena = attempt->arena;
    const struct field_set *left, *owned = owned_at(attempt, version);
    if (field_set_is_empty(owned))
        return ERR_OK;
    err_t err = with_named(attempt, *pruned, &left);
    if (err != ERR_OK)
        return err;
    left = field_set_union(arena, left, fields_with_named(type, owned, arena));
    *pruned = fields_remove(type, merged, field_set_difference(arena, all, left), arena);
    return ERR_OK;
}

static bool is_first_of_version(const struct managed *managed, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (bytes_equal(managed->entries[i].api_version, managed->entries[index].api_version))
            return false;
    }
    return true;
}

// Removes from MERGED what is in LAST, was not applied again, and nobody else owns. First all that LAST says is taken
// out; then comes back what others own, those of LAST's version first, and what is inside of something that must stay.
static err_t prune(struct attempt *attempt, const struct json_value *merged, const struct field_set *last,
                   bytes_t version)
{
    struct typed type = typed_root(attempt->scope->schema);
    struct arena *arena = attempt->arena;
    const struct field_set *all, *left;
    last = fields_with_named(type, last, arena);
    const struct json_value *pruned = fields_remove(type, merged, last, arena);
    err_t err = with_named(attempt, merged, &all);
    if (err == ERR_OK)
        err = add_back_owned(attempt, merged, all, version, &pruned);
    for (size_t i = 0; err == ERR_OK && i < attempt->managed.count; i++) {
        bytes_t other = attempt->managed.entries[i].api_version;
        if (!bytes_equal(other, version) && is_first_of_version(&attempt->managed, i))
            err = add_back_owned(attempt, merged, all, other, &pruned);
    }
    if (err == ERR_OK)
        err = with_named(attempt, pruned, &left);
    if (err != ERR_OK)
        return err;
    const struct field_set *gone = field_set_intersection(arena, field_set_difference(arena, all, left), last);
    attempt->object = fields_remove(type, merged, gone, arena);
    return ERR_OK;
}

// --- what others own

static void dispute(struct attempt *attempt, const struct comparison *changes)
{
    struct arena *arena = attempt->arena;
    const struct field_set *set = field_set_union(arena, changes->modified, changes->added);
    const struct managed_entry *self = managed_find(&attempt->managed, &attempt->self);
    attempt->disputed = arena_array(arena, attempt->managed.count, sizeof *attempt->disputed);
    attempt->disputed_count = 0;
    for (size_t i = 0; i < attempt->managed.count; i++) {
        struct managed_entry *entry = &attempt->managed.entries[i];
        if (entry == self)
            continue;
        const struct field_set *both = field_set_intersection(arena, entry->fields, set);
        if (!field_set_is_empty(both))
            attempt->disputed[attempt->disputed_count++] = (struct disputed){ entry, both };
    }
}

static void take_over(struct attempt *attempt, const struct comparison *changes)
{
    struct arena *arena = attempt->arena;
    const struct field_set *set = field_set_union(arena, changes->modified, changes->added);
    struct managed_entry *self = managed_find(&attempt->managed, &attempt->self);
    set = field_set_union(arena, set, changes->removed);
    for (size_t i = 0; i < attempt->managed.count; i++) {
        struct managed_entry *entry = &attempt->managed.entries[i];
        entry->fields = field_set_difference(arena, entry->fields, entry == self ? &field_set_none : set);
    }
}

// --- one attempt

// Puts together what would be; ERR_CONFLICT when others own what changes, unless FORCE.
static err_t attempt_merge(struct attempt *attempt, bool force)
{
    const struct apply_scope *scope = attempt->scope;
    struct typed type = typed_root(scope->schema);
    struct arena *arena = attempt->arena;
    struct json_value *merged;
    const struct field_set *set;
    struct comparison changes;
    managed_reconcile(&attempt->managed, scope);
    err_t err = fields_merge(type, attempt->live, attempt->config, arena, &merged, attempt->diag);
    if (err == ERR_OK)
        err = fields_extract(type, attempt->config, arena, &set, attempt->diag);
    if (err != ERR_OK)
        return err;
    struct managed_entry *self = managed_put(&attempt->managed, &attempt->self);
    const struct field_set *last = self->fields;
    bytes_t last_version = self->api_version;
    self->api_version = scope->api_version;
    self->fields = scope_filter(scope, set, arena);
    attempt->object = merged;
    if (!field_set_is_empty(last))
        err = prune(attempt, merged, last, last_version);
    if (err == ERR_OK)
        err = scope_compare(scope, attempt->live, attempt->object, arena, &changes, attempt->diag);
    if (err != ERR_OK)
        return err;
    dispute(attempt, &changes);
    if (!force && attempt->disputed_count > 0)
        return ERR_CONFLICT;
    take_over(attempt, &changes);
    return ERR_OK;
}

// Books and object as they are written. When nothing changed, the entry keeps its time.
static err_t attempt_finish(struct attempt *attempt)
{
    struct managed_entry *self = managed_find(&attempt->managed, &attempt->self);
    if (json_equal(attempt->live, attempt->object)) {
        attempt->object = json_copy(attempt->arena, attempt->live);
    } else {
        self->has_time = true;
        self->time_s = attempt->scope->now_s;
    }
    self->fields = managed_strip(self->fields, attempt->arena);
    managed_drop_empty(&attempt->managed);
    if (attempt->object->type != JSON_OBJECT)
        return diag_fail(attempt->diag, ERR_INVALID, "", "nothing of the object would be left");
    if (attempt->managed.count > MANAGED_ENTRIES_MAX)
        return diag_fail(attempt->diag, ERR_LIMIT, "metadata.managedFields", "more than %d managers",
                         MANAGED_ENTRIES_MAX);
    if (bytes_is(attempt->self.manager, "kubectl"))
        last_applied_sync(attempt->object, attempt->config, attempt->arena);
    managed_encode(&attempt->managed, attempt->object);
    return ERR_OK;
}

// What kubectl applied on its own side before is its own: no conflict when that is all.
static err_t attempt_again(struct attempt *attempt, const struct managed *managed,
                           struct apply_conflicts *ret_conflicts)
{
    const struct field_set *allowed = &field_set_none;
    if (bytes_is(attempt->self.manager, "kubectl"))
        allowed = last_applied_fields(attempt->scope, attempt->live, attempt->arena);
    *ret_conflicts = conflicts_print(attempt->disputed, attempt->disputed_count, allowed, attempt->arena);
    if (ret_conflicts->count > 0)
        return ERR_CONFLICT;
    attempt->managed = managed_copy(managed);
    return attempt_merge(attempt, true);
}

// What the object has while nobody was tracked belongs to nobody in particular.
static err_t track_before(const struct apply_scope *scope, const struct json_value *live, struct managed *managed,
                          diag_t *diag)
{
    const struct json_value *nothing = json_new(managed->arena, JSON_OBJECT);
    err_t err = managed_track(managed, scope, nothing, live, BYTES_LITERAL("before-first-apply"), diag);
    if (err == ERR_OK)
        managed_cap(managed);
    return err;
}

err_t server_side_apply(const struct apply_scope *scope, const struct json_value *live, const struct json_value *config,
                        bytes_t manager, bool force, struct arena *arena, struct json_value **ret_object,
                        struct apply_conflicts *ret_conflicts, diag_t *diag)
{
    const struct json_value *given = json_get(json_get(config, "metadata"), "managedFields");
    if (given != NULL && given->type == JSON_ARRAY)
        return diag_fail(diag, ERR_INVALID, "metadata.managedFields", "metadata.managedFields must be nil");
    live = live == NULL ? json_new(arena, JSON_OBJECT) : live;
    struct managed managed;
    err_t err = managed_decode(live, arena, &managed, diag);
    if (err == ERR_OK && managed.count == 0)
        err = track_before(scope, live, &managed, diag);
    if (err == ERR_OK)
        err = fields_check(typed_root(scope->schema), config, arena, diag);
    if (err != ERR_OK)
        return err;
    struct attempt attempt = {
        .scope = scope,
        .live = live,
        .config = config,
        .arena = arena,
        .managed = managed_copy(&managed),
        .self = { .manager = manager.size == 0 ? BYTES_LITERAL("unknown") : manager,
                  .applied = true,
                  .subresource = scope->subresource,
                  .fields = &field_set_none },
        .diag = diag,
    };
    err = attempt_merge(&attempt, force);
    if (err == ERR_CONFLICT)
        err = attempt_again(&attempt, &managed, ret_conflicts);
    if (err == ERR_OK)
        err = attempt_finish(&attempt);
    if (err == ERR_OK)
        *ret_object = attempt.object;
    return err;
}
