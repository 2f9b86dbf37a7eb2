// SPDX-License-Identifier: Apache-2.0
// nats-server's configuration language, read into a tree on an arena. Pure: files and variables of the environment come
// through callbacks. Source: docs.nats.io, "Configuring NATS Server"; what that leaves open, nats-server 2.15.
//
//   # a comment     // another      include ./other.conf
//   key = value     key: value      key value     key { a: 1, b: 2 }     "key": [1, 2]
//   word  'quoted'  "escaped\n"  ( a block that ends with ')' on a line of its own )
//   1k 1kb 1ki 1mb -3  1.5  true yes on  2016-05-04T18:53:41Z  127.0.0.1:4222  $VARIABLE
//
// Entries end with a new line, ',' or ';'. A later entry of the same name replaces an earlier one. A variable is an
// entry that stands earlier in the same or an enclosing map of the same file, else comes from the environment, whose
// text is read like a value.
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"

enum conf_type { CONF_STRING, CONF_INTEGER, CONF_FLOAT, CONF_BOOL, CONF_DATE, CONF_ARRAY, CONF_MAP, CONF_TYPE_COUNT };

// Where something stands; both count from 1. LINE 0: in the environment variable FILE.
struct conf_place {
    const char *file;
    uint32_t line, column;
};

struct conf_value {
    enum conf_type type;
    bool is_variable;         // a name that '$' refers to: no reader needs to know it
    bool is_true;             // CONF_BOOL
    bytes_t name;             // of an entry of a map
    bytes_t text;             // CONF_STRING, and the others as they are written (no escapes; not of arrays and maps)
    int64_t integer;          // CONF_INTEGER with its suffix applied; CONF_DATE: seconds since 1970
    double number;            // CONF_FLOAT
    struct conf_value *first; // CONF_ARRAY, CONF_MAP
    struct conf_value *next;
    uint32_t count;          // of what is inside
    uint32_t weight;         // 1 and all that is inside, again for each reference to a variable
    struct conf_place place; // of the name of an entry, else of the value
};

// Limits: far above what people write, far below what hurts.
enum {
    CONF_SIZE_MAX = 8 << 20,     // of one file; accounts of an operator may be preloaded, 1 KB each
    CONF_WEIGHT_MAX = 1 << 20,   // values, as a reader that follows each reference meets them
    CONF_DEPTH_MAX = 64,         // of arrays and maps
    CONF_INCLUDE_DEPTH_MAX = 16, // files that include each other
    CONF_FILES_MAX = 1024,
};

struct conf_source {
    // The text of an included file, in ARENA. PATH is the folder of the including file with what it wrote behind it.
    err_t (*read)(void *owner, const char *path, struct arena *arena, bytes_t *ret_text, diag_t *diag);
    // A variable of the environment; NULL: there is none.
    const char *(*variable)(void *owner, const char *name);
    void *owner;
};

// FILE names the text in places, its folder is where includes are looked for. The tree has views of TEXT. DIAG's where
// is "FILE:LINE:COLUMN". ERR_MALFORMED, ERR_TOO_LARGE, ERR_NOT_FOUND (a variable), or what READ returned.
err_t conf_parse(const struct conf_source *source, bytes_t text, const char *file, struct arena *arena,
                 struct conf_value **ret_root, diag_t *diag) MUST_CHECK;

// The entry of that name, in any case; NULL: there is none.
const struct conf_value *conf_get(const struct conf_value *map, const char *name);
// "a text", "a number", ..., for complaints.
const char *conf_type_name(enum conf_type type);
// Fills DIAG with a complaint about what stands at PLACE.
err_t conf_fail(diag_t *diag, err_t err, const struct conf_place *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
