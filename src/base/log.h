// SPDX-License-Identifier: Apache-2.0
// Structured log lines: a fixed message and fields. This module only formats; where lines go and what time it is, the
// program says at start. Every value is escaped, so that data can neither split a line nor imitate one. Any thread.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL_COUNT };

enum log_format { LOG_AS_TEXT, LOG_AS_JSON, LOG_AS_NATS };

enum log_type { LOG_TYPE_TEXT, LOG_TYPE_INT, LOG_TYPE_BOOL };

struct log_field {
    const char *key; // lower case words joined by '_', from the code, never data
    enum log_type type;
    bytes_t text; // cut at 4 KB
    int64_t number;
};

struct log_fields {
    const struct log_field *items;
    size_t count;
};

// log_line(LOG_INFO, "listening", LOG_FIELDS(log_text("door", "kafka"), log_int("port", 9092)));
#define LOG_FIELDS(...)                                                                                                \
    ((struct log_fields){ (const struct log_field[]){ __VA_ARGS__ },                                                   \
                          sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field) })
#define LOG_NONE ((struct log_fields){ NULL, 0 })

static inline struct log_field log_bytes(const char *key, bytes_t value)
{
    return (struct log_field){ key, LOG_TYPE_TEXT, value, 0 };
}

static inline struct log_field log_text(const char *key, const char *value)
{
    return log_bytes(key, value == NULL ? BYTES_NULL : bytes_of_text(value));
}

static inline struct log_field log_int(const char *key, int64_t value)
{
    return (struct log_field){ key, LOG_TYPE_INT, BYTES_NULL, value };
}

static inline struct log_field log_bool(const char *key, bool value)
{
    return (struct log_field){ key, LOG_TYPE_BOOL, BYTES_NULL, value };
}

// error="the disk is full"
static inline struct log_field log_err(err_t err)
{
    return log_text("error", err_text(err));
}

struct log_config {
    enum log_level level; // lower levels are dropped
    enum log_format format;
    // Gets one whole line with its newline. Called on the thread that logs, so it must be safe on any.
    void (*sink)(void *context, enum log_level level, bytes_t line);
    int64_t (*now_ms)(void *context); // unix milliseconds
    void *context;
    uint64_t process_id; // of LOG_AS_NATS
    bool is_timeless;    // LOG_AS_NATS without the time
};

// Before the first thread starts. Until then, and with a NULL sink, lines are dropped.
void log_start(const struct log_config *config);
// May change while running.
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
// "trace", "debug", "info", "warn", "error".
const char *log_level_name(enum log_level level);
bool log_level_from_name(bytes_t name, enum log_level *ret_level);

// Text: `2026-01-02T03:04:05.678Z INFO message key=value key="value with spaces"`. JSON: one object with time, level,
// message and the fields. As nats-server: `[4711] 2026/01/02 03:04:05.678000 [INF] message key=value`.
void log_line(enum log_level level, const char *message, struct log_fields fields);
