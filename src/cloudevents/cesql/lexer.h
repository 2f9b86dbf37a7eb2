// SPDX-License-Identifier: Apache-2.0
// The words of an expression. Inside the folder.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum token_kind {
    TOKEN_END,
    TOKEN_INTEGER, // digits
    TOKEN_STRING,  // with its quotes
    TOKEN_NAME,    // letters, digits and _
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_PERCENT,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL, // both of them
    TOKEN_LESS,
    TOKEN_LESS_OR_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_OR_EQUAL,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_XOR,
    TOKEN_NOT,
    TOKEN_LIKE,
    TOKEN_EXISTS,
    TOKEN_IN,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_BAD,
};

struct token {
    enum token_kind kind;
    size_t start, end;   // in the source
    const char *problem; // TOKEN_BAD: a sentence
};

// The word at AT or behind it.
struct token token_read(bytes_t source, size_t at);
