// SPDX-License-Identifier: Apache-2.0
// The JSONPath of kubectl and of printer columns (k8s.io/client-go/util/jsonpath): a template of plain text and of
// actions in braces. Compiled once into an arena, immutable then; evaluated on JSON trees any number of times.
//
//     {.a.b} {.a['b','c']} {.list[0]} {.list[-1]} {.list[1:3]} {.list[*]} {.*} {..name} {@} {"\n"}
//     {.list[?(@.type=="Ready")].status}     == != < <= > >=, or a path alone: that there is something
//     {range .items[*]}{.metadata.name}{end}
//
// As in client-go, {.a['b.c']} means {.a.b.c}; a point that belongs to a name is escaped: {.a['b\.c']}. Unlike there,
// members come in the order of the tree, not in any, and a text has no characters to a wildcard.
#pragma once

#include "base/json.h"
#include "base/writer.h"

struct json_path;

enum { JSON_PATH_SIZE_MAX = 16384 };
// ERR_INVALID with client-go's own words in DIAG (may be NULL): "unterminated array". ERR_TOO_LARGE. TEXT outlives the
// path.
err_t json_path_compile(bytes_t text, struct arena *arena, const struct json_path **ret_path, diag_t *diag) MUST_CHECK;

// What one action, or one piece of text between actions, stands for.
struct json_path_group {
    const struct json_value **values; // of the tree, or literals of the path
    size_t count;
};

struct json_path_found {
    struct json_path_group *groups;
    size_t count;
};

// Steps that one evaluation may take, values on its way included: paths such as {..*..*..*} grow without end.
enum { JSON_PATH_STEPS_MAX = 1 << 20 };

// The lists are made in ARENA. ALLOW_MISSING: a member that is not there is no error. ERR_INVALID (no array where an
// index is, an index that is too large, values that cannot be compared), ERR_LIMIT (JSON_PATH_STEPS_MAX).
err_t json_path_find(const struct json_path *path, const struct json_value *root, bool allow_missing,
                     struct arena *arena, struct json_path_found *ret_found, diag_t *diag) MUST_CHECK;

// As client-go prints a group: objects and arrays as JSON, the rest as text, a space between.
void json_path_print(const struct json_path_group *group, struct writer *out);
