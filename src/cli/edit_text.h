// SPDX-License-Identifier: Apache-2.0
// The text that eddy edit hands to an editor: comments on top, then the object as YAML. Pure.
#pragma once

#include "base/json.h"
#include "base/writer.h"

// PROBLEMS: what kept the last attempt from being saved, lines; empty: this is the first one. Returns the number of
// comment lines that stand above CONTENT.
size_t edit_text_write(struct writer *out, bytes_t problems, bytes_t content);
// That number when there is one problem.
size_t edit_text_lines_above(void);
// What stands below the comments on top; empty: nothing that is no comment.
bytes_t edit_text_content(bytes_t text);
// The one object that CONTENT holds; it is still the one that OBJECT is. ERR_INVALID, ERR_MALFORMED; DIAG's where has
// "line 3 column 5" of the content, or is empty. In ARENA.
err_t edit_text_read(bytes_t content, const struct json_value *object, struct arena *arena,
                     struct json_value **ret_object, diag_t *diag) MUST_CHECK;
