// SPDX-License-Identifier: Apache-2.0
// Walks the tree. An operand with an error ends its operator with the zero value of its type and that error; so does a
// cast that fails, but for NOT, which negates the false that the cast gave (as the conformance tests have it).
#include "cloudevents/cesql/node.h"
#include "cloudevents/cesql/value.h"

#include "base/assert.h"

const char *cesql_error_name(enum cesql_error error)
{
    static const char *const names[CESQL_ERROR_COUNT] = {
#define CESQL_ERROR_NAME(name, text) text,
        CESQL_ERROR_TABLE(CESQL_ERROR_NAME)
#undef CESQL_ERROR_NAME
    };
    ASSERT((unsigned)error < CESQL_ERROR_COUNT);
    return names[error];
}

struct evaluation evaluation_of(const struct cesql_event *event, struct arena *scratch)
{
    return (struct evaluation){ .event = event, .scratch = scratch, .left = CESQL_SCRATCH_MAX };
}

uint8_t *evaluation_text(struct evaluation *evaluation, size_t size)
{
    if (size > evaluation->left)
        return NULL;
    evaluation->left -= size;
    return arena_alloc(evaluation->scratch, size);
}

enum cesql_type node_type(const struct cesql_node *node)
{
    switch (node->kind) {
    case NODE_LITERAL:
        return node->of.literal.type;
    case NODE_FUNCTION:
        return node->of.function == NULL ? CESQL_BOOLEAN : node->of.function->result;
    case NODE_NEGATE:
    case NODE_MULTIPLY:
    case NODE_DIVIDE:
    case NODE_REMAINDER:
    case NODE_ADD:
    case NODE_SUBTRACT:
        return CESQL_INTEGER;
    case NODE_ATTRIBUTE:
    case NODE_EXISTS:
    case NODE_NOT:
    case NODE_LIKE:
    case NODE_IN:
    case NODE_EQUAL:
    case NODE_NOT_EQUAL:
    case NODE_LESS:
    case NODE_LESS_OR_EQUAL:
    case NODE_GREATER:
    case NODE_GREATER_OR_EQUAL:
    case NODE_AND:
    case NODE_OR:
    case NODE_XOR:
        return CESQL_BOOLEAN;
    }
    return CESQL_BOOLEAN;
}

static enum cesql_error fail(struct evaluation *evaluation, const struct cesql_node *node, enum cesql_error error)
{
    if (evaluation->failed == NULL)
        evaluation->failed = node;
    return error;
}

// Casts what NODE gave, in place. TEXT holds what an Integer becomes as a String; NULL when TYPE is none.
static enum cesql_error cast(struct evaluation *evaluation, const struct cesql_node *node, enum cesql_type type,
                             char text[INTEGER_TEXT_SIZE], struct cesql_value *value)
{
    if (value->type == type)
        return CESQL_ERROR_NONE;
    struct cesql_value before = *value;
    if (value_cast(&before, type, text, value))
        return CESQL_ERROR_NONE;
    if (evaluation->failed == NULL) {
        evaluation->uncast = before;
        evaluation->wanted = type;
    }
    return fail(evaluation, node, CESQL_ERROR_CAST);
}

static enum cesql_error evaluate_as(struct evaluation *evaluation, const struct cesql_node *node, enum cesql_type type,
                                    char text[INTEGER_TEXT_SIZE], struct cesql_value *ret_value)
{
    enum cesql_error error = node_evaluate(evaluation, node, ret_value);
    return error == CESQL_ERROR_NONE ? cast(evaluation, node, type, text, ret_value) : error;
}

// Sets *RET_VALUE to the value of a literal, or to MEMORY, which is set then.
static enum cesql_error operand(struct evaluation *evaluation, const struct cesql_node *node,
                                struct cesql_value *memory, const struct cesql_value **ret_value)
{
    *ret_value = node->kind == NODE_LITERAL ? &node->of.literal : memory;
    return node->kind == NODE_LITERAL ? CESQL_ERROR_NONE : node_evaluate(evaluation, node, memory);
}

// Both operands, then their casts to Integer: an attribute that is missing comes before a cast that fails.
static enum cesql_error evaluate_integers(struct evaluation *evaluation, const struct cesql_node *node,
                                          struct cesql_value *ret_left, struct cesql_value *ret_right)
{
    enum cesql_error error = node_evaluate(evaluation, node->first, ret_left);
    if (error == CESQL_ERROR_NONE)
        error = node_evaluate(evaluation, node->last, ret_right);
    if (error == CESQL_ERROR_NONE)
        error = cast(evaluation, node->first, CESQL_INTEGER, NULL, ret_left);
    if (error == CESQL_ERROR_NONE)
        error = cast(evaluation, node->last, CESQL_INTEGER, NULL, ret_right);
    return error;
}

static enum cesql_error evaluate_attribute(struct evaluation *evaluation, const struct cesql_node *node,
                                           struct cesql_value *ret_value)
{
    const struct cesql_event *event = evaluation->event;
    if (event->get(event->context, node->of.name, ret_value)) {
        if (ret_value->type == CESQL_STRING && ret_value->text.size == 0)
            *ret_value = value_zero(CESQL_STRING); // never a NULL
        return CESQL_ERROR_NONE;
    }
    return fail(evaluation, node, CESQL_ERROR_MISSING_ATTRIBUTE);
}

static enum cesql_error evaluate_not(struct evaluation *evaluation, const struct cesql_node *node,
                                     struct cesql_value *ret_value)
{
    struct cesql_value value;
    enum cesql_error error = node_evaluate(evaluation, node->first, &value);
    *ret_value = value_boolean(false);
    if (error != CESQL_ERROR_NONE)
        return error;
    // The conformance tests say that NOT 10 cannot be cast, though Integers are cast to Boolean everywhere else.
    if (value.type == CESQL_INTEGER) {
        evaluation->uncast = value;
        evaluation->wanted = CESQL_BOOLEAN;
        *ret_value = value_boolean(true);
        return fail(evaluation, node->first, CESQL_ERROR_CAST);
    }
    error = cast(evaluation, node->first, CESQL_BOOLEAN, NULL, &value);
    *ret_value = value_boolean(!value.boolean);
    return error;
}

static enum cesql_error evaluate_arithmetic(struct evaluation *evaluation, const struct cesql_node *node,
                                            struct cesql_value *ret_value)
{
    struct cesql_value left, right;
    bool is_negation = node->kind == NODE_NEGATE;
    enum cesql_error error = is_negation ? evaluate_as(evaluation, node->last, CESQL_INTEGER, NULL, &right)
                                         : evaluate_integers(evaluation, node, &left, &right);
    if (error != CESQL_ERROR_NONE)
        return error;
    // -x is 0 - x.
    int64_t x = is_negation ? 0 : left.integer, y = right.integer, result;
    if (node->kind == NODE_MULTIPLY)
        result = x * y;
    else if (node->kind == NODE_ADD)
        result = x + y;
    else if (node->kind == NODE_SUBTRACT || is_negation)
        result = x - y;
    else if (y == 0)
        return fail(evaluation, node, CESQL_ERROR_MATH);
    else
        result = node->kind == NODE_DIVIDE ? x / y : x % y;
    if (result < INT32_MIN || result > INT32_MAX)
        return fail(evaluation, node, CESQL_ERROR_MATH);
    *ret_value = value_integer((int32_t)result);
    return CESQL_ERROR_NONE;
}

// The left operand is cast to the type of the right one (CESQL 1.0.0 3.7).
static enum cesql_error evaluate_equal(struct evaluation *evaluation, const struct cesql_node *node,
                                       struct cesql_value *ret_value)
{
    char text[INTEGER_TEXT_SIZE];
    struct cesql_value left, memory;
    const struct cesql_value *right = NULL;
    enum cesql_error error = node_evaluate(evaluation, node->first, &left);
    if (error == CESQL_ERROR_NONE)
        error = operand(evaluation, node->last, &memory, &right);
    if (error == CESQL_ERROR_NONE)
        error = cast(evaluation, node->first, right->type, text, &left);
    if (error == CESQL_ERROR_NONE)
        *ret_value = value_boolean(value_equal(&left, right) == (node->kind == NODE_EQUAL));
    return error;
}

static enum cesql_error evaluate_order(struct evaluation *evaluation, const struct cesql_node *node,
                                       struct cesql_value *ret_value)
{
    struct cesql_value left, right;
    enum cesql_error error = evaluate_integers(evaluation, node, &left, &right);
    if (error != CESQL_ERROR_NONE)
        return error;
    bool is_less = left.integer < right.integer, is_equal = left.integer == right.integer;
    bool result = node->kind == NODE_LESS            ? is_less
                  : node->kind == NODE_LESS_OR_EQUAL ? is_less || is_equal
                  : node->kind == NODE_GREATER       ? !is_less && !is_equal
                                                     : !is_less;
    *ret_value = value_boolean(result);
    return CESQL_ERROR_NONE;
}

// AND ends with the first false, OR with the first true; what follows is not evaluated.
static enum cesql_error evaluate_chain(struct evaluation *evaluation, const struct cesql_node *node,
                                       struct cesql_value *ret_value)
{
    bool decisive = node->kind == NODE_OR;
    for (const struct cesql_node *child = node->first; child != NULL; child = child->next) {
        struct cesql_value value;
        enum cesql_error error = evaluate_as(evaluation, child, CESQL_BOOLEAN, NULL, &value);
        if (error != CESQL_ERROR_NONE)
            return error;
        if (value.boolean == decisive) {
            *ret_value = value_boolean(decisive);
            return CESQL_ERROR_NONE;
        }
    }
    *ret_value = value_boolean(!decisive);
    return CESQL_ERROR_NONE;
}

static enum cesql_error evaluate_xor(struct evaluation *evaluation, const struct cesql_node *node,
                                     struct cesql_value *ret_value)
{
    struct cesql_value left, right;
    enum cesql_error error = evaluate_as(evaluation, node->first, CESQL_BOOLEAN, NULL, &left);
    if (error == CESQL_ERROR_NONE)
        error = evaluate_as(evaluation, node->last, CESQL_BOOLEAN, NULL, &right);
    if (error == CESQL_ERROR_NONE)
        *ret_value = value_boolean(left.boolean != right.boolean);
    return error;
}

static enum cesql_error evaluate_like(struct evaluation *evaluation, const struct cesql_node *node,
                                      struct cesql_value *ret_value)
{
    char text[INTEGER_TEXT_SIZE];
    struct cesql_value value;
    enum cesql_error error = evaluate_as(evaluation, node->first, CESQL_STRING, text, &value);
    if (error == CESQL_ERROR_NONE)
        *ret_value = value_boolean(like_matches(&node->of.like, value.text) != node->is_negated);
    return error;
}

// Elements are cast to the type of what is looked for, one after the other until one is equal.
static enum cesql_error evaluate_in(struct evaluation *evaluation, const struct cesql_node *node,
                                    struct cesql_value *ret_value)
{
    struct cesql_value wanted;
    enum cesql_error error = node_evaluate(evaluation, node->first, &wanted);
    bool found = false;
    for (const struct cesql_node *child = node->first->next; child != NULL && !found; child = child->next) {
        char text[INTEGER_TEXT_SIZE];
        struct cesql_value value;
        if (error == CESQL_ERROR_NONE)
            error = evaluate_as(evaluation, child, wanted.type, text, &value);
        if (error != CESQL_ERROR_NONE)
            return error;
        found = value_equal(&wanted, &value);
    }
    *ret_value = value_boolean(found != node->is_negated);
    return CESQL_ERROR_NONE;
}

// As evaluate_as, but a text that the cast makes stays as long as the evaluation.
static enum cesql_error evaluate_argument(struct evaluation *evaluation, const struct cesql_node *node,
                                          enum cesql_type type, struct cesql_value *ret_value)
{
    char text[INTEGER_TEXT_SIZE];
    enum cesql_error error = evaluate_as(evaluation, node, type, text, ret_value);
    if (error != CESQL_ERROR_NONE || type != CESQL_STRING || ret_value->text.data != (const uint8_t *)text)
        return error;
    uint8_t *copy = evaluation_text(evaluation, ret_value->text.size);
    if (copy == NULL)
        return fail(evaluation, node, CESQL_ERROR_FUNCTION_EVALUATION);
    ret_value->text.data = memcpy(copy, text, ret_value->text.size);
    return CESQL_ERROR_NONE;
}

// Its arguments take 2 KiB of stack, which no other node shall have.
__attribute__((noinline)) static enum cesql_error
evaluate_function(struct evaluation *evaluation, const struct cesql_node *node, struct cesql_value *ret_value)
{
    struct cesql_value arguments[CESQL_ARGUMENTS_MAX];
    const struct function *function = node->of.function;
    size_t count = 0;
    *ret_value = value_zero(node_type(node));
    if (function == NULL)
        return fail(evaluation, node, CESQL_ERROR_MISSING_FUNCTION);
    for (const struct cesql_node *child = node->first; child != NULL; child = child->next) {
        enum cesql_type type = function_argument(function, count);
        enum cesql_error error = function->takes_any ? node_evaluate(evaluation, child, &arguments[count])
                                                     : evaluate_argument(evaluation, child, type, &arguments[count]);
        if (error != CESQL_ERROR_NONE)
            return error;
        count += 1;
    }
    enum cesql_error error = function->run(evaluation, arguments, count, ret_value);
    return error == CESQL_ERROR_NONE ? error : fail(evaluation, node, error);
}

// Sets RET_VALUE without an error, and for NOT and functions with one, too.
static enum cesql_error evaluate(struct evaluation *evaluation, const struct cesql_node *node,
                                 struct cesql_value *ret_value)
{
    struct cesql_value ignored;
    switch (node->kind) {
    case NODE_LITERAL:
        *ret_value = node->of.literal;
        break;
    case NODE_ATTRIBUTE:
        return evaluate_attribute(evaluation, node, ret_value);
    case NODE_EXISTS:
        *ret_value = value_boolean(evaluation->event->get(evaluation->event->context, node->of.name, &ignored));
        break;
    case NODE_NOT:
        return evaluate_not(evaluation, node, ret_value);
    case NODE_NEGATE:
    case NODE_MULTIPLY:
    case NODE_DIVIDE:
    case NODE_REMAINDER:
    case NODE_ADD:
    case NODE_SUBTRACT:
        return evaluate_arithmetic(evaluation, node, ret_value);
    case NODE_EQUAL:
    case NODE_NOT_EQUAL:
        return evaluate_equal(evaluation, node, ret_value);
    case NODE_LESS:
    case NODE_LESS_OR_EQUAL:
    case NODE_GREATER:
    case NODE_GREATER_OR_EQUAL:
        return evaluate_order(evaluation, node, ret_value);
    case NODE_AND:
    case NODE_OR:
        return evaluate_chain(evaluation, node, ret_value);
    case NODE_XOR:
        return evaluate_xor(evaluation, node, ret_value);
    case NODE_LIKE:
        return evaluate_like(evaluation, node, ret_value);
    case NODE_IN:
        return evaluate_in(evaluation, node, ret_value);
    case NODE_FUNCTION:
        return evaluate_function(evaluation, node, ret_value);
    }
    return CESQL_ERROR_NONE;
}

enum cesql_error node_evaluate(struct evaluation *evaluation, const struct cesql_node *node,
                               struct cesql_value *ret_value)
{
    enum cesql_error error = evaluate(evaluation, node, ret_value);
    if (error != CESQL_ERROR_NONE && node->kind != NODE_NOT && node->kind != NODE_FUNCTION)
        *ret_value = value_zero(node_type(node));
    return error;
}

enum cesql_error cesql_evaluate(const struct cesql *cesql, const struct cesql_event *event, struct arena *scratch,
                                struct cesql_value *ret_value)
{
    struct evaluation evaluation = evaluation_of(event, scratch);
    return node_evaluate(&evaluation, cesql->root, ret_value);
}

bool cesql_matches(const struct cesql *cesql, const struct cesql_event *event, struct arena *scratch)
{
    struct cesql_value value;
    return cesql_evaluate(cesql, event, scratch, &value) == CESQL_ERROR_NONE && value.type == CESQL_BOOLEAN &&
           value.boolean;
}

const char *cesql_never(const struct cesql *cesql)
{
    if (cesql->root->kind == NODE_ATTRIBUTE)
        return "an attribute alone is a String, and only true, a Boolean, passes: compare it, as in name = TRUE";
    switch (node_type(cesql->root)) {
    case CESQL_INTEGER:
        return "it gives an Integer, and only true, a Boolean, passes";
    case CESQL_STRING:
        return "it gives a String, and only true, a Boolean, passes";
    case CESQL_BOOLEAN:
        break;
    }
    return NULL;
}
