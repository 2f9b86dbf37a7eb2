// SPDX-License-Identifier: Apache-2.0
// The types of attributes (CloudEvents 1.0.2, Type System) and what their canonical strings look like.
#pragma once

#include "base/bytes.h"

#include <stdbool.h>

//  X(ID, name)
// clang-format off
#define CLOUDEVENT_TYPE_TABLE(X) \
    X(STRING,        "String") \
    X(BOOLEAN,       "Boolean") \
    X(INTEGER,       "Integer") \
    X(BINARY,        "Binary") \
    X(URI,           "URI") \
    X(URI_REFERENCE, "URI-reference") \
    X(TIMESTAMP,     "Timestamp")
// clang-format on

enum cloudevent_type {
#define CLOUDEVENT_TYPE_ENUM(id, name) CLOUDEVENT_TYPE_##id,
    CLOUDEVENT_TYPE_TABLE(CLOUDEVENT_TYPE_ENUM)
#undef CLOUDEVENT_TYPE_ENUM
        CLOUDEVENT_TYPE_COUNT
};

// The type is what the format told: JSON tells Boolean, Integer and String; headers tell String of everything.
struct cloudevent_value {
    enum cloudevent_type type;
    bytes_t text;
};

static inline struct cloudevent_value cloudevent_string(bytes_t text)
{
    return (struct cloudevent_value){ CLOUDEVENT_TYPE_STRING, text };
}

// "URI-reference".
const char *cloudevent_type_name(enum cloudevent_type type);

// NULL when TEXT is the canonical string of a value of TYPE, else the rule that it breaks: "must ...".
const char *cloudevent_type_problem(enum cloudevent_type type, bytes_t text);

// Lower-case letters and digits, at least one, and not "data" (CloudEvents 1.0.2, Naming Conventions).
bool cloudevent_is_name(bytes_t name);

enum { CLOUDEVENT_NAME_ROOM = 48 };
// A name that somebody sent, for people: cut, not empty, and without what disturbs a terminal. Returns ROOM.
const char *cloudevent_name_shown(bytes_t name, char room[CLOUDEVENT_NAME_ROOM]);
