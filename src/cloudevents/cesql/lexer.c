// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/lexer.h"

#include <strings.h>

static const struct {
    const char *text;
    enum token_kind kind;
} keywords[] = {
    { "AND", TOKEN_AND },       { "OR", TOKEN_OR },     { "XOR", TOKEN_XOR },
    { "NOT", TOKEN_NOT },       { "LIKE", TOKEN_LIKE }, { "IN", TOKEN_IN },
    { "EXISTS", TOKEN_EXISTS }, { "TRUE", TOKEN_TRUE }, { "FALSE", TOKEN_FALSE },
};

// Longer ones first. Those with a problem are other languages' habits.
static const struct {
    const char *text;
    enum token_kind kind;
    const char *problem;
} signs[] = {
    { "==", TOKEN_BAD, "equality is written with one =" },
    { "&&", TOKEN_BAD, "write AND instead of &&" },
    { "||", TOKEN_BAD, "write OR instead of ||, or CONCAT(a, b) to join texts" },
    { "!=", TOKEN_NOT_EQUAL, NULL },
    { "<>", TOKEN_NOT_EQUAL, NULL },
    { "<=", TOKEN_LESS_OR_EQUAL, NULL },
    { ">=", TOKEN_GREATER_OR_EQUAL, NULL },
    { "!", TOKEN_BAD, "write NOT instead of !" },
    { "=", TOKEN_EQUAL, NULL },
    { "<", TOKEN_LESS, NULL },
    { ">", TOKEN_GREATER, NULL },
    { "(", TOKEN_OPEN, NULL },
    { ")", TOKEN_CLOSE, NULL },
    { ",", TOKEN_COMMA, NULL },
    { "*", TOKEN_STAR, NULL },
    { "/", TOKEN_SLASH, NULL },
    { "%", TOKEN_PERCENT, NULL },
    { "+", TOKEN_PLUS, NULL },
    { "-", TOKEN_MINUS, NULL },
    { ";", TOKEN_BAD, "an expression has no ; at its end" },
    { ".", TOKEN_BAD, "attributes have no fields, and the data of an event cannot be looked at" },
    { "`", TOKEN_BAD, "names have no quotes, texts have ' or \"" },
};

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static struct token read_word(bytes_t source, size_t start)
{
    size_t end = start;
    bool is_integer = true;
    for (; end < source.size && (is_letter(source.data[end]) || is_digit(source.data[end]) || source.data[end] == '_');
         end++)
        is_integer = is_integer && is_digit(source.data[end]);
    struct token token = { .kind = is_integer ? TOKEN_INTEGER : TOKEN_NAME, .start = start, .end = end };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (strlen(keywords[i].text) == end - start &&
            strncasecmp(keywords[i].text, (const char *)source.data + start, end - start) == 0)
            token.kind = keywords[i].kind;
    }
    return token;
}

// A backslash takes the next character along, whatever it is.
static struct token read_string(bytes_t source, size_t start)
{
    uint8_t quote = source.data[start];
    for (size_t at = start + 1; at < source.size; at++) {
        if (source.data[at] == quote)
            return (struct token){ .kind = TOKEN_STRING, .start = start, .end = at + 1 };
        if (source.data[at] == '\\')
            at += 1;
    }
    return (struct token){
        .kind = TOKEN_BAD, .start = start, .end = source.size, .problem = "the text that starts here has no end"
    };
}

static struct token read_sign(bytes_t source, size_t start)
{
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t size = strlen(signs[i].text);
        if (size <= source.size - start && memcmp(signs[i].text, source.data + start, size) == 0)
            return (struct token){ signs[i].kind, start, start + size, signs[i].problem };
    }
    return (struct token){ TOKEN_BAD, start, start + 1, "no part of an expression starts with this character" };
}

struct token token_read(bytes_t source, size_t at)
{
    while (at < source.size &&
           (source.data[at] == ' ' || source.data[at] == '\t' || source.data[at] == '\r' || source.data[at] == '\n'))
        at += 1;
    if (at == source.size)
        return (struct token){ .kind = TOKEN_END, .start = at, .end = at };
    uint8_t c = source.data[at];
    if (is_letter(c) || is_digit(c) || c == '_')
        return read_word(source, at);
    if (c == '\'' || c == '"')
        return read_string(source, at);
    return read_sign(source, at);
}
