// SPDX-License-Identifier: Apache-2.0
// Walks one JSON object or array item by item without making a tree: what is inside an item is checked against the same
// grammar and depth as json_parse has, and handed out as it was written. For texts of which one level matters, and the
// rest is passed on: it takes no memory, however many values there are.
#pragma once

#include "base/json_lex.h"

struct json_item {
    bytes_t name; // of a member of an object, unescaped
    enum json_type type;
    bool is_true;   // JSON_BOOL
    bytes_t source; // the value as it was written, without space around it
};

struct json_scan {
    struct json_lexer lex; // lex.err: why there was no next item, ERR_OK at the end of the text
    struct arena *arena;   // for names with escapes
    enum json_type type;   // JSON_OBJECT or JSON_ARRAY
    unsigned
        depth_max; // brackets that may be open inside an item: one less than JSON_DEPTH_MAX, or what the caller sets
    bool is_first, is_over;
};

// ERR_MALFORMED: the text is neither an object nor an array.
err_t json_scan_begin(bytes_t text, struct arena *arena, struct json_scan *ret_scan, diag_t *diag) MUST_CHECK;
// False behind the last item, when nothing but space follows, and when the text is malformed or too deep.
bool json_scan_next(struct json_scan *scan, struct json_item *ret_item);

// The text of a JSON_STRING item, unescaped: a view, or on ARENA.
bytes_t json_item_text(const struct json_item *item, struct arena *arena);
// Is it one value, with at most DEPTH_MAX (up to JSON_DEPTH_MAX) brackets open at a time?
bool json_is_valid(bytes_t text, unsigned depth_max);
