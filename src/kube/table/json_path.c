// SPDX-License-Identifier: Apache-2.0
// Evaluation. Each node maps a list of values to a list of values, with the outcomes of client-go where a node fails: a
// filter that only asks whether something is there takes what was found before the error.
#include "kube/table/json_path.h"

#include "kube/table/go_text.h"
#include "kube/table/json_path_node.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct values {
    const struct json_value **items;
    size_t count, capacity;
};

struct eval {
    const struct json_path *path;
    struct arena *arena;
    bool allow_missing;
    size_t left; // steps that may still be taken
    size_t begins, ends, inside;
    const struct path_node *last_end;
    struct json_path_group *groups;
    size_t count, capacity;
    bool discards; // groups are not kept
    err_t err;
    diag_t *diag;
};

static bool fail(struct eval *e, err_t err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail(struct eval *e, err_t err, const char *format, ...)
{
    char text[256], where[100];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(where, sizeof where, "%.*s", BYTES_ARG(e->path->text));
    e->err = diag_fail(e->diag, err, where, "%s", text);
    return false;
}

// Room for one more; the old room stays in the arena until it is released.
static void *grow(struct arena *arena, void *old, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return old;
    *capacity = *capacity == 0 ? 4 : *capacity * 2;
    void *fresh = arena_array(arena, *capacity, size);
    if (count > 0)
        memcpy(fresh, old, count * size);
    return fresh;
}

static bool count_step(struct eval *e)
{
    if (e->left == 0)
        return fail(e, ERR_LIMIT, "the path takes more than the %d steps that are allowed", JSON_PATH_STEPS_MAX);
    e->left--;
    return true;
}

static bool push(struct eval *e, struct values *out, const struct json_value *value)
{
    if (!count_step(e))
        return false;
    out->items = grow(e->arena, out->items, out->count, &out->capacity, sizeof *out->items);
    out->items[out->count++] = value;
    return true;
}

// As Go names the type of a value of a resource.
static const char *type_name(const struct json_value *value)
{
    static const char *const names[] = {
        [JSON_NULL] = "nil",
        [JSON_BOOL] = "bool",
        [JSON_NUMBER] = "int64",
        [JSON_STRING] = "string",
        [JSON_ARRAY] = "[]interface {}",
        [JSON_OBJECT] = "map[string]interface {}",
    };
    int64_t number;
    return value->type == JSON_NUMBER && !json_get_int(value, &number) ? "float64" : names[value->type];
}

static bool walk(struct eval *e, const struct path_node *node, const struct values *in, struct values *out);

// --- members and items

static bool eval_field(struct eval *e, const struct path_node *node, const struct values *in, struct values *out)
{
    for (size_t i = 0; i < in->count; i++) {
        if (in->items[i]->type != JSON_OBJECT)
            continue;
        const struct json_value *member = in->items[i]->first;
        while (member != NULL && !bytes_equal(member->name, node->text))
            member = member->next;
        if (member != NULL && !push(e, out, member))
            return false;
    }
    if (in->count > 0 && out->count == 0 && !e->allow_missing)
        return fail(e, ERR_INVALID, "%.*s is not found", BYTES_ARG(node->text));
    return true;
}

static bool eval_wildcard(struct eval *e, const struct values *in, struct values *out)
{
    for (size_t i = 0; i < in->count; i++) {
        for (const struct json_value *inside = in->items[i]->first; inside != NULL; inside = inside->next) {
            if (!push(e, out, inside))
                return false;
        }
    }
    return true;
}

// In the order of the text; without recursion, for a tree is as deep as its text.
static bool eval_recursive(struct eval *e, const struct values *in, struct values *out)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct json_value *root = in->items[i], *at = root;
        while (at != NULL) {
            bool has_text = at->type == JSON_STRING && at->text.size > 0;
            if ((at->first != NULL || has_text) && !push(e, out, at))
                return false;
            if (at->first != NULL) {
                at = at->first;
                continue;
            }
            while (at != root && at->next == NULL)
                at = at->up;
            at = at == root ? NULL : at->next;
        }
    }
    return true;
}

// Start and end within an array of LENGTH items. False with no error: nothing is wanted.
static bool bounds_of(struct eval *e, const struct path_node *node, int64_t length, int64_t *start, int64_t *end)
{
    const struct path_bound *bounds = node->bounds;
    int64_t from = bounds[0].known ? bounds[0].value : 0, to = bounds[1].known ? bounds[1].value : length;
    from += from < 0 ? length : 0;
    to += to < 0 || (to == 0 && bounds[1].derived) ? length : 0;
    if (from == to)
        return false;
    if (from >= length || from < 0)
        return fail(e, ERR_INVALID, "array index out of bounds: index %" PRId64 ", length %" PRId64, from, length);
    if (to > length || to < 0)
        return fail(e, ERR_INVALID, "array index out of bounds: index %" PRId64 ", length %" PRId64, to - 1, length);
    if (from > to)
        return fail(e, ERR_INVALID, "starting index %" PRId64 " is greater than ending index %" PRId64, from, to);
    if (bounds[2].known && bounds[2].value <= 0)
        return fail(e, ERR_INVALID, "step must be > 0");
    *start = from;
    *end = to;
    return true;
}

static bool eval_array(struct eval *e, const struct path_node *node, const struct values *in, struct values *out)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct json_value *array = in->items[i];
        int64_t start = 0, end = 0, step = node->bounds[2].known ? node->bounds[2].value : 1, index = 0;
        if (array->type == JSON_NULL)
            continue;
        if (array->type != JSON_ARRAY)
            return fail(e, ERR_INVALID, "%s is not array or slice", type_name(array));
        if (!bounds_of(e, node, (int64_t)array->count, &start, &end))
            return e->err == ERR_OK;
        for (const struct json_value *item = array->first; index < end; item = item->next, index++) {
            if (index >= start && (index - start) % step == 0 && !push(e, out, item))
                return false;
        }
    }
    return true;
}

// --- filters

enum rank { RANK_NONE, RANK_BOOL, RANK_INT, RANK_FLOAT, RANK_STRING };

struct operand {
    enum rank rank;
    int64_t integer;
    double real;
    bytes_t text;
};

static struct operand operand_of(const struct json_value *value)
{
    struct operand operand = { .rank = RANK_NONE };
    bool is_true;
    if (json_get_bool(value, &is_true))
        return (struct operand){ .rank = RANK_BOOL, .integer = is_true };
    if (json_get_int(value, &operand.integer))
        operand.rank = RANK_INT;
    else if (json_get_double(value, &operand.real))
        operand.rank = RANK_FLOAT;
    else if (json_get_text(value, &operand.text))
        operand.rank = RANK_STRING;
    return operand;
}

// -1, 0 or 1; both have the same rank.
static int order_of(const struct operand *left, const struct operand *right)
{
    if (left->rank == RANK_STRING)
        return bytes_compare(left->text, right->text);
    if (left->rank == RANK_FLOAT)
        return (left->real > right->real) - (left->real < right->real);
    return (left->integer > right->integer) - (left->integer < right->integer);
}

static bool compare(struct eval *e, bytes_t name, const struct json_value *left, const struct json_value *right,
                    bool *ret_holds)
{
    static const struct {
        const char *name;
        bool less, equal, greater; // what it holds for
    } operators[] = {
        { "==", false, true, false }, { "!=", true, false, true }, { "<", true, false, false },
        { "<=", true, true, false },  { ">", false, false, true }, { ">=", false, true, true },
    };
    size_t row = 0;
    while (row < 6 && !bytes_is(name, operators[row].name))
        row++;
    if (row == 6)
        return fail(e, ERR_INVALID, "unrecognized filter operator %.*s", BYTES_ARG(name));
    struct operand a = operand_of(left), b = operand_of(right);
    if (a.rank == RANK_NONE || b.rank == RANK_NONE)
        return fail(e, ERR_INVALID, "invalid type for comparison");
    if (a.rank != b.rank)
        return fail(e, ERR_INVALID, "incompatible types for comparison");
    if (a.rank == RANK_BOOL && row >= 2)
        return fail(e, ERR_INVALID, "invalid type for comparison");
    int order = order_of(&a, &b);
    *ret_holds = order < 0 ? operators[row].less : order == 0 ? operators[row].equal : operators[row].greater;
    return true;
}

// One side of a comparison for one item. *RET_VALUE is NULL when there is nothing.
static bool eval_side(struct eval *e, const struct path_node *list, const struct values *item,
                      const struct json_value **ret_value)
{
    struct values found = { 0 };
    if (!walk(e, list, item, &found))
        return false;
    if (found.count > 1)
        return fail(e, ERR_INVALID, "can only compare one element at a time");
    *ret_value = found.count == 0 ? NULL : found.items[0];
    return true;
}

// What is wrong with the path for this item means only that there is nothing.
static bool gives_something(struct eval *e, const struct path_node *list, const struct values *item, bool *ret_holds)
{
    struct values found = { 0 };
    diag_t *diag = e->diag;
    e->diag = NULL;
    (void)walk(e, list, item, &found);
    e->diag = diag;
    *ret_holds = found.count > 0;
    if (e->err == ERR_LIMIT)
        return count_step(e);
    e->err = ERR_OK;
    return true;
}

static bool holds(struct eval *e, const struct path_node *node, const struct json_value *item, bool *ret_holds)
{
    const struct values one = { .items = &item, .count = 1 };
    const struct json_value *left, *right;
    *ret_holds = false;
    if (node->right == NULL)
        return gives_something(e, node->left, &one, ret_holds);
    if (!eval_side(e, node->left, &one, &left) || left == NULL)
        return e->err == ERR_OK;
    if (!eval_side(e, node->right, &one, &right) || right == NULL)
        return e->err == ERR_OK;
    return compare(e, node->text, left, right, ret_holds);
}

static bool fail_filter(struct eval *e, const struct json_value *value)
{
    struct writer text = WRITER_INIT;
    go_sprint(&text, value);
    bytes_t shown = text.size == 0 ? bytes_of_text("") : writer_view(&text);
    (void)fail(e, ERR_INVALID, "%.*s is not array or slice and cannot be filtered", BYTES_ARG(shown));
    writer_free(&text);
    return false;
}

static bool eval_filter(struct eval *e, const struct path_node *node, const struct values *in, struct values *out)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct json_value *array = in->items[i];
        if (array->type != JSON_ARRAY)
            return fail_filter(e, array);
        for (const struct json_value *item = array->first; item != NULL; item = item->next) {
            bool passes;
            if (!holds(e, node, item, &passes) || (passes && !push(e, out, item)))
                return false;
        }
    }
    return true;
}

// --- lists

// After an error OUT has what the part that failed was given.
static bool eval_list(struct eval *e, const struct path_node *list, const struct values *in, struct values *out)
{
    struct values current = *in;
    bool ok = true;
    for (const struct path_node *node = list->first; ok && node != NULL; node = node->next) {
        struct values next = { 0 };
        ok = walk(e, node, &current, &next);
        bool is_lost = !ok && node->type == PATH_FIELD;
        if (ok || is_lost)
            current = next;
    }
    *out = current;
    return ok;
}

static bool eval_union(struct eval *e, const struct path_node *node, const struct values *in, struct values *out)
{
    for (const struct path_node *list = node->first; list != NULL; list = list->next) {
        struct values found = { 0 };
        if (!eval_list(e, list, in, &found))
            return false;
        for (size_t i = 0; i < found.count; i++) {
            if (!push(e, out, found.items[i]))
                return false;
        }
    }
    return true;
}

static bool eval_identifier(struct eval *e, const struct path_node *node, const struct values *in, struct values *out)
{
    if (bytes_is(node->text, "range")) {
        e->begins++;
        *out = *in;
        return true;
    }
    if (!bytes_is(node->text, "end"))
        return fail(e, ERR_INVALID, "unrecognized identifier %.*s", BYTES_ARG(node->text));
    if (e->inside == 0)
        return fail(e, ERR_INVALID, "not in range, nothing to end");
    e->ends++;
    return true;
}

static bool eval_literal(struct eval *e, const struct path_node *node, size_t count, struct values *out)
{
    for (size_t i = 0; i < count; i++) {
        if (!push(e, out, node->literal))
            return false;
    }
    return true;
}

static bool walk(struct eval *e, const struct path_node *node, const struct values *in, struct values *out)
{
    if (!count_step(e))
        return false;
    switch (node->type) {
    case PATH_LIST:
        return eval_list(e, node, in, out);
    case PATH_TEXT:
        return eval_literal(e, node, 1, out);
    case PATH_LITERAL:
        return eval_literal(e, node, in->count, out);
    case PATH_FIELD:
        return eval_field(e, node, in, out);
    case PATH_ARRAY:
        return eval_array(e, node, in, out);
    case PATH_WILDCARD:
        return eval_wildcard(e, in, out);
    case PATH_RECURSIVE:
        return eval_recursive(e, in, out);
    case PATH_UNION:
        return eval_union(e, node, in, out);
    case PATH_FILTER:
        return eval_filter(e, node, in, out);
    case PATH_IDENTIFIER:
        break;
    }
    return eval_identifier(e, node, in, out);
}

// --- ranges

static bool find_from(struct eval *e, const struct path_node *node, const struct json_value *root);

// Runs what is behind NODE for each of VALUES; without any once for nothing, to find the end.
static bool run_range(struct eval *e, const struct path_node *node, const struct values *values)
{
    e->begins--;
    e->inside++;
    bool ok = true;
    for (size_t i = 0; ok && i < values->count; i++)
        ok = find_from(e, node->next, values->items[i]);
    if (values->count == 0) {
        bool discarded = e->discards;
        e->discards = true;
        ok = find_from(e, node->next, NULL);
        e->discards = discarded;
    }
    e->inside--;
    return ok;
}

static void keep(struct eval *e, const struct values *values)
{
    if (e->discards)
        return;
    e->groups = grow(e->arena, e->groups, e->count, &e->capacity, sizeof *e->groups);
    e->groups[e->count++] = (struct json_path_group){ .values = values->items, .count = values->count };
}

// ROOT is NULL where a range has nothing.
static bool find_from(struct eval *e, const struct path_node *node, const struct json_value *root)
{
    // An action without a path hands this list on, so it lives as long as what is found.
    struct values current = { 0 };
    if (root != NULL && !push(e, &current, root))
        return false;
    for (; node != NULL; node = node->next) {
        struct values found = { 0 };
        if (!walk(e, node, &current, &found))
            return false;
        if (e->ends > 0 && e->ends <= e->inside) {
            e->ends--;
            e->last_end = node;
            return true;
        }
        if (e->begins == 0) {
            keep(e, &found);
            continue;
        }
        if (!run_range(e, node, &found))
            return false;
        if (e->last_end != NULL && e->last_end->index > node->index)
            node = e->last_end;
    }
    return true;
}

err_t json_path_find(const struct json_path *path, const struct json_value *root, bool allow_missing,
                     struct arena *arena, struct json_path_found *ret_found, diag_t *diag)
{
    struct eval eval = {
        .path = path, .arena = arena, .allow_missing = allow_missing, .left = JSON_PATH_STEPS_MAX, .diag = diag
    };
    if (!find_from(&eval, path->root.first, root))
        return eval.err;
    *ret_found = (struct json_path_found){ .groups = eval.groups, .count = eval.count };
    return ERR_OK;
}

void json_path_print(const struct json_path_group *group, struct writer *out)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct json_value *value = group->values[i];
        if (i > 0)
            writer_u8(out, ' ');
        if (value->type == JSON_ARRAY || value->type == JSON_OBJECT || value->type == JSON_NULL)
            go_json_write(out, value);
        else
            go_sprint(out, value);
    }
}
