// SPDX-License-Identifier: Apache-2.0
// Tests only: schemas and values from text.
#pragma once

#include "base/json_edit.h"
#include "kube/schema/schema_compile.h"

#include "base/test.h"

static inline struct json_value *tree(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 22, .values = 1 << 20 };
    struct json_value *value;
    diag_t diag = { 0 };
    if (json_parse(bytes_of_text(text), &limits, arena, &value, &diag) != ERR_OK)
        fail_msg("%s: %s in %s", diag.where, diag.text, text);
    return value;
}

static inline const char *text_of(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static inline const char *errors_text(struct arena *arena, const struct field_errors *errors)
{
    struct writer out = WRITER_INIT;
    field_errors_write(&out, errors);
    char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static inline const struct schema *compiled_as(struct arena *arena, const char *text, struct schema_compile how)
{
    const struct schema *schema = NULL;
    struct field_errors errors = field_errors_in(arena);
    if (schema_compile(tree(arena, text), &how, arena, &schema, &errors) != ERR_OK)
        fail_msg("%s", errors_text(arena, &errors));
    return schema;
}

static inline const struct schema *compiled(struct arena *arena, const char *text)
{
    return compiled_as(arena, text, (struct schema_compile){ .where = BYTES_LITERAL("schema") });
}

// Why the schema is refused.
static inline const char *refusal(struct arena *arena, const char *text)
{
    const struct schema *schema = NULL;
    const struct schema_compile how = { .where = BYTES_LITERAL("schema") };
    struct field_errors errors = field_errors_in(arena);
    assert_int_equal(schema_compile(tree(arena, text), &how, arena, &schema, &errors), ERR_INVALID);
    return errors_text(arena, &errors);
}

// The schema at a path of names; "[]" is the items.
static inline const struct schema *at(const struct schema *schema, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        schema = strcmp(names[i], "[]") == 0 ? schema->items : schema_member_find(schema, bytes_of_text(names[i]));
        assert_non_null(schema);
    }
    return schema;
}

#define AT(schema, ...)                                                                                                \
    at((schema), (const char *const[]){ __VA_ARGS__ },                                                                 \
       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
