// SPDX-License-Identifier: Apache-2.0
// Tests only: JSON texts to trees and back, sets from texts.
#pragma once

#include "base/json_edit.h"
#include "kube/apply/field_set.h"

#include "base/test.h"

static inline struct json_value *tree(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 200000 };
    diag_t diag = { 0 };
    struct json_value *value = NULL;
    if (json_parse(bytes_of_text(text), &limits, arena, &value, &diag) != ERR_OK)
        fail_msg("%s: %s: %s", text, diag.where, diag.text);
    return value;
}

static inline const char *text_of(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static inline const struct field_set *set_of_path(struct arena *arena, const char *path)
{
    const char *dot = strchr(path, '.');
    struct path_element element = path_field(dot == NULL ? bytes_of_text(path) : bytes_of(path, (size_t)(dot - path)));
    struct field_builder one = { .arena = arena };
    field_builder_add(&one, &element, dot == NULL, dot == NULL ? NULL : set_of_path(arena, dot + 1));
    return field_builder_end(&one);
}

// The paths of members (no lists), one text each: "metadata.name".
static inline const struct field_set *field_set_of(struct arena *arena, const char *const *paths, size_t count)
{
    const struct field_set *set = &field_set_none;
    for (size_t i = 0; i < count; i++)
        set = field_set_union(arena, set, set_of_path(arena, paths[i]));
    return set;
}

static inline const struct field_set *fields(struct arena *arena, const char *text)
{
    diag_t diag = { 0 };
    const struct field_set *set = NULL;
    if (field_set_decode(tree(arena, text), arena, &set, &diag) != ERR_OK)
        fail_msg("%s: %s: %s", text, diag.where, diag.text);
    return set;
}

static inline const char *fields_text(struct arena *arena, const struct field_set *set)
{
    return text_of(arena, field_set_encode(arena, set));
}
