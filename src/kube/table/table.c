// SPDX-License-Identifier: Apache-2.0
#include "kube/table/table.h"

#include "base/json_edit.h"
#include "kube/table/age.h"
#include "kube/table/json_path.h"
#include "kube/yaml/number.h"

#include <math.h>
#include <stdio.h>

struct column {
    bytes_t name, type, format, description;
    int64_t priority;
    const struct json_path *path;
};

struct table_columns {
    struct column *columns; // without the name, if it is the first
    size_t count;
    bool has_name; // the name is one of them
};

static const char name_description[] =
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
static const char age_description[] =
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

// --- columns

static bytes_t text_in(struct arena *arena, const struct json_value *object, const char *name)
{
    bytes_t text;
    return json_get_text(json_get(object, name), &text) ? arena_copy(arena, text) : bytes_of_text("");
}

static bool compile_column(struct column *column, bytes_t path, struct arena *arena, const char **ret_wrong)
{
    const char *template = arena_format(arena, "{%.*s}", BYTES_ARG(path));
    if (json_path_compile(bytes_of_text(template), arena, &column->path, NULL) == ERR_OK)
        return true;
    *ret_wrong = arena_format(arena, "unrecognized column definition \"%.*s\"", BYTES_ARG(path));
    return false;
}

static bool read_column(struct column *column, const struct json_value *from, struct arena *arena,
                        const char **ret_wrong)
{
    bytes_t path = text_in(arena, from, "jsonPath");
    *column = (struct column){ .name = text_in(arena, from, "name"),
                               .type = text_in(arena, from, "type"),
                               .format = text_in(arena, from, "format"),
                               .description = text_in(arena, from, "description") };
    if (column->description.size == 0)
        column->description = bytes_of_text(
            arena_format(arena, "Custom resource definition column (in JSONPath format): %.*s", BYTES_ARG(path)));
    (void)json_get_int(json_get(from, "priority"), &column->priority);
    return compile_column(column, path, arena, ret_wrong);
}

const struct table_columns *table_columns_compile(const struct json_value *columns, struct arena *arena,
                                                  const char **ret_wrong)
{
    bool is_empty = columns == NULL || columns->type != JSON_ARRAY || columns->count == 0;
    struct table_columns *made = arena_alloc(arena, sizeof *made);
    made->columns = arena_array(arena, is_empty ? 1 : columns->count, sizeof *made->columns);
    *ret_wrong = NULL;
    if (is_empty) {
        made->columns[made->count++] = (struct column){ .name = bytes_of_text("Age"),
                                                        .type = bytes_of_text("date"),
                                                        .format = bytes_of_text(""),
                                                        .description = bytes_of_text(age_description) };
        (void)compile_column(&made->columns[0], bytes_of_text(".metadata.creationTimestamp"), arena, ret_wrong);
        return made;
    }
    for (const struct json_value *from = columns->first; from != NULL; from = from->next) {
        struct column *column = &made->columns[made->count];
        if (!read_column(column, from, arena, ret_wrong))
            break;
        made->has_name |= bytes_is(column->format, "name");
        made->count++;
    }
    return made;
}

bool table_include_of(bytes_t text, enum table_include *ret_include)
{
    static const struct {
        const char *text;
        enum table_include include;
    } words[] = { { "", TABLE_INCLUDE_METADATA },
                  { "Metadata", TABLE_INCLUDE_METADATA },
                  { "None", TABLE_INCLUDE_NONE },
                  { "Object", TABLE_INCLUDE_OBJECT } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (bytes_is(text, words[i].text)) {
            *ret_include = words[i].include;
            return true;
        }
    }
    return false;
}

// --- cells

static void write_real(struct json_writer *json, double real)
{
    char room[NUMBER_TEXT_SIZE];
    if (isfinite(real))
        json_raw(json, bytes_of_text(number_text(real, NUMBER_JSON, room)));
    else
        json_null(json);
}

static void string_cell(struct json_writer *json, const struct json_value *value, int64_t now_ms)
{
    (void)now_ms;
    struct writer out = WRITER_INIT;
    const struct json_path_group group = { .values = &value, .count = 1 };
    json_path_print(&group, &out);
    // client-go loses the type of a null on the way, and prints this.
    bytes_t text = value->type == JSON_NULL ? bytes_of_text("<no value>") : writer_view(&out);
    json_bytes(json, text);
    writer_free(&out);
}

static void integer_cell(struct json_writer *json, const struct json_value *value, int64_t now_ms)
{
    (void)now_ms;
    int64_t integer;
    double real;
    if (json_get_int(value, &integer))
        json_int(json, integer);
    else if (json_get_double(value, &real) && real > -9.2e18 && real < 9.2e18)
        json_int(json, (int64_t)real);
    else
        json_null(json);
}

static void number_cell(struct json_writer *json, const struct json_value *value, int64_t now_ms)
{
    (void)now_ms;
    double real;
    if (json_get_double(value, &real))
        write_real(json, real);
    else
        json_null(json);
}

static void boolean_cell(struct json_writer *json, const struct json_value *value, int64_t now_ms)
{
    (void)now_ms;
    bool is_true;
    if (json_get_bool(value, &is_true))
        json_bool(json, is_true);
    else
        json_null(json);
}

static void date_cell(struct json_writer *json, const struct json_value *value, int64_t now_ms)
{
    char room[AGE_TEXT_SIZE];
    bytes_t text;
    if (json_get_text(value, &text))
        json_text(json, age_of_timestamp(text, now_ms, room));
    else
        json_null(json);
}

static const struct {
    const char *type;
    void (*write)(struct json_writer *json, const struct json_value *value, int64_t now_ms);
} cells[] = { { "string", string_cell },
              { "integer", integer_cell },
              { "number", number_cell },
              { "boolean", boolean_cell },
              { "date", date_cell } };

// Only the first value counts: a printer column is meant to be one.
static void write_cell(struct json_writer *json, const struct column *column, const struct json_value *object,
                       int64_t now_ms, struct arena *scratch)
{
    struct json_path_found found = { 0 };
    err_t err = json_path_find(column->path, object, true, scratch, &found, NULL);
    if (err != ERR_OK || found.count == 0 || found.groups[0].count == 0) {
        json_null(json);
        return;
    }
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        if (bytes_is(column->type, cells[i].type)) {
            cells[i].write(json, found.groups[0].values[0], now_ms);
            return;
        }
    }
    json_null(json);
}

const struct table_cell *table_cell_find(const struct table_cell *own, bytes_t column)
{
    for (; own != NULL && own->column != NULL; own++) {
        if (bytes_is(column, own->column))
            return own;
    }
    return NULL;
}

// The kind's own text, if it has one for this column.
static bool write_own_cell(struct json_writer *json, const struct column *column, const struct table_options *options,
                           const struct json_value *object)
{
    const struct table_cell *cell = table_cell_find(options->cells, column->name);
    struct writer out = WRITER_INIT;
    if (cell == NULL)
        return false;
    cell->write(object, options->now_ms, &out);
    json_bytes(json, writer_view(&out));
    writer_free(&out);
    return true;
}

// --- tables

static unsigned depth_of(const struct json_value *value)
{
    unsigned most = 0;
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next) {
        unsigned depth = depth_of(inside);
        most = depth > most ? depth : most;
    }
    return most + (value->type == JSON_ARRAY || value->type == JSON_OBJECT ? 1 : 0);
}

// A value that would be nested too deeply here, within lists and tables, is null.
static void write_value(struct json_writer *json, const struct json_value *value)
{
    if (json->depth + depth_of(value) <= JSON_WRITE_DEPTH_MAX)
        json_value_write(json, value);
    else
        json_null(json);
}

static void write_column(struct json_writer *json, const struct column *column)
{
    json_object_begin(json);
    json_field_bytes(json, "name", column->name);
    json_field_bytes(json, "type", column->type);
    json_field_bytes(json, "format", column->format);
    json_field_bytes(json, "description", column->description);
    json_field_int(json, "priority", column->priority);
    json_object_end(json);
}

static void write_type(struct json_writer *json, const char *kind, const char *version)
{
    char text[64];
    json_field_text(json, "kind", kind);
    (void)snprintf(text, sizeof text, "meta.k8s.io/%.20s", version);
    json_field_text(json, "apiVersion", text);
}

static void write_list_metadata(struct json_writer *json, const struct json_value *metadata)
{
    static const char *const names[] = { "resourceVersion", "continue", "remainingItemCount" };
    json_key(json, "metadata");
    json_object_begin(json);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct json_value *value = json_get(metadata, names[i]);
        if (value == NULL)
            continue;
        json_key(json, names[i]);
        write_value(json, value);
    }
    json_object_end(json);
}

void table_begin(struct json_writer *json, const struct table_columns *columns, const struct table_options *options,
                 const struct json_value *metadata)
{
    static const struct column name = { .name = { (const uint8_t *)"Name", 4 },
                                        .type = { (const uint8_t *)"string", 6 },
                                        .format = { (const uint8_t *)"name", 4 },
                                        .description = { (const uint8_t *)name_description,
                                                         sizeof name_description - 1 } };
    json_object_begin(json);
    write_type(json, "Table", options->version);
    write_list_metadata(json, metadata);
    json_key(json, "columnDefinitions");
    if (options->no_headers) {
        json_null(json);
    } else {
        json_array_begin(json);
        if (!columns->has_name)
            write_column(json, &name);
        for (size_t i = 0; i < columns->count; i++)
            write_column(json, &columns->columns[i]);
        json_array_end(json);
    }
    json_key(json, "rows");
    json_array_begin(json);
}

void table_end(struct json_writer *json)
{
    json_array_end(json);
    json_object_end(json);
}

static void write_partial(struct json_writer *json, const struct json_value *object, const char *version)
{
    const struct json_value *metadata = json_get(object, "metadata");
    json_object_begin(json);
    write_type(json, "PartialObjectMetadata", version);
    json_key(json, "metadata");
    if (metadata != NULL && metadata->type == JSON_OBJECT) {
        write_value(json, metadata);
    } else {
        json_object_begin(json);
        json_object_end(json);
    }
    json_object_end(json);
}

void table_row(struct json_writer *json, const struct table_columns *columns, const struct table_options *options,
               const struct json_value *object, struct arena *scratch)
{
    bytes_t name = bytes_of_text("");
    (void)json_get_text(json_get(json_get(object, "metadata"), "name"), &name);
    json_object_begin(json);
    json_key(json, "cells");
    json_array_begin(json);
    if (!columns->has_name)
        json_bytes(json, name);
    for (size_t i = 0; i < columns->count; i++) {
        if (!write_own_cell(json, &columns->columns[i], options, object))
            write_cell(json, &columns->columns[i], object, options->now_ms, scratch);
    }
    json_array_end(json);
    json_key(json, "object");
    if (options->include == TABLE_INCLUDE_METADATA)
        write_partial(json, object, options->version);
    else if (options->include == TABLE_INCLUDE_OBJECT)
        write_value(json, object);
    else
        json_null(json);
    json_object_end(json);
    arena_reset(scratch);
}

// NULL: VALUE is no list.
static const struct json_value *items_of(const struct json_value *value)
{
    const struct json_value *items = json_get(value, "items");
    return items != NULL && items->type == JSON_ARRAY ? items : NULL;
}

void table_write(struct json_writer *json, const struct table_columns *columns, const struct table_options *options,
                 const struct json_value *value)
{
    struct arena scratch = ARENA_INIT;
    const struct json_value *items = items_of(value);
    table_begin(json, columns, options, json_get(value, "metadata"));
    if (items == NULL)
        table_row(json, columns, options, value, &scratch);
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next)
        table_row(json, columns, options, item, &scratch);
    table_end(json);
    arena_free(&scratch);
}

void partial_metadata_write(struct json_writer *json, const struct json_value *value, const char *version)
{
    const struct json_value *items = items_of(value);
    if (items == NULL) {
        write_partial(json, value, version);
        return;
    }
    json_object_begin(json);
    write_type(json, "PartialObjectMetadataList", version);
    write_list_metadata(json, json_get(value, "metadata"));
    json_key(json, "items");
    json_array_begin(json);
    for (const struct json_value *item = items->first; item != NULL; item = item->next)
        write_partial(json, item, version);
    json_array_end(json);
    json_object_end(json);
}
