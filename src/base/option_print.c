// SPDX-License-Identifier: Apache-2.0
// Options shown to people and programs.
#include "base/option.h"

#include "base/assert.h"
#include "base/json_write.h"

#define PAGE_WIDTH       100
#define FLAG_COLUMN_MAX  34 // wider flags push their help to the next line
#define VALUE_COLUMN_MAX 40

const char *option_source_name(enum option_source source)
{
    static const char *const names[OPTION_SOURCE_COUNT] = { "default", "file", "environment", "flag", "runtime" };
    ASSERT((unsigned)source < OPTION_SOURCE_COUNT);
    return names[source];
}

void option_write_value(const struct option_set *set, const struct option_row *row, struct writer *out)
{
    const void *field = (const char *)set->config + row->at;
    const char *text = NULL;
    switch (row->type) {
    case OPTION_BOOL:
        text = *(const bool *)field ? "true" : "false";
        break;
    case OPTION_ENUM:
        text = row->choices[*(const int *)field];
        break;
    case OPTION_INT:
        writer_format(out, "%lld", (long long)*(const int64_t *)field);
        return;
    case OPTION_SIZE:
        option_write_size(*(const int64_t *)field, out);
        return;
    case OPTION_DURATION:
        option_write_duration(*(const int64_t *)field, out);
        return;
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_PATH:
    case OPTION_TYPE_COUNT:
        text = *(const char *const *)field;
        break;
    }
    writer_text(out, text == NULL ? "" : text);
}

static void write_value_name(const struct option_row *row, struct writer *out)
{
    static const char *const names[OPTION_TYPE_COUNT] = {
        [OPTION_TEXT] = "TEXT",         [OPTION_BOOL] = NULL,      [OPTION_INT] = "N",   [OPTION_SIZE] = "SIZE",
        [OPTION_DURATION] = "DURATION", [OPTION_ADDRESS] = "ADDR", [OPTION_ENUM] = NULL, [OPTION_PATH] = "PATH",
    };
    if (row->value_name != NULL) {
        writer_format(out, " %s", row->value_name);
        return;
    }
    if (names[row->type] != NULL)
        writer_format(out, " %s", names[row->type]);
    for (int i = 0; row->type == OPTION_ENUM && row->choices[i] != NULL; i++)
        writer_format(out, "%s%s", i == 0 ? " " : "|", row->choices[i]);
}

// "  -n, --count N"
static void write_flag(const struct option_row *row, struct writer *out)
{
    if (row->letter != 0)
        writer_format(out, "  -%c, %s", row->letter, row->flag);
    else
        writer_format(out, "      %s", row->flag);
    write_value_name(row, out);
}

static void pad(struct writer *out, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        writer_u8(out, ' ');
}

// Words of TEXT from column AT on, wrapped to INDENT.
static void write_wrapped(struct writer *out, bytes_t text, size_t at, size_t indent)
{
    bool first = true;
    while (text.size > 0) {
        const uint8_t *space = memchr(text.data, ' ', text.size);
        size_t size = space == NULL ? text.size : (size_t)(space - text.data);
        if (!first && at + 1 + size > PAGE_WIDTH) {
            writer_u8(out, '\n');
            pad(out, 0, indent);
            at = indent;
            first = true;
        }
        if (!first)
            writer_u8(out, ' ');
        writer_bytes(out, bytes_of(text.data, size));
        at += size + (first ? 0 : 1);
        first = false;
        size_t used = size < text.size ? size + 1 : size;
        text = bytes_of(text.data + used, text.size - used);
    }
    writer_u8(out, '\n');
}

static void write_help_text(const struct option_row *row, struct writer *out)
{
    writer_text(out, row->help);
    bool shows_default = row->default_text != NULL && row->default_text[0] != '\0';
    if (shows_default && !(row->type == OPTION_BOOL && strcmp(row->default_text, "false") == 0))
        writer_format(out, " (default %s)", row->default_text);
}

static size_t flag_column(struct option_table table)
{
    size_t column = 0;
    struct writer flag = WRITER_INIT;
    for (size_t i = 0; i < table.count; i++) {
        if (table.rows[i].flag == NULL)
            continue;
        writer_reset(&flag);
        write_flag(&table.rows[i], &flag);
        if (flag.size > column && flag.size <= FLAG_COLUMN_MAX)
            column = flag.size;
    }
    writer_free(&flag);
    return column + 2;
}

static void write_help_row(const struct option_row *row, size_t column, struct writer *out)
{
    struct writer help = WRITER_INIT;
    size_t start = out->size;
    write_flag(row, out);
    size_t width = out->size - start;
    if (width + 2 > column) {
        writer_u8(out, '\n');
        width = 0;
    }
    pad(out, width, column);
    write_help_text(row, &help);
    write_wrapped(out, writer_view(&help), column, column);
    writer_free(&help);
}

void option_write_help(struct option_table table, struct writer *out)
{
    size_t column = flag_column(table);
    const char *group = NULL;
    for (size_t i = 0; i < table.count; i++) {
        const struct option_row *row = &table.rows[i];
        if (row->flag == NULL)
            continue;
        const char *own = row->group == NULL ? "Options" : row->group;
        if (group == NULL || strcmp(own, group) != 0)
            writer_format(out, "%s%s:\n", group == NULL ? "" : "\n", own);
        group = own;
        write_help_row(row, column, out);
    }
}

enum { COLUMN_NAME, COLUMN_VALUE, COLUMN_SOURCE, COLUMN_DEFAULT, COLUMN_HELP, COLUMN_COUNT };

static void write_cell(const struct option_set *set, size_t index, int column, struct writer *out)
{
    const struct option_row *row = &set->table.rows[index];
    const char *source = option_source_name(set->sources[index]);
    switch (column) {
    case COLUMN_NAME:
        writer_text(out, row->name);
        break;
    case COLUMN_VALUE:
        option_write_value(set, row, out);
        break;
    case COLUMN_SOURCE:
        writer_text(out, set->origins[index][0] == '\0' ? source : set->origins[index]);
        break;
    case COLUMN_DEFAULT:
        writer_text(out, row->default_text == NULL ? "" : row->default_text);
        break;
    default:
        writer_text(out, row->help);
        break;
    }
}

static size_t cell_width(const struct option_set *set, int column, size_t width)
{
    struct writer cell = WRITER_INIT;
    for (size_t i = 0; i < set->table.count; i++) {
        if (set->table.rows[i].name == NULL)
            continue;
        writer_reset(&cell);
        write_cell(set, i, column, &cell);
        if (cell.size > width)
            width = cell.size;
    }
    writer_free(&cell);
    return width < VALUE_COLUMN_MAX ? width : VALUE_COLUMN_MAX;
}

void option_write_listing(const struct option_set *set, struct writer *out)
{
    static const char *const heads[COLUMN_COUNT] = { "NAME", "VALUE", "FROM", "DEFAULT", "HELP" };
    size_t widths[COLUMN_COUNT];
    for (int column = 0; column < COLUMN_COUNT; column++) {
        widths[column] = column == COLUMN_HELP ? 0 : cell_width(set, column, strlen(heads[column])) + 2;
        writer_text(out, heads[column]);
        pad(out, strlen(heads[column]), widths[column]);
    }
    writer_u8(out, '\n');
    for (size_t i = 0; i < set->table.count; i++) {
        if (set->table.rows[i].name == NULL)
            continue;
        for (int column = 0; column < COLUMN_COUNT; column++) {
            size_t start = out->size;
            write_cell(set, i, column, out);
            if (column == COLUMN_HELP)
                break;
            size_t width = out->size - start;
            pad(out, width, width + 2 > widths[column] ? width + 2 : widths[column]);
        }
        writer_u8(out, '\n');
    }
}

void option_write_json(const struct option_set *set, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    struct writer value = WRITER_INIT;
    json_array_begin(&json);
    for (size_t i = 0; i < set->table.count; i++) {
        const struct option_row *row = &set->table.rows[i];
        if (row->name == NULL)
            continue;
        writer_reset(&value);
        option_write_value(set, row, &value);
        json_object_begin(&json);
        json_field_text(&json, "name", row->name);
        json_field_bytes(&json, "value", writer_view(&value));
        json_field_text(&json, "source", option_source_name(set->sources[i]));
        json_field_text(&json, "origin", set->origins[i]);
        json_field_text(&json, "default", row->default_text == NULL ? "" : row->default_text);
        json_field_bool(&json, "live", row->apply == OPTION_LIVE);
        json_field_text(&json, "help", row->help);
        json_object_end(&json);
    }
    json_array_end(&json);
    writer_free(&value);
}
