// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/value.h"
#include "cloudevents/filter/node.h"

#include "base/assert.h"

#include <assert.h>

enum { MEDIA_TYPE_MAX = 256 };

// What a test looks at: the value, and its text.
struct seen {
    struct cesql_value value;
    bytes_t text;
    char memory[MEDIA_TYPE_MAX];
};
static_assert((int)MEDIA_TYPE_MAX >= (int)INTEGER_TEXT_SIZE, "an integer's text goes into the same memory");

// The type of a datacontenttype: in lower case, without parameters. Longer ones are as good as none.
static bytes_t media_type(bytes_t content_type, char memory[MEDIA_TYPE_MAX])
{
    size_t size = 0;
    for (size_t i = 0; i < content_type.size && content_type.data[i] != ';'; i++) {
        uint8_t c = content_type.data[i];
        if (c == ' ' || c == '\t')
            continue;
        if (size == MEDIA_TYPE_MAX)
            return BYTES_LITERAL("");
        memory[size++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    return bytes_of(memory, size);
}

// Knative has two more names: schemaurl is dataschema, datamediatype a part of datacontenttype.
static bool look(const struct filter_node *node, const struct cesql_event *event, struct seen *seen)
{
    bool is_media_type = bytes_is(node->name, "datamediatype");
    bytes_t name = is_media_type                       ? BYTES_LITERAL("datacontenttype")
                   : bytes_is(node->name, "schemaurl") ? BYTES_LITERAL("dataschema")
                                                       : node->name;
    struct cesql_value text;
    if (!event->get(event->context, name, &seen->value))
        return false;
    if (is_media_type && seen->value.type == CESQL_STRING)
        seen->value.text = media_type(seen->value.text, seen->memory);
    bool is_cast = value_cast(&seen->value, CESQL_STRING, seen->memory, &text);
    ASSERT(is_cast);
    seen->text = text.text;
    return true;
}

// A value is never empty, but for FILTER_ANY_VALUE.
static bool attribute_matches(const struct filter_node *node, const struct cesql_event *event)
{
    struct seen seen;
    if (!look(node, event, &seen))
        return false;
    int kind = (int)node->kind;
    switch (kind) {
    case FILTER_SAME:
        return seen.value.type == CESQL_STRING && bytes_equal(seen.text, node->value);
    case FILTER_ANY_VALUE:
        return seen.text.size > 0;
    case FILTER_EXACT:
        return bytes_equal(seen.text, node->value);
    case FILTER_PREFIX:
        return bytes_starts_with(seen.text, node->value);
    default:
        return bytes_ends_with(seen.text, node->value);
    }
}

static bool node_matches(const struct filter_node *node, const struct cesql_event *event, struct arena *scratch)
{
    int kind = (int)node->kind;
    switch (kind) {
    case FILTER_CESQL:
        return cesql_matches(node->cesql, event, scratch);
    case FILTER_NOT:
        return !node_matches(node->first, event, scratch);
    case FILTER_ALL:
    case FILTER_ANY:
        for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
            if (node_matches(child, event, scratch) == (kind == FILTER_ANY))
                return kind == FILTER_ANY;
        }
        return kind == FILTER_ALL;
    default:
        return attribute_matches(node, event);
    }
}

bool filter_matches(const struct filter *filter, const struct cesql_event *event, struct arena *scratch)
{
    return filter->root == NULL || node_matches(filter->root, event, scratch);
}

static void explain_attribute(const struct filter_node *node, const struct cesql_event *event, struct writer *out)
{
    static const char *const words[][2] = {
        [FILTER_SAME] = { ", not ", "" },
        [FILTER_ANY_VALUE] = { ", which is empty", "" },
        [FILTER_EXACT] = { ", not ", "" },
        [FILTER_PREFIX] = { ", which does not start with ", ", which starts with " },
        [FILTER_SUFFIX] = { ", which does not end with ", ", which ends with " },
    };
    struct seen seen;
    if (!look(node, event, &seen)) {
        writer_text(out, "the event has no attribute ");
        writer_bytes(out, node->name);
        return;
    }
    struct cesql_value wanted = value_string(node->value);
    const char *word = words[node->kind][attribute_matches(node, event) ? 1 : 0];
    writer_bytes(out, node->name);
    writer_text(out, " is ");
    value_write(&seen.value, out);
    writer_text(out, word);
    if (word[0] != '\0' && node->kind != FILTER_ANY_VALUE)
        value_write(&wanted, out);
}

static bool matches_alone(const struct filter_node *node, const struct cesql_event *event)
{
    struct arena scratch = ARENA_INIT;
    bool matches = node_matches(node, event, &scratch);
    arena_free(&scratch);
    return matches;
}

static void explain(const struct filter_node *node, const struct cesql_event *event, struct writer *out);

// The child that decided, or all when it took all of them.
static void explain_list(const struct filter_node *node, const struct cesql_event *event, struct writer *out)
{
    bool decisive = node->kind == FILTER_ANY;
    for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
        if (matches_alone(child, event) == decisive) {
            explain(child, event, out);
            return;
        }
    }
    for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
        writer_text(out, child == node->first ? "" : "; ");
        explain(child, event, out);
    }
}

static void explain(const struct filter_node *node, const struct cesql_event *event, struct writer *out)
{
    int kind = (int)node->kind;
    switch (kind) {
    case FILTER_CESQL:
        cesql_explain(node->cesql, event, out);
        break;
    case FILTER_NOT:
        writer_text(out, "not (");
        explain(node->first, event, out);
        writer_text(out, ")");
        break;
    case FILTER_ALL:
    case FILTER_ANY:
        explain_list(node, event, out);
        break;
    default:
        explain_attribute(node, event, out);
        break;
    }
}

void filter_explain(const struct filter *filter, const struct cesql_event *event, struct writer *out)
{
    if (filter->root == NULL)
        writer_text(out, "nothing is filtered");
    else
        explain(filter->root, event, out);
}
