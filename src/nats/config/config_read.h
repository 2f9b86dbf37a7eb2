// SPDX-License-Identifier: Apache-2.0
// Maps of the configuration, read by tables: a row is a key with its other names, its type and its place in a struct.
#pragma once

#include "nats/config/config.h"

enum config_type {
    CONFIG_TEXT,     // const char *
    CONFIG_SECRET,   // the same, and no complaint repeats it
    CONFIG_BOOL,     // bool
    CONFIG_INTEGER,  // int64_t
    CONFIG_DURATION, // int64_t milliseconds; a number is seconds
    CONFIG_TIMEOUT,  // the same, and a number may have a fraction
    CONFIG_SPAN,     // the same, and a number is refused: 2m without quotes is two million
    CONFIG_TEXTS,    // struct nats_texts: one text, or an array
    CONFIG_SECTION,  // READ does it
    CONFIG_REFUSED,  // not served, WORDS say why; false and "disabled" ask for nothing
    CONFIG_NOTED,    // changes nothing here, WORDS say why
};

struct config_reader {
    struct arena *arena;
    diag_t *diag;
    struct nats_config *config;
    struct nats_note **last_note;
};

typedef err_t config_section_fn(struct config_reader *reader, const struct conf_value *value, void *into);

struct config_row {
    const char *names; // separated by blanks
    enum config_type type;
    size_t at;
    int64_t min, max; // both 0: no limit
    config_section_fn *read;
    const char *words;
};

struct config_table {
    const char *name; // "authorization", for complaints
    const struct config_row *rows;
    size_t count;
};

#define CONFIG_TABLE(name, rows) ((struct config_table){ (name), (rows), sizeof(rows) / sizeof((rows)[0]) })

// MAP must be one. INTO is the struct that the rows' places are in.
err_t config_read_map(struct config_reader *reader, const struct conf_value *map, struct config_table table,
                      void *into) MUST_CHECK;
// The text of a value that must be one.
err_t config_text(struct config_reader *reader, const struct conf_value *value, bytes_t *ret_text) MUST_CHECK;
// The same; the complaint does not say what stands there instead.
err_t config_secret(struct config_reader *reader, const struct conf_value *value, bytes_t *ret_text) MUST_CHECK;
// Calls READ_ITEM for each item of an array that must be one.
err_t config_each(struct config_reader *reader, const struct conf_value *value, config_section_fn *read_item,
                  void *into) MUST_CHECK;
// One text, or an array of them.
err_t config_list(struct config_reader *reader, const struct conf_value *value, const bytes_t **ret_items,
                  size_t *ret_count) MUST_CHECK;
err_t config_expected(struct config_reader *reader, const struct conf_value *value, const char *what);
void config_note(struct config_reader *reader, const struct conf_value *value, const char *words);

// config_auth.c
config_section_fn config_read_authorization, config_read_accounts;
err_t config_check_users(const struct nats_config *config, diag_t *diag) MUST_CHECK;
// config_tls.c
config_section_fn config_read_tls;
