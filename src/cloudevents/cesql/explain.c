// SPDX-License-Identifier: Apache-2.0
// Says why an expression gave what it gave, for people: goes down to the parts that decided, and shows what they saw.
#include "cloudevents/cesql/node.h"
#include "cloudevents/cesql/value.h"

struct explanation {
    const struct cesql *cesql;
    const struct cesql_event *event;
    struct arena scratch; // of the latest look
    struct evaluation evaluation;
    struct writer *out;
};

// RET_VALUE lives until the next look.
static enum cesql_error look(struct explanation *explanation, const struct cesql_node *node,
                             struct cesql_value *ret_value)
{
    arena_reset(&explanation->scratch);
    explanation->evaluation = evaluation_of(explanation->event, &explanation->scratch);
    return node_evaluate(&explanation->evaluation, node, ret_value);
}

static bytes_t source_of(const struct explanation *explanation, const struct cesql_node *node)
{
    return bytes_of(explanation->cesql->source.data + node->start, node->end - node->start);
}

static void write_source(struct explanation *explanation, const struct cesql_node *node)
{
    writer_bytes(explanation->out, source_of(explanation, node));
}

static void write_error(struct explanation *explanation, enum cesql_error error)
{
    struct evaluation *evaluation = &explanation->evaluation;
    const struct cesql_node *failed = evaluation->failed;
    struct writer *out = explanation->out;
    switch (error) {
    case CESQL_ERROR_NONE:
    case CESQL_ERROR_PARSE:
        break;
    case CESQL_ERROR_MISSING_ATTRIBUTE:
        writer_text(out, "the event has no attribute ");
        writer_bytes(out, failed->of.name);
        break;
    case CESQL_ERROR_MISSING_FUNCTION:
        writer_text(out, "there is no such function: ");
        write_source(explanation, failed);
        break;
    case CESQL_ERROR_CAST:
        write_source(explanation, failed);
        writer_text(out, failed->kind == NODE_LITERAL ? " is no " : " is ");
        if (failed->kind != NODE_LITERAL) {
            value_write(&evaluation->uncast, out);
            writer_text(out, ", which is no ");
        }
        writer_text(out, value_type_name(evaluation->wanted));
        break;
    case CESQL_ERROR_MATH:
        write_source(explanation, failed);
        writer_text(out, " divides by zero or leaves 32 bits");
        break;
    case CESQL_ERROR_FUNCTION_EVALUATION:
        write_source(explanation, failed);
        writer_text(out, " is out of range or makes too long a text");
        break;
    case CESQL_ERROR_COUNT:
        break;
    }
}

// "hop is '5'" for each operand that the text does not already tell.
static void write_operands(struct explanation *explanation, const struct cesql_node *node)
{
    const char *between = ": ";
    for (const struct cesql_node *child = node->first; child != NULL; child = child->next) {
        struct cesql_value value;
        if (child->kind == NODE_LITERAL || look(explanation, child, &value) != CESQL_ERROR_NONE)
            continue;
        writer_text(explanation->out, between);
        write_source(explanation, child);
        writer_text(explanation->out, " is ");
        value_write(&value, explanation->out);
        between = ", ";
    }
}

static void explain_leaf(struct explanation *explanation, const struct cesql_node *node,
                         const struct cesql_value *value)
{
    write_source(explanation, node);
    writer_text(explanation->out, node->kind == NODE_LITERAL ? " is always " : " is ");
    value_write(value, explanation->out);
    write_operands(explanation, node);
}

static void explain(struct explanation *explanation, const struct cesql_node *node);

// The part that decided, or all when it took all of them.
static void explain_chain(struct explanation *explanation, const struct cesql_node *node)
{
    bool decisive = node->kind == NODE_OR;
    const char *between = "";
    for (const struct cesql_node *child = node->first; child != NULL; child = child->next) {
        struct cesql_value value, boolean;
        char text[INTEGER_TEXT_SIZE];
        bool is_decided = look(explanation, child, &value) == CESQL_ERROR_NONE &&
                          value_cast(&value, CESQL_BOOLEAN, text, &boolean) && boolean.boolean == decisive;
        if (is_decided) {
            explain(explanation, child);
            return;
        }
    }
    for (const struct cesql_node *child = node->first; child != NULL; child = child->next) {
        writer_text(explanation->out, between);
        explain(explanation, child);
        between = "; ";
    }
}

static void explain(struct explanation *explanation, const struct cesql_node *node)
{
    struct cesql_value value;
    enum cesql_error error = look(explanation, node, &value);
    if (error != CESQL_ERROR_NONE) {
        write_source(explanation, node);
        writer_text(explanation->out, " fails: ");
        write_error(explanation, error);
    } else if (node->kind == NODE_AND || node->kind == NODE_OR) {
        explain_chain(explanation, node);
    } else if (node->kind == NODE_NOT && (node->first->kind == NODE_AND || node->first->kind == NODE_OR)) {
        explain(explanation, node->first);
    } else {
        explain_leaf(explanation, node, &value);
    }
}

// The innermost AND, OR or NOT that has the error.
static const struct cesql_node *failing_part(struct explanation *explanation, const struct cesql_node *node)
{
    bool is_logic = node->kind == NODE_AND || node->kind == NODE_OR || node->kind == NODE_XOR || node->kind == NODE_NOT;
    for (const struct cesql_node *child = node->first; is_logic && child != NULL; child = child->next) {
        struct cesql_value value;
        if (look(explanation, child, &value) != CESQL_ERROR_NONE)
            return failing_part(explanation, child);
    }
    return node;
}

void cesql_explain(const struct cesql *cesql, const struct cesql_event *event, struct writer *out)
{
    struct explanation explanation = { .cesql = cesql, .event = event, .out = out };
    struct cesql_value value;
    const struct cesql_node *part = cesql->root;
    enum cesql_error error = look(&explanation, part, &value);
    enum cesql_type type = value.type; // it goes with the next look
    if (error != CESQL_ERROR_NONE)
        part = failing_part(&explanation, part);
    explain(&explanation, part);
    if (error == CESQL_ERROR_NONE && type != CESQL_BOOLEAN)
        writer_format(out, ", of type %s: only true, a Boolean, passes", value_type_name(type));
    arena_free(&explanation.scratch);
}
