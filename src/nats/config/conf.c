// SPDX-License-Identifier: Apache-2.0
#include "nats/config/conf.h"

#include "base/mem.h"
#include "nats/config/conf_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

// The maps that are open around a place of a file: where variables are looked for.
struct scope {
    struct conf_value *map;
    struct scope *outer;
};

// What is being read: a file that another includes, or a variable of the environment that another refers to.
struct reading {
    const char *name;
    struct reading *outer;
};

struct parser {
    const struct conf_source *source;
    struct arena *arena;
    diag_t *diag;
    size_t files; // read so far
    uint32_t depth;
    struct reading *files_open, *variables_open;
};

static void parse_value(struct parser *parser, struct conf_scan *scan, struct scope *scope, struct conf_value *value);
static err_t parse_file(struct parser *parser, bytes_t text, const char *file, struct conf_value *map);

err_t conf_fail(diag_t *diag, err_t err, const struct conf_place *place, const char *format, ...)
{
    char where[sizeof diag->where], text[sizeof diag->text];
    if (place->line == 0)
        snprintf(where, sizeof where, "$%s", place->file);
    else
        snprintf(where, sizeof where, "%s:%u:%u", place->file, place->line, place->column);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return diag_fail(diag, err, where, "%s", text);
}

static void fail_at(struct conf_scan *scan, err_t err, const struct conf_place *place, const char *text)
{
    if (scan->err == ERR_OK)
        scan->err = conf_fail(scan->diag, err, place, "%s", text);
}

// Adds a child and its weight; a tree that is too large fails at PLACE.
static void add(struct conf_scan *scan, struct conf_value *parent, struct conf_value **last, struct conf_value *child)
{
    if (scan->err != ERR_OK)
        return;
    *(*last == NULL ? &parent->first : &(*last)->next) = child;
    *last = child;
    parent->count++;
    parent->weight += child->weight;
    if (parent->weight > CONF_WEIGHT_MAX)
        fail_at(scan, ERR_TOO_LARGE, &child->place, "more values than a configuration may have");
}

struct ordered {
    const struct conf_value *entry;
    size_t index;
};

static int by_name_and_index(const void *a, const void *b)
{
    const struct ordered *left = a, *right = b;
    int order = bytes_compare(left->entry->name, right->entry->name);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

// Of entries with one name only the last stays.
static void drop_replaced(struct conf_value *map)
{
    if (map->count < 2)
        return;
    struct ordered *sorted = mem_zalloc(map->count, sizeof *sorted);
    bool *is_replaced = mem_zalloc(map->count, sizeof *is_replaced);
    size_t count = 0;
    for (const struct conf_value *entry = map->first; entry != NULL; entry = entry->next, count++)
        sorted[count] = (struct ordered){ entry, count };
    qsort(sorted, count, sizeof *sorted, by_name_and_index);
    for (size_t i = 1; i < count; i++)
        if (bytes_equal(sorted[i - 1].entry->name, sorted[i].entry->name))
            is_replaced[sorted[i - 1].index] = true;
    struct conf_value **link = &map->first;
    for (size_t i = 0; i < count; i++) {
        if (is_replaced[i]) {
            *link = (*link)->next;
            map->count--;
        } else {
            link = &(*link)->next;
        }
    }
    free(sorted);
    free(is_replaced);
}

static struct conf_value *find(const struct conf_value *map, bytes_t name)
{
    struct conf_value *found = NULL;
    for (struct conf_value *entry = map->first; entry != NULL; entry = entry->next)
        if (bytes_equal(entry->name, name))
            found = entry;
    return found;
}

// VALUE keeps its own name and place.
static void refer(struct conf_value *value, const struct conf_value *to)
{
    struct conf_value own = *value;
    *value = *to;
    value->name = own.name;
    value->place = own.place;
    value->next = NULL;
    value->is_variable = false;
}

static bool is_open(const struct reading *reading, const char *name)
{
    for (; reading != NULL; reading = reading->outer)
        if (strcmp(reading->name, name) == 0)
            return true;
    return false;
}

// The text of a variable of the environment is read like a value.
static err_t parse_variable(struct parser *parser, const char *name, const char *text, struct conf_value *value)
{
    struct conf_scan scan;
    conf_scan_init(&scan, arena_copy(parser->arena, bytes_of_text(text)), name, parser->arena, parser->diag);
    scan.line = 0;
    struct reading reading = { name, parser->variables_open };
    parser->variables_open = &reading;
    conf_scan_blanks(&scan);
    value->text = BYTES_LITERAL("");
    if (conf_scan_peek(&scan) == -1)
        value->type = CONF_STRING;
    else
        parse_value(parser, &scan, NULL, value);
    conf_scan_space(&scan);
    if (scan.err == ERR_OK && conf_scan_peek(&scan) != -1)
        conf_scan_fail(&scan, "the variable holds more than one value");
    parser->variables_open = reading.outer;
    return scan.err;
}

static void resolve(struct parser *parser, struct conf_scan *scan, const struct scope *scope, struct conf_value *value,
                    const struct conf_place *place)
{
    const char *name = arena_text(parser->arena, value->text);
    for (; scope != NULL; scope = scope->outer) {
        struct conf_value *found = find(scope->map, value->text);
        if (found != NULL) {
            found->is_variable = true;
            refer(value, found);
            return;
        }
    }
    const char *text = NULL;
    if (is_open(parser->variables_open, name))
        scan->err = conf_fail(scan->diag, ERR_MALFORMED, place, "$%s refers to itself", name);
    else if ((text = parser->source->variable(parser->source->owner, name)) == NULL)
        scan->err =
            conf_fail(scan->diag, ERR_NOT_FOUND, place,
                      "there is no $%s: no entry above has that name, and no variable of the environment", name);
    else
        scan->err = parse_variable(parser, name, text, value);
}

// Skips what may stand between entries and values.
static void skip_between(struct conf_scan *scan)
{
    do
        conf_scan_space(scan);
    while (conf_scan_comment(scan));
}

// What ends an entry or a value; CLOSING is left for the caller.
static void end_value(struct conf_scan *scan, char closing)
{
    conf_scan_blanks(scan);
    if (conf_scan_comment(scan) || conf_scan_take(scan, ','))
        return;
    int c = conf_scan_peek(scan);
    if (c == '\n' || c == '\r' || c == -1 || c == closing || (closing == '}' && conf_scan_take(scan, ';')))
        return;
    conf_scan_fail(scan, closing == '}' ? "a new line, ',' or ';' is expected behind an entry"
                                        : "a new line, ',' or ']' is expected behind a value of an array");
}

// `include` puts the entries of another file here.
static void parse_include(struct parser *parser, struct conf_scan *scan, struct conf_value *map,
                          struct conf_value **last, const struct conf_place *place)
{
    bytes_t file = conf_scan_file(scan);
    if (scan->err != ERR_OK)
        return;
    if (scan->line == 0) {
        fail_at(scan, ERR_MALFORMED, place, "a variable of the environment cannot include a file");
        return;
    }
    const char *slash = strrchr(scan->file, '/');
    int folder = slash == NULL ? 0 : (int)(slash - scan->file) + 1;
    const char *path = arena_format(parser->arena, "%.*s%.*s", folder, scan->file, BYTES_ARG(file));
    size_t depth = 0;
    for (const struct reading *open = parser->files_open; open != NULL; open = open->outer)
        depth++;
    bytes_t text;
    diag_t why = { 0 };
    err_t err = ERR_OK;
    if (is_open(parser->files_open, path))
        fail_at(scan, ERR_MALFORMED, place, "this file includes itself");
    else if (depth >= CONF_INCLUDE_DEPTH_MAX || ++parser->files > CONF_FILES_MAX)
        fail_at(scan, ERR_TOO_LARGE, place, "too many files include each other");
    else if ((err = parser->source->read(parser->source->owner, path, parser->arena, &text, &why)) != ERR_OK)
        scan->err = conf_fail(scan->diag, err, place, "cannot include %s: %s", path,
                              why.text[0] == '\0' ? err_text(err) : why.text);
    if (scan->err != ERR_OK)
        return;
    struct conf_value included = { .type = CONF_MAP };
    scan->err = parse_file(parser, text, path, &included);
    for (struct conf_value *entry = included.first, *next; entry != NULL && scan->err == ERR_OK; entry = next) {
        next = entry->next;
        entry->next = NULL;
        add(scan, map, last, entry);
    }
}

static bool is_include(const struct conf_scan *scan, int first, bytes_t name)
{
    int c = conf_scan_peek(scan);
    return first != '"' && first != '\'' && (c == ' ' || c == '\t') && name.size == 7 &&
           strncasecmp((const char *)name.data, "include", 7) == 0;
}

static void parse_entry(struct parser *parser, struct conf_scan *scan, struct scope *scope, bool is_top,
                        struct conf_value **last)
{
    struct conf_place place = conf_scan_place(scan);
    int first = conf_scan_peek(scan);
    bytes_t name = conf_scan_name(scan);
    if (is_include(scan, first, name)) {
        parse_include(parser, scan, scope->map, last, &place);
        return;
    }
    conf_scan_space(scan);
    if (conf_scan_take(scan, '=') || conf_scan_take(scan, ':')) {
        // At the top a forgotten value must not swallow the name of the next line.
        if (is_top)
            conf_scan_blanks(scan);
        else
            conf_scan_space(scan);
    }
    struct conf_value *value = arena_alloc(parser->arena, sizeof *value);
    value->name = name;
    value->place = place;
    parse_value(parser, scan, scope, value);
    add(scan, scope->map, last, value);
}

// Entries up to '}', or up to the end of the file (IS_TOP). A whole file may stand in braces, as JSON does.
static void parse_entries(struct parser *parser, struct conf_scan *scan, struct scope *scope, bool is_top)
{
    struct conf_place opening = conf_scan_place(scan);
    struct conf_value *last = NULL;
    bool in_braces = false;
    if (!is_top)
        conf_scan_take(scan, '{');
    for (;;) {
        skip_between(scan);
        int c = conf_scan_peek(scan);
        if (is_top && !in_braces && c == '{') {
            opening = conf_scan_place(scan);
            conf_scan_take(scan, '{');
            in_braces = true;
            continue;
        }
        if (c == '}' && (in_braces || !is_top)) {
            conf_scan_take(scan, '}');
            if (!is_top)
                break;
            in_braces = false;
            continue;
        }
        if (c == -1) {
            if (in_braces || !is_top)
                fail_at(scan, ERR_MALFORMED, &opening, "this '{' is never closed");
            break;
        }
        parse_entry(parser, scan, scope, is_top && !in_braces, &last);
        end_value(scan, '}');
    }
    drop_replaced(scope->map);
}

static void parse_array(struct parser *parser, struct conf_scan *scan, struct scope *scope, struct conf_value *array)
{
    struct conf_place opening = conf_scan_place(scan);
    struct conf_value *last = NULL;
    conf_scan_take(scan, '[');
    for (;;) {
        skip_between(scan);
        if (conf_scan_take(scan, ']'))
            return;
        if (conf_scan_peek(scan) == -1) {
            fail_at(scan, ERR_MALFORMED, &opening, "this '[' is never closed");
            return;
        }
        struct conf_value *value = arena_alloc(parser->arena, sizeof *value);
        value->place = conf_scan_place(scan);
        parse_value(parser, scan, scope, value);
        add(scan, array, &last, value);
        end_value(scan, ']');
    }
}

static void parse_value(struct parser *parser, struct conf_scan *scan, struct scope *scope, struct conf_value *value)
{
    struct conf_place place = conf_scan_place(scan);
    int c = conf_scan_peek(scan);
    value->weight = 1;
    if (c != '[' && c != '{') {
        bool is_reference;
        conf_scan_value(scan, value, &is_reference);
        if (is_reference && scan->err == ERR_OK)
            resolve(parser, scan, scope, value, &place);
        return;
    }
    value->type = c == '[' ? CONF_ARRAY : CONF_MAP;
    if (++parser->depth > CONF_DEPTH_MAX)
        fail_at(scan, ERR_TOO_LARGE, &place, "arrays and maps are nested too deeply");
    if (c == '[') {
        parse_array(parser, scan, scope, value);
    } else {
        struct scope inner = { value, scope };
        parse_entries(parser, scan, &inner, false);
    }
    parser->depth--;
}

static err_t parse_file(struct parser *parser, bytes_t text, const char *file, struct conf_value *map)
{
    struct conf_scan scan;
    conf_scan_init(&scan, text, file, parser->arena, parser->diag);
    struct conf_place start = conf_scan_place(&scan);
    if (text.size > CONF_SIZE_MAX)
        fail_at(&scan, ERR_TOO_LARGE, &start, "the file is too large for a configuration");
    else if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL)
        fail_at(&scan, ERR_MALFORMED, &start, "there is a zero byte in the file: it is no text");
    struct reading reading = { file, parser->files_open };
    parser->files_open = &reading;
    struct scope scope = { map, NULL };
    map->weight = 1;
    parse_entries(parser, &scan, &scope, true);
    parser->files_open = reading.outer;
    return scan.err;
}

err_t conf_parse(const struct conf_source *source, bytes_t text, const char *file, struct arena *arena,
                 struct conf_value **ret_root, diag_t *diag)
{
    struct parser parser = { .source = source, .arena = arena, .diag = diag };
    struct conf_value *root = arena_alloc(arena, sizeof *root);
    root->type = CONF_MAP;
    root->place = (struct conf_place){ file, 1, 1 };
    err_t err = parse_file(&parser, text, file, root);
    if (err == ERR_OK)
        *ret_root = root;
    return err;
}

const struct conf_value *conf_get(const struct conf_value *map, const char *name)
{
    size_t size = strlen(name);
    for (const struct conf_value *entry = map->first; entry != NULL; entry = entry->next)
        if (entry->name.size == size && strncasecmp((const char *)entry->name.data, name, size) == 0)
            return entry;
    return NULL;
}

const char *conf_type_name(enum conf_type type)
{
    static const char *const names[CONF_TYPE_COUNT] = {
        [CONF_STRING] = "a text",      [CONF_INTEGER] = "a number", [CONF_FLOAT] = "a number with a fraction",
        [CONF_BOOL] = "true or false", [CONF_DATE] = "a time",      [CONF_ARRAY] = "an array",
        [CONF_MAP] = "a map",
    };
    return names[type];
}
