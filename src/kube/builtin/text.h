// SPDX-License-Identifier: Apache-2.0
// What the rules and the cells of kinds ask of trees again and again. A missing value is an empty text, or zero.
#pragma once

#include "base/json_edit.h"
#include "base/writer.h"

static inline int64_t int_at(const struct json_value *object, const char *name)
{
    int64_t number = 0;
    (void)json_get_int(json_get(object, name), &number);
    return number;
}

static inline bool bool_at(const struct json_value *object, const char *name)
{
    bool is = false;
    (void)json_get_bool(json_get(object, name), &is);
    return is;
}

// The first value inside of an array or object; NULL: there is none.
static inline struct json_value *first_of(const struct json_value *value)
{
    return value == NULL ? NULL : value->first;
}

// The member NAME as an object, which is made if there is none. NULL: it is something else, and validation will say so.
static inline struct json_value *object_at(struct json_value *object, struct arena *arena, const char *name)
{
    const struct json_value *there = json_get(object, name);
    bool is_free = there == NULL || there->type == JSON_NULL || there->type == JSON_OBJECT;
    return object != NULL && object->type == JSON_OBJECT && is_free ? json_set_object(object, arena, name) : NULL;
}

static inline void write_or_none(struct writer *to, bytes_t text)
{
    writer_bytes(to, text.size == 0 ? BYTES_LITERAL("<none>") : text);
}
