// SPDX-License-Identifier: Apache-2.0
#include "base/json_scan.h"

#include "base/assert.h"

// The brackets that are open, one bit for each: set for an object.
struct nest {
    uint64_t objects;
    unsigned depth, depth_max;
};

_Static_assert(JSON_DEPTH_MAX <= 64, "a nest has one bit for each bracket");

static bool in_object(const struct nest *nest)
{
    return (nest->objects >> (nest->depth - 1) & 1) != 0;
}

static bool open_bracket(struct json_lexer *l, struct nest *nest)
{
    if (nest->depth == nest->depth_max)
        return json_lex_fail(l, ERR_TOO_LARGE, "arrays and objects are nested deeper than is allowed");
    uint64_t bit = UINT64_C(1) << nest->depth++;
    nest->objects = *l->at == '{' ? nest->objects | bit : nest->objects & ~bit;
    l->at++;
    return true;
}

static bool skip_name(struct json_lexer *l, struct arena *arena, bytes_t *ret_name)
{
    json_lex_space(l);
    if (!json_lex_string(l, arena, ret_name))
        return false;
    json_lex_space(l);
    return json_lex_char(l, ':') || json_lex_expected(l, "a colon");
}

// The start of an item inside of the innermost bracket: a member has its name before its value.
static bool begin_item(struct json_lexer *l, const struct nest *nest)
{
    bytes_t name;
    return !in_object(nest) || skip_name(l, NULL, &name);
}

static bool close_bracket(struct json_lexer *l, struct nest *nest)
{
    if (!json_lex_char(l, in_object(nest) ? '}' : ']'))
        return false;
    nest->depth--;
    return true;
}

// One value without insides, or the opening bracket of one.
static bool skip_front(struct json_lexer *l, struct nest *nest, struct json_item *item)
{
    uint8_t c = l->at < l->end ? *l->at : 0;
    bytes_t text;
    if (c == '{' || c == '[') {
        item->type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        return open_bracket(l, nest);
    }
    if (c == '"') {
        item->type = JSON_STRING;
        return json_lex_string(l, NULL, &text);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        item->type = JSON_NUMBER;
        return json_lex_number(l, &text);
    }
    return json_lex_word(l, &item->type, &item->is_true);
}

// Behind a value: closes what ends here, up to the comma before another value or to the end of all.
static bool skip_ends(struct json_lexer *l, struct nest *nest)
{
    while (nest->depth > 0) {
        json_lex_space(l);
        if (json_lex_char(l, ','))
            return begin_item(l, nest);
        if (!close_bracket(l, nest))
            return json_lex_expected(l, in_object(nest) ? "a comma or }" : "a comma or ]");
    }
    return true;
}

// A whole value; ITEM gets what it is. At most DEPTH_MAX brackets are open at a time.
static bool skip_value(struct json_lexer *l, unsigned depth_max, struct json_item *item)
{
    struct nest nest = { .depth_max = depth_max };
    struct json_item inner, *front = item;
    json_lex_space(l);
    const uint8_t *start = l->at;
    do {
        unsigned depth = nest.depth;
        json_lex_space(l);
        if (!skip_front(l, &nest, front))
            return false;
        front = &inner;
        json_lex_space(l);
        // An opened bracket either ends at once or has a first item.
        bool has_item = nest.depth > depth && !close_bracket(l, &nest);
        if (!(has_item ? begin_item(l, &nest) : skip_ends(l, &nest)))
            return false;
    } while (nest.depth > 0);
    const uint8_t *end = l->at;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n' || end[-1] == '\r'))
        end--;
    item->source = bytes_of(start, (size_t)(end - start));
    return true;
}

static bool take_end(struct json_lexer *l)
{
    json_lex_space(l);
    return l->at == l->end || json_lex_expected(l, "the end of the text");
}

err_t json_scan_begin(bytes_t text, struct arena *arena, struct json_scan *ret_scan, diag_t *diag)
{
    struct json_scan scan = { .lex = json_lexer_of(text, diag), .arena = arena, .is_first = true };
    json_lex_space(&scan.lex);
    uint8_t c = scan.lex.at < scan.lex.end ? *scan.lex.at : 0;
    if (c != '{' && c != '[') {
        (void)json_lex_expected(&scan.lex, "an object or an array");
        return scan.lex.err;
    }
    scan.lex.at++;
    scan.depth_max = JSON_DEPTH_MAX - 1;
    scan.type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
    *ret_scan = scan;
    return ERR_OK;
}

bool json_scan_next(struct json_scan *scan, struct json_item *ret_item)
{
    struct json_lexer *l = &scan->lex;
    struct json_item item = { .name = BYTES_NULL };
    bool is_object = scan->type == JSON_OBJECT;
    if (scan->is_over || l->err != ERR_OK)
        return false;
    json_lex_space(l);
    if (json_lex_char(l, is_object ? '}' : ']')) {
        scan->is_over = true;
        (void)take_end(l);
        return false;
    }
    if (!scan->is_first && !json_lex_char(l, ','))
        return json_lex_expected(l, is_object ? "a comma or }" : "a comma or ]");
    scan->is_first = false;
    if (is_object && !skip_name(l, scan->arena, &item.name))
        return false;
    if (!skip_value(l, scan->depth_max, &item))
        return false;
    *ret_item = item;
    return true;
}

bytes_t json_item_text(const struct json_item *item, struct arena *arena)
{
    ASSERT(item->type == JSON_STRING);
    struct json_lexer l = json_lexer_of(item->source, NULL);
    bytes_t text = BYTES_NULL;
    bool ok = json_lex_string(&l, arena, &text);
    ASSERT(ok); // it was checked when it was walked over
    return text;
}

bool json_is_valid(bytes_t text, unsigned depth_max)
{
    struct json_lexer l = json_lexer_of(text, NULL);
    struct json_item item;
    ASSERT(depth_max <= JSON_DEPTH_MAX);
    return skip_value(&l, depth_max, &item) && take_end(&l);
}
