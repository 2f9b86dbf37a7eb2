// SPDX-License-Identifier: Apache-2.0
// Reads YAML, and JSON, into JSON trees (base/json.h) as kubectl does (sigs.k8s.io/yaml over go-yaml 2, YAML 1.1):
//
// - Several documents, those without content left out. A text that begins with '{' is JSON, one value behind the other;
//   from where it stops being JSON on it is read as YAML.
// - Plain scalars have the types of scalar.h. Keys become strings: 1 and true are "1" and "true".
// - `<<` merges maps in: its members replace those written before it, and are replaced by those behind it. (YAML's own
//   rule would let all of the map's own members win; manifests have `<<` in front, where both say the same.)
// - A key that stands twice in one object is an error, in JSON as well.
//
// What is made lives in the caller's arena; the text outlives the trees. No I/O.
#pragma once

#include "base/json.h"

// Compared before anything is made of it. Trees are at most JSON_DEPTH_MAX deep, aliases included.
struct yaml_limits {
    size_t size;      // of the text
    size_t values;    // in all documents together
    size_t repeated;  // of these: by aliases and merges
    size_t documents; // with content
};

struct yaml_stream {
    struct json_value **documents;
    size_t count;
};

// ERR_MALFORMED (not YAML), ERR_INVALID (YAML, but not what a JSON tree can hold), ERR_TOO_LARGE. DIAG (may be NULL)
// has "line 3 column 5" for the place, both counted from 1.
err_t yaml_read(bytes_t text, const struct yaml_limits *limits, struct arena *arena, struct yaml_stream *ret_stream,
                diag_t *diag) MUST_CHECK;

struct yaml_place {
    size_t line, column; // from 1
    bool exact;          // false: of the nearest value around it that is there
};

// Where the value at PATH stands in document INDEX of a text that yaml_read accepts: its key, or the item of a list.
// The path is one that Kubernetes names in errors: spec.triggers[2].filter, metadata.annotations[example.com/a]; "" is
// the document. Reads the text again: for messages to people. False: there is no such document.
bool yaml_locate(bytes_t text, const struct yaml_limits *limits, size_t index, const char *path,
                 struct yaml_place *ret_place);
