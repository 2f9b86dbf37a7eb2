// SPDX-License-Identifier: Apache-2.0
// One YAML text to trees, from libyaml's events. Inside the folder: yaml_read.h is what others use.
#pragma once

#include "kube/yaml/yaml_read.h"

// Each value that yaml_build makes is embedded in one of these.
struct yaml_value {
    struct json_value value;
    size_t line, column; // of its key, else its own; from 1
    bool is_merged;      // came with a merge key
};

static inline const struct yaml_value *yaml_value_of(const struct json_value *value)
{
    return (const struct yaml_value *)(const void *)value;
}

struct yaml_build {
    const struct yaml_limits *limits;
    struct arena *arena;
    diag_t *diag;
    size_t values, repeated;       // made so far
    size_t lines, columns;         // of the whole text, in front of the part that is given
    struct json_value **documents; // on the heap; who has set up the struct frees it
    size_t count, capacity;
};

// Appends the documents of TEXT.
err_t yaml_build(struct yaml_build *build, bytes_t text) MUST_CHECK;
// Appends one document that is there already. ERR_TOO_LARGE: there are too many.
err_t yaml_build_add(struct yaml_build *build, struct json_value *root, size_t line, size_t column) MUST_CHECK;
// Fills the diag with a place; returns ERR.
err_t yaml_build_fail(const struct yaml_build *build, err_t err, size_t line, size_t column, const char *text);
