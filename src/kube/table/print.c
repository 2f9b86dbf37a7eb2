// SPDX-License-Identifier: Apache-2.0
#include "kube/table/print.h"

#include "base/json_edit.h"
#include "kube/table/go_text.h"

#include <stdio.h>
#include <stdlib.h>

void table_print_init(struct table_print *print, const struct print_options *options)
{
    *print = (struct table_print){ .options = *options, .layout = LAYOUT_INIT, .arena = ARENA_INIT };
}

void table_print_deinit(struct table_print *print)
{
    layout_free(&print->layout);
    arena_free(&print->arena);
}

static bytes_t text_of(const struct json_value *object, const char *name)
{
    bytes_t text;
    return json_get_text(json_get(object, name), &text) ? text : bytes_of_text("");
}

static bool is_shown(const struct table_print *print, const struct json_value *column)
{
    int64_t priority = 0;
    (void)json_get_int(json_get(column, "priority"), &priority);
    return priority == 0 || print->options.wide;
}

// --- headers

static void put_upper(struct table_print *print, bytes_t text)
{
    char upper[128];
    size_t size = text.size < sizeof upper ? text.size : sizeof upper;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = text.data[i];
        upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    layout_cell(&print->layout, bytes_of(upper, size));
}

static void put_headers(struct table_print *print, bool with_event)
{
    const struct print_options *options = &print->options;
    if (with_event)
        layout_cell(&print->layout, BYTES_LITERAL("EVENT"));
    if (options->with_namespace)
        layout_cell(&print->layout, BYTES_LITERAL("NAMESPACE"));
    for (const struct json_value *column = print->columns->first; column != NULL; column = column->next) {
        if (is_shown(print, column))
            put_upper(print, text_of(column, "name"));
    }
    for (size_t i = 0; i < options->label_count; i++) {
        const char *slash = strrchr(options->labels[i], '/');
        put_upper(print, bytes_of_text(slash == NULL ? options->labels[i] : slash + 1));
    }
    if (options->show_labels)
        layout_cell(&print->layout, BYTES_LITERAL("LABELS"));
    layout_line(&print->layout);
}

// --- rows

// a=b,c=d in the order of keys, or <none>.
static void put_labels(struct table_print *print, const struct json_value *labels)
{
    if (labels == NULL || labels->type != JSON_OBJECT || labels->count == 0) {
        layout_cell(&print->layout, BYTES_LITERAL("<none>"));
        return;
    }
    struct json_value **sorted = json_sorted(labels);
    struct writer out = WRITER_INIT;
    for (size_t i = 0; i < labels->count; i++) {
        writer_text(&out, i == 0 ? "" : ",");
        writer_bytes(&out, sorted[i]->name);
        writer_u8(&out, '=');
        go_sprint(&out, sorted[i]);
    }
    layout_cell(&print->layout, layout_text(&print->layout.arena, writer_view(&out)));
    writer_free(&out);
    free(sorted);
}

static void put_cell(struct table_print *print, const struct json_value *cell, bool is_name)
{
    struct writer out = WRITER_INIT;
    if (is_name) {
        writer_text(&out, print->options.prefix);
        writer_u8(&out, '/');
    }
    if (cell->type != JSON_NULL)
        go_sprint(&out, cell);
    layout_cell(&print->layout, layout_text(&print->layout.arena, writer_view(&out)));
    writer_free(&out);
}

static bool is_name_column(const struct json_value *column)
{
    return bytes_is(text_of(column, "format"), "name") && bytes_is(text_of(column, "type"), "string");
}

// Only the first column that holds a name has the prefix.
static void put_cells(struct table_print *print, const struct json_value *cells)
{
    const struct json_value *column = print->columns->first;
    bool wants_prefix = print->options.prefix != NULL;
    const struct json_value *cell = cells == NULL ? NULL : cells->first;
    for (; cell != NULL && column != NULL; cell = cell->next, column = column->next) {
        bool is_name = wants_prefix && is_name_column(column);
        wants_prefix = wants_prefix && !is_name;
        if (is_shown(print, column))
            put_cell(print, cell, is_name);
    }
}

// kubectl pads what happened to one width.
static void put_event(struct table_print *print, const char *event)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%-8.20s", event);
    layout_cell(&print->layout, bytes_of_text(text));
}

static void put_row(struct table_print *print, const struct json_value *row, const char *event)
{
    const struct print_options *options = &print->options;
    const struct json_value *metadata = json_get(json_get(row, "object"), "metadata");
    const struct json_value *labels = json_get(metadata, "labels");
    if (event != NULL)
        put_event(print, event);
    if (options->with_namespace)
        layout_cell(&print->layout, layout_text(&print->layout.arena, text_of(metadata, "namespace")));
    put_cells(print, json_get(row, "cells"));
    for (size_t i = 0; i < options->label_count; i++)
        layout_cell(&print->layout, layout_text(&print->layout.arena, text_of(labels, options->labels[i])));
    if (options->show_labels && metadata != NULL)
        put_labels(print, labels);
    layout_line(&print->layout);
}

// --- tables

// Keeps the columns of TABLE, if it has others than those that are known.
static void take_columns(struct table_print *print, const struct json_value *table)
{
    const struct json_value *columns = json_get(table, "columnDefinitions");
    bool is_given = columns != NULL && columns->type == JSON_ARRAY && columns->count > 0;
    if (!is_given || (print->columns != NULL && json_equal(columns, print->columns)))
        return;
    // Texts of the copy are views, which may go with the caller's table.
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, columns);
    arena_reset(&print->arena);
    const struct json_limits limits = { .size = out.size, .values = out.size };
    struct json_value *copy = NULL;
    err_t err = json_parse(arena_copy(&print->arena, writer_view(&out)), &limits, &print->arena, &copy, NULL);
    writer_free(&out);
    print->columns = err == ERR_OK ? copy : NULL;
    print->has_headers = false;
}

void table_print(struct table_print *print, const struct json_value *table, const char *event, struct writer *out)
{
    const struct json_value *rows = json_get(table, "rows");
    take_columns(print, table);
    if (print->columns == NULL || rows == NULL || rows->type != JSON_ARRAY || rows->count == 0)
        return;
    if (!print->options.no_headers && !print->has_headers)
        put_headers(print, event != NULL);
    print->has_headers = true;
    for (const struct json_value *row = rows->first; row != NULL; row = row->next)
        put_row(print, row, event);
    layout_flush(&print->layout, out);
}
