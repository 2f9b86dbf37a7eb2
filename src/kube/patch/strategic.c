// SPDX-License-Identifier: Apache-2.0
// Objects of a strategic merge. strategic_list.c does lists.
#include "kube/patch/strategic.h"

#include "base/json_edit.h"
#include "kube/patch/shown.h"
#include "kube/patch/strategic_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PATCH_DIRECTIVE  "$patch"
#define RETAIN_DIRECTIVE "$retainKeys"
#define ORDER_PREFIX     "$setElementOrder"
#define DELETE_PREFIX    "$deleteFromPrimitiveList"

bool strategic_fail(struct strategic *s, err_t err, const char *format, ...)
{
    char text[2560]; // a shown value is at most half of it
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    s->err = err;
    s->text = arena_text(s->arena, bytes_of_text(text));
    return false;
}

// --- directives

static bool has_prefix(bytes_t name, const char *prefix)
{
    return bytes_starts_with(name, bytes_of_text(prefix));
}

static bool is_directive(bytes_t name)
{
    return name.size > 0 && name.data[0] == '$' &&
           (bytes_is(name, PATCH_DIRECTIVE) || bytes_is(name, RETAIN_DIRECTIVE) || has_prefix(name, ORDER_PREFIX) ||
            has_prefix(name, DELETE_PREFIX));
}

// "$setElementOrder/NAME" is about NAME. False: it has no such form.
static bool directive_subject(bytes_t name, const char *prefix, bytes_t *ret_subject)
{
    size_t size = strlen(prefix);
    if (name.size <= size || name.data[size] != '/')
        return false;
    *ret_subject = bytes_of(name.data + size + 1, name.size - size - 1);
    return true;
}

// --- copies

static struct json_value *clean(struct strategic *s, const struct json_value *value, bool is_new)
{
    if (value->type != JSON_OBJECT && value->type != JSON_ARRAY)
        return json_copy(s->arena, value);
    if (is_new && value->type == JSON_OBJECT && json_get(value, PATCH_DIRECTIVE) != NULL)
        return NULL;
    struct json_value *copy = json_new(s->arena, value->type);
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next) {
        if (value->type == JSON_OBJECT && (inside->type == JSON_NULL || is_directive(inside->name)))
            continue;
        struct json_value *cleaned = clean(s, inside, is_new);
        if (cleaned == NULL)
            continue;
        cleaned->name = inside->name;
        json_append(copy, cleaned);
    }
    return copy;
}

struct json_value *strategic_clean(struct strategic *s, const struct json_value *value)
{
    return clean(s, value, false);
}

struct json_value *strategic_clean_new(struct strategic *s, const struct json_value *value)
{
    return clean(s, value, true);
}

// --- members

// What a patch says about one member: at least one of the three.
struct change {
    bytes_t name;
    const struct json_value *value, *order, *deletion;
    size_t position; // in the patch
    bool taken;
};

// Both are there and of one type: they are merged, else the patch's stands.
static bool merge_value(struct strategic *s, const struct json_value *original, const struct json_value *patch,
                        const struct schema *field, struct json_value **ret_value)
{
    bool is_container = patch->type == JSON_OBJECT || patch->type == JSON_ARRAY;
    if (original == NULL || original->type != patch->type || !is_container) {
        *ret_value = strategic_clean_new(s, patch);
        return true;
    }
    if (patch->type == JSON_ARRAY)
        *ret_value = strategic_list(s, original, patch, field, false);
    else if (field != NULL && field->patch_replace)
        *ret_value = strategic_clean(s, patch);
    else
        *ret_value = strategic_object(s, original, patch, field);
    return *ret_value != NULL;
}

static bool is_array(const struct json_value *value)
{
    return value != NULL && value->type == JSON_ARRAY;
}

// *RET_VALUE is ORIGINAL (may be NULL) as CHANGE leaves it, NULL when the member goes. False: failed.
static bool merge_member(struct strategic *s, const struct json_value *original, const struct change *change,
                         const struct schema *field, struct json_value **ret_value)
{
    const struct json_value *patch = change->value, *now = original;
    struct json_value *made = NULL;
    if (change->order != NULL) {
        const struct list_change list = { original, patch, change->order };
        if (!strategic_ordered_list(s, change->name, &list, field, &made))
            return false;
        now = made;
        patch = NULL;
    }
    if (change->deletion != NULL && change->deletion->type == JSON_NULL) {
        now = NULL;
    } else if (is_array(change->deletion) && is_array(now)) {
        now = strategic_list(s, now, change->deletion, field, true);
        if (now == NULL)
            return false;
    }
    if (patch != NULL && patch->type != JSON_NULL)
        return merge_value(s, now, patch, field, ret_value);
    *ret_value = patch != NULL || now == NULL ? NULL : json_copy(s->arena, now);
    return true;
}

// --- the changes of one object

static int by_name(const void *a, const void *b)
{
    const struct change *left = a, *right = b;
    int order = bytes_compare(left->name, right->name);
    return order != 0 ? order : left->position < right->position ? -1 : left->position > right->position;
}

static int by_position(const void *a, const void *b)
{
    const struct change *left = a, *right = b;
    return left->position < right->position ? -1 : left->position > right->position;
}

struct changes {
    struct change *items; // by name
    size_t count;
};

static struct change *changes_find(const struct changes *changes, bytes_t name)
{
    size_t low = 0, high = changes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(name, changes->items[middle].name);
        if (order == 0)
            return &changes->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool change_read(struct strategic *s, const struct json_value *member, struct change *ret_change)
{
    if (has_prefix(member->name, ORDER_PREFIX)) {
        ret_change->order = member;
        return directive_subject(member->name, ORDER_PREFIX, &ret_change->name) ||
               strategic_fail(s, ERR_MALFORMED, "invalid patch format of setElementOrder list");
    }
    if (has_prefix(member->name, DELETE_PREFIX)) {
        ret_change->deletion = member;
        return directive_subject(member->name, DELETE_PREFIX, &ret_change->name) ||
               strategic_fail(s, ERR_MALFORMED, "invalid patch format of primitive list");
    }
    ret_change->value = member;
    ret_change->name = member->name;
    return true;
}

// One for each name.
static bool changes_read(struct strategic *s, const struct json_value *patch, struct changes *ret_changes)
{
    struct change *items = arena_array(s->arena, patch->count, sizeof *items);
    size_t read = 0, count = 0;
    for (const struct json_value *member = patch->first; member != NULL; member = member->next) {
        if (bytes_is(member->name, RETAIN_DIRECTIVE))
            continue;
        items[read].position = read;
        if (!change_read(s, member, &items[read++]))
            return false;
    }
    qsort(items, read, sizeof *items, by_name);
    for (size_t i = 0; i < read; i++) {
        if (count == 0 || !bytes_equal(items[count - 1].name, items[i].name)) {
            items[count++] = items[i];
            continue;
        }
        struct change *same = &items[count - 1];
        same->value = items[i].value != NULL ? items[i].value : same->value;
        same->order = items[i].order != NULL ? items[i].order : same->order;
        same->deletion = items[i].deletion != NULL ? items[i].deletion : same->deletion;
    }
    *ret_changes = (struct changes){ items, count };
    return true;
}

// --- $retainKeys

static bool is_retained(const struct places *names, bytes_t name)
{
    const struct json_value text = { .type = JSON_STRING, .text = name };
    return names == NULL || places_find(names, &text) != PLACES_NONE;
}

// What the patch sets must stay.
static bool retain_read(struct strategic *s, const struct json_value *list, const struct changes *changes,
                        struct places *names)
{
    bool fine = list->type == JSON_ARRAY;
    for (const struct json_value *name = fine ? list->first : NULL; name != NULL; name = name->next)
        places_add(names, name, 0);
    for (size_t i = 0; fine && i < changes->count; i++) {
        const struct json_value *value = changes->items[i].value;
        fine = value == NULL || value->type == JSON_NULL || is_retained(names, value->name);
    }
    return fine || strategic_fail(s, ERR_MALFORMED, "invalid patch format of retainKeys");
}

// --- objects

static bool take(struct strategic *s, struct json_value *result, const struct json_value *original,
                 const struct change *change, const struct schema *schema)
{
    struct json_value *value = NULL;
    if (!merge_member(s, original, change, schema_member_find(schema, change->name), &value))
        return false;
    if (value != NULL) {
        value->name = change->name;
        json_append(result, value);
    }
    return true;
}

// RETAINED: NULL for all. What the original has keeps its place, what is new comes behind it in the order of the patch.
static bool merge_members(struct strategic *s, struct json_value *result, const struct json_value *original,
                          const struct places *retained, struct changes *changes, const struct schema *schema)
{
    for (const struct json_value *old = original == NULL ? NULL : original->first; old != NULL; old = old->next) {
        if (!is_retained(retained, old->name))
            continue;
        struct change *change = changes_find(changes, old->name);
        if (change == NULL) {
            struct json_value *copy = json_copy(s->arena, old);
            json_append(result, copy);
            continue;
        }
        change->taken = true;
        if (!take(s, result, old, change, schema))
            return false;
    }
    qsort(changes->items, changes->count, sizeof *changes->items, by_position);
    for (size_t i = 0; i < changes->count; i++) {
        if (!changes->items[i].taken && !take(s, result, NULL, &changes->items[i], schema))
            return false;
    }
    return true;
}

static struct json_value *obey_directive(struct strategic *s, const struct json_value *directive,
                                         const struct json_value *patch)
{
    bytes_t name = BYTES_LITERAL("");
    json_get_text(directive, &name);
    if (bytes_is(name, "replace"))
        return strategic_clean(s, patch);
    if (bytes_is(name, "delete"))
        return json_new(s->arena, JSON_OBJECT);
    strategic_fail(s, ERR_INVALID, "unknown patch type: %s in map: %s", shown_value(s->arena, directive),
                   shown_value(s->arena, patch));
    return NULL;
}

struct json_value *strategic_object(struct strategic *s, const struct json_value *original,
                                    const struct json_value *patch, const struct schema *schema)
{
    const struct json_value *directive = json_get(patch, PATCH_DIRECTIVE), *retain = json_get(patch, RETAIN_DIRECTIVE);
    if (directive != NULL)
        return obey_directive(s, directive, patch);
    struct changes changes;
    if (!changes_read(s, patch, &changes))
        return NULL;
    struct places names = places_of(s->arena);
    struct json_value *result = json_new(s->arena, JSON_OBJECT);
    bool done = (retain == NULL || retain_read(s, retain, &changes, &names)) &&
                merge_members(s, result, original, retain == NULL ? NULL : &names, &changes, schema);
    places_free(&names);
    return done ? result : NULL;
}

err_t strategic_patch_apply(struct arena *arena, const struct json_value *object, const struct json_value *patch,
                            const struct schema *schema, struct json_value **ret_object, const char **ret_text)
{
    struct strategic s = { .arena = arena };
    if (patch->type != JSON_OBJECT) {
        *ret_text = arena_format(arena, "json: cannot unmarshal %s into Go value of type map[string]interface {}",
                                 shown_kind(patch));
        return ERR_MALFORMED;
    }
    struct json_value *result = strategic_object(&s, object, patch, schema);
    if (result == NULL) {
        *ret_text = s.text;
        return s.err;
    }
    *ret_object = result;
    return ERR_OK;
}
