// SPDX-License-Identifier: Apache-2.0
#include "app/nats_settings.h"

#include "base/assert.h"
#include "io/system.h"
#include "nats/config/config_file.h"

#include <stddef.h>
#include <stdio.h>

enum { CONNECTIONS_MAX = 10000000 }; // where there is no limit; there are fewer file descriptors

static err_t read_config(const char *path, struct nats_settings *settings, diag_t *diag)
{
    bytes_t text;
    err_t err = nats_config_load(path, system_environment(), &settings->arena, &settings->config, &text, diag);
    if (err == ERR_OK)
        digest_sha256(text, settings->digest);
    return err;
}

// What is read, and what this server does not do yet: it has to be said, for whoever asks for it relies on it.
static err_t check_served(const struct nats_config *config, diag_t *diag)
{
    if (config->https_port != 0)
        return diag_fail(diag, ERR_UNSUPPORTED, "https_port", "monitoring is served in plain text only: http_port");
    const char *path = config->http_base_path;
    if (config->http_port != 0 && path != NULL && path[0] != '\0' && strcmp(path, "/") != 0)
        return diag_fail(diag, ERR_UNSUPPORTED, "http_base_path", "the pages of monitoring are at / and nowhere else");
    return ERR_OK;
}

// The limits of the door's own options, by nats-server's names for them: nats.max-payload is max_payload.
static err_t check_ranges(const struct nats_options *options, diag_t *diag)
{
    for (size_t i = 0; i < nats_option_row_count; i++) {
        const struct option_row *row = &nats_option_rows[i];
        int64_t value;
        char name[64];
        if (row->min == 0 && row->max == 0)
            continue;
        memcpy(&value, (const char *)options + row->at, sizeof value);
        if (value >= row->min && value <= row->max)
            continue;
        snprintf(name, sizeof name, "%s", row->name + strlen("nats."));
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '-' ? '_' : *c;
        return diag_fail(diag, ERR_UNSUPPORTED, name, "is %lld here at least and %lld at most%s%s", (long long)row->min,
                         (long long)row->max, row->limit_reason == NULL ? "" : ": ",
                         row->limit_reason == NULL ? "" : row->limit_reason);
    }
    return ERR_OK;
}

err_t nats_settings_read(const struct nats_flags *flags, struct nats_settings *settings, diag_t *diag)
{
    struct nats_settings fresh = { .arena = ARENA_INIT };
    struct nats_config *config = &fresh.config;
    err_t err = ERR_OK;
    nats_config_default(config);
    if (flags->config_file != NULL)
        err = read_config(flags->config_file, &fresh, diag);
    if (err == ERR_OK) {
        nats_flags_apply(flags, &fresh.arena, config);
        err = nats_config_check(config, diag);
    }
    if (err == ERR_OK)
        err = check_served(config, diag);
    if (err == ERR_OK) {
        struct nats_options options;
        nats_settings_options(&fresh, &options);
        err = check_ranges(&options, diag);
        if (err == ERR_OK && nats_options_check(&options, NULL) != ERR_OK)
            err = diag_fail(diag, ERR_INVALID, "client_advertise", "\"%s\" is not of the form HOST:PORT",
                            config->client_advertise);
    }
    if (err == ERR_OK)
        err = nats_access_new(config, &fresh.access, diag);
    if (err == ERR_OK)
        *settings = fresh;
    else
        arena_free(&fresh.arena);
    return err;
}

void nats_settings_free(struct nats_settings *settings)
{
    nats_access_free(settings->access);
    arena_free(&settings->arena);
}

void nats_settings_options(const struct nats_settings *settings, struct nats_options *ret_options)
{
    const struct nats_config *config = &settings->config;
    *ret_options = (struct nats_options){
        .advertise = config->client_advertise,
        .server_name = config->server_name,
        .max_payload = config->max_payload,
        .max_control_line = config->max_control_line,
        .max_pending = config->max_pending,
        .max_connections = config->max_connections < 1 ? CONNECTIONS_MAX : config->max_connections,
        .max_subscriptions = config->max_subscriptions < 1 ? 0 : config->max_subscriptions,
        .max_subject_tokens = config->max_subscription_tokens,
        .max_closed_clients = config->max_closed_clients,
        .ping_interval_ms = config->ping_interval_ms,
        .ping_max = config->ping_max,
        .write_deadline_ms = config->write_deadline_ms,
        .producer_stall = !config->no_producer_stall,
        .lame_duck_duration_ms = config->lame_duck_duration_ms,
        .lame_duck_grace_ms = config->lame_duck_grace_ms,
        .trace_size = config->max_traced_message < 0 ? 0 : config->max_traced_message,
        .trace_headers = config->trace_more,
        .no_headers = config->no_headers,
    };
}

#define AT(member) offsetof(struct nats_config, member)

const char *nats_settings_fixed(const struct nats_settings *from, const struct nats_settings *to)
{
    static const struct {
        const char *name;
        size_t at; // of a text
    } fixed[] = { { "host", AT(host) },
                  { "http_host", AT(http_host) },
                  { "server_name", AT(server_name) },
                  { "client_advertise", AT(client_advertise) },
                  { "log_file", AT(log_file) },
                  { "pid_file", AT(pid_file) },
                  { "ports_file_dir", AT(ports_file_dir) } };
    static const struct {
        const char *name;
        size_t at; // of a number
    } fixed_numbers[] = { { "port", AT(port) },
                          { "http_port", AT(http_port) },
                          { "max_closed_clients", AT(max_closed_clients) } };
    for (size_t i = 0; i < ARRAY_COUNT(fixed); i++) {
        const char *a, *b;
        memcpy(&a, (const char *)&from->config + fixed[i].at, sizeof a);
        memcpy(&b, (const char *)&to->config + fixed[i].at, sizeof b);
        if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
            return fixed[i].name;
    }
    for (size_t i = 0; i < ARRAY_COUNT(fixed_numbers); i++) {
        int64_t a, b;
        memcpy(&a, (const char *)&from->config + fixed_numbers[i].at, sizeof a);
        memcpy(&b, (const char *)&to->config + fixed_numbers[i].at, sizeof b);
        if (a != b)
            return fixed_numbers[i].name;
    }
    return NULL;
}
