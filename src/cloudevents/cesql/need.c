// SPDX-License-Identifier: Apache-2.0
// An expression takes an event when it is true without an error, so a part that has to be true must be free of errors,
// too: whatever it evaluates in any case must be there. Nothing is said of what a NOT or a function makes of values.
#include "cloudevents/cesql/need.h"

#include "cloudevents/cesql/node.h"
#include "cloudevents/cesql/value.h"

#include "base/assert.h"

static bool is_one_of(bytes_t name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_is(name, names[i]))
            return true;
    }
    return false;
}

// Every event has them.
static bool is_required(bytes_t name)
{
    static const char *const names[] = { "specversion", "id", "source", "type" };
    return is_one_of(name, names, sizeof names / sizeof names[0]);
}

// Their type is String for an expression, whatever the event (cesql.h).
static bool is_string(bytes_t name)
{
    static const char *const names[] = { "subject", "datacontenttype", "dataschema", "time" };
    return is_required(name) || is_one_of(name, names, sizeof names / sizeof names[0]);
}

// --- lists

struct need *need_new(enum need_kind kind, bytes_t name, bytes_t value, struct arena *arena)
{
    if (kind == NEED_PRESENT && is_required(name))
        return NULL;
    if ((kind == NEED_PREFIX || kind == NEED_SUFFIX) && value.size == 0)
        return need_new(NEED_PRESENT, name, BYTES_LITERAL(""), arena);
    struct need *need = arena_alloc(arena, sizeof *need);
    need->tests = arena_alloc(arena, sizeof *need->tests);
    need->tests[0] = (struct need_test){ kind, name, value };
    need->count = 1;
    return need;
}

struct need *need_both(struct need *a, struct need *b)
{
    struct need **tail = &a;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = b;
    return a;
}

// Roughly, how many events are left.
static size_t need_weight(const struct need *need)
{
    static const size_t weights[] = { [NEED_EXACT] = 1, [NEED_PREFIX] = 4, [NEED_SUFFIX] = 4, [NEED_PRESENT] = 64 };
    size_t weight = 0;
    for (size_t i = 0; i < need->count; i++)
        weight += weights[need->tests[i].kind];
    return weight;
}

static const struct need *best_of(const struct need *need)
{
    const struct need *best = need;
    for (; need != NULL; need = need->next) {
        if (need_weight(need) < need_weight(best))
            best = need;
    }
    return best;
}

struct need *need_either(const struct need *a, const struct need *b, struct arena *arena)
{
    if (a == NULL || b == NULL)
        return NULL;
    a = best_of(a);
    b = best_of(b);
    if (a->count + b->count > NEED_TESTS_MAX)
        return NULL;
    struct need *need = arena_alloc(arena, sizeof *need);
    need->tests = arena_array(arena, a->count + b->count, sizeof *need->tests);
    need->count = a->count + b->count;
    memcpy(need->tests, a->tests, a->count * sizeof *need->tests);
    memcpy(need->tests + a->count, b->tests, b->count * sizeof *need->tests);
    return need;
}

// --- of an expression

// Every operator and function evaluates its first operand, and an attribute that is not there is an error.
static struct need *first_needs(const struct cesql_node *node, struct arena *arena)
{
    while (node != NULL && node->kind != NODE_ATTRIBUTE)
        node = node->first;
    return node == NULL ? NULL : need_new(NEED_PRESENT, node->of.name, BYTES_LITERAL(""), arena);
}

static bool is_text(const struct cesql_node *node)
{
    return node->kind == NODE_LITERAL && node->of.literal.type == CESQL_STRING;
}

// The left side is cast to the type of the right one.
static struct need *equal_needs(const struct cesql_node *node, struct arena *arena)
{
    const struct cesql_node *left = node->first, *right = node->last;
    if (left->kind == NODE_ATTRIBUTE && is_text(right))
        return need_new(NEED_EXACT, left->of.name, right->of.literal.text, arena);
    if (right->kind == NODE_ATTRIBUTE && is_string(right->of.name) && is_text(left))
        return need_new(NEED_EXACT, right->of.name, left->of.literal.text, arena);
    return NULL;
}

// The elements are cast to the type of what is looked for.
static struct need *in_needs(const struct cesql_node *node, struct arena *arena)
{
    const struct cesql_node *wanted = node->first;
    struct need *need = NULL;
    if (node->is_negated || wanted->kind != NODE_ATTRIBUTE || !is_string(wanted->of.name))
        return NULL;
    for (const struct cesql_node *child = wanted->next; child != NULL; child = child->next) {
        if (!is_text(child))
            return NULL;
        struct need *one = need_new(NEED_EXACT, wanted->of.name, child->of.literal.text, arena);
        need = child == wanted->next ? one : need_either(need, one, arena);
    }
    return need;
}

static struct need *like_needs(const struct cesql_node *node, struct arena *arena)
{
    const struct cesql_node *left = node->first;
    if (node->is_negated || left->kind != NODE_ATTRIBUTE)
        return NULL;
    bytes_t name = left->of.name, prefix, suffix;
    if (like_is_text(&node->of.like, &prefix))
        return need_new(NEED_EXACT, name, prefix, arena);
    like_ends(&node->of.like, &prefix, &suffix);
    struct need *begins = prefix.size == 0 ? NULL : need_new(NEED_PREFIX, name, prefix, arena);
    struct need *ends = suffix.size == 0 ? NULL : need_new(NEED_SUFFIX, name, suffix, arena);
    return need_both(begins, ends);
}

static struct need *node_needs(const struct cesql_node *node, struct arena *arena)
{
    struct need *needs = NULL;
    int kind = (int)node->kind;
    switch (kind) {
    case NODE_AND:
        for (const struct cesql_node *child = node->first; child != NULL; child = child->next)
            needs = need_both(needs, node_needs(child, arena));
        break;
    case NODE_OR:
        needs = node_needs(node->first, arena);
        for (const struct cesql_node *child = node->first->next; child != NULL && needs != NULL; child = child->next)
            needs = need_either(needs, node_needs(child, arena), arena);
        break;
    case NODE_EQUAL:
        needs = equal_needs(node, arena);
        break;
    case NODE_IN:
        needs = in_needs(node, arena);
        break;
    case NODE_LIKE:
        needs = like_needs(node, arena);
        break;
    case NODE_EXISTS:
        needs = need_new(NEED_PRESENT, node->of.name, BYTES_LITERAL(""), arena);
        break;
    default:
        break;
    }
    return needs != NULL ? needs : first_needs(node, arena);
}

struct need *cesql_needs(const struct cesql *cesql, struct arena *arena)
{
    return node_needs(cesql->root, arena);
}

// --- of an event

static bool test_holds(const struct need_test *test, const struct cesql_event *event)
{
    char memory[INTEGER_TEXT_SIZE];
    struct cesql_value value, cast;
    if (!event->get(event->context, test->name, &value))
        return false;
    bool is_cast = value_cast(&value, CESQL_STRING, memory, &cast);
    ASSERT(is_cast);
    bytes_t text = cast.text, wanted = test->value;
    switch (test->kind) {
    case NEED_EXACT:
        return bytes_equal(text, wanted);
    case NEED_PREFIX:
        return bytes_starts_with(text, wanted);
    case NEED_SUFFIX:
        return bytes_ends_with(text, wanted);
    case NEED_PRESENT:
        break;
    }
    return true;
}

bool need_holds(const struct need *need, const struct cesql_event *event)
{
    for (size_t i = 0; i < need->count; i++) {
        if (test_holds(&need->tests[i], event))
            return true;
    }
    return false;
}
