// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/yaml_build.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "base/map.h"
#include "base/mem.h"
#include "kube/yaml/scalar_read.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

static_assert(offsetof(struct yaml_value, value) == 0, "yaml_value_of casts");

struct anchor {
    struct map_node node;
    bytes_t name;
    const struct json_value *value; // NULL while it is being read
};

// An array or object that is being read.
struct frame {
    struct json_value *value;
    struct anchor *anchor; // its own; NULL: none
    bool has_name;         // in an object: a key waits for its value
    bool is_merge;         // that key is <<
    bytes_t name;
    size_t name_line, name_column;
};

struct events {
    struct yaml_build *build;
    yaml_parser_t parser;
    size_t line, column; // of the event
    err_t err;
    struct json_value *root; // of the document, once it is whole
    struct map anchors;
    struct frame frames[JSON_DEPTH_MAX];
    size_t depth;
};

err_t yaml_build_fail(const struct yaml_build *build, err_t err, size_t line, size_t column, const char *text)
{
    char where[64];
    (void)snprintf(where, sizeof where, "line %zu column %zu", line, column);
    return diag_fail(build->diag, err, where, "%s", text);
}

static bool fail(struct events *e, err_t err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail(struct events *e, err_t err, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    e->err = yaml_build_fail(e->build, err, e->line, e->column, text);
    return false;
}

// As much of a name or a text as a message has room for, for "%.*s".
static bytes_t shown(bytes_t text)
{
    return bytes_of(text.data, text.size < 80 ? text.size : 80);
}

static bytes_t bytes_of_yaml(const yaml_char_t *text)
{
    return text == NULL ? BYTES_NULL : bytes_of_text((const char *)text);
}

// The innermost one; there is one.
static struct frame *top(struct events *e)
{
    ASSERT(e->depth > 0);
    return &e->frames[e->depth - 1];
}

static bool wants_key(struct events *e)
{
    return e->depth > 0 && top(e)->value->type == JSON_OBJECT && !top(e)->has_name;
}

// --- values

static struct json_value *value_new(struct events *e, enum json_type type, bool is_repeated)
{
    struct yaml_build *build = e->build;
    if (build->values == build->limits->values) {
        (void)fail(e, ERR_TOO_LARGE, "the text holds more than the %zu values that are allowed", build->values);
        return NULL;
    }
    if (is_repeated && build->repeated == build->limits->repeated) {
        (void)fail(e, ERR_TOO_LARGE, "aliases repeat more than the %zu values that are allowed", build->repeated);
        return NULL;
    }
    build->values++;
    build->repeated += is_repeated ? 1 : 0;
    const struct frame *frame = e->depth == 0 ? NULL : top(e);
    bool has_name = frame != NULL && frame->has_name;
    struct yaml_value *made = arena_alloc(build->arena, sizeof *made);
    made->value.type = type;
    made->line = has_name ? frame->name_line : e->line;
    made->column = has_name ? frame->name_column : e->column;
    return &made->value;
}

static bool is_container(const struct json_value *value)
{
    return value->type == JSON_ARRAY || value->type == JSON_OBJECT;
}

// What an alias stands for, as values of its own. DEPTH: arrays and objects around it.
static struct json_value *repeat(struct events *e, const struct json_value *from, size_t depth)
{
    if (is_container(from) && depth == JSON_DEPTH_MAX) {
        (void)fail(e, ERR_TOO_LARGE, "lists and maps are nested deeper than is allowed");
        return NULL;
    }
    struct json_value *value = value_new(e, from->type, true);
    if (value == NULL)
        return NULL;
    value->is_true = from->is_true;
    value->name = from->name;
    value->text = from->text;
    for (const struct json_value *inside = from->first; inside != NULL; inside = inside->next) {
        struct json_value *copy = repeat(e, inside, depth + 1);
        if (copy == NULL)
            return NULL;
        ((struct yaml_value *)copy)->line = yaml_value_of(inside)->line;
        ((struct yaml_value *)copy)->column = yaml_value_of(inside)->column;
        json_append(value, copy);
    }
    return value;
}

// --- merge keys

static bool merge_map(struct events *e, struct json_value *into, const struct json_value *from)
{
    if (from->type != JSON_OBJECT)
        return fail(e, ERR_INVALID, "<< takes a map or a list of maps");
    for (const struct json_value *member = from->first; member != NULL; member = member->next) {
        struct json_value *copy = repeat(e, member, e->depth);
        if (copy == NULL)
            return false;
        ((struct yaml_value *)copy)->is_merged = true;
        json_append(into, copy);
    }
    return true;
}

// Of a list the first map counts most, so it comes last.
static bool merge(struct events *e, struct json_value *into, const struct json_value *from)
{
    if (from->type != JSON_ARRAY)
        return merge_map(e, into, from);
    const struct json_value **maps = arena_array(e->build->arena, from->count + 1, sizeof *maps);
    size_t count = 0;
    for (const struct json_value *item = from->first; item != NULL; item = item->next)
        maps[count++] = item;
    while (count > 0) {
        if (!merge_map(e, into, maps[--count]))
            return false;
    }
    return true;
}

// --- keys that stand twice

// MEMBERS are in the order of their names. Only merged ones may stand there twice.
static bool check_members(struct events *e, struct json_value *const *members, size_t count)
{
    const struct json_value *own = NULL; // the last one that was written out
    for (size_t i = 0; i < count; i++) {
        const struct json_value *value = members[i];
        bool is_own = !yaml_value_of(value)->is_merged;
        if (own != NULL && is_own && bytes_equal(own->name, value->name)) {
            e->line = yaml_value_of(value)->line;
            e->column = yaml_value_of(value)->column;
            bytes_t name = shown(value->name);
            return fail(e, ERR_INVALID, "key \"%.*s\" already set in map", BYTES_ARG(name));
        }
        own = is_own ? value : own;
    }
    return true;
}

static bool finish_object(struct events *e, struct json_value *object)
{
    if (object->count < 2)
        return true;
    struct json_value **members = json_sorted(object);
    bool ok = check_members(e, members, object->count);
    free(members);
    if (ok)
        json_unique_members(object, NULL, NULL);
    return ok;
}

// --- scalars and keys

static const char *tag_of(const yaml_event_t *event)
{
    return (const char *)event->data.scalar.tag;
}

static bool read_scalar(struct events *e, const yaml_event_t *event, struct scalar *ret_scalar, bytes_t *ret_text)
{
    bytes_t text = bytes_of(event->data.scalar.value, event->data.scalar.length);
    bool is_plain = event->data.scalar.plain_implicit != 0;
    const char *wrong = scalar_read(e->build->arena, text, tag_of(event), is_plain, ret_scalar, ret_text);
    return wrong == NULL || fail(e, ERR_INVALID, "%s", wrong);
}

static bool scalar_value(struct events *e, const yaml_event_t *event, struct json_value **ret_value)
{
    static const enum json_type types[] = {
        [SCALAR_STRING] = JSON_STRING,    [SCALAR_NULL] = JSON_NULL,    [SCALAR_BOOL] = JSON_BOOL,
        [SCALAR_INT] = JSON_NUMBER,       [SCALAR_FLOAT] = JSON_NUMBER, [SCALAR_SPECIAL] = JSON_NUMBER,
        [SCALAR_TIMESTAMP] = JSON_STRING,
    };
    struct scalar scalar;
    bytes_t text;
    if (!read_scalar(e, event, &scalar, &text))
        return false;
    if (scalar.type == SCALAR_SPECIAL)
        return fail(e, ERR_INVALID, "%s is not a number that JSON has", scalar.special);
    struct json_value *value = value_new(e, types[scalar.type], false);
    if (value == NULL)
        return false;
    value->is_true = scalar.is_true;
    if (value->type == JSON_STRING || value->type == JSON_NUMBER)
        value->text = text;
    *ret_value = value;
    return true;
}

static bool set_key(struct events *e, bytes_t name, bool is_merge)
{
    struct frame *frame = top(e);
    frame->has_name = true;
    frame->is_merge = is_merge;
    frame->name = name;
    frame->name_line = e->line;
    frame->name_column = e->column;
    return true;
}

static bool is_merge_key(const yaml_event_t *event)
{
    return bytes_is(bytes_of(event->data.scalar.value, event->data.scalar.length), "<<") &&
           (event->data.scalar.plain_implicit || strcmp(scalar_short_tag(tag_of(event)), "merge") == 0);
}

static bool scalar_key(struct events *e, const yaml_event_t *event)
{
    struct scalar scalar;
    bytes_t name;
    if (!read_scalar(e, event, &scalar, &name))
        return false;
    if (scalar.type == SCALAR_NULL)
        return fail(e, ERR_INVALID, "null cannot be a key");
    if (scalar.type == SCALAR_FLOAT)
        name = scalar_float_key(e->build->arena, scalar.real);
    return set_key(e, name, is_merge_key(event));
}

// A key that is written as an alias of a scalar.
static bool alias_key(struct events *e, const struct json_value *value)
{
    double real;
    if (value->type == JSON_STRING)
        return set_key(e, value->text, false);
    if (value->type == JSON_BOOL)
        return set_key(e, bytes_of_text(value->is_true ? "true" : "false"), false);
    if (!json_get_double(value, &real))
        return fail(e, ERR_INVALID, "a list, a map or null cannot be a key");
    bool is_int = memchr(value->text.data, '.', value->text.size) == NULL &&
                  memchr(value->text.data, 'e', value->text.size) == NULL;
    return set_key(e, is_int ? value->text : scalar_float_key(e->build->arena, real), false);
}

// --- events

// Puts a value that is whole where it belongs.
static bool attach(struct events *e, struct json_value *value)
{
    if (e->depth == 0) {
        e->root = value;
        return true;
    }
    struct frame *frame = top(e);
    if (frame->has_name) {
        frame->has_name = false;
        if (frame->is_merge)
            return merge(e, frame->value, value);
        value->name = frame->name;
    }
    json_append(frame->value, value);
    return true;
}

static bytes_t anchor_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct anchor, node)->name;
}

// NULL: NAME is. The same name again means the new value from here on.
static struct anchor *anchor_set(struct events *e, const yaml_char_t *name)
{
    if (name == NULL)
        return NULL;
    struct map_node *node = map_find(&e->anchors, bytes_of_yaml(name));
    if (node != NULL)
        map_remove(&e->anchors, node);
    struct anchor *anchor = arena_alloc(e->build->arena, sizeof *anchor);
    anchor->name = arena_copy(e->build->arena, bytes_of_yaml(name));
    map_insert(&e->anchors, &anchor->node);
    return anchor;
}

static bool on_alias(struct events *e, const yaml_event_t *event)
{
    bytes_t name = bytes_of_yaml(event->data.alias.anchor);
    const struct map_node *node = map_find(&e->anchors, name);
    const struct anchor *anchor = node == NULL ? NULL : CONTAINER_OF_CONST(node, struct anchor, node);
    name = shown(name);
    if (anchor == NULL)
        return fail(e, ERR_INVALID, "unknown anchor '%.*s' referenced", BYTES_ARG(name));
    if (anchor->value == NULL)
        return fail(e, ERR_INVALID, "anchor '%.*s' value contains itself", BYTES_ARG(name));
    if (wants_key(e))
        return alias_key(e, anchor->value);
    if (e->depth > 0 && top(e)->has_name && top(e)->is_merge) {
        struct frame *frame = top(e);
        frame->has_name = false;
        return merge(e, frame->value, anchor->value);
    }
    struct json_value *value = repeat(e, anchor->value, e->depth);
    return value != NULL && attach(e, value);
}

static bool on_scalar(struct events *e, const yaml_event_t *event)
{
    struct anchor *anchor = anchor_set(e, event->data.scalar.anchor);
    struct json_value *value = NULL;
    if (wants_key(e) && anchor == NULL)
        return scalar_key(e, event);
    if (!scalar_value(e, event, &value))
        return false;
    if (anchor != NULL)
        anchor->value = value;
    return wants_key(e) ? scalar_key(e, event) : attach(e, value);
}

static bool on_start(struct events *e, enum json_type type, const yaml_char_t *anchor)
{
    if (wants_key(e))
        return fail(e, ERR_INVALID, "a list or a map cannot be a key");
    if (e->depth == JSON_DEPTH_MAX)
        return fail(e, ERR_TOO_LARGE, "lists and maps are nested deeper than is allowed");
    struct json_value *value = value_new(e, type, false);
    if (value == NULL)
        return false;
    e->frames[e->depth++] = (struct frame){ .value = value, .anchor = anchor_set(e, anchor) };
    return true;
}

static bool on_end(struct events *e)
{
    struct frame *frame = top(e);
    struct json_value *value = frame->value;
    if (value->type == JSON_OBJECT && !finish_object(e, value))
        return false;
    if (frame->anchor != NULL)
        frame->anchor->value = value;
    e->depth--;
    return attach(e, value);
}

static bool on_document_end(struct events *e)
{
    struct json_value *root = e->root;
    e->root = NULL;
    map_free(&e->anchors);
    e->anchors = MAP_INIT(anchor_key);
    if (root == NULL || root->type == JSON_NULL)
        return true;
    const struct yaml_value *value = yaml_value_of(root);
    e->err = yaml_build_add(e->build, root, value->line, value->column);
    return e->err == ERR_OK;
}

static bool on_event(struct events *e, const yaml_event_t *event)
{
    e->line = event->start_mark.line + 1 + e->build->lines;
    e->column = event->start_mark.column + 1 + (event->start_mark.line == 0 ? e->build->columns : 0);
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
        return true;
    case YAML_DOCUMENT_END_EVENT:
        return on_document_end(e);
    case YAML_ALIAS_EVENT:
        return on_alias(e, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(e, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(e, JSON_ARRAY, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return on_start(e, JSON_OBJECT, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(e);
    }
    return true;
}

// --- texts that are no YAML

static bool indented_by_tab(bytes_t text, size_t line)
{
    const uint8_t *at = text.data, *end = text.data + text.size;
    for (; line > 0 && at < end; line--) {
        const uint8_t *break_at = memchr(at, '\n', (size_t)(end - at));
        at = break_at == NULL ? end : break_at + 1;
    }
    while (at < end && *at == ' ')
        at++;
    return at < end && *at == '\t';
}

// libyaml's reader says only at which byte it stopped.
static void place_of_byte(struct events *e, bytes_t text, size_t offset)
{
    size_t line = 0, column = 0;
    for (size_t i = 0; i < offset && i < text.size; i++) {
        column = text.data[i] == '\n' ? 0 : column + 1;
        line += text.data[i] == '\n' ? 1 : 0;
    }
    e->line = line + 1 + e->build->lines;
    e->column = column + 1 + (line == 0 ? e->build->columns : 0);
}

static bool on_syntax(struct events *e, bytes_t text)
{
    const yaml_parser_t *parser = &e->parser;
    const char *problem = parser->problem == NULL ? "unknown problem" : parser->problem;
    size_t line = parser->problem_mark.line;
    if (parser->error == YAML_READER_ERROR) {
        place_of_byte(e, text, parser->problem_offset);
        return fail(e, ERR_MALFORMED, "this is not YAML: %s", problem);
    }
    e->line = line + 1 + e->build->lines;
    e->column = parser->problem_mark.column + 1 + (line == 0 ? e->build->columns : 0);
    if (indented_by_tab(text, line))
        return fail(e, ERR_MALFORMED, "this is not YAML: a tab in front, where spaces are expected");
    if (parser->context == NULL)
        return fail(e, ERR_MALFORMED, "this is not YAML: %s", problem);
    return fail(e, ERR_MALFORMED, "this is not YAML: %s %s that starts in line %zu", problem, parser->context,
                parser->context_mark.line + 1 + e->build->lines);
}

static bool next_event(struct events *e, bytes_t text, bool *ret_more)
{
    yaml_event_t event;
    if (yaml_parser_parse(&e->parser, &event) == 0)
        return on_syntax(e, text);
    bool ok = on_event(e, &event);
    *ret_more = event.type != YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    return ok;
}

err_t yaml_build_add(struct yaml_build *build, struct json_value *root, size_t line, size_t column)
{
    if (build->count == build->limits->documents)
        return yaml_build_fail(build, ERR_TOO_LARGE, line, column, "there are more documents than are allowed");
    MEM_GROW(build->documents, build->count, build->capacity);
    build->documents[build->count++] = root;
    return ERR_OK;
}

// What libyaml has not read yet.
struct input {
    bytes_t text;
    bool wants_break;
};

// kubectl reads line by line and ends each with a line break, so that the last line of a block literal has one, too.
static int read_input(void *data, unsigned char *buffer, size_t size, size_t *ret_size)
{
    struct input *input = data;
    size_t most = input->text.size < size ? input->text.size : size;
    memcpy(buffer, input->text.data, most);
    input->text = bytes_of(input->text.data + most, input->text.size - most);
    if (most == 0 && input->wants_break) {
        buffer[most++] = '\n';
        input->wants_break = false;
    }
    *ret_size = most;
    return 1;
}

static bool is_utf16(bytes_t text)
{
    return text.size >= 2 && (memcmp(text.data, "\xff\xfe", 2) == 0 || memcmp(text.data, "\xfe\xff", 2) == 0);
}

err_t yaml_build(struct yaml_build *build, bytes_t text)
{
    struct events e = { .build = build, .anchors = MAP_INIT(anchor_key) };
    bool ends = text.size == 0 || text.data[text.size - 1] == '\n' || is_utf16(text);
    struct input input = { .text = text, .wants_break = !ends };
    int ready = yaml_parser_initialize(&e.parser);
    ASSERT(ready == 1);
    yaml_parser_set_input(&e.parser, read_input, &input);
    bool more = true;
    while (more && next_event(&e, text, &more)) {
    }
    yaml_parser_delete(&e.parser);
    map_free(&e.anchors);
    return e.err;
}
