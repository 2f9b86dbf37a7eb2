// SPDX-License-Identifier: Apache-2.0
#include "base/json_edit.h"

#include "base/assert.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

struct json_value *json_new(struct arena *arena, enum json_type type)
{
    struct json_value *value = arena_alloc(arena, sizeof *value);
    value->type = type;
    return value;
}

struct json_value *json_new_bytes(struct arena *arena, bytes_t text)
{
    struct json_value *value = json_new(arena, JSON_STRING);
    value->text = text;
    return value;
}

struct json_value *json_new_text(struct arena *arena, const char *text)
{
    return json_new_bytes(arena, bytes_of_text(text));
}

struct json_value *json_new_int(struct arena *arena, int64_t number)
{
    struct json_value *value = json_new(arena, JSON_NUMBER);
    value->text = bytes_of_text(arena_format(arena, "%" PRId64, number));
    return value;
}

struct json_value *json_new_bool(struct arena *arena, bool is_true)
{
    struct json_value *value = json_new(arena, JSON_BOOL);
    value->is_true = is_true;
    return value;
}

// --- places in a tree

static void link_behind(struct json_value *up, struct json_value *before, struct json_value *value)
{
    ASSERT(value->up == NULL && value->next == NULL);
    value->up = up;
    value->next = before == NULL ? up->first : before->next;
    if (before == NULL)
        up->first = value;
    else
        before->next = value;
    if (up->last == before)
        up->last = value;
    up->count++;
}

static struct json_value *value_before(const struct json_value *value)
{
    struct json_value *before = NULL;
    for (struct json_value *at = value->up->first; at != value; at = at->next)
        before = at;
    return before;
}

void json_append(struct json_value *array, struct json_value *value)
{
    link_behind(array, array->last, value);
}

void json_insert(struct json_value *array, size_t index, struct json_value *value)
{
    ASSERT(index <= array->count);
    struct json_value *before = NULL;
    for (size_t i = 0; i < index; i++)
        before = before == NULL ? array->first : before->next;
    link_behind(array, before, value);
}

void json_detach(struct json_value *value)
{
    struct json_value *up = value->up;
    if (up == NULL)
        return;
    struct json_value *before = value_before(value);
    if (before == NULL)
        up->first = value->next;
    else
        before->next = value->next;
    if (up->last == value)
        up->last = before;
    up->count--;
    value->up = value->next = NULL;
}

void json_replace(struct json_value *old, struct json_value *fresh)
{
    struct json_value *up = old->up, *before = value_before(old);
    json_detach(old);
    fresh->name = old->name;
    link_behind(up, before, fresh);
}

// --- copies

// The root is copied by the caller; this adds what is inside, without recursion: a tree may be as deep as a peer's
// text.
struct json_value *json_copy(struct arena *arena, const struct json_value *value)
{
    struct json_value *root = NULL, *up = NULL;
    for (const struct json_value *from = value;;) {
        struct json_value *copy = arena_alloc(arena, sizeof *copy);
        copy->type = from->type;
        copy->is_true = from->is_true;
        copy->name = from->name;
        copy->text = from->text;
        if (up == NULL)
            root = copy;
        else
            json_append(up, copy);
        if (from->first != NULL) {
            up = copy;
            from = from->first;
            continue;
        }
        while (from != value && from->next == NULL) {
            from = from->up;
            up = up->up;
        }
        if (from == value)
            return root;
        from = from->next;
    }
}

// --- members

struct json_value *json_find(const struct json_value *object, bytes_t name)
{
    if (object == NULL || object->type != JSON_OBJECT)
        return NULL;
    struct json_value *value = object->first;
    while (value != NULL && !bytes_equal(value->name, name))
        value = value->next;
    return value;
}

struct json_value *json_at(const struct json_value *array, size_t index)
{
    if (array == NULL || array->type != JSON_ARRAY || index >= array->count)
        return NULL;
    struct json_value *value = array->first;
    while (index-- > 0)
        value = value->next;
    return value;
}

void json_set(struct json_value *object, bytes_t name, struct json_value *value)
{
    struct json_value *old = json_find(object, name);
    if (old != NULL) {
        json_replace(old, value);
        return;
    }
    value->name = name;
    json_append(object, value);
}

void json_set_text(struct json_value *object, struct arena *arena, const char *name, const char *text)
{
    json_set(object, bytes_of_text(name), json_new_text(arena, text));
}

void json_set_bytes(struct json_value *object, struct arena *arena, const char *name, bytes_t text)
{
    json_set(object, bytes_of_text(name), json_new_bytes(arena, text));
}

void json_set_int(struct json_value *object, struct arena *arena, const char *name, int64_t number)
{
    json_set(object, bytes_of_text(name), json_new_int(arena, number));
}

struct json_value *json_set_object(struct json_value *object, struct arena *arena, const char *name)
{
    struct json_value *member = json_find(object, bytes_of_text(name));
    if (member != NULL && member->type == JSON_OBJECT)
        return member;
    member = json_new(arena, JSON_OBJECT);
    json_set(object, bytes_of_text(name), member);
    return member;
}

bool json_unset(struct json_value *object, bytes_t name)
{
    struct json_value *member = json_find(object, name);
    if (member != NULL)
        json_detach(member);
    return member != NULL;
}

// --- comparison

static bool number_equal(const struct json_value *a, const struct json_value *b)
{
    if (bytes_equal(a->text, b->text))
        return true;
    int64_t a_int, b_int; // apart beyond 2^53, where doubles are not
    if (json_get_int(a, &a_int) && json_get_int(b, &b_int))
        return a_int == b_int;
    double a_double = 0, b_double = 0;
    return json_get_double(a, &a_double) && json_get_double(b, &b_double) && a_double == b_double;
}

static bool object_equal(const struct json_value *a, const struct json_value *b);

static bool array_equal(const struct json_value *a, const struct json_value *b)
{
    if (a->count != b->count)
        return false;
    const struct json_value *other = b->first;
    for (const struct json_value *value = a->first; value != NULL; value = value->next, other = other->next) {
        if (!json_equal(value, other))
            return false;
    }
    return true;
}

// As deep as JSON_DEPTH_MAX, at most.
bool json_equal(const struct json_value *a, const struct json_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return a->is_true == b->is_true;
    case JSON_NUMBER:
        return number_equal(a, b);
    case JSON_STRING:
        return bytes_equal(a->text, b->text);
    case JSON_ARRAY:
        return array_equal(a, b);
    case JSON_OBJECT:
        break;
    }
    return object_equal(a, b);
}

bool json_same(const struct json_value *a, const struct json_value *b)
{
    return a == NULL || b == NULL ? a == b : json_equal(a, b);
}

// A member with its place among its siblings.
struct placed {
    struct json_value *value;
    size_t index;
};

static int by_name(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    int order = bytes_compare(left->value->name, right->value->name);
    return order != 0 ? order : left->index < right->index ? -1 : 1;
}

struct json_value **json_sorted(const struct json_value *value)
{
    struct json_value **sorted = mem_zalloc(value->count + 1, sizeof *sorted);
    struct placed *members = mem_zalloc(value->count + 1, sizeof *members);
    size_t count = 0;
    for (struct json_value *inside = value->first; inside != NULL; inside = inside->next, count++)
        members[count] = (struct placed){ inside, count };
    if (value->type == JSON_OBJECT)
        qsort(members, count, sizeof *members, by_name);
    for (size_t i = 0; i < count; i++)
        sorted[i] = members[i].value;
    free(members);
    return sorted;
}

static bool sorted_equal(const struct json_value *a, const struct json_value *b)
{
    struct json_value **of_a = json_sorted(a), **of_b = json_sorted(b);
    bool equal = true;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = bytes_equal(of_a[i]->name, of_b[i]->name) && json_equal(of_a[i], of_b[i]);
    free(of_a);
    free(of_b);
    return equal;
}

// Two trees that came the same way have their members in the same order.
static bool object_equal(const struct json_value *a, const struct json_value *b)
{
    if (a->count != b->count)
        return false;
    const struct json_value *other = b->first;
    for (const struct json_value *value = a->first; value != NULL; value = value->next, other = other->next) {
        if (!bytes_equal(value->name, other->name))
            return sorted_equal(a, b);
        if (!json_equal(value, other))
            return false;
    }
    return true;
}

// --- names that stand twice

void json_unique_members(struct json_value *object, json_on_hidden *on_hidden, void *owner)
{
    struct json_value **members = json_sorted(object);
    for (size_t i = 0; i + 1 < object->count; i++) {
        if (!bytes_equal(members[i]->name, members[i + 1]->name))
            continue;
        if (on_hidden != NULL)
            on_hidden(owner, members[i]);
        members[i]->up = NULL;
    }
    free(members);
    struct json_value *rest = object->first;
    object->first = object->last = NULL;
    object->count = 0;
    for (struct json_value *value = rest, *next; value != NULL; value = next) {
        next = value->next;
        value->next = NULL;
        if (value->up == NULL)
            continue;
        value->up = NULL;
        json_append(object, value);
    }
}

void json_unique(struct json_value *value, json_on_hidden *on_hidden, void *owner)
{
    if (value->type == JSON_OBJECT && value->count > 1)
        json_unique_members(value, on_hidden, owner);
    for (struct json_value *inside = value->first; inside != NULL; inside = inside->next)
        json_unique(inside, on_hidden, owner);
}

// --- text

void json_value_write(struct json_writer *json, const struct json_value *value)
{
    switch (value->type) {
    case JSON_NULL:
        json_null(json);
        return;
    case JSON_BOOL:
        json_bool(json, value->is_true);
        return;
    case JSON_NUMBER:
        json_raw(json, value->text);
        return;
    case JSON_STRING:
        json_bytes(json, value->text);
        return;
    case JSON_ARRAY:
        json_array_begin(json);
        for (const struct json_value *item = value->first; item != NULL; item = item->next)
            json_value_write(json, item);
        json_array_end(json);
        return;
    case JSON_OBJECT:
        json_object_begin(json);
        for (const struct json_value *member = value->first; member != NULL; member = member->next) {
            json_key_bytes(json, member->name);
            json_value_write(json, member);
        }
        json_object_end(json);
        return;
    }
}
