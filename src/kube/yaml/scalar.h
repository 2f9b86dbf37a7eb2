// SPDX-License-Identifier: Apache-2.0
// What a plain (unquoted) YAML scalar means: YAML 1.1 as the YAML library behind kubectl (go-yaml 2) resolves it. The
// writer asks the same question to know which strings need quotes.
#pragma once

#include "base/bytes.h"

enum scalar_type {
    SCALAR_STRING,
    SCALAR_NULL,      // "", ~, null, Null, NULL
    SCALAR_BOOL,      // y, yes, on, true and their opposites, each in lower case, capitalised and in upper case
    SCALAR_INT,       // decimal, 0b1, 0o7, 07, 0x1f; underscores anywhere; from -2^63 to 2^64 - 1
    SCALAR_FLOAT,     // 1.5, .5, 1., 1e3, and integers that do not fit above
    SCALAR_SPECIAL,   // .inf, -.inf, .nan: numbers that JSON does not have
    SCALAR_TIMESTAMP, // 2026-01-02, 2026-01-02T03:04:05Z: stays a string
};

struct scalar {
    enum scalar_type type;
    bool is_true;        // SCALAR_BOOL
    bool is_negative;    // SCALAR_INT
    uint64_t magnitude;  // SCALAR_INT: without its sign
    double real;         // SCALAR_FLOAT
    const char *special; // SCALAR_SPECIAL: as it is written ("-.inf")
};

struct scalar scalar_of(bytes_t text);
// "int", "str", ...: the name of the type's YAML tag behind "!!".
const char *scalar_tag(enum scalar_type type);
