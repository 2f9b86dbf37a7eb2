// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/yaml_read.h"

#include "base/json_edit.h"
#include "kube/yaml/yaml_build.h"

#include <stdio.h>
#include <stdlib.h>

// --- JSON

static size_t space_size(bytes_t text)
{
    size_t size = 0;
    while (size < text.size && strchr(" \t\r\n", text.data[size]) != NULL && text.data[size] != '\0')
        size++;
    return size;
}

// Behind the quote at AT.
static size_t string_end(bytes_t text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++)
        at += text.data[at] == '\\' ? 1 : 0;
    return at < text.size ? at + 1 : text.size;
}

// How far the object reaches that starts TEXT; all of TEXT when it does not end.
static size_t object_size(bytes_t text)
{
    size_t depth = 0, at = 0;
    while (at < text.size) {
        uint8_t c = text.data[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        at++;
        depth += c == '{' || c == '[' ? 1 : 0;
        if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return at;
}

// A text and how far it has been read.
struct source {
    struct yaml_build *build;
    bytes_t text;
    size_t at;
    const struct json_value *twice; // the first member whose name stands twice
};

// Moves on; the lines that lie behind are counted.
static void advance(struct source *source, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool is_end = source->text.data[source->at + i] == '\n';
        source->build->lines += is_end ? 1 : 0;
        source->build->columns = is_end ? 0 : source->build->columns + 1;
    }
    source->at += size;
}

static bytes_t rest_of(const struct source *source)
{
    return bytes_of(source->text.data + source->at, source->text.size - source->at);
}

static size_t count_values(const struct json_value *value)
{
    size_t count = 1;
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next)
        count += count_values(inside);
    return count;
}

// The one behind MEMBER that has its name.
static void on_hidden(void *owner, const struct json_value *member)
{
    struct source *source = owner;
    if (source->twice != NULL)
        return;
    const struct json_value *other = member->next;
    while (!bytes_equal(other->name, member->name))
        other = other->next;
    source->twice = other;
}

static err_t fail_here(const struct source *source, err_t err, const char *text)
{
    return yaml_build_fail(source->build, err, source->build->lines + 1, source->build->columns + 1, text);
}

static err_t fail_twice(struct source *source)
{
    bytes_t name = source->twice->name;
    const uint8_t *begin = source->text.data + source->at, *end = source->text.data + source->text.size;
    // A name with escapes is no part of the text: the place is where the value starts then.
    if (name.data > begin && name.data < end)
        advance(source, (size_t)(name.data - begin) - 1);
    char text[128];
    (void)snprintf(text, sizeof text, "key \"%.*s\" already set in map", (int)(name.size < 80 ? name.size : 80),
                   (const char *)name.data);
    return fail_here(source, ERR_INVALID, text);
}

// ERR_MALFORMED: no JSON, nothing is made.
static err_t read_object(struct source *source, size_t size)
{
    struct yaml_build *build = source->build;
    struct json_limits limits = { .size = size, .values = build->limits->values - build->values };
    struct json_value *root;
    diag_t diag;
    err_t err = json_parse(bytes_of(rest_of(source).data, size), &limits, build->arena, &root, &diag);
    if (err == ERR_TOO_LARGE)
        return fail_here(source, err, diag.text);
    if (err != ERR_OK)
        return err;
    json_unique(root, on_hidden, source);
    if (source->twice != NULL)
        return fail_twice(source);
    build->values += count_values(root);
    return yaml_build_add(build, root, build->lines + 1, build->columns + 1);
}

// --- texts

// An object that has been read as JSON once more by the YAML parser, which says where each value is. What only a JSON
// parser accepts (\ud83d\ude00) has the place of its object.
static err_t place_object(struct source *source, size_t size)
{
    struct yaml_build *build = source->build;
    size_t count = --build->count;
    build->values -= count_values(build->documents[count]);
    err_t err = yaml_build(build, bytes_of(rest_of(source).data, size));
    if (err == ERR_OK && build->count == count + 1)
        return ERR_OK;
    struct yaml_value *value = arena_alloc(build->arena, sizeof *value);
    *value =
        (struct yaml_value){ .value = { .type = JSON_OBJECT }, .line = build->lines + 1, .column = build->columns + 1 };
    build->count = count;
    return yaml_build_add(build, &value->value, value->line, value->column);
}

static err_t read_text(struct yaml_build *build, bytes_t text, bool with_places)
{
    struct source source = { .build = build, .text = text };
    if (text.size > build->limits->size)
        return fail_here(&source, ERR_TOO_LARGE, "the text is longer than is allowed");
    advance(&source, space_size(text));
    bool is_json = source.at < text.size && text.data[source.at] == '{';
    while (is_json && source.at < text.size && text.data[source.at] == '{') {
        size_t size = object_size(rest_of(&source));
        err_t err = read_object(&source, size);
        if (err == ERR_MALFORMED)
            break;
        if (err == ERR_OK && with_places)
            err = place_object(&source, size);
        if (err != ERR_OK)
            return err;
        advance(&source, size);
        advance(&source, space_size(rest_of(&source)));
    }
    if (is_json)
        return source.at == text.size ? ERR_OK : yaml_build(build, rest_of(&source));
    build->lines = build->columns = 0;
    return yaml_build(build, text);
}

err_t yaml_read(bytes_t text, const struct yaml_limits *limits, struct arena *arena, struct yaml_stream *ret_stream,
                diag_t *diag)
{
    struct yaml_build build = { .limits = limits, .arena = arena, .diag = diag };
    err_t err = read_text(&build, text, false);
    if (err == ERR_OK) {
        struct json_value **documents = arena_array(arena, build.count + 1, sizeof *documents);
        for (size_t i = 0; i < build.count; i++)
            documents[i] = build.documents[i];
        *ret_stream = (struct yaml_stream){ .documents = documents, .count = build.count };
    }
    free(build.documents);
    return err;
}

// --- places

static bool ends_name(char c)
{
    return c == '\0' || c == '.' || c == '[';
}

// "[key]" or "[2]" at the start of *PATH.
static const struct json_value *step_bracket(const struct json_value *at, const char **path)
{
    const char *end = strchr(*path, ']');
    if (end == NULL)
        return NULL;
    bytes_t inner = bytes_of(*path + 1, (size_t)(end - *path - 1));
    *path = end + 1;
    int64_t index;
    if (at->type == JSON_ARRAY)
        return bytes_to_int64(inner, &index) && index >= 0 ? json_at(at, (size_t)index) : NULL;
    return json_find(at, inner);
}

// The longest name that is there: names may have points themselves.
static const struct json_value *step_name(const struct json_value *at, const char **path)
{
    const char *name = **path == '.' ? *path + 1 : *path;
    const struct json_value *found = NULL;
    size_t left = strlen(name), taken = 0;
    for (const struct json_value *member = at->first; at->type == JSON_OBJECT && member != NULL;
         member = member->next) {
        size_t size = member->name.size;
        if (size > left || memcmp(member->name.data, name, size) != 0 || !ends_name(name[size]))
            continue;
        if (found != NULL && size < taken)
            continue;
        found = member;
        taken = size;
    }
    *path = name + taken;
    return found;
}

static void place_in(const struct json_value *root, const char *path, struct yaml_place *ret_place)
{
    const struct json_value *at = root;
    while (*path != '\0') {
        const struct json_value *inside = *path == '[' ? step_bracket(at, &path) : step_name(at, &path);
        if (inside == NULL)
            break;
        at = inside;
    }
    const struct yaml_value *value = yaml_value_of(at);
    *ret_place = (struct yaml_place){ .line = value->line, .column = value->column, .exact = *path == '\0' };
}

bool yaml_locate(bytes_t text, const struct yaml_limits *limits, size_t index, const char *path,
                 struct yaml_place *ret_place)
{
    struct arena arena = ARENA_INIT;
    struct yaml_build build = { .limits = limits, .arena = &arena };
    err_t err = read_text(&build, text, true);
    bool found = err == ERR_OK && index < build.count;
    if (found)
        place_in(build.documents[index], path, ret_place);
    free(build.documents);
    arena_free(&arena);
    return found;
}
