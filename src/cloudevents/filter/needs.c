// SPDX-License-Identifier: Apache-2.0
// What an index over many filters goes by: what each of them needs, and which of them are the same.
#include "cloudevents/filter/node.h"

// As look() in filter.c sees the two names that Knative has besides.
static struct need *test_needs(const struct filter_node *node, enum need_kind kind, struct arena *arena)
{
    if (bytes_is(node->name, "datamediatype"))
        return need_new(NEED_PRESENT, BYTES_LITERAL("datacontenttype"), BYTES_LITERAL(""), arena);
    bytes_t name = bytes_is(node->name, "schemaurl") ? BYTES_LITERAL("dataschema") : node->name;
    return need_new(kind, name, node->value, arena);
}

static struct need *node_needs(const struct filter_node *node, struct arena *arena)
{
    const struct filter_node *child = node->first;
    struct need *needs = NULL;
    switch (node->kind) {
    case FILTER_SAME:
    case FILTER_EXACT:
        return test_needs(node, NEED_EXACT, arena);
    case FILTER_ANY_VALUE:
        return test_needs(node, NEED_PRESENT, arena);
    case FILTER_PREFIX:
        return test_needs(node, NEED_PREFIX, arena);
    case FILTER_SUFFIX:
        return test_needs(node, NEED_SUFFIX, arena);
    case FILTER_CESQL:
        return cesql_needs(node->cesql, arena);
    case FILTER_ALL:
        for (; child != NULL; child = child->next)
            needs = need_both(needs, node_needs(child, arena));
        return needs;
    case FILTER_ANY:
        needs = node_needs(child, arena);
        for (child = child->next; child != NULL && needs != NULL; child = child->next)
            needs = need_either(needs, node_needs(child, arena), arena);
        return needs;
    case FILTER_NOT:
        break;
    }
    return NULL;
}

struct need *filter_needs(const struct filter *filter, struct arena *arena)
{
    return filter->root == NULL ? NULL : node_needs(filter->root, arena);
}

// --- sameness

// With its size, so that no text can look like what follows it.
static void write_text(bytes_t text, struct writer *out)
{
    writer_uvarlong(out, text.size);
    writer_bytes(out, text);
}

static void write_node(const struct filter_node *node, struct writer *out)
{
    writer_u8(out, (uint8_t)('A' + node->kind));
    write_text(node->name, out);
    write_text(node->value, out);
    write_text(node->cesql == NULL ? BYTES_NULL : node->cesql->source, out);
    for (const struct filter_node *child = node->first; child != NULL; child = child->next)
        write_node(child, out);
    writer_u8(out, '.');
}

void filter_write(const struct filter *filter, struct writer *out)
{
    if (filter->root != NULL)
        write_node(filter->root, out);
}
