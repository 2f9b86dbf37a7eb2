// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/civil.h"
#include "base/json_write.h"

#include <stdatomic.h>
#include <stdio.h>

#define VALUE_SIZE_MAX 4096

static const struct {
    const char *name, *shout, *nats;
} levels[LOG_LEVEL_COUNT] = {
    [LOG_TRACE] = { "trace", "TRACE", "TRC" }, [LOG_DEBUG] = { "debug", "DEBUG", "DBG" },
    [LOG_INFO] = { "info", "INFO", "INF" },    [LOG_WARN] = { "warn", "WARN", "WRN" },
    [LOG_ERROR] = { "error", "ERROR", "ERR" },
};

// Written once before the first thread; only the level changes later.
static struct log_config config;
static atomic_int lowest = LOG_LEVEL_COUNT;

void log_start(const struct log_config *new_config)
{
    config = *new_config;
    log_set_level(config.level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&lowest, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&lowest, memory_order_relaxed) && config.sink != NULL;
}

const char *log_level_name(enum log_level level)
{
    return (unsigned)level < LOG_LEVEL_COUNT ? levels[level].name : "unknown";
}

bool log_level_from_name(bytes_t name, enum log_level *ret_level)
{
    for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++) {
        if (bytes_is(name, levels[i].name)) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static bytes_t cut(bytes_t text)
{
    return bytes_of(text.data, text.size < VALUE_SIZE_MAX ? text.size : VALUE_SIZE_MAX);
}

// A value that reads the same without quotes: printable ASCII without space, quote, backslash and '='.
static bool is_plain(bytes_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return text.size > 0;
}

static void write_text_field(struct writer *out, const struct log_field *field)
{
    writer_u8(out, ' ');
    writer_text(out, field->key);
    writer_u8(out, '=');
    struct json_writer quoted = json_writer_of(out);
    bytes_t text = cut(field->text);
    switch (field->type) {
    case LOG_TYPE_INT:
        json_int(&quoted, field->number);
        return;
    case LOG_TYPE_BOOL:
        json_bool(&quoted, field->number != 0);
        return;
    case LOG_TYPE_TEXT:
        if (is_plain(text))
            writer_bytes(out, text);
        else
            json_bytes(&quoted, text);
        return;
    }
}

// What stands before the message in a line of nats-server.
static void write_nats_head(struct writer *out, enum log_level level, int64_t now_ms)
{
    struct civil now = civil_of_ms(now_ms);
    writer_format(out, "[%llu] ", (unsigned long long)config.process_id);
    if (!config.is_timeless)
        writer_format(out, "%04d/%02d/%02d %02d:%02d:%02d.%03d000 ", now.year, now.month, now.day, now.hour, now.minute,
                      now.second, now.millisecond);
    writer_format(out, "[%s] ", levels[level].nats);
}

static void write_message(struct writer *out, const char *message, struct log_fields fields)
{
    // The message is ours, but a line must not break even if one is built from data one day.
    for (const char *c = message; *c != '\0'; c++)
        writer_u8(out, (uint8_t)*c < ' ' || *c == 0x7f ? (uint8_t)' ' : (uint8_t)*c);
    for (size_t i = 0; i < fields.count; i++)
        write_text_field(out, &fields.items[i]);
}

static void write_json_field(struct json_writer *json, const struct log_field *field)
{
    switch (field->type) {
    case LOG_TYPE_INT:
        json_field_int(json, field->key, field->number);
        return;
    case LOG_TYPE_BOOL:
        json_field_bool(json, field->key, field->number != 0);
        return;
    case LOG_TYPE_TEXT:
        json_field_bytes(json, field->key, cut(field->text));
        return;
    }
}

static void write_json(struct writer *out, enum log_level level, const char *time, const char *message,
                       struct log_fields fields)
{
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_text(&json, "time", time);
    json_field_text(&json, "level", levels[level].name);
    json_field_text(&json, "message", message);
    for (size_t i = 0; i < fields.count; i++)
        write_json_field(&json, &fields.items[i]);
    json_object_end(&json);
}

void log_line(enum log_level level, const char *message, struct log_fields fields)
{
    if (!log_enabled(level))
        return;
    char time[CIVIL_TEXT_SIZE];
    struct writer out = WRITER_INIT;
    int64_t now_ms = config.now_ms == NULL ? 0 : config.now_ms(config.context);
    (void)civil_format(now_ms, time);
    if (config.format == LOG_AS_JSON) {
        write_json(&out, level, time, message, fields);
    } else {
        if (config.format == LOG_AS_NATS)
            write_nats_head(&out, level, now_ms);
        else
            writer_format(&out, "%s %s ", time, levels[level].shout);
        write_message(&out, message, fields);
    }
    writer_u8(&out, '\n');
    config.sink(config.context, level, writer_view(&out));
    writer_free(&out);
}
