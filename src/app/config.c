// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include "app/app_internal.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/system.h"
#include "nats/access.h"

#include <stdlib.h>

enum { CONFIG_FILE_SIZE_MAX = 1 << 20 };

static err_t read_file(struct option_set *set, const char *path, diag_t *diag)
{
    struct buf *content;
    err_t err = file_read_whole(path, CONFIG_FILE_SIZE_MAX, &content);
    if (err == ERR_NOT_FOUND)
        return diag_fail(diag, err, path, "there is no such config file; `eddy config --defaults > %s` makes one",
                         path);
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "the config file cannot be read (it must be a file of at most 1 MB): %s",
                         err_text(err));
    err = option_set_file(set, bytes_of(content->data, content->capacity), path, diag);
    buf_unref(content);
    return err;
}

static err_t read_nats_auth(struct app_config *config, diag_t *diag)
{
    const char *path = config->nats.auth_file;
    bool is_given = path != NULL && path[0] != '\0';
    return is_given ? nats_access_load(path, system_environment(), &config->nats_access, diag) : ERR_OK;
}

err_t app_config_read(struct option_set *set, struct app_config *config, int count, const char *const *arguments,
                      const char **ret_rest, int *ret_rest_count, diag_t *diag)
{
    option_set_init(set, app_option_table(), config);
    err_t err = option_set_flags(set, count, arguments, ret_rest, ret_rest_count, diag);
    if (err == ERR_OK)
        err = option_set_env(set, system_environment(), diag);
    if (err == ERR_OK && config->file != NULL)
        err = read_file(set, config->file, diag);
    if (err == ERR_OK)
        err = read_nats_auth(config, diag);
    if (err == ERR_OK)
        err = app_doors_check(config, diag);
    if (err == ERR_OK)
        err = kafka_options_check(&config->kafka, diag);
    if (err == ERR_OK)
        err = nats_options_check(&config->nats, diag);
    if (err != ERR_OK)
        app_config_free(set, config);
    return err;
}

void app_config_free(struct option_set *set, struct app_config *config)
{
    nats_access_free(config->nats_access);
    config->nats_access = NULL;
    option_set_free(set);
}

void app_env_strays(option_stray_fn *on_stray, void *owner)
{
    // And those that are no options of serve: where the commands that are clients find their server.
    static const struct option_row client_rows[] = { { .env = "EDDY_BOOTSTRAP" }, { .env = "EDDY_SERVER" } };
    struct option_table table = app_option_table();
    size_t count = table.count + ARRAY_COUNT(client_rows);
    struct option_row *rows = mem_alloc(count * sizeof(*rows));
    memcpy(rows, table.rows, table.count * sizeof(*rows));
    memcpy(rows + table.count, client_rows, sizeof(client_rows));
    option_env_strays((struct option_table){ rows, count }, "EDDY_", system_environment(), on_stray, owner);
    free(rows);
}

static size_t value_size(enum option_type type)
{
    switch (type) {
    case OPTION_BOOL:
        return sizeof(bool);
    case OPTION_ENUM:
        return sizeof(int);
    case OPTION_INT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return sizeof(int64_t);
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_PATH:
    case OPTION_TYPE_COUNT:
        break;
    }
    ASSERT(false); // a text would be owned by the set that is thrown away
    return 0;
}

void app_config_merge(struct option_set *set, const struct option_set *fresh,
                      void (*on_change)(const struct option_row *row, bool needs_restart))
{
    for (size_t i = 0; i < set->table.count; i++) {
        const struct option_row *row = &set->table.rows[i];
        struct writer now = WRITER_INIT, next = WRITER_INIT;
        option_write_value(set, row, &now);
        option_write_value(fresh, row, &next);
        bool differs = !bytes_equal(writer_view(&now), writer_view(&next));
        if (differs && row->apply == OPTION_LIVE)
            memcpy((char *)set->config + row->at, (const char *)fresh->config + row->at, value_size(row->type));
        if (differs)
            on_change(row, row->apply != OPTION_LIVE);
        writer_free(&now);
        writer_free(&next);
    }
}

void app_http_limits(const struct app_config *config, struct http_limits *ret_limits)
{
    *ret_limits = (struct http_limits){
        .line_size = (size_t)config->http_line_size,
        .header_count = (size_t)config->http_header_count,
        .header_size = (size_t)config->http_header_size,
        .body_size = (size_t)config->http_body_size,
        .header_timeout_ms = config->http_header_timeout_ms,
        .body_timeout_ms = config->http_body_timeout_ms,
        .idle_timeout_ms = config->http_idle_timeout_ms,
        .connection_count = (uint32_t)config->http_connections,
    };
}

void app_store_options(const struct app_config *config, struct store_options *ret_options)
{
    *ret_options = (struct store_options){
        .folder = config->data,
        .flush = (enum flush_mode)config->flush,
        .flush_interval_ms = config->flush_interval_ms,
        .memory_size = (uint64_t)config->memory_size,
        .journal_size = (uint64_t)config->journal_size,
        .direct_flush_size = (uint64_t)config->direct_flush_size,
        .direct_io = config->direct_io,
        .direct_read_size = (uint64_t)config->direct_read_size,
        .checkpoint_interval_ms = config->checkpoint_interval_ms,
        .retention_interval_ms = config->retention_interval_ms,
        .producer_expiration_ms = config->producer_expiration_ms,
        .open_segments = (uint32_t)config->open_segments,
        .reserve_size = (uint64_t)config->reserve_size,
    };
    struct topic_config *topics = &ret_options->topic_defaults;
    topic_config_default(topics);
    topics->retention_ms = config->topic_retention_ms;
    topics->retention_size = config->topic_retention_size;
    topics->segment_size = config->topic_segment_size;
    topics->max_message_size = config->topic_message_max;
}
