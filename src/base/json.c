// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/json_lex.h"

#include <stdlib.h>

struct parser {
    struct json_lexer lex;
    struct arena *arena;
    size_t values_left;
    unsigned depth;
    struct json_value *open; // the array or object that is being filled
};

// --- the tree

static struct json_value *value_new(struct parser *p)
{
    if (p->values_left == 0) {
        (void)json_lex_fail(&p->lex, ERR_TOO_LARGE, "the text holds more values than are allowed");
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
        return json_lex_fail(&p->lex, ERR_TOO_LARGE, "arrays and objects are nested deeper than is allowed");
    p->lex.at++;
    value->type = type;
    p->depth++;
    p->open = value;
    return true;
}

static bool take_name(struct parser *p, bytes_t *ret_name)
{
    if (!json_lex_string(&p->lex, p->arena, ret_name))
        return false;
    json_lex_space(&p->lex);
    return json_lex_char(&p->lex, ':') || json_lex_expected(&p->lex, "a colon");
}

// One value, or the opening bracket of one; the name before it when it is inside an object.
static struct json_value *take_value(struct parser *p)
{
    struct json_value *value = value_new(p);
    if (value == NULL)
        return NULL;
    json_lex_space(&p->lex);
    if (p->open != NULL && p->open->type == JSON_OBJECT && !take_name(p, &value->name))
        return NULL;
    value_link(p, value);
    json_lex_space(&p->lex);
    uint8_t c = p->lex.at < p->lex.end ? *p->lex.at : 0;
    bool ok;
    if (c == '{')
        ok = value_open(p, value, JSON_OBJECT);
    else if (c == '[')
        ok = value_open(p, value, JSON_ARRAY);
    else if (c == '"')
        ok = json_lex_string(&p->lex, p->arena, &value->text), value->type = JSON_STRING;
    else if (c == '-' || (c >= '0' && c <= '9'))
        ok = json_lex_number(&p->lex, &value->text), value->type = JSON_NUMBER;
    else
        ok = json_lex_word(&p->lex, &value->type, &value->is_true);
    return ok ? value : NULL;
}

// Behind a value: closes what ends here. True when another value follows, or when it is over (p->open is NULL then).
static bool take_ends(struct parser *p)
{
    while (p->open != NULL) {
        bool is_object = p->open->type == JSON_OBJECT;
        json_lex_space(&p->lex);
        if (p->open->count > 0 && json_lex_char(&p->lex, ','))
            return true;
        if (json_lex_char(&p->lex, is_object ? '}' : ']')) {
            p->open = p->open->up;
            p->depth--;
            continue;
        }
        if (p->open->count == 0)
            return true;
        return json_lex_expected(&p->lex, is_object ? "a comma or }" : "a comma or ]");
    }
    return true;
}

err_t json_parse(bytes_t text, const struct json_limits *limits, struct arena *arena, struct json_value **ret_value,
                 diag_t *diag)
{
    struct parser p = { .lex = json_lexer_of(text, diag), .arena = arena, .values_left = limits->values };
    if (text.size > limits->size) {
        (void)json_lex_fail(&p.lex, ERR_TOO_LARGE, "the text is longer than is allowed");
        return p.lex.err;
    }
    struct json_value *root = take_value(&p);
    bool ok = root != NULL && take_ends(&p);
    while (ok && p.open != NULL)
        ok = take_value(&p) != NULL && take_ends(&p);
    if (!ok)
        return p.lex.err;
    json_lex_space(&p.lex);
    if (p.lex.at != p.lex.end) {
        (void)json_lex_expected(&p.lex, "the end of the text");
        return p.lex.err;
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
