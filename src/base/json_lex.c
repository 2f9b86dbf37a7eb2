// SPDX-License-Identifier: Apache-2.0
#include "base/json_lex.h"

#include "base/json_plain.h"

#include <stdio.h>

bool json_lex_fail(struct json_lexer *l, err_t err, const char *what)
{
    char where[32];
    (void)snprintf(where, sizeof where, "offset %zu", (size_t)(l->at - l->begin));
    l->err = diag_fail(l->diag, err, where, "%s", what);
    return false;
}

bool json_lex_expected(struct json_lexer *l, const char *what)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%s is expected%s", what, l->at == l->end ? " but the text ends" : "");
    return json_lex_fail(l, ERR_MALFORMED, text);
}

// --- strings

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The four digits of \uXXXX.
static bool take_unit(struct json_lexer *l, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = l->at < l->end ? hex_digit(*l->at) : -1;
        if (digit < 0)
            return json_lex_expected(l, "a hexadecimal digit");
        unit = unit << 4 | (uint32_t)digit;
        l->at++;
    }
    *ret_unit = unit;
    return true;
}

static size_t put_utf8(uint8_t *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        to[i] = (uint8_t)(0x80 | (c & 0x3f));
    to[0] = (uint8_t)(leads[size] | c);
    return size;
}

// Behind "\u". Characters beyond the first 65,536 come as two units (RFC 8259 7).
static bool take_code_point(struct json_lexer *l, uint8_t *to, size_t *size)
{
    uint32_t unit = 0, low = 0;
    if (!take_unit(l, &unit))
        return false;
    if (unit >= 0xd800 && unit < 0xe000) {
        if (unit >= 0xdc00 || !json_lex_char(l, '\\') || !json_lex_char(l, 'u'))
            return json_lex_expected(l, "the other half of a surrogate pair");
        if (!take_unit(l, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return json_lex_expected(l, "the low half of a surrogate pair");
        unit = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
    }
    *size += put_utf8(to + *size, unit);
    return true;
}

static bool take_escape(struct json_lexer *l, uint8_t *to, size_t *size)
{
    static const char letters[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
    l->at++;
    if (json_lex_char(l, 'u'))
        return take_code_point(l, to, size);
    const char *found = l->at == l->end || *l->at == '\0' ? NULL : strchr(letters, *l->at);
    if (found == NULL)
        return json_lex_expected(l, "one of \" \\ / b f n r t u behind the backslash");
    to[(*size)++] = (uint8_t)plain[found - letters];
    l->at++;
    return true;
}

// Moves behind characters that stand for themselves.
static bool skip_plain(struct json_lexer *l)
{
    for (;;) {
        l->at += json_plain_run(bytes_of(l->at, (size_t)(l->end - l->at)));
        if (l->at == l->end)
            return json_lex_expected(l, "a closing quote");
        if (*l->at == '"' || *l->at == '\\')
            return true;
        if (*l->at < 0x20)
            return json_lex_expected(l, "an escape in place of a control character");
        size_t size = bytes_utf8_size(bytes_of(l->at, (size_t)(l->end - l->at)));
        if (size == 0)
            return json_lex_expected(l, "well-formed UTF-8");
        l->at += size;
    }
}

// An unescaped string is never longer than its source: the rest of the source says how much room it may take.
static bool take_escaped(struct json_lexer *l, struct arena *arena, const uint8_t *start, bytes_t *ret_text)
{
    const uint8_t *end = l->at;
    while (end < l->end && *end != '"')
        end += *end == '\\' && l->end - end > 1 ? 2 : 1;
    uint8_t *to = arena_alloc(arena, (size_t)(end - start));
    size_t size = 0;
    for (;;) {
        memcpy(to + size, start, (size_t)(l->at - start));
        size += (size_t)(l->at - start);
        if (*l->at == '"')
            break;
        if (!take_escape(l, to, &size))
            return false;
        start = l->at;
        if (!skip_plain(l))
            return false;
    }
    *ret_text = bytes_of(to, size);
    return true;
}

static bool skip_escaped(struct json_lexer *l)
{
    while (*l->at != '"') {
        uint8_t room[4];
        size_t size = 0;
        if (!take_escape(l, room, &size) || !skip_plain(l))
            return false;
    }
    return true;
}

bool json_lex_string(struct json_lexer *l, struct arena *arena, bytes_t *ret_text)
{
    if (!json_lex_char(l, '"'))
        return json_lex_expected(l, "a string");
    const uint8_t *start = l->at;
    if (!skip_plain(l))
        return false;
    if (arena != NULL && *l->at == '\\') {
        if (!take_escaped(l, arena, start, ret_text))
            return false;
    } else {
        if (!skip_escaped(l))
            return false;
        *ret_text = bytes_of(start, (size_t)(l->at - start));
    }
    l->at++;
    return true;
}

// --- numbers and names

static bool take_digits(struct json_lexer *l)
{
    const uint8_t *start = l->at;
    while (l->at < l->end && *l->at >= '0' && *l->at <= '9')
        l->at++;
    return l->at > start || json_lex_expected(l, "a digit");
}

bool json_lex_number(struct json_lexer *l, bytes_t *ret_text)
{
    const uint8_t *start = l->at;
    (void)json_lex_char(l, '-');
    if (!json_lex_char(l, '0') && !take_digits(l))
        return false;
    if (json_lex_char(l, '.') && !take_digits(l))
        return false;
    if (json_lex_char(l, 'e') || json_lex_char(l, 'E')) {
        if (!json_lex_char(l, '+'))
            (void)json_lex_char(l, '-');
        if (!take_digits(l))
            return false;
    }
    *ret_text = bytes_of(start, (size_t)(l->at - start));
    return true;
}

bool json_lex_word(struct json_lexer *l, enum json_type *ret_type, bool *ret_is_true)
{
    static const struct {
        const char *text;
        enum json_type type;
        bool is_true;
    } words[] = { { "null", JSON_NULL, false }, { "true", JSON_BOOL, true }, { "false", JSON_BOOL, false } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i].text);
        if ((size_t)(l->end - l->at) < size || memcmp(l->at, words[i].text, size) != 0)
            continue;
        l->at += size;
        *ret_type = words[i].type;
        *ret_is_true = words[i].is_true;
        return true;
    }
    return json_lex_expected(l, "a value");
}
