// SPDX-License-Identifier: Apache-2.0
// The characters of a YAML document: indentation, indicators and the five styles of scalars, with the decisions of
// libyaml's emitter in the version that go-yaml 2 is a translation of. (The C library's newer versions decide
// otherwise.) Inside the folder: yaml_write.h is what others use.
#pragma once

#include "base/writer.h"

enum { YAML_INDENT = 2, YAML_WIDTH = 80 };

struct yaml_emit {
    struct writer *out;
    int column;
    bool whitespace; // the last character was a space, or nothing was written in this line
    bool indention;  // only indentation was written in this line
};

#define YAML_EMIT_INIT(writer) ((struct yaml_emit){ .out = (writer), .whitespace = true, .indention = true })

// Moves to the column INDENT, in a new line unless this one is still empty so far. Below 0 is 0.
void yaml_emit_indent(struct yaml_emit *emit, int indent);
// TEXT is "-", ":", "?", "[]" or "{}". WANTS_SPACE: a space comes before it. KEEPS_INDENTION: what follows may stand in
// the same line.
void yaml_emit_indicator(struct yaml_emit *emit, const char *text, bool wants_space, bool keeps_indention);
// A word that needs no quotes: null, a number.
void yaml_emit_word(struct yaml_emit *emit, const char *text);
// A string, which is UTF-8. INDENT: of what is around it. IS_KEY: it stands before a colon in one line.
void yaml_emit_string(struct yaml_emit *emit, bytes_t text, int indent, bool is_key);
// Whether a string may be a key in front of a colon: in one line, at most 128 bytes.
bool yaml_emit_is_simple_key(bytes_t text);
