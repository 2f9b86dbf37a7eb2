// SPDX-License-Identifier: Apache-2.0
// A Pratt parser: an operand, then operators as long as they bind at least as tightly as asked for. Operators of one
// level are taken from left to right (CESQL 1.0.0 3.6), AND, OR and XOR being one level.
#include "cloudevents/cesql/cesql.h"
#include "cloudevents/cesql/lexer.h"
#include "cloudevents/cesql/node.h"
#include "cloudevents/cesql/text.h"
#include "cloudevents/cesql/value.h"

#include "base/assert.h"

#include <stdio.h>

enum level { LEVEL_ANY, LEVEL_LOGIC, LEVEL_COMPARISON, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_TEST, LEVEL_UNARY };

static const struct {
    enum level level; // LEVEL_ANY: not a binary operator
    enum node_kind kind;
} operators[TOKEN_BAD + 1] = {
    [TOKEN_AND] = { LEVEL_LOGIC, NODE_AND },
    [TOKEN_OR] = { LEVEL_LOGIC, NODE_OR },
    [TOKEN_XOR] = { LEVEL_LOGIC, NODE_XOR },
    [TOKEN_EQUAL] = { LEVEL_COMPARISON, NODE_EQUAL },
    [TOKEN_NOT_EQUAL] = { LEVEL_COMPARISON, NODE_NOT_EQUAL },
    [TOKEN_LESS] = { LEVEL_COMPARISON, NODE_LESS },
    [TOKEN_LESS_OR_EQUAL] = { LEVEL_COMPARISON, NODE_LESS_OR_EQUAL },
    [TOKEN_GREATER] = { LEVEL_COMPARISON, NODE_GREATER },
    [TOKEN_GREATER_OR_EQUAL] = { LEVEL_COMPARISON, NODE_GREATER_OR_EQUAL },
    [TOKEN_PLUS] = { LEVEL_SUM, NODE_ADD },
    [TOKEN_MINUS] = { LEVEL_SUM, NODE_SUBTRACT },
    [TOKEN_STAR] = { LEVEL_PRODUCT, NODE_MULTIPLY },
    [TOKEN_SLASH] = { LEVEL_PRODUCT, NODE_DIVIDE },
    [TOKEN_PERCENT] = { LEVEL_PRODUCT, NODE_REMAINDER },
    [TOKEN_LIKE] = { LEVEL_TEST, NODE_LIKE },
    [TOKEN_IN] = { LEVEL_TEST, NODE_IN },
    [TOKEN_NOT] = { LEVEL_TEST, NODE_NOT }, // NOT LIKE, NOT IN
};

struct parser {
    bytes_t source;
    struct token token; // the next one
    size_t end;         // of the one before it
    struct arena *arena;
    size_t nodes, depth;
    diag_t *doubt;
    err_t err;
    diag_t *diag;
};

static struct cesql_node *parse_expression(struct parser *parser, enum level level);

static void where_of(const struct parser *parser, size_t offset, char *out, size_t size)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (parser->source.data[i] == '\n') {
            line += 1;
            start = i + 1;
        }
    }
    size_t column = text_length(bytes_of(parser->source.data + start, offset - start)) + 1;
    (void)snprintf(out, size, "line %zu, column %zu", line, column);
}

// The first failure stays. Returns NULL, so that a caller's check fits one line.
static struct cesql_node *fail(struct parser *parser, size_t offset, err_t err, const char *text)
{
    char where[64];
    if (parser->err == ERR_OK) {
        where_of(parser, offset, where, sizeof where);
        parser->err = diag_fail(parser->diag, err, where, "%s", text);
    }
    return NULL;
}

static struct cesql_node *fail_expected(struct parser *parser, const char *expected)
{
    enum { SHOWN = 40 };
    const struct token *token = &parser->token;
    char text[256];
    if (token->kind == TOKEN_BAD)
        return fail(parser, token->start, ERR_MALFORMED, token->problem);
    if (token->kind == TOKEN_STRING && token->start > 0 && token->start == parser->end &&
        parser->source.data[token->start] == parser->source.data[token->start - 1])
        return fail(parser, token->start, ERR_MALFORMED, "a quote inside a text is written with a backslash before it");
    bytes_t found = bytes_of(parser->source.data + token->start, token->end - token->start);
    size_t shown = text_offset(found, SHOWN);
    if (token->kind == TOKEN_END)
        (void)snprintf(text, sizeof text, "expected %s, but the expression ends here", expected);
    else
        (void)snprintf(text, sizeof text, "expected %s, found %.*s%s", expected, (int)shown, (const char *)found.data,
                       shown < found.size ? "..." : "");
    return fail(parser, token->start, ERR_MALFORMED, text);
}

static diag_t *doubt_at(struct parser *parser, size_t offset, const char *text)
{
    if (parser->doubt != NULL)
        return NULL;
    char where[64];
    parser->doubt = arena_alloc(parser->arena, sizeof *parser->doubt);
    where_of(parser, offset, where, sizeof where);
    (void)diag_fail(parser->doubt, ERR_INVALID, where, "%s", text);
    return parser->doubt;
}

static struct token take(struct parser *parser)
{
    struct token taken = parser->token;
    parser->end = taken.end;
    parser->token = token_read(parser->source, taken.end);
    return taken;
}

static bool take_if(struct parser *parser, enum token_kind kind)
{
    if (parser->token.kind != kind)
        return false;
    (void)take(parser);
    return true;
}

static bool expect(struct parser *parser, enum token_kind kind, const char *expected)
{
    if (take_if(parser, kind))
        return true;
    (void)fail_expected(parser, expected);
    return false;
}

static bytes_t text_of(const struct parser *parser, struct token token)
{
    return bytes_of(parser->source.data + token.start, token.end - token.start);
}

static struct cesql_node *node_new(struct parser *parser, enum node_kind kind, size_t start)
{
    if (++parser->nodes > CESQL_NODES_MAX)
        return fail(parser, start, ERR_TOO_LARGE, "the expression has too many parts");
    struct cesql_node *node = arena_alloc(parser->arena, sizeof *node);
    node->kind = kind;
    node->start = (uint32_t)start;
    node->end = (uint32_t)parser->end;
    node->depth = 1;
    return node;
}

static bool node_add(struct parser *parser, struct cesql_node *node, struct cesql_node *child)
{
    if (child->depth >= CESQL_DEPTH_MAX)
        return fail(parser, child->start, ERR_TOO_LARGE, "the expression is nested too deeply");
    if (child->depth >= node->depth)
        node->depth = (uint16_t)(child->depth + 1);
    if (node->first == NULL)
        node->first = child;
    else
        node->last->next = child;
    node->last = child;
    node->count += 1;
    return true;
}

// What only has constants becomes one, unless it has an error, which stays for the evaluation.
static struct cesql_node *node_finish(struct parser *parser, struct cesql_node *node)
{
    node->end = (uint32_t)parser->end;
    for (const struct cesql_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind != NODE_LITERAL)
            return node;
    }
    struct evaluation evaluation = evaluation_of(NULL, parser->arena);
    struct cesql_value value;
    if (node_evaluate(&evaluation, node, &value) != CESQL_ERROR_NONE || value.text.size > CESQL_SIZE_MAX)
        return node;
    // The children stay reachable in the arena only; the source has their text.
    node->kind = NODE_LITERAL;
    node->first = node->last = NULL;
    node->count = 0;
    node->depth = 1;
    node->of.literal = value;
    return node;
}

// Without the quotes, and without the backslashes before that kind of quote. Others stay: LIKE has a use for them.
static bytes_t string_value(struct parser *parser, struct token token)
{
    bytes_t quoted = text_of(parser, token);
    uint8_t *text = arena_alloc(parser->arena, quoted.size);
    size_t size = 0;
    for (size_t i = 1; i + 1 < quoted.size; i++) {
        if (quoted.data[i] == '\\') {
            if (quoted.data[i + 1] != quoted.data[0])
                text[size++] = '\\';
            i += 1;
        }
        text[size++] = quoted.data[i];
    }
    return bytes_of(text, size);
}

static struct cesql_node *literal_new(struct parser *parser, size_t start, struct cesql_value value)
{
    struct cesql_node *node = node_new(parser, NODE_LITERAL, start);
    if (node != NULL)
        node->of.literal = value;
    return node;
}

static struct cesql_node *parse_integer(struct parser *parser, size_t start, bool is_negative)
{
    struct token token = take(parser);
    bytes_t text = text_of(parser, token);
    int64_t integer;
    if (!bytes_to_int64(text, &integer) || integer > (int64_t)INT32_MAX + (is_negative ? 1 : 0))
        return fail(parser, start, ERR_MALFORMED, "integers are from -2147483648 to 2147483647");
    return literal_new(parser, start, value_integer((int32_t)(is_negative ? -integer : integer)));
}

static bytes_t lower_name(struct parser *parser, struct token token)
{
    bytes_t text = text_of(parser, token);
    uint8_t *lower = arena_alloc(parser->arena, text.size);
    for (size_t i = 0; i < text.size; i++)
        lower[i] = text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] | 0x20 : text.data[i];
    return bytes_of(lower, text.size);
}

static struct cesql_node *parse_attribute(struct parser *parser, enum node_kind kind, size_t start, struct token token)
{
    bytes_t name = lower_name(parser, token);
    if (memchr(name.data, '_', name.size) != NULL)
        return fail(parser, token.start, ERR_MALFORMED, "names of attributes have letters and digits only");
    struct cesql_node *node = node_new(parser, kind, start);
    if (node != NULL)
        node->of.name = name;
    return node;
}

// Expressions between commas up to the parenthesis, which is not taken.
static bool parse_list(struct parser *parser, struct cesql_node *node)
{
    do {
        struct cesql_node *child = parse_expression(parser, LEVEL_ANY);
        if (child == NULL || !node_add(parser, node, child))
            return false;
    } while (take_if(parser, TOKEN_COMMA));
    return true;
}

static struct cesql_node *parse_function(struct parser *parser, struct token name)
{
    struct cesql_node *node = node_new(parser, NODE_FUNCTION, name.start);
    bytes_t text = text_of(parser, name);
    (void)take(parser);
    if (node == NULL || (parser->token.kind != TOKEN_CLOSE && !parse_list(parser, node)) ||
        !expect(parser, TOKEN_CLOSE, "a comma or a closing parenthesis behind an argument"))
        return NULL;
    if (node->count > CESQL_ARGUMENTS_MAX)
        return fail(parser, name.start, ERR_TOO_LARGE, "the function has too many arguments");
    node->of.function = function_find(text, node->count);
    if (node->of.function == NULL) {
        diag_t *doubt = doubt_at(parser, name.start, "");
        char where[sizeof doubt->where];
        if (doubt != NULL) {
            (void)snprintf(where, sizeof where, "%s", doubt->where);
            function_explain(text, node->count, doubt, where);
        }
    }
    return node_finish(parser, node);
}

static struct cesql_node *parse_enclosed(struct parser *parser)
{
    size_t start = take(parser).start;
    struct cesql_node *node = parse_expression(parser, LEVEL_ANY);
    if (node == NULL || !expect(parser, TOKEN_CLOSE, "an operator or a closing parenthesis"))
        return NULL;
    node->is_enclosed = true;
    node->start = (uint32_t)start;
    node->end = (uint32_t)parser->end;
    return node;
}

static struct cesql_node *parse_unary(struct parser *parser, enum node_kind kind)
{
    size_t start = take(parser).start;
    if (kind == NODE_NEGATE && parser->token.kind == TOKEN_INTEGER)
        return parse_integer(parser, start, true);
    struct cesql_node *operand = parse_expression(parser, LEVEL_UNARY);
    struct cesql_node *node = operand == NULL ? NULL : node_new(parser, kind, start);
    if (node == NULL || !node_add(parser, node, operand))
        return NULL;
    return node_finish(parser, node);
}

static struct cesql_node *parse_exists(struct parser *parser)
{
    size_t start = take(parser).start;
    if (parser->token.kind != TOKEN_NAME && parser->token.kind != TOKEN_INTEGER)
        return fail_expected(parser, "the name of an attribute behind EXISTS");
    struct token name = take(parser);
    return parse_attribute(parser, NODE_EXISTS, start, name);
}

static struct cesql_node *parse_signed(struct parser *parser)
{
    size_t start = take(parser).start;
    if (parser->token.kind != TOKEN_INTEGER)
        return fail_expected(parser, "an integer behind +");
    return parse_integer(parser, start, false);
}

static struct cesql_node *parse_name(struct parser *parser)
{
    struct token name = take(parser);
    if (parser->token.kind == TOKEN_OPEN)
        return parse_function(parser, name);
    return parse_attribute(parser, NODE_ATTRIBUTE, name.start, name);
}

static struct cesql_node *parse_literal(struct parser *parser)
{
    struct token token = take(parser);
    if (token.kind == TOKEN_STRING)
        return literal_new(parser, token.start, value_string(string_value(parser, token)));
    return literal_new(parser, token.start, value_boolean(token.kind == TOKEN_TRUE));
}

static struct cesql_node *parse_operand(struct parser *parser)
{
    int kind = (int)parser->token.kind;
    switch (kind) {
    case TOKEN_INTEGER:
        return parse_integer(parser, parser->token.start, false);
    case TOKEN_STRING:
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        return parse_literal(parser);
    case TOKEN_NAME:
        return parse_name(parser);
    case TOKEN_OPEN:
        return parse_enclosed(parser);
    case TOKEN_NOT:
        return parse_unary(parser, NODE_NOT);
    case TOKEN_MINUS:
        return parse_unary(parser, NODE_NEGATE);
    case TOKEN_PLUS:
        return parse_signed(parser);
    case TOKEN_EXISTS:
        return parse_exists(parser);
    default:
        return fail_expected(parser, "an attribute, a value, a function or NOT");
    }
}

static bool parse_pattern(struct parser *parser, struct cesql_node *node)
{
    if (parser->token.kind != TOKEN_STRING) {
        (void)fail_expected(parser, "a pattern in quotes behind LIKE");
        return false;
    }
    struct token token = take(parser);
    node->of.like = like_compile(string_value(parser, token), parser->arena);
    return true;
}

// LIKE and IN, and NOT before them.
static struct cesql_node *parse_test(struct parser *parser, struct cesql_node *left)
{
    bool is_negated = take_if(parser, TOKEN_NOT);
    enum token_kind kind = parser->token.kind;
    if (kind != TOKEN_LIKE && kind != TOKEN_IN)
        return fail_expected(parser, "LIKE or IN behind NOT");
    (void)take(parser);
    struct cesql_node *node = node_new(parser, operators[kind].kind, left->start);
    if (node == NULL || !node_add(parser, node, left))
        return NULL;
    node->is_negated = is_negated;
    if (kind == TOKEN_LIKE)
        return parse_pattern(parser, node) ? node_finish(parser, node) : NULL;
    if (!expect(parser, TOKEN_OPEN, "a list in parentheses behind IN") || !parse_list(parser, node) ||
        !expect(parser, TOKEN_CLOSE, "a comma or a closing parenthesis in the list"))
        return NULL;
    return node_finish(parser, node);
}

static void doubt_mixture(struct parser *parser, const struct cesql_node *left, enum node_kind kind, size_t offset)
{
    bool is_logic = left->kind == NODE_AND || left->kind == NODE_OR || left->kind == NODE_XOR;
    if (is_logic && !left->is_enclosed && left->kind != kind)
        (void)doubt_at(parser, offset,
                       "AND, OR and XOR bind equally and are taken from left to right; write parentheses to be clear");
}

static void doubt_not(struct parser *parser, const struct cesql_node *left)
{
    if (left->kind == NODE_NOT && !left->is_enclosed)
        (void)doubt_at(parser, left->start,
                       "NOT binds tighter than what follows and takes the first operand only; write NOT (...)");
}

static struct cesql_node *parse_binary(struct parser *parser, struct cesql_node *left)
{
    enum level level = operators[parser->token.kind].level;
    enum node_kind kind = operators[parser->token.kind].kind;
    doubt_mixture(parser, left, kind, parser->token.start);
    (void)take(parser);
    struct cesql_node *right = parse_expression(parser, level + 1);
    if (right == NULL)
        return NULL;
    // a AND b AND c is one node with three children.
    bool is_chain = (kind == NODE_AND || kind == NODE_OR) && left->kind == kind;
    struct cesql_node *node = is_chain ? left : node_new(parser, kind, left->start);
    if (node == NULL || (!is_chain && !node_add(parser, node, left)) || !node_add(parser, node, right))
        return NULL;
    node->is_enclosed = false;
    return node_finish(parser, node);
}

static struct cesql_node *parse_operators(struct parser *parser, enum level level)
{
    struct cesql_node *left = parse_operand(parser);
    while (left != NULL && operators[parser->token.kind].level != LEVEL_ANY &&
           operators[parser->token.kind].level >= level) {
        bool is_test = operators[parser->token.kind].level == LEVEL_TEST;
        if (operators[parser->token.kind].level != LEVEL_LOGIC)
            doubt_not(parser, left);
        left = is_test ? parse_test(parser, left) : parse_binary(parser, left);
    }
    return left;
}

static struct cesql_node *parse_expression(struct parser *parser, enum level level)
{
    if (parser->depth == CESQL_DEPTH_MAX)
        return fail(parser, parser->token.start, ERR_TOO_LARGE, "the expression is nested too deeply");
    parser->depth += 1;
    struct cesql_node *node = parse_operators(parser, level);
    parser->depth -= 1;
    return node;
}

err_t cesql_compile(bytes_t source, struct arena *arena, struct cesql *ret_cesql, diag_t *diag)
{
    struct parser parser = { .arena = arena, .diag = diag };
    if (source.size > CESQL_SIZE_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "line 1, column 1", "an expression has at most %d bytes", CESQL_SIZE_MAX);
    if (!bytes_is_utf8(source))
        return diag_fail(diag, ERR_MALFORMED, "line 1, column 1", "the expression is no UTF-8");
    parser.source = source.size == 0 ? BYTES_LITERAL("") : arena_copy(arena, source);
    parser.token = token_read(parser.source, 0);
    const struct cesql_node *root = parse_expression(&parser, LEVEL_ANY);
    if (root != NULL && parser.token.kind != TOKEN_END)
        (void)fail_expected(&parser, "an operator or the end of the expression");
    if (parser.err != ERR_OK)
        return parser.err;
    *ret_cesql = (struct cesql){ .source = parser.source, .root = root, .doubt = parser.doubt };
    return ERR_OK;
}
