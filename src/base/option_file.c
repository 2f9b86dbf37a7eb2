// SPDX-License-Identifier: Apache-2.0
// The configuration file: YAML maps whose keys, joined by '.', are option names.
#include "base/option.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#define DEPTH_MAX     8
#define PATH_SIZE     128
#define FILE_SIZE_MAX (1 << 20)

struct file {
    struct option_set *set;
    const char *name;
    diag_t *diag;
    yaml_parser_t parser;
    bool *seen; // by row
    char path[PATH_SIZE];
    size_t path_sizes[DEPTH_MAX]; // of the path outside each open map
    unsigned depth;
    bool has_key; // the path ends with a key that waits for its value
    bool has_root;
    size_t line; // of the event, from 1
};

static err_t complain(struct file *file, const char *text)
{
    char where[sizeof file->diag->where];
    (void)snprintf(where, sizeof where, "%.100s line %zu", file->name, file->line);
    return diag_fail(file->diag, ERR_INVALID, where, "%s", text);
}

static err_t complain_path(struct file *file, const char *text)
{
    char whole[sizeof file->diag->text];
    (void)snprintf(whole, sizeof whole, "%s: %s", file->path, text);
    return complain(file, whole);
}

static err_t read_key(struct file *file, bytes_t key)
{
    size_t size = file->path_sizes[file->depth - 1];
    size_t dot = size == 0 ? 0 : 1;
    if (key.size == 0 || memchr(key.data, 0, key.size) != NULL)
        return complain(file, "a key is empty or has a zero byte");
    if (size + dot + key.size >= PATH_SIZE)
        return complain(file, "the key is too long to be the name of an option");
    if (dot == 1)
        file->path[size] = '.';
    memcpy(file->path + size + dot, key.data, key.size);
    file->path[size + dot + key.size] = '\0';
    file->has_key = true;
    return ERR_OK;
}

static bool is_null(const yaml_event_t *event, bytes_t value)
{
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    return value.size == 0 || bytes_is(value, "~") || bytes_is(value, "null");
}

static err_t read_value(struct file *file, const yaml_event_t *event, bytes_t value)
{
    file->has_key = false;
    const struct option_row *row = option_find(file->set->table, bytes_of_text(file->path));
    if (row != NULL && is_null(event, value))
        return complain_path(file, "has no value");
    size_t index = row == NULL ? 0 : (size_t)(row - file->set->table.rows);
    if (row != NULL && file->seen[index])
        return complain_path(file, "is given twice");
    if (row != NULL)
        file->seen[index] = true;
    char origin[PATH_SIZE + 32];
    diag_t inner = { 0 };
    (void)snprintf(origin, sizeof origin, "%.100s line %zu", file->name, file->line);
    err_t err = option_set_value(file->set, bytes_of_text(file->path), value, OPTION_FROM_FILE, origin, &inner);
    if (err != ERR_OK) {
        (void)complain_path(file, inner.text);
        return err;
    }
    return ERR_OK;
}

static err_t on_scalar(struct file *file, const yaml_event_t *event)
{
    bytes_t value = bytes_of(event->data.scalar.value, event->data.scalar.length);
    if (file->depth == 0) // "---" alone is a null
        return is_null(event, value) ? ERR_OK : complain(file, "expected lines of the form name: value");
    return file->has_key ? read_value(file, event, value) : read_key(file, value);
}

static err_t on_map(struct file *file)
{
    if (file->depth > 0 && !file->has_key)
        return complain(file, "a map cannot be a key");
    if (file->depth > 0 && option_find(file->set->table, bytes_of_text(file->path)) != NULL)
        return complain_path(file, "expected one value, not a map");
    if (file->depth == DEPTH_MAX)
        return complain(file, "maps are nested too deeply");
    file->path_sizes[file->depth++] = strlen(file->path);
    file->has_key = false;
    return ERR_OK;
}

static void on_map_end(struct file *file)
{
    ASSERT(file->depth > 0);
    file->path[file->path_sizes[--file->depth]] = '\0';
    file->has_key = false;
}

static err_t on_document(struct file *file)
{
    if (file->has_root)
        return complain(file, "there is more than one document");
    file->has_root = true;
    return ERR_OK;
}

static err_t on_event(struct file *file, const yaml_event_t *event)
{
    file->line = event->start_mark.line + 1;
    if (event->type == YAML_SCALAR_EVENT)
        return on_scalar(file, event);
    if (event->type == YAML_MAPPING_START_EVENT)
        return on_map(file);
    if (event->type == YAML_MAPPING_END_EVENT)
        on_map_end(file);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return file->has_key ? complain_path(file, "expected one value, not a list")
                             : complain(file, "expected lines of the form name: value");
    if (event->type == YAML_ALIAS_EVENT)
        return complain(file, "aliases are not supported");
    return event->type == YAML_DOCUMENT_START_EVENT ? on_document(file) : ERR_OK;
}

static err_t complain_syntax(struct file *file)
{
    const yaml_parser_t *parser = &file->parser;
    file->line = parser->problem_mark.line + 1;
    char text[200];
    (void)snprintf(text, sizeof text, "this is not YAML: %.150s",
                   parser->problem == NULL ? "unknown problem" : parser->problem);
    return complain(file, text);
}

static err_t read_events(struct file *file)
{
    for (bool end = false; !end;) {
        yaml_event_t event;
        if (yaml_parser_parse(&file->parser, &event) == 0)
            return complain_syntax(file);
        err_t err = on_event(file, &event);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

err_t option_set_file(struct option_set *set, bytes_t yaml, const char *file_name, diag_t *diag)
{
    if (yaml.size > FILE_SIZE_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, file_name, "a configuration file has at most 1 MB");
    struct file file = { .set = set, .name = file_name, .diag = diag };
    int created = yaml_parser_initialize(&file.parser);
    ASSERT(created == 1);
    file.seen = mem_zalloc(set->table.count, sizeof *file.seen);
    yaml_parser_set_input_string(&file.parser, yaml.size == 0 ? (const uint8_t *)"" : yaml.data, yaml.size);
    err_t err = read_events(&file);
    free(file.seen);
    yaml_parser_delete(&file.parser);
    return err;
}
