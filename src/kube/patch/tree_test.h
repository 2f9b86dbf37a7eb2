// SPDX-License-Identifier: Apache-2.0
// Trees in the unit tests of patches: written as text, compared as text. Tests only.
#pragma once

#include "base/json_edit.h"

#include "base/test.h"

static inline struct json_value *tree(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 24, .values = 1 << 20 };
    diag_t diag = { 0 };
    struct json_value *value = NULL;
    err_t err = json_parse(bytes_of_text(text), &limits, arena, &value, &diag);
    if (err != ERR_OK)
        fail_msg("%s: %s: %s", text, diag.where, diag.text);
    return value;
}

static inline const char *tree_text(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}
