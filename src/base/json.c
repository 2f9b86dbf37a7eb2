// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

struct parser {
    const uint8_t *begin, *at, *end;
    struct arena *arena;
    size_t values_left;
    unsigned depth;
    struct json_value *open; // the array or object that is being filled
    err_t err;
    diag_t *diag;
};

static bool fail(struct parser *p, err_t err, const char *what)
{
    char where[32];
    (void)snprintf(where, sizeof where, "offset %zu", (size_t)(p->at - p->begin));
    p->err = diag_fail(p->diag, err, where, "%s", what);
    return false;
}

static bool expected(struct parser *p, const char *what)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%s is expected%s", what, p->at == p->end ? " but the text ends" : "");
    return fail(p, ERR_MALFORMED, text);
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

static bool take(struct parser *p, uint8_t c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
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
static bool take_unit(struct parser *p, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = p->at < p->end ? hex_digit(*p->at) : -1;
        if (digit < 0)
            return expected(p, "a hexadecimal digit");
        unit = unit << 4 | (uint32_t)digit;
        p->at++;
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
static bool take_code_point(struct parser *p, uint8_t *to, size_t *size)
{
    uint32_t unit, low;
    if (!take_unit(p, &unit))
        return false;
    if (unit >= 0xd800 && unit < 0xe000) {
        if (unit >= 0xdc00 || !take(p, '\\') || !take(p, 'u'))
            return expected(p, "the other half of a surrogate pair");
        if (!take_unit(p, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return expected(p, "the low half of a surrogate pair");
        unit = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
    }
    *size += put_utf8(to + *size, unit);
    return true;
}

static bool take_escape(struct parser *p, uint8_t *to, size_t *size)
{
    static const char letters[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
    p->at++;
    if (take(p, 'u'))
        return take_code_point(p, to, size);
    const char *found = p->at == p->end || *p->at == '\0' ? NULL : strchr(letters, *p->at);
    if (found == NULL)
        return expected(p, "one of \" \\ / b f n r t u behind the backslash");
    to[(*size)++] = (uint8_t)plain[found - letters];
    p->at++;
    return true;
}

// Moves behind characters that stand for themselves.
static bool skip_plain(struct parser *p)
{
    while (p->at < p->end && *p->at != '"' && *p->at != '\\') {
        if (*p->at < 0x20)
            return expected(p, "an escape in place of a control character");
        size_t size = *p->at < 0x80 ? 1 : bytes_utf8_size(bytes_of(p->at, (size_t)(p->end - p->at)));
        if (size == 0)
            return expected(p, "well-formed UTF-8");
        p->at += size;
    }
    return p->at < p->end || expected(p, "a closing quote");
}

// An unescaped string is never longer than its source: the rest of the source says how much room it may take.
static bool take_escaped(struct parser *p, const uint8_t *start, bytes_t *ret_text)
{
    const uint8_t *end = p->at;
    while (end < p->end && *end != '"')
        end += *end == '\\' && p->end - end > 1 ? 2 : 1;
    uint8_t *to = arena_alloc(p->arena, (size_t)(end - start));
    size_t size = 0;
    for (;;) {
        memcpy(to + size, start, (size_t)(p->at - start));
        size += (size_t)(p->at - start);
        if (*p->at == '"')
            break;
        if (!take_escape(p, to, &size))
            return false;
        start = p->at;
        if (!skip_plain(p))
            return false;
    }
    *ret_text = bytes_of(to, size);
    return true;
}

static bool take_string(struct parser *p, bytes_t *ret_text)
{
    if (!take(p, '"'))
        return expected(p, "a string");
    const uint8_t *start = p->at;
    if (!skip_plain(p))
        return false;
    *ret_text = bytes_of(start, (size_t)(p->at - start));
    if (*p->at == '\\' && !take_escaped(p, start, ret_text))
        return false;
    p->at++;
    return true;
}

// --- numbers and names

static bool take_digits(struct parser *p)
{
    const uint8_t *start = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at > start || expected(p, "a digit");
}

static bool take_number(struct parser *p, struct json_value *value)
{
    const uint8_t *start = p->at;
    (void)take(p, '-');
    if (!take(p, '0') && !take_digits(p))
        return false;
    if (take(p, '.') && !take_digits(p))
        return false;
    if (take(p, 'e') || take(p, 'E')) {
        if (!take(p, '+'))
            (void)take(p, '-');
        if (!take_digits(p))
            return false;
    }
    value->type = JSON_NUMBER;
    value->text = bytes_of(start, (size_t)(p->at - start));
    return true;
}

static bool take_word(struct parser *p, struct json_value *value)
{
    static const struct {
        const char *text;
        enum json_type type;
        bool is_true;
    } words[] = { { "null", JSON_NULL, false }, { "true", JSON_BOOL, true }, { "false", JSON_BOOL, false } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i].text);
        if ((size_t)(p->end - p->at) < size || memcmp(p->at, words[i].text, size) != 0)
            continue;
        p->at += size;
        value->type = words[i].type;
        value->is_true = words[i].is_true;
        return true;
    }
    return expected(p, "a value");
}

// --- the tree

static struct json_value *value_new(struct parser *p)
{
    if (p->values_left == 0) {
        (void)fail(p, ERR_TOO_LARGE, "the text holds more values than are allowed");
        return NULL;
    }
    p->values_left--;
    struct json_value *value = arena_alloc(p->arena, sizeof *value);
    value->up = p->open;
    return value;
}

static void value_link(struct parser *p, struct json_value *value)
{
    if (p->open == NULL)
        return;
    if (p->open->last == NULL)
        p->open->first = value;
    else
        p->open->last->next = value;
    p->open->last = value;
    p->open->count++;
}

static bool value_open(struct parser *p, struct json_value *value, enum json_type type)
{
    if (p->depth == JSON_DEPTH_MAX)
        return fail(p, ERR_TOO_LARGE, "arrays and objects are nested deeper than is allowed");
    p->at++;
    value->type = type;
    p->depth++;
    p->open = value;
    return true;
}

static bool take_name(struct parser *p, bytes_t *ret_name)
{
    if (!take_string(p, ret_name))
        return false;
    skip_space(p);
    return take(p, ':') || expected(p, "a colon");
}

// One value, or the opening bracket of one; the name before it when it is inside an object.
static struct json_value *take_value(struct parser *p)
{
    struct json_value *value = value_new(p);
    if (value == NULL)
        return NULL;
    skip_space(p);
    if (p->open != NULL && p->open->type == JSON_OBJECT && !take_name(p, &value->name))
        return NULL;
    value_link(p, value);
    skip_space(p);
    uint8_t c = p->at < p->end ? *p->at : 0;
    bool ok;
    if (c == '{')
        ok = value_open(p, value, JSON_OBJECT);
    else if (c == '[')
        ok = value_open(p, value, JSON_ARRAY);
    else if (c == '"')
        ok = take_string(p, &value->text), value->type = JSON_STRING;
    else if (c == '-' || (c >= '0' && c <= '9'))
        ok = take_number(p, value);
    else
        ok = take_word(p, value);
    return ok ? value : NULL;
}

// Behind a value: closes what ends here. True when another value follows, or when it is over (p->open is NULL then).
static bool take_ends(struct parser *p)
{
    while (p->open != NULL) {
        bool is_object = p->open->type == JSON_OBJECT;
        skip_space(p);
        if (p->open->count > 0 && take(p, ','))
            return true;
        if (take(p, is_object ? '}' : ']')) {
            p->open = p->open->up;
            p->depth--;
            continue;
        }
        if (p->open->count == 0)
            return true;
        return expected(p, is_object ? "a comma or }" : "a comma or ]");
    }
    return true;
}

err_t json_parse(bytes_t text, const struct json_limits *limits, struct arena *arena, struct json_value **ret_value,
                 diag_t *diag)
{
    struct parser p = { .begin = text.data,
                        .at = text.data,
                        .end = text.size == 0 ? text.data : text.data + text.size,
                        .arena = arena,
                        .values_left = limits->values,
                        .diag = diag };
    if (text.size > limits->size) {
        (void)fail(&p, ERR_TOO_LARGE, "the text is longer than is allowed");
        return p.err;
    }
    struct json_value *root = take_value(&p);
    bool ok = root != NULL && take_ends(&p);
    while (ok && p.open != NULL)
        ok = take_value(&p) != NULL && take_ends(&p);
    if (!ok)
        return p.err;
    skip_space(&p);
    if (p.at != p.end) {
        (void)expected(&p, "the end of the text");
        return p.err;
    }
    *ret_value = root;
    return ERR_OK;
}

// --- look-ups

const struct json_value *json_get(const struct json_value *object, const char *name)
{
    if (object == NULL || object->type != JSON_OBJECT)
        return NULL;
    const struct json_value *found = NULL;
    bytes_t wanted = bytes_of_text(name);
    for (const struct json_value *value = object->first; value != NULL; value = value->next) {
        if (bytes_equal(value->name, wanted))
            found = value;
    }
    return found;
}

bool json_get_text(const struct json_value *value, bytes_t *ret_text)
{
    if (value == NULL || value->type != JSON_STRING)
        return false;
    *ret_text = value->text;
    return true;
}

bytes_t json_text_at(const struct json_value *object, const char *name)
{
    bytes_t text = BYTES_LITERAL("");
    (void)json_get_text(json_get(object, name), &text);
    return text;
}

bool json_get_bool(const struct json_value *value, bool *ret_bool)
{
    if (value == NULL || value->type != JSON_BOOL)
        return false;
    *ret_bool = value->is_true;
    return true;
}

bool json_get_int(const struct json_value *value, int64_t *ret_int)
{
    return value != NULL && value->type == JSON_NUMBER && bytes_to_int64(value->text, ret_int);
}

bool json_get_double(const struct json_value *value, double *ret_double)
{
    if (value == NULL || value->type != JSON_NUMBER)
        return false;
    char *text = bytes_to_text(value->text);
    *ret_double = strtod(text, NULL);
    free(text);
    return true;
}
