// SPDX-License-Identifier: Apache-2.0
// An event (CloudEvents 1.0.2): its attributes and data as views of the bytes that it came in, or of the arena of
// whoever read it. Parsed once at the door, then looked at by filters and written in the binding of wherever it goes;
// nothing is copied for that. A struct cloudevent may be copied; what it points to does not change under it.
//
// An attribute is its type and its text in CloudEvents' canonical string form, so that no binding has to format one.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "cloudevents/type.h"

enum {
    CLOUDEVENT_EXTENSIONS_MAX = 100,
    // Names and values together. An event of 64 KiB must be forwarded (CloudEvents 1.0.2, Size Limits).
    CLOUDEVENT_ATTRIBUTES_SIZE_MAX = 65536,
    CLOUDEVENT_BATCH_MAX = 1000, // events
};

// The attributes that the specification itself defines, in the order in which they are written.
//  X(ID, name, type, is required)
// clang-format off
#define CLOUDEVENT_CORE_TABLE(X) \
    X(SPECVERSION,     "specversion",     STRING,        true) \
    X(ID,              "id",              STRING,        true) \
    X(SOURCE,          "source",          URI_REFERENCE, true) \
    X(TYPE,            "type",            STRING,        true) \
    X(SUBJECT,         "subject",         STRING,        false) \
    X(DATACONTENTTYPE, "datacontenttype", STRING,        false) \
    X(DATASCHEMA,      "dataschema",      URI,           false) \
    X(TIME,            "time",            TIMESTAMP,     false)
// clang-format on

enum cloudevent_core {
#define CLOUDEVENT_CORE_ENUM(id, name, type, required) CLOUDEVENT_##id,
    CLOUDEVENT_CORE_TABLE(CLOUDEVENT_CORE_ENUM)
#undef CLOUDEVENT_CORE_ENUM
        CLOUDEVENT_CORE_COUNT
};

struct cloudevent_extension {
    bytes_t name;
    struct cloudevent_value value;
};

// What is known of the data beyond its bytes.
enum cloudevent_form {
    CLOUDEVENT_BYTES,  // a body; datacontenttype says all
    CLOUDEVENT_JSON,   // one JSON value
    CLOUDEVENT_TEXT,   // a string of the JSON format
    CLOUDEVENT_BINARY, // was base64
};

struct cloudevent {
    bytes_t core[CLOUDEVENT_CORE_COUNT]; // BYTES_NULL: absent; specversion is always "1.0"
    const struct cloudevent_extension *extensions;
    size_t extension_count;
    bytes_t data; // BYTES_NULL: none
    enum cloudevent_form form;
    bool is_from_03; // came as 0.3
};

const char *cloudevent_core_name(enum cloudevent_core core);
bool cloudevent_core_is_required(enum cloudevent_core core);
bool cloudevent_core_find(bytes_t name, enum cloudevent_core *ret_core);

// False when the event has no attribute of that name.
bool cloudevent_get(const struct cloudevent *event, bytes_t name, struct cloudevent_value *ret_value);
// The extension's text, or BYTES_NULL.
bytes_t cloudevent_extension_text(const struct cloudevent *event, const char *name);

// All attributes, one call each: start with *AT = 0. False behind the last.
bool cloudevent_next(const struct cloudevent *event, size_t *at, bytes_t *ret_name, struct cloudevent_value *ret_value);

// Sets or replaces an attribute; copies of the event are not touched. NAME and VALUE live as long as the event. The
// errors of cloudevent_check; ERR_TOO_LARGE: CLOUDEVENT_EXTENSIONS_MAX.
err_t cloudevent_set(struct cloudevent *event, bytes_t name, struct cloudevent_value value, struct arena *arena,
                     diag_t *diag) MUST_CHECK;
// Nothing happens when there is none. NAME is not that of a required attribute.
void cloudevent_remove(struct cloudevent *event, bytes_t name, struct arena *arena);

// The same with bytes of its own, on ARENA.
const struct cloudevent *cloudevent_copy(const struct cloudevent *event, struct arena *arena);

// Is it a name, and a value of the type that such an attribute has? ERR_INVALID: DIAG says which attribute and which
// rule.
err_t cloudevent_check(bytes_t name, struct cloudevent_value value, diag_t *diag) MUST_CHECK;

// The media type of the data: datacontenttype, or what its absence means for data that came as JSON (JSON format 1.0.2
// 3.1.2); else BYTES_NULL.
bytes_t cloudevent_media_type(const struct cloudevent *event);
// Of a datacontenttype: "*/json" or "*/*+json" (JSON format 1.0.2 3.1.1).
bool cloudevent_media_is_json(bytes_t media_type);
// "application/json" and "text/json", which no SDK takes for something else.
bool cloudevent_media_is_plain_json(bytes_t media_type);
// "text/*", "*/xml" and "*/*+xml" in UTF-8: what is written as a string rather than as base64.
bool cloudevent_media_is_text(bytes_t media_type);
// Of the parameter charset of a media type; BYTES_NULL, for none, is UTF-8.
bool cloudevent_charset_is_utf8(bytes_t charset);
