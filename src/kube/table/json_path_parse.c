// SPDX-License-Identifier: Apache-2.0
// Compiles, with client-go's grammar: parts of an action are cut out by their ends first and read by themselves then.
#include "base/json_edit.h"
#include "kube/table/json_path_node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// More than any array has: larger indexes are taken as this one, so that no sum overflows.
#define PATH_INDEX_MAX (INT64_C(1) << 40)

struct parser {
    bytes_t whole; // for messages
    bytes_t text;
    size_t at;
    struct arena *arena;
    size_t count; // of nodes
    diag_t *diag;
};

static bool fail(const struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(const struct parser *p, const char *format, ...)
{
    char text[256], where[100];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(where, sizeof where, "%.*s", BYTES_ARG(p->whole));
    (void)diag_fail(p->diag, ERR_INVALID, where[0] == '\0' ? "jsonpath" : where, "%s", text);
    return false;
}

static struct path_node *append(struct parser *p, struct path_node *list, enum path_node_type type)
{
    struct path_node *node = arena_alloc(p->arena, sizeof *node);
    node->type = type;
    node->index = p->count++;
    if (list->last == NULL)
        list->first = node;
    else
        list->last->next = node;
    list->last = node;
    return node;
}

static int peek(const struct parser *p)
{
    return p->at < p->text.size ? p->text.data[p->at] : -1;
}

static bool looking_at(const struct parser *p, const char *prefix)
{
    size_t size = strlen(prefix);
    return p->text.size - p->at >= size && memcmp(p->text.data + p->at, prefix, size) == 0;
}

static bytes_t cut(const struct parser *p, size_t from, size_t to)
{
    return bytes_of(p->text.data + from, to - from);
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

// Letters beyond ASCII count as letters, whatever they are.
static bool is_alphanumeric(int c)
{
    return c == '_' || is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80;
}

static bool is_terminator(int c)
{
    return c < 0 || (c != 0 && strchr(" \t\r\n.,[]$@{}", c) != NULL);
}

static bool parse_text(struct parser *p, struct path_node *root);

// TEXT as an action of its own; the list of what is in it.
static bool parse_part(const struct parser *p, const char *prefix, bytes_t text, const char *suffix,
                       struct path_node **ret_list)
{
    const char *whole = arena_format(p->arena, "{%s%.*s%s}", prefix, BYTES_ARG(text), suffix);
    struct parser part = { .whole = p->whole, .text = bytes_of_text(whole), .arena = p->arena, .diag = p->diag };
    struct path_node root = { .type = PATH_LIST };
    if (!parse_text(&part, &root))
        return false;
    *ret_list = root.first;
    return true;
}

// --- quoted texts

static bool take_hex(bytes_t text, size_t *at, size_t digits, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++, (*at)++) {
        int c = *at < text.size ? text.data[*at] : -1, lower = c | 0x20;
        if (!is_digit(c) && (lower < 'a' || lower > 'f'))
            return false;
        value = value << 4 | (uint32_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    *ret_value = value;
    return true;
}

static bool take_octal(bytes_t text, size_t *at, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 3; i++, (*at)++) {
        int c = *at < text.size ? text.data[*at] : -1;
        if (c < '0' || c > '7')
            return false;
        value = value << 3 | (uint32_t)(c - '0');
    }
    *ret_value = value;
    return value < 256;
}

static void put_utf8(struct writer *out, uint32_t c)
{
    if (c < 0x80) {
        writer_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        writer_u8(out, (uint8_t)(0xc0 | c >> 6));
        writer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        if (c < 0x10000) {
            writer_u8(out, (uint8_t)(0xe0 | c >> 12));
        } else {
            writer_u8(out, (uint8_t)(0xf0 | c >> 18));
            writer_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        writer_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        writer_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

// Behind the backslash at *AT: Go's escapes.
static bool take_escape(bytes_t text, size_t *at, uint8_t quote, struct writer *out)
{
    static const char letters[] = "abfnrtv\\", plain[] = "\a\b\f\n\r\t\v\\";
    uint8_t c = *at < text.size ? text.data[*at] : 0;
    const char *found = c == 0 ? NULL : strchr(letters, c);
    uint32_t value;
    if (found != NULL || c == quote) {
        writer_u8(out, found != NULL ? (uint8_t)plain[found - letters] : quote);
        (*at)++;
        return true;
    }
    if (is_digit(c)) {
        if (!take_octal(text, at, &value))
            return false;
        writer_u8(out, (uint8_t)value);
        return true;
    }
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0)
        return false;
    (*at)++;
    if (!take_hex(text, at, digits, &value))
        return false;
    if (digits == 2)
        writer_u8(out, (uint8_t)value);
    else if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return false;
    else
        put_utf8(out, value);
    return true;
}

static bool unquote(struct parser *p, bytes_t inner, uint8_t quote, bytes_t *ret_text)
{
    struct writer out = WRITER_INIT;
    bool ok = true;
    for (size_t at = 0; ok && at < inner.size;) {
        uint8_t c = inner.data[at++];
        if (c == '\\')
            ok = take_escape(inner, &at, quote, &out);
        else if (c == quote)
            ok = false;
        else
            writer_u8(&out, c);
    }
    if (ok)
        *ret_text = arena_copy(p->arena, out.size == 0 ? bytes_of_text("") : writer_view(&out));
    writer_free(&out);
    return ok;
}

static bool parse_quote(struct parser *p, struct path_node *list)
{
    size_t start = p->at;
    uint8_t quote = p->text.data[p->at++];
    for (;; p->at++) {
        int c = peek(p);
        if (c < 0 || c == '\n')
            return fail(p, "unterminated quoted string");
        if (c == quote && p->text.data[p->at - 1] != '\\')
            break;
    }
    p->at++;
    bytes_t text = cut(p, start, p->at), inner = cut(p, start + 1, p->at - 1);
    if (!unquote(p, inner, quote, &text))
        return fail(p, "unquote string %.*s error invalid syntax", BYTES_ARG(text));
    append(p, list, PATH_TEXT)->literal = json_new_bytes(p->arena, text);
    return true;
}

// --- names and numbers

static bool parse_field(struct parser *p, struct path_node *list)
{
    struct writer name = WRITER_INIT;
    size_t start = p->at;
    while (!is_terminator(peek(p))) {
        if (peek(p) == '\\' && p->at + 1 < p->text.size)
            p->at++;
        p->at++;
    }
    bytes_t raw = cut(p, start, p->at);
    if (bytes_is(raw, "*")) {
        append(p, list, PATH_WILDCARD);
        return true;
    }
    for (size_t i = 0; i < raw.size; i++) {
        if (raw.data[i] != '\\')
            writer_u8(&name, raw.data[i]);
    }
    append(p, list, PATH_FIELD)->text = arena_copy(p->arena, name.size == 0 ? bytes_of_text("") : writer_view(&name));
    writer_free(&name);
    return true;
}

static bool parse_recursive(struct parser *p, struct path_node *list)
{
    if (list->last != NULL && list->last->type == PATH_RECURSIVE)
        return fail(p, "invalid multiple recursive descent");
    p->at += 2;
    append(p, list, PATH_RECURSIVE);
    return !is_alphanumeric(peek(p)) || parse_field(p, list);
}

static bool parse_identifier(struct parser *p, struct path_node *list)
{
    size_t start = p->at;
    while (!is_terminator(peek(p)))
        p->at++;
    bytes_t text = cut(p, start, p->at);
    bool is_true = bytes_is(text, "true");
    if (is_true || bytes_is(text, "false"))
        append(p, list, PATH_LITERAL)->literal = json_new_bool(p->arena, is_true);
    else
        append(p, list, PATH_IDENTIFIER)->text = text;
    return true;
}

// Digits and points, with a sign in front: strtod takes what is left of it whole, or it is no number.
static bool parse_number(struct parser *p, struct path_node *list)
{
    size_t start = p->at;
    if (peek(p) == '+' || peek(p) == '-')
        p->at++;
    while (is_digit(peek(p)) || peek(p) == '.')
        p->at++;
    bytes_t text = cut(p, start, p->at);
    bool has_digit = false;
    for (size_t i = 0; i < text.size; i++)
        has_digit = has_digit || is_digit(text.data[i]);
    bytes_t digits = text.data[0] == '+' ? cut(p, start + 1, p->at) : text;
    int64_t number;
    struct json_value *literal = json_new(p->arena, JSON_NUMBER);
    literal->text = digits;
    char *end;
    const char *copy = arena_text(p->arena, digits);
    if (!bytes_to_int64(digits, &number)) {
        (void)strtod(copy, &end);
        if (!has_digit || *end != '\0')
            return fail(p, "cannot parse number %.*s", BYTES_ARG(text));
    }
    append(p, list, PATH_LITERAL)->literal = literal;
    return true;
}

// --- brackets

static bool parse_union(struct parser *p, struct path_node *list, bytes_t text)
{
    struct path_node *node = append(p, list, PATH_UNION);
    for (const uint8_t *at = text.data, *end = text.data + text.size; at <= end;) {
        const uint8_t *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma == NULL ? end : comma;
        bytes_t item = bytes_of(at, (size_t)(stop - at));
        while (item.size > 0 && item.data[0] == ' ')
            item = bytes_of(item.data + 1, item.size - 1);
        while (item.size > 0 && item.data[item.size - 1] == ' ')
            item.size--;
        struct path_node *part;
        if (!parse_part(p, "[", item, "]", &part))
            return false;
        append(p, node, PATH_LIST)->first = part->first;
        at = stop + 1;
    }
    return true;
}

// -?[0-9]* at the start of *TEXT.
static bytes_t take_bound(bytes_t *text)
{
    size_t size = text->size > 0 && text->data[0] == '-' ? 1 : 0;
    while (size < text->size && is_digit(text->data[size]))
        size++;
    bytes_t bound = bytes_of(text->data, size);
    *text = bytes_of(text->data + size, text->size - size);
    return bound;
}

static bool parse_slice(struct parser *p, struct path_node *list, bytes_t text)
{
    bytes_t rest = text, texts[3] = { take_bound(&rest) };
    bool given[3] = { true };
    for (int i = 1; i < 3 && rest.size > 0 && rest.data[0] == ':'; i++) {
        rest = bytes_of(rest.data + 1, rest.size - 1);
        texts[i] = take_bound(&rest);
        given[i] = true;
    }
    if (rest.size > 0)
        return fail(p, "invalid array index %.*s", BYTES_ARG(text));
    struct path_bound bounds[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        bounds[i].known = texts[i].size > 0;
        if (bounds[i].known && !bytes_to_int64(texts[i], &bounds[i].value))
            return fail(p, "array index %.*s is not a number", BYTES_ARG(texts[i]));
        if (bounds[i].value > PATH_INDEX_MAX || bounds[i].value < -PATH_INDEX_MAX)
            bounds[i].value = bounds[i].value < 0 ? -PATH_INDEX_MAX : PATH_INDEX_MAX;
    }
    if (!given[1])
        bounds[1] = (struct path_bound){ .value = bounds[0].value + 1, .known = true, .derived = true };
    memcpy(append(p, list, PATH_ARRAY)->bounds, bounds, sizeof bounds);
    return true;
}

static bool is_quoted_key(bytes_t text)
{
    return text.size >= 2 && text.data[0] == '\'' &&
           memchr(text.data + 1, '\'', text.size - 1) == text.data + text.size - 1;
}

static bool parse_array(struct parser *p, struct path_node *list)
{
    size_t start = ++p->at;
    for (; peek(p) != ']'; p->at++) {
        if (peek(p) < 0 || peek(p) == '\n')
            return fail(p, "unterminated array");
    }
    bytes_t text = cut(p, start, p->at++);
    if (memchr(text.data, ',', text.size) != NULL)
        return parse_union(p, list, text);
    if (!is_quoted_key(text))
        return parse_slice(p, list, bytes_is(text, "*") ? bytes_of_text(":") : text);
    struct path_node *part;
    if (!parse_part(p, ".", bytes_of(text.data + 1, text.size - 2), "", &part))
        return false;
    for (struct path_node *node = part->first, *next; node != NULL; node = next) {
        next = node->next;
        *append(p, list, node->type) = *node;
        list->last->next = NULL;
    }
    return true;
}

// Up to the ')' that is in no quotes; only the first quoted text is seen as one.
static bool skip_filter(struct parser *p)
{
    bool begun = false, ended = false;
    int pair = 0;
    for (;; p->at++) {
        int c = peek(p);
        if (c < 0 || c == '\n')
            return fail(p, "unterminated filter");
        if (c == ')' && begun == ended)
            return true;
        if ((c == '"' || c == '\'') && !begun) {
            begun = true;
            pair = c;
        } else if (c == pair && begun && p->text.data[p->at - 1] != '\\') {
            ended = true;
        }
    }
}

static size_t span(bytes_t text, size_t from, bool operators)
{
    size_t to = from;
    while (to < text.size && (strchr("!<>=", text.data[to]) != NULL && text.data[to] != 0) == operators)
        to++;
    return to;
}

static bool parse_filter(struct parser *p, struct path_node *list)
{
    p->at += 3;
    size_t start = p->at;
    if (!skip_filter(p))
        return false;
    bytes_t text = cut(p, start, p->at++);
    if (peek(p) != ']')
        return fail(p, "unclosed array expect ]");
    p->at++;
    size_t left = span(text, 0, false), right = span(text, left, true);
    // The right side has at least one character, if it must be the last one of the operator.
    if (right == text.size && right > left + 1)
        right--;
    bool compares = left > 0 && right > left && right < text.size;
    struct path_node *node = append(p, list, PATH_FILTER);
    if (!compares)
        return parse_part(p, "", text, "", &node->left);
    node->text = bytes_of(text.data + left, right - left);
    return parse_part(p, "", bytes_of(text.data, left), "", &node->left) &&
           parse_part(p, "", bytes_of(text.data + right, text.size - right), "", &node->right);
}

// --- actions

static bool fail_character(const struct parser *p, int c)
{
    if (c < 0x20 || c >= 0x7f)
        return fail(p, "unrecognized character in action: U+%04X", (unsigned)c);
    return fail(p, "unrecognized character in action: U+%04X '%c'", (unsigned)c, c);
}

static bool parse_piece(struct parser *p, struct path_node *list)
{
    int c = peek(p);
    if (looking_at(p, "[?("))
        return parse_filter(p, list);
    if (looking_at(p, ".."))
        return parse_recursive(p, list);
    if (c < 0 || c == '\r' || c == '\n')
        return fail(p, "unclosed action");
    if (c == '[')
        return parse_array(p, list);
    if (c == '"' || c == '\'')
        return parse_quote(p, list);
    if (c == '+' || c == '-' || is_digit(c))
        return parse_number(p, list);
    if (is_alphanumeric(c))
        return parse_identifier(p, list);
    p->at++;
    if (c == '.')
        return parse_field(p, list);
    return c == ' ' || c == '@' || c == '$' || fail_character(p, c);
}

static bool parse_text(struct parser *p, struct path_node *root)
{
    while (p->at < p->text.size) {
        const uint8_t *from = p->text.data + p->at;
        const uint8_t *brace = memchr(from, '{', p->text.size - p->at);
        size_t size = brace == NULL ? p->text.size - p->at : (size_t)(brace - from);
        if (size > 0)
            append(p, root, PATH_TEXT)->literal = json_new_bytes(p->arena, bytes_of(from, size));
        p->at += size;
        if (brace == NULL)
            return true;
        p->at++;
        struct path_node *list = append(p, root, PATH_LIST);
        while (peek(p) != '}') {
            if (!parse_piece(p, list))
                return false;
        }
        p->at++;
    }
    return true;
}

err_t json_path_compile(bytes_t text, struct arena *arena, const struct json_path **ret_path, diag_t *diag)
{
    struct json_path *path = arena_alloc(arena, sizeof *path);
    struct parser parser = { .whole = text, .text = text, .arena = arena, .diag = diag };
    if (text.size > JSON_PATH_SIZE_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "jsonpath", "it is longer than %d bytes", JSON_PATH_SIZE_MAX);
    path->text = text;
    path->root.type = PATH_LIST;
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL) {
        (void)fail_character(&parser, 0);
        return ERR_INVALID;
    }
    if (!parse_text(&parser, &path->root))
        return ERR_INVALID;
    *ret_path = path;
    return ERR_OK;
}
