// SPDX-License-Identifier: Apache-2.0
#include "nats/config/config_read.h"

#include "base/mem.h"
#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static bool names_have(const char *names, bytes_t name)
{
    for (const char *at = names; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ' ? 1 : 0;
        if (strcspn(at, " ") == name.size && strncasecmp(at, (const char *)name.data, name.size) == 0)
            return true;
    }
    return false;
}

static const struct config_row *find_row(struct config_table table, bytes_t name)
{
    for (size_t i = 0; i < table.count; i++)
        if (names_have(table.rows[i].names, name))
            return &table.rows[i];
    return NULL;
}

// The first name of a row, which its documentation uses.
static const char *first_name(struct arena *arena, const char *names)
{
    return arena_format(arena, "%.*s", (int)strcspn(names, " "), names);
}

static err_t unknown(struct config_reader *reader, const struct conf_value *entry, struct config_table table)
{
    struct nearest nearest = nearest_to(entry->name);
    for (size_t i = 0; i < table.count; i++)
        nearest_offer(&nearest, first_name(reader->arena, table.rows[i].names));
    const char *best = nearest.best;
    return conf_fail(reader->diag, ERR_INVALID, &entry->place, "unknown field \"%.*s\" in %s%s%s%s",
                     BYTES_ARG(entry->name), table.name, best == NULL ? "" : "; did you mean \"",
                     best == NULL ? "" : best, best == NULL ? "" : "\"?");
}

err_t config_expected(struct config_reader *reader, const struct conf_value *value, const char *what)
{
    bool is_short = value->type <= CONF_DATE && value->text.size <= 64;
    return conf_fail(reader->diag, ERR_INVALID, &value->place, "%s%.*s%s%s is expected, not %s%s%.*s",
                     value->name.size > 0 ? "\"" : "", BYTES_ARG(value->name), value->name.size > 0 ? "\": " : "", what,
                     conf_type_name(value->type), is_short && value->text.size > 0 ? " such as " : "",
                     is_short ? (int)value->text.size : 0, is_short ? (const char *)value->text.data : "");
}

err_t config_text(struct config_reader *reader, const struct conf_value *value, bytes_t *ret_text)
{
    if (value->type != CONF_STRING)
        return config_expected(reader, value, value->type < CONF_ARRAY ? "a text (in quotes)" : "a text");
    *ret_text = value->text;
    return ERR_OK;
}

err_t config_secret(struct config_reader *reader, const struct conf_value *value, bytes_t *ret_text)
{
    if (value->type != CONF_STRING)
        return conf_fail(reader->diag, ERR_INVALID, &value->place, "\"%.*s\": a text (in quotes) is expected, not %s",
                         BYTES_ARG(value->name), conf_type_name(value->type));
    *ret_text = value->text;
    return ERR_OK;
}

err_t config_each(struct config_reader *reader, const struct conf_value *value, config_section_fn *read_item,
                  void *into)
{
    if (value->type != CONF_ARRAY)
        return config_expected(reader, value, "an array");
    err_t err = ERR_OK;
    for (const struct conf_value *item = value->first; item != NULL && err == ERR_OK; item = item->next)
        err = read_item(reader, item, into);
    return err;
}

err_t config_list(struct config_reader *reader, const struct conf_value *value, const bytes_t **ret_items,
                  size_t *ret_count)
{
    bool is_array = value->type == CONF_ARRAY;
    size_t count = is_array ? value->count : 1, filled = 0;
    bytes_t *items = arena_array(reader->arena, count, sizeof *items);
    err_t err = ERR_OK;
    for (const struct conf_value *item = is_array ? value->first : value; filled < count && err == ERR_OK;
         item = item->next)
        err = config_text(reader, item, &items[filled++]);
    if (err == ERR_OK) {
        *ret_items = items;
        *ret_count = count;
    }
    return err;
}

void config_note(struct config_reader *reader, const struct conf_value *value, const char *words)
{
    struct nats_note *note = arena_alloc(reader->arena, sizeof *note);
    note->place = value->place;
    note->text = arena_format(reader->arena, "\"%.*s\" %s", BYTES_ARG(value->name), words);
    *reader->last_note = note;
    reader->last_note = &note->next;
}

static bool asks_for_nothing(const struct conf_value *value)
{
    bool is_text = value->type == CONF_STRING;
    return (value->type == CONF_BOOL && !value->is_true) ||
           (is_text && (bytes_is(value->text, "disabled") || bytes_is(value->text, "disable")));
}

static err_t read_texts(struct config_reader *reader, const struct conf_value *value, struct nats_texts *texts)
{
    const bytes_t *items;
    size_t count;
    err_t err = config_list(reader, value, &items, &count);
    if (err != ERR_OK)
        return err;
    const char **copies = arena_array(reader->arena, count, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_text(reader->arena, items[i]);
    *texts = (struct nats_texts){ copies, count };
    return ERR_OK;
}

// A number of seconds is nats-server's older way; it says so too.
static err_t read_duration(struct config_reader *reader, const struct conf_value *value, enum config_type type,
                           int64_t *ret_ms)
{
    if (value->type == CONF_STRING && nats_duration_parse(value->text, ret_ms))
        return ERR_OK;
    double seconds = value->type == CONF_FLOAT ? value->number : (double)value->integer;
    bool is_number =
        (value->type == CONF_INTEGER && type != CONFIG_SPAN) || (value->type == CONF_FLOAT && type == CONFIG_TIMEOUT);
    if (!is_number || fabs(seconds) > (double)(INT64_MAX / 2000))
        return config_expected(reader, value, "a duration such as \"2m\" or \"500ms\" (in quotes)");
    if (type == CONFIG_DURATION)
        config_note(reader, value, "should be a duration in quotes: the number is taken as seconds");
    *ret_ms = (int64_t)ceil(seconds * 1000);
    return ERR_OK;
}

static err_t check_limits(struct config_reader *reader, const struct conf_value *value, const struct config_row *row,
                          int64_t number)
{
    if ((row->min == 0 && row->max == 0) || (number >= row->min && number <= row->max))
        return ERR_OK;
    bool is_time = row->type != CONFIG_INTEGER;
    if (number < row->min)
        return conf_fail(reader->diag, ERR_INVALID, &value->place, "\"%.*s\" is at least %lld%s",
                         BYTES_ARG(value->name), (long long)row->min, is_time ? " ms" : "");
    return conf_fail(reader->diag, ERR_INVALID, &value->place, "\"%.*s\" is at most %lld%s", BYTES_ARG(value->name),
                     (long long)row->max, is_time ? " ms" : "");
}

static err_t read_number(struct config_reader *reader, const struct conf_value *value, const struct config_row *row,
                         int64_t *place)
{
    int64_t number = value->integer;
    err_t err = ERR_OK;
    if (row->type != CONFIG_INTEGER)
        err = read_duration(reader, value, row->type, &number);
    else if (value->type != CONF_INTEGER)
        return config_expected(reader, value, "a number");
    if (err == ERR_OK)
        err = check_limits(reader, value, row, number);
    if (err == ERR_OK)
        *place = number;
    return err;
}

static err_t read_entry(struct config_reader *reader, const struct conf_value *value, const struct config_row *row,
                        void *into)
{
    void *place = (char *)into + row->at;
    bytes_t text = BYTES_NULL;
    err_t err;
    switch (row->type) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        err = row->type == CONFIG_TEXT ? config_text(reader, value, &text) : config_secret(reader, value, &text);
        if (err == ERR_OK)
            *(const char **)place = arena_text(reader->arena, text);
        return err;
    case CONFIG_BOOL:
        if (value->type != CONF_BOOL)
            return config_expected(reader, value, "true or false");
        *(bool *)place = value->is_true;
        return ERR_OK;
    case CONFIG_INTEGER:
    case CONFIG_DURATION:
    case CONFIG_TIMEOUT:
    case CONFIG_SPAN:
        return read_number(reader, value, row, place);
    case CONFIG_TEXTS:
        return read_texts(reader, value, place);
    case CONFIG_SECTION:
        return row->read(reader, value, into);
    case CONFIG_REFUSED:
        if (asks_for_nothing(value))
            return ERR_OK;
        return conf_fail(reader->diag, ERR_UNSUPPORTED, &value->place, "\"%.*s\": %s", BYTES_ARG(value->name),
                         row->words);
    case CONFIG_NOTED:
        config_note(reader, value, row->words);
        return ERR_OK;
    }
    return ERR_INVALID;
}

err_t config_read_map(struct config_reader *reader, const struct conf_value *map, struct config_table table, void *into)
{
    if (map->type != CONF_MAP)
        return config_expected(reader, map, "a map { ... }");
    for (const struct conf_value *entry = map->first; entry != NULL; entry = entry->next) {
        const struct config_row *row = find_row(table, entry->name);
        err_t err = ERR_OK;
        if (row != NULL)
            err = read_entry(reader, entry, row, into);
        else if (!entry->is_variable)
            err = unknown(reader, entry, table);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

struct unit {
    const char *name;
    double nanoseconds;
};

static const struct unit *take_unit(bytes_t *text)
{
    // Longer names first; both letters that stand for micro.
    static const struct unit units[] = { { "ms", 1e6 }, { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
                                         { "ns", 1 },   { "s", 1e9 },  { "m", 60e9 },        { "h", 3600e9 } };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t size = strlen(units[i].name);
        if (text->size >= size && memcmp(text->data, units[i].name, size) == 0) {
            *text = bytes_of(text->data + size, text->size - size);
            return &units[i];
        }
    }
    return NULL;
}

static bool take_decimal(bytes_t *text, double *ret_number)
{
    double number = 0, scale = 1;
    bool has_digits = false, has_point = false;
    size_t at = 0;
    for (; at < text->size; at++) {
        uint8_t c = text->data[at];
        if (c == '.' && !has_point) {
            has_point = true;
        } else if (c >= '0' && c <= '9') {
            has_digits = true;
            scale = has_point ? scale / 10 : scale;
            number = has_point ? number + (c - '0') * scale : number * 10 + (c - '0');
        } else {
            break;
        }
    }
    *text = bytes_of(text->data + at, text->size - at);
    *ret_number = number;
    return has_digits;
}

bool nats_duration_parse(bytes_t text, int64_t *ret_ms)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    if (is_negative || (text.size > 0 && text.data[0] == '+'))
        text = bytes_of(text.data + 1, text.size - 1);
    if (bytes_is(text, "0")) {
        *ret_ms = 0;
        return true;
    }
    double total = 0;
    if (text.size == 0)
        return false;
    while (text.size > 0) {
        double number;
        const struct unit *unit = take_decimal(&text, &number) ? take_unit(&text) : NULL;
        if (unit == NULL)
            return false;
        total += number * unit->nanoseconds;
    }
    if (total >= 9.2e18) // beyond what Go holds, too
        return false;
    int64_t ms = (llround(total) + 999999) / 1000000;
    *ret_ms = is_negative ? -ms : ms;
    return true;
}

bool nats_listen_parse(bytes_t text, struct arena *arena, const char **host, int64_t *port)
{
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    bytes_t name = bytes_of(text.data, colon == 0 ? 0 : colon - 1);
    int64_t number;
    if (!bytes_to_int64(bytes_of(text.data + colon, text.size - colon), &number) || number < -1 || number > UINT16_MAX)
        return false;
    if (name.size >= 2 && name.data[0] == '[' && name.data[name.size - 1] == ']')
        name = bytes_of(name.data + 1, name.size - 2);
    else if (name.size > 0 && (memchr(name.data, ':', name.size) != NULL || memchr(name.data, '[', name.size) != NULL))
        return false;
    if (colon > 0)
        *host = arena_text(arena, name);
    *port = number;
    return true;
}
