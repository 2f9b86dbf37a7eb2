// SPDX-License-Identifier: Apache-2.0
// What filters nothing (an empty map, an empty list, an empty expression) becomes no node at all, which is what
// Knative's NoFilter comes to: all, any and not ignore it.
#include "cloudevents/filter/node.h"

#include <stdio.h>

struct compiler {
    struct arena *arena;
    size_t nodes, depth;
    char path[sizeof((diag_t *)NULL)->where];
    size_t path_size; // may be beyond the end of path: cut
    diag_t *doubt;
    diag_t *diag;
    err_t err;
};

static struct filter_node *compile_filter(struct compiler *compiler, const struct json_value *value);

static struct filter_node *fail(struct compiler *compiler, err_t err, const char *text)
{
    if (compiler->err == ERR_OK)
        compiler->err = diag_fail(compiler->diag, err, compiler->path, "%s", text);
    return NULL;
}

// Returns what path_pop wants.
static size_t path_push(struct compiler *compiler, bytes_t name)
{
    size_t before = compiler->path_size;
    if (before < sizeof compiler->path) {
        int size = snprintf(compiler->path + before, sizeof compiler->path - before, ".%.*s", BYTES_ARG(name));
        compiler->path_size += (size_t)size;
    }
    return before;
}

static size_t path_push_index(struct compiler *compiler, size_t index)
{
    size_t before = compiler->path_size;
    if (before < sizeof compiler->path) {
        int size = snprintf(compiler->path + before, sizeof compiler->path - before, "[%zu]", index);
        compiler->path_size += (size_t)size;
    }
    return before;
}

static void path_pop(struct compiler *compiler, size_t before)
{
    compiler->path_size = before;
    if (before < sizeof compiler->path)
        compiler->path[before] = '\0';
}

static struct filter_node *node_new(struct compiler *compiler, enum filter_kind kind)
{
    if (++compiler->nodes > FILTER_NODES_MAX)
        return fail(compiler, ERR_TOO_LARGE, "the filters have too many parts");
    struct filter_node *node = arena_alloc(compiler->arena, sizeof *node);
    node->kind = kind;
    node->tail = &node->first;
    return node;
}

static void node_add(struct filter_node *node, struct filter_node *child)
{
    *node->tail = child;
    node->tail = &child->next;
}

// Without children nothing is filtered, and one child stands for itself.
static struct filter_node *node_finish(struct filter_node *node)
{
    return node->first == NULL || node->first->next == NULL ? node->first : node;
}

static bool is_attribute_name(bytes_t name)
{
    for (size_t i = 0; i < name.size; i++) {
        bool is_letter = name.data[i] >= 'a' && name.data[i] <= 'z';
        if (!is_letter && (i == 0 || name.data[i] < '0' || name.data[i] > '9'))
            return false;
    }
    return name.size > 0;
}

static struct filter_node *compile_entry(struct compiler *compiler, const struct json_value *entry,
                                         enum filter_kind kind)
{
    bytes_t value;
    if (!is_attribute_name(entry->name))
        return fail(compiler, ERR_INVALID,
                    "the name of an attribute starts with a lower case letter and has lower case letters and digits "
                    "only");
    if (!json_get_text(entry, &value))
        return fail(compiler, ERR_INVALID, "the value is a text");
    if (value.size == 0 && kind != FILTER_SAME)
        return fail(compiler, ERR_INVALID, "an empty value filters nothing; leave it out");
    struct filter_node *node = node_new(compiler, value.size == 0 ? FILTER_ANY_VALUE : kind);
    if (node == NULL)
        return NULL;
    node->name = arena_copy(compiler->arena, entry->name);
    node->value = arena_copy(compiler->arena, value);
    return node;
}

// All entries of a map of names and values.
static struct filter_node *compile_map(struct compiler *compiler, const struct json_value *map, enum filter_kind kind)
{
    if (map->type != JSON_OBJECT)
        return fail(compiler, ERR_INVALID, "a map of attributes and values is expected");
    struct filter_node *all = node_new(compiler, FILTER_ALL);
    for (const struct json_value *entry = map->first; entry != NULL && all != NULL; entry = entry->next) {
        size_t before = path_push(compiler, entry->name);
        struct filter_node *node = compile_entry(compiler, entry, kind);
        path_pop(compiler, before);
        if (node == NULL)
            return NULL;
        node_add(all, node);
    }
    return all == NULL ? NULL : node_finish(all);
}

static struct filter_node *compile_list(struct compiler *compiler, const struct json_value *list, enum filter_kind kind)
{
    if (list->type != JSON_ARRAY)
        return fail(compiler, ERR_INVALID, "a list of filters is expected");
    struct filter_node *node = node_new(compiler, kind);
    size_t index = 0;
    for (const struct json_value *item = list->first; item != NULL && node != NULL; item = item->next) {
        size_t before = path_push_index(compiler, index++);
        struct filter_node *child = compile_filter(compiler, item);
        path_pop(compiler, before);
        if (compiler->err != ERR_OK)
            return NULL;
        if (child != NULL)
            node_add(node, child);
    }
    return node == NULL ? NULL : node_finish(node);
}

static struct filter_node *compile_not(struct compiler *compiler, const struct json_value *value, enum filter_kind kind)
{
    struct filter_node *child = compile_filter(compiler, value);
    struct filter_node *node = child == NULL ? NULL : node_new(compiler, kind);
    if (node != NULL)
        node->first = child;
    return node;
}

// The first doubt is kept.
static void doubt(struct compiler *compiler, const struct cesql *cesql)
{
    const char *never = cesql_never(cesql), *text = never;
    if (compiler->doubt != NULL || (never == NULL && cesql->doubt == NULL))
        return;
    if (never == NULL)
        text = arena_format(compiler->arena, "%s: %s", cesql->doubt->where, cesql->doubt->text);
    compiler->doubt = arena_alloc(compiler->arena, sizeof *compiler->doubt);
    (void)diag_fail(compiler->doubt, ERR_INVALID, compiler->path, "%s", text);
}

static struct filter_node *compile_cesql(struct compiler *compiler, const struct json_value *value,
                                         enum filter_kind kind)
{
    bytes_t text;
    diag_t diag = { 0 };
    if (!json_get_text(value, &text))
        return fail(compiler, ERR_INVALID, "an expression is a text");
    struct filter_node *node = text.size == 0 ? NULL : node_new(compiler, kind);
    if (node == NULL)
        return NULL;
    struct cesql *cesql = arena_alloc(compiler->arena, sizeof *cesql);
    err_t err = cesql_compile(text, compiler->arena, cesql, &diag);
    if (err != ERR_OK)
        return fail(compiler, err, arena_format(compiler->arena, "%s: %s", diag.where, diag.text));
    doubt(compiler, cesql);
    node->cesql = cesql;
    return node;
}

typedef struct filter_node *(*compile_fn)(struct compiler *compiler, const struct json_value *value,
                                          enum filter_kind kind);

static const struct dialect {
    const char *name;
    enum filter_kind kind;
    compile_fn compile;
} dialects[] = {
    { "exact", FILTER_EXACT, compile_map },   { "prefix", FILTER_PREFIX, compile_map },
    { "suffix", FILTER_SUFFIX, compile_map }, { "all", FILTER_ALL, compile_list },
    { "any", FILTER_ANY, compile_list },      { "not", FILTER_NOT, compile_not },
    { "cesql", FILTER_CESQL, compile_cesql },
};

static const struct dialect *find_dialect(struct compiler *compiler, bytes_t name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        if (bytes_is(name, dialects[i].name))
            return &dialects[i];
    }
    (void)fail(compiler, ERR_INVALID,
               arena_format(compiler->arena,
                            "there is no dialect %.*s; there are exact, prefix, suffix, all, any, not and cesql",
                            (int)(name.size < 40 ? name.size : 40), (const char *)name.data));
    return NULL;
}

// An empty map, list or text is as good as none.
static bool is_set(const struct json_value *value)
{
    if (value->type == JSON_OBJECT && !bytes_is(value->name, "not"))
        return value->first != NULL;
    return value->type == JSON_ARRAY    ? value->first != NULL
           : value->type == JSON_STRING ? value->text.size > 0
                                        : value->type != JSON_NULL;
}

// One dialect at most.
static struct filter_node *compile_dialects(struct compiler *compiler, const struct json_value *value)
{
    struct filter_node *node = NULL;
    bool has_one = false;
    if (value->type != JSON_OBJECT)
        return fail(compiler, ERR_INVALID, "a filter with one dialect is expected");
    for (const struct json_value *member = value->first; member != NULL; member = member->next) {
        const struct dialect *dialect = find_dialect(compiler, member->name);
        if (dialect == NULL)
            return NULL;
        if (!is_set(member))
            continue;
        if (has_one)
            return fail(compiler, ERR_INVALID, "multiple dialects found, filters can have only one dialect set");
        has_one = true;
        size_t before = path_push(compiler, member->name);
        node = dialect->compile(compiler, member, dialect->kind);
        path_pop(compiler, before);
        if (compiler->err != ERR_OK)
            return NULL;
    }
    return node;
}

static struct filter_node *compile_filter(struct compiler *compiler, const struct json_value *value)
{
    if (compiler->depth == FILTER_DEPTH_MAX)
        return fail(compiler, ERR_TOO_LARGE, "the filters are nested too deeply");
    compiler->depth += 1;
    struct filter_node *node = compile_dialects(compiler, value);
    compiler->depth -= 1;
    return node;
}

static struct filter_node *compile_spec(struct compiler *compiler, const struct json_value *spec)
{
    const struct json_value *filters = json_get(spec, "filters");
    if (filters != NULL && is_set(filters)) {
        (void)path_push(compiler, BYTES_LITERAL("filters"));
        return compile_list(compiler, filters, FILTER_ALL);
    }
    const struct json_value *attributes = json_get(json_get(spec, "filter"), "attributes");
    if (attributes == NULL || !is_set(attributes))
        return NULL;
    (void)path_push(compiler, BYTES_LITERAL("filter"));
    (void)path_push(compiler, BYTES_LITERAL("attributes"));
    return compile_map(compiler, attributes, FILTER_SAME);
}

err_t filter_compile(const struct json_value *spec, struct arena *arena, struct filter *ret_filter, diag_t *diag)
{
    struct compiler compiler = { .arena = arena, .path = "spec", .path_size = sizeof "spec" - 1, .diag = diag };
    struct filter_node *root = compile_spec(&compiler, spec);
    if (compiler.err != ERR_OK)
        return compiler.err;
    *ret_filter = (struct filter){ root, compiler.doubt };
    return ERR_OK;
}
