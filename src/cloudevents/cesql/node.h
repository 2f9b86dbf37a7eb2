// SPDX-License-Identifier: Apache-2.0
// The compiled tree, and how it is walked. Inside the folder. Nodes are in the arena of the expression and do not
// change once it is compiled; children are a list, in the order of the text.
#pragma once

#include "cloudevents/cesql/cesql.h"
#include "cloudevents/cesql/function.h"
#include "cloudevents/cesql/like.h"

enum node_kind {
    NODE_LITERAL,
    NODE_ATTRIBUTE, // name
    NODE_EXISTS,    // name
    NODE_NOT,
    NODE_NEGATE,
    NODE_LIKE, // like
    NODE_IN,   // the first child is looked for in the others
    NODE_MULTIPLY,
    NODE_DIVIDE,
    NODE_REMAINDER,
    NODE_ADD,
    NODE_SUBTRACT,
    NODE_EQUAL,
    NODE_NOT_EQUAL,
    NODE_LESS,
    NODE_LESS_OR_EQUAL,
    NODE_GREATER,
    NODE_GREATER_OR_EQUAL,
    NODE_AND, // two children or more
    NODE_OR,  // two children or more
    NODE_XOR,
    NODE_FUNCTION, // function; NULL: there is none of that name and count
};

struct cesql_node {
    enum node_kind kind;
    uint32_t start, end; // in the source
    uint16_t depth;      // 1: no children
    bool is_negated;     // NODE_LIKE, NODE_IN: NOT LIKE, NOT IN
    bool is_enclosed;    // stands in parentheses
    uint32_t count;      // of children
    struct cesql_node *first, *last;
    struct cesql_node *next; // sibling
    union {
        struct cesql_value literal;
        bytes_t name;
        struct like like;
        const struct function *function;
    } of;
};

// One walk.
struct evaluation {
    const struct cesql_event *event; // NULL: of constants only
    struct arena *scratch;
    size_t left; // bytes of text that may still be made
    // Where the first error arose, and the value that could not be cast.
    const struct cesql_node *failed;
    struct cesql_value uncast;
    enum cesql_type wanted;
};

struct evaluation evaluation_of(const struct cesql_event *event, struct arena *scratch);
// RET_VALUE is always set.
enum cesql_error node_evaluate(struct evaluation *evaluation, const struct cesql_node *node,
                               struct cesql_value *ret_value);
// The type of what the node gives; Boolean where the event decides (CESQL 1.0.0 3.2).
enum cesql_type node_type(const struct cesql_node *node);
// Memory for a text in the scratch arena; NULL when the evaluation may not make so much. Size 0 is fine.
uint8_t *evaluation_text(struct evaluation *evaluation, size_t size);
