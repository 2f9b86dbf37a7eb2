// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/managed.h"

#include "base/assert.h"
#include "kube/apply/extract.h"

// --- entries

static bool same_entry(const struct managed_entry *a, const struct managed_entry *b)
{
    return a->applied == b->applied && bytes_equal(a->manager, b->manager) &&
           bytes_equal(a->subresource, b->subresource) && (a->applied || bytes_equal(a->api_version, b->api_version));
}

struct managed_entry *managed_find(const struct managed *managed, const struct managed_entry *like)
{
    for (size_t i = 0; i < managed->count; i++) {
        if (same_entry(&managed->entries[i], like))
            return &managed->entries[i];
    }
    return NULL;
}

struct managed_entry *managed_put(struct managed *managed, const struct managed_entry *like)
{
    struct managed_entry *found = managed_find(managed, like);
    if (found != NULL)
        return found;
    if (managed->count == managed->capacity) {
        size_t capacity = managed->capacity == 0 ? 8 : managed->capacity * 2;
        struct managed_entry *entries = arena_array(managed->arena, capacity, sizeof *entries);
        if (managed->count > 0)
            memcpy(entries, managed->entries, managed->count * sizeof *entries);
        managed->entries = entries;
        managed->capacity = capacity;
    }
    managed->entries[managed->count] = *like;
    return &managed->entries[managed->count++];
}

struct managed managed_copy(const struct managed *managed)
{
    struct managed copy = { .arena = managed->arena };
    for (size_t i = 0; i < managed->count; i++)
        (void)managed_put(&copy, &managed->entries[i]);
    return copy;
}

void managed_drop_empty(struct managed *managed)
{
    size_t kept = 0;
    for (size_t i = 0; i < managed->count; i++) {
        if (!field_set_is_empty(managed->entries[i].fields))
            managed->entries[kept++] = managed->entries[i];
    }
    managed->count = kept;
}

// --- schemas and versions

static bool is_served(const struct apply_scope *scope, bytes_t version)
{
    bool served = bytes_equal(scope->api_version, version);
    for (size_t i = 0; !served && i < scope->served_count; i++)
        served = bytes_equal(scope->served[i], version);
    return served;
}

void managed_reconcile(struct managed *managed, const struct apply_scope *scope)
{
    struct typed type = typed_root(scope->schema);
    for (size_t i = 0; i < managed->count; i++) {
        struct managed_entry *entry = &managed->entries[i];
        entry->fields = is_served(scope, entry->api_version) ? fields_reconcile(type, entry->fields, managed->arena)
                                                             : &field_set_none;
    }
    managed_drop_empty(managed);
}

const struct field_set *scope_filter(const struct apply_scope *scope, const struct field_set *set, struct arena *arena)
{
    return scope->ignored == NULL ? set : field_set_difference_below(arena, set, scope->ignored);
}

err_t scope_compare(const struct apply_scope *scope, const struct json_value *old, const struct json_value *fresh,
                    struct arena *arena, struct comparison *ret_comparison, diag_t *diag)
{
    struct comparison all;
    err_t err = fields_compare(typed_root(scope->schema), old, fresh, arena, &all, diag);
    if (err == ERR_OK)
        *ret_comparison = (struct comparison){ .removed = scope_filter(scope, all.removed, arena),
                                               .modified = scope_filter(scope, all.modified, arena),
                                               .added = scope_filter(scope, all.added, arena) };
    return err;
}

#define FIELD(text)                                                                                                    \
    {                                                                                                                  \
        .kind = PATH_FIELD, .field = { (const uint8_t *)(text), sizeof(text) - 1 },                                    \
    }

// What nobody owns, sorted as sets are. Made when eddy is built: every write needs it.
static const struct field_node stripped_meta_nodes[] = {
    { FIELD("clusterName"), true, NULL },
    { FIELD("creationTimestamp"), true, NULL },
    { FIELD("generation"), true, NULL },
    { FIELD("managedFields"), true, NULL },
    { FIELD("name"), true, NULL },
    { FIELD("namespace"), true, NULL },
    { FIELD("resourceVersion"), true, NULL },
    { FIELD("selfLink"), true, NULL },
    { FIELD("uid"), true, NULL },
};
static const struct field_set stripped_meta = { stripped_meta_nodes, ARRAY_COUNT(stripped_meta_nodes) };
static const struct field_node stripped_nodes[] = {
    { FIELD("apiVersion"), true, NULL },
    { FIELD("kind"), true, NULL },
    { FIELD("metadata"), true, &stripped_meta },
};
static const struct field_set stripped = { stripped_nodes, ARRAY_COUNT(stripped_nodes) };

const struct field_set *managed_strip(const struct field_set *set, struct arena *arena)
{
    return field_set_difference(arena, set, &stripped);
}

// --- updates

err_t managed_track(struct managed *managed, const struct apply_scope *scope, const struct json_value *old,
                    const struct json_value *fresh, bytes_t manager, diag_t *diag)
{
    struct arena *arena = managed->arena;
    struct comparison changes;
    err_t err = scope_compare(scope, old, fresh, arena, &changes, diag);
    if (err != ERR_OK)
        return err;
    managed_reconcile(managed, scope);
    const struct field_set *set = field_set_union(arena, changes.modified, changes.added);
    const struct field_set *gone = field_set_union(arena, set, changes.removed);
    for (size_t i = 0; i < managed->count; i++)
        managed->entries[i].fields = field_set_difference(arena, managed->entries[i].fields, gone);
    managed_drop_empty(managed);
    const struct managed_entry self = {
        .manager = manager.size == 0 ? BYTES_LITERAL("unknown") : manager,
        .api_version = scope->api_version,
        .subresource = scope->subresource,
        .fields = managed_strip(set, arena),
    };
    if (field_set_is_empty(self.fields))
        return ERR_OK;
    struct managed_entry *entry = managed_put(managed, &self);
    entry->fields = field_set_union(arena, entry->fields, self.fields);
    entry->has_time = true;
    entry->time_s = scope->now_s;
    return ERR_OK;
}

// An empty list, or one empty entry: somebody wants managedFields to be forgotten.
static bool is_reset(const struct json_value *object)
{
    const struct json_value *list = json_get(json_get(object, "metadata"), "managedFields");
    if (list == NULL || list->type != JSON_ARRAY)
        return false;
    return list->count == 0 || (list->count == 1 && list->first->type == JSON_OBJECT && list->first->count == 0);
}

// What the request says, else what the object had.
static struct managed decode_either(const struct apply_scope *scope, const struct json_value *old,
                                    const struct json_value *fresh, struct arena *arena)
{
    struct managed managed = { .arena = arena };
    const struct managed none = managed;
    if (scope->subresource.size == 0) {
        if (is_reset(fresh))
            return none;
        if (managed_decode(fresh, arena, &managed, NULL) == ERR_OK && managed.count > 0)
            return managed;
    }
    return managed_decode(old, arena, &managed, NULL) == ERR_OK ? managed : none;
}

err_t managed_update(const struct apply_scope *scope, const struct json_value *old, struct json_value *fresh,
                     bytes_t manager, struct arena *arena, diag_t *diag)
{
    struct managed managed = decode_either(scope, old, fresh, arena);
    struct json_value *meta = json_find(fresh, BYTES_LITERAL("metadata"));
    if (meta != NULL)
        (void)json_unset(meta, BYTES_LITERAL("managedFields"));
    // Who wiped them keeps them away until the next apply.
    if (managed.count == 0 && json_get(json_get(old, "metadata"), "uid") != NULL)
        return ERR_OK;
    const struct json_value *nothing = json_new(arena, JSON_OBJECT);
    err_t err = managed_track(&managed, scope, old == NULL ? nothing : old, fresh, manager, diag);
    if (err != ERR_OK)
        return err;
    managed_cap(&managed);
    managed_encode(&managed, fresh);
    return ERR_OK;
}

// --- times

static bool same_but_times(const struct json_value *a, const struct json_value *b)
{
    if (a == NULL || b == NULL || a->type != JSON_ARRAY || b->type != JSON_ARRAY || a->count != b->count)
        return false;
    static const char *const members[] = {
        "manager", "operation", "apiVersion", "fieldsType", "fieldsV1", "subresource"
    };
    b = b->first;
    for (a = a->first; a != NULL; a = a->next, b = b->next) {
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            const struct json_value *left = json_get(a, members[i]), *right = json_get(b, members[i]);
            if (!json_same(left, right))
                return false;
        }
    }
    return true;
}

bool managed_keep_times(const struct json_value *old, struct json_value *fresh, struct arena *arena)
{
    const bytes_t name = BYTES_LITERAL("managedFields");
    struct json_value *meta = json_find(fresh, BYTES_LITERAL("metadata"));
    struct json_value *entries = json_find(meta, name);
    const struct json_value *kept = json_find(json_get(old, "metadata"), name);
    if (!same_but_times(kept, entries))
        return false;
    json_replace(entries, json_copy(arena, kept));
    if (json_equal(old, fresh))
        return true;
    json_set(meta, name, entries);
    return false;
}
