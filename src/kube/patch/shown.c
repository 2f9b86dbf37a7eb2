// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/shown.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/schema/go_value.h"

#include <stdlib.h>

// A sentence is for people; a value that is longer than this ends in dots.
enum { SHOWN_MAX = 1024 };

static const struct {
    const char *kind, *type;
} kinds[] = {
    [JSON_NULL] = { "null", "%!s(<nil>)" },       [JSON_BOOL] = { "bool", "bool" },
    [JSON_NUMBER] = { "number", "float64" },      [JSON_STRING] = { "string", "string" },
    [JSON_ARRAY] = { "array", "[]interface {}" }, [JSON_OBJECT] = { "object", "map[string]interface {}" },
};

const char *shown_kind(const struct json_value *value)
{
    return kinds[value->type].kind;
}

const char *shown_type(const struct json_value *value)
{
    int64_t number;
    return json_get_int(value, &number) ? "int64" : kinds[value->type].type;
}

// --- %v

static void put(struct writer *out, bytes_t text)
{
    size_t left = SHOWN_MAX - out->size;
    writer_bytes(out, bytes_of(text.data, text.size < left ? text.size : left));
}

static void put_value(struct writer *out, const struct json_value *value);

static void put_members(struct writer *out, const struct json_value *object)
{
    struct json_value **sorted = json_sorted(object);
    for (size_t i = 0; i < object->count && out->size < SHOWN_MAX; i++) {
        put(out, i == 0 ? BYTES_LITERAL("") : BYTES_LITERAL(" "));
        put(out, sorted[i]->name);
        put(out, BYTES_LITERAL(":"));
        put_value(out, sorted[i]);
    }
    free(sorted);
}

static void put_items(struct writer *out, const struct json_value *array)
{
    for (const struct json_value *item = array->first; item != NULL && out->size < SHOWN_MAX; item = item->next) {
        put(out, item == array->first ? BYTES_LITERAL("") : BYTES_LITERAL(" "));
        put_value(out, item);
    }
}

static void put_value(struct writer *out, const struct json_value *value)
{
    switch (value->type) {
    case JSON_NULL:
        put(out, BYTES_LITERAL("<nil>"));
        return;
    case JSON_BOOL:
        put(out, value->is_true ? BYTES_LITERAL("true") : BYTES_LITERAL("false"));
        return;
    case JSON_NUMBER:
    case JSON_STRING:
        put(out, value->text);
        return;
    case JSON_ARRAY:
        put(out, BYTES_LITERAL("["));
        put_items(out, value);
        put(out, BYTES_LITERAL("]"));
        return;
    case JSON_OBJECT:
        put(out, BYTES_LITERAL("map["));
        put_members(out, value);
        put(out, BYTES_LITERAL("]"));
        return;
    }
}

static const char *taken(struct arena *arena, struct writer *out)
{
    const char *text = arena_text(arena, writer_view(out));
    writer_free(out);
    return text;
}

const char *shown_value(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    put_value(&out, value);
    if (out.size == SHOWN_MAX)
        writer_text(&out, "...");
    return taken(arena, &out);
}

const char *shown_quoted(struct arena *arena, bytes_t text)
{
    struct writer out = WRITER_INIT;
    go_quote(&out, text);
    return taken(arena, &out);
}
