// SPDX-License-Identifier: Apache-2.0
// The words of JSON (RFC 8259): what the tree (json.h) and the walk without one (json_scan.h) are read with. Each
// function takes one word off the front and returns false when it is not there; the error says where, and stays.
#pragma once

#include "base/json.h"

struct json_lexer {
    const uint8_t *begin, *at, *end;
    err_t err;
    diag_t *diag; // may be NULL
};

static inline struct json_lexer json_lexer_of(bytes_t text, diag_t *diag)
{
    const uint8_t *end = text.size == 0 ? text.data : text.data + text.size;
    return (struct json_lexer){ .begin = text.data, .at = text.data, .end = end, .diag = diag };
}

static inline void json_lex_space(struct json_lexer *l)
{
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\n' || *l->at == '\r'))
        l->at++;
}

static inline bool json_lex_char(struct json_lexer *l, uint8_t c)
{
    if (l->at == l->end || *l->at != c)
        return false;
    l->at++;
    return true;
}

// Both return false.
bool json_lex_fail(struct json_lexer *l, err_t err, const char *what);
// ERR_MALFORMED: WHAT "is expected".
bool json_lex_expected(struct json_lexer *l, const char *what);

// A string, unescaped; what has escapes goes to ARENA. Without an arena it is checked only, and is as it was written.
bool json_lex_string(struct json_lexer *l, struct arena *arena, bytes_t *ret_text);
// As it was written.
bool json_lex_number(struct json_lexer *l, bytes_t *ret_text);
// null, true, false.
bool json_lex_word(struct json_lexer *l, enum json_type *ret_type, bool *ret_is_true);
