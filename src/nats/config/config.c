// SPDX-License-Identifier: Apache-2.0
#include "nats/config/config.h"

#include "nats/config/config_read.h"

#include <stddef.h>

#define AT(field) offsetof(struct nats_config, field)

enum {
    PORT_MAX = UINT16_MAX,
    TOKENS_MAX = UINT8_MAX,
    LAME_DUCK_MIN_MS = 30000,
};

// Where nats-server counts a negative size as no limit at all, such a size is refused: nobody can mean it.
#define SIZE_MIN     0
#define SIZE_LARGEST INT32_MAX
#define ANY_NUMBER   INT64_MAX

static const char CLUSTER[] =
    "eddy is one server; servers that find each other are a NATS cluster, which nats-server makes";
static const char OPERATOR[] = "JWTs of an operator are not read: name accounts and users in this file";
static const char SYSLOG[] = "log lines go to the standard error or to log_file, not to a syslog";
static const char PROFILER[] = "changes nothing: there is no profiler in eddy";
static const char ROTATE[] = "changes nothing: rename the file and send SIGUSR1, as logrotate does";

static err_t read_listen(struct config_reader *reader, const struct conf_value *value, const char **host, int64_t *port)
{
    bool is_one = value->type == CONF_STRING || value->type == CONF_INTEGER;
    if (!is_one || !nats_listen_parse(value->text, reader->arena, host, port))
        return config_expected(reader, value, "a port, or host:port");
    return ERR_OK;
}

static err_t read_client_listen(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_config *config = into;
    return read_listen(reader, value, &config->host, &config->port);
}

static err_t read_http(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_config *config = into;
    return read_listen(reader, value, &config->http_host, &config->http_port);
}

static err_t read_https(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_config *config = into;
    return read_listen(reader, value, &config->http_host, &config->https_port);
}

static err_t read_server_name(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_config *config = into;
    bytes_t name;
    err_t err = config_text(reader, value, &name);
    if (err == ERR_OK && memchr(name.data, ' ', name.size) != NULL)
        return conf_fail(reader->diag, ERR_INVALID, &value->place, "server_name cannot have a blank in it");
    if (err == ERR_OK)
        config->server_name = arena_text(reader->arena, name);
    return err;
}

// Tracing more means tracing.
static err_t read_trace_more(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_config *config = into;
    if (value->type != CONF_BOOL)
        return config_expected(reader, value, "true or false");
    config->trace_more = value->is_true;
    config->trace = config->trace || value->is_true;
    return ERR_OK;
}

static err_t read_write_timeout(struct config_reader *reader, const struct conf_value *value, void *into)
{
    (void)into;
    bytes_t text;
    err_t err = config_text(reader, value, &text);
    if (err == ERR_OK && !bytes_is(text, "default") && !bytes_is(text, "close"))
        return conf_fail(reader->diag, ERR_UNSUPPORTED, &value->place,
                         "write_timeout: a client that does not read is closed (\"close\"), nothing else is done");
    return err;
}

#define NUMBER(names, field, min, max)                                                                                 \
    {                                                                                                                  \
        names, CONFIG_INTEGER, AT(field), min, max, NULL, NULL                                                         \
    }
#define DURATION(names, field, min)                                                                                    \
    {                                                                                                                  \
        names, CONFIG_DURATION, AT(field), min, INT64_MAX, NULL, NULL                                                  \
    }
#define SPAN(names, field, min)                                                                                        \
    {                                                                                                                  \
        names, CONFIG_SPAN, AT(field), min, INT64_MAX, NULL, NULL                                                      \
    }
#define BOOL(names, field)                                                                                             \
    {                                                                                                                  \
        names, CONFIG_BOOL, AT(field), 0, 0, NULL, NULL                                                                \
    }
#define TEXT(names, field)                                                                                             \
    {                                                                                                                  \
        names, CONFIG_TEXT, AT(field), 0, 0, NULL, NULL                                                                \
    }
#define SECTION(names, read)                                                                                           \
    {                                                                                                                  \
        names, CONFIG_SECTION, 0, 0, 0, read, NULL                                                                     \
    }
#define REFUSED(names, words)                                                                                          \
    {                                                                                                                  \
        names, CONFIG_REFUSED, 0, 0, 0, NULL, words                                                                    \
    }
#define NOTED(names, words)                                                                                            \
    {                                                                                                                  \
        names, CONFIG_NOTED, 0, 0, 0, NULL, words                                                                      \
    }

// clang-format off
static const struct config_row rows[] = {
    SECTION("listen", read_client_listen),
    TEXT("host net", host),
    NUMBER("port", port, -1, PORT_MAX),
    TEXT("client_advertise", client_advertise),
    SECTION("server_name", read_server_name),
    { "server_tags", CONFIG_TEXTS, AT(server_tags), 0, 0, NULL, NULL },
    SECTION("http", read_http),
    SECTION("https", read_https),
    NUMBER("http_port monitor_port", http_port, -1, PORT_MAX),
    NUMBER("https_port", https_port, -1, PORT_MAX),
    TEXT("http_base_path", http_base_path),

    NUMBER("max_payload", max_payload, SIZE_MIN, SIZE_LARGEST),
    NUMBER("max_control_line", max_control_line, SIZE_MIN, SIZE_LARGEST),
    NUMBER("max_pending", max_pending, SIZE_MIN, ANY_NUMBER),
    NUMBER("max_connections max_conn", max_connections, 0, 0),
    NUMBER("max_subscriptions max_subs", max_subscriptions, 0, 0),
    NUMBER("max_sub_tokens max_subscription_tokens", max_subscription_tokens, 1, TOKENS_MAX),
    NUMBER("max_closed_clients", max_closed_clients, 0, 0),
    NUMBER("max_traced_msg_len", max_traced_message, 0, 0),
    DURATION("ping_interval", ping_interval_ms, 0),
    NUMBER("ping_max", ping_max, 0, ANY_NUMBER),
    DURATION("write_deadline", write_deadline_ms, 0),
    SECTION("write_timeout", read_write_timeout),
    SPAN("lame_duck_duration", lame_duck_duration_ms, LAME_DUCK_MIN_MS),
    SPAN("lame_duck_grace_period", lame_duck_grace_ms, 0),
    BOOL("no_header_support", no_headers),
    BOOL("no_fast_producer_stall", no_producer_stall),

    SECTION("authorization", config_read_authorization),
    SECTION("accounts", config_read_accounts),
    TEXT("no_auth_user", no_auth_user),
    TEXT("system_account system", system_account),
    SECTION("tls", config_read_tls),
    BOOL("allow_non_tls", allow_non_tls),

    BOOL("debug", debug),
    BOOL("trace", trace),
    SECTION("trace_verbose", read_trace_more),
    SECTION("trace_headers", read_trace_more),
    BOOL("logtime", logtime),
    BOOL("logtime_utc", logtime_utc),
    TEXT("log_file logfile", log_file),
    TEXT("pid_file pidfile", pid_file),
    TEXT("ports_file_dir", ports_file_dir),
    TEXT("store_dir storedir", store_dir),

    REFUSED("cluster", CLUSTER),
    REFUSED("gateway", CLUSTER),
    REFUSED("leafnodes leaf", CLUSTER),
    REFUSED("jetstream", "JetStream is not served yet"),
    REFUSED("websocket ws", "WebSocket connections are not served yet"),
    REFUSED("mqtt", "MQTT is not served: an MQTT broker beside eddy can pass messages on"),
    REFUSED("mappings maps", "subjects cannot be mapped yet"),
    REFUSED("operator operators roots root root_operators root_operator", OPERATOR),
    REFUSED("resolver account_resolver accounts_resolver", OPERATOR),
    REFUSED("resolver_tls", OPERATOR),
    REFUSED("resolver_preload", OPERATOR),
    REFUSED("resolver_pinned_accounts", OPERATOR),
    REFUSED("trusted trusted_keys", OPERATOR),
    REFUSED("default_sentinel", OPERATOR),
    REFUSED("ocsp", "OCSP is not asked; leave it out"),
    REFUSED("ocsp_cache", "OCSP is not asked; leave it out"),
    REFUSED("proxies", "trusted proxies are not known"),
    REFUSED("proxy_protocol", "the PROXY protocol is not spoken"),
    REFUSED("syslog", SYSLOG),
    REFUSED("remote_syslog", SYSLOG),

    NOTED("log_size_limit logfile_size_limit", ROTATE),
    NOTED("log_max_num logfile_max_num", ROTATE),
    NOTED("no_system_account no_system no_sys_acc", "changes nothing: the system account has no users unless it is given some"),
    NOTED("disable_sublist_cache no_sublist_cache", "changes nothing: subscriptions are found without a cache"),
    NOTED("connect_error_reports", "changes nothing: no other server is connected to"),
    NOTED("reconnect_error_reports", "changes nothing: no other server is connected to"),
    NOTED("prof_port", PROFILER),
    NOTED("prof_block_rate", PROFILER),
    NOTED("server_metadata", "is not shown to anybody yet"),
    NOTED("feature_flags", "changes nothing: they are switches of nats-server's own code"),
    NOTED("default_js_domain", "changes nothing: there are no domains of JetStream"),
};
// clang-format on

// nats-server's own defaults (its README, "Configuration").
void nats_config_default(struct nats_config *config)
{
    *config = (struct nats_config){
        .host = "0.0.0.0",
        .port = 4222,
        .max_payload = 1 << 20,
        .max_control_line = 4096,
        .max_pending = 64 << 20,
        .max_connections = 65536,
        .max_closed_clients = 10000,
        .ping_interval_ms = 120000,
        .ping_max = 2,
        .write_deadline_ms = 10000,
        .lame_duck_duration_ms = 120000,
        .lame_duck_grace_ms = 10000,
        .logtime = true,
    };
}

// For these 0 and an empty text say nothing, as in nats-server: files are made from templates.
static void restore_defaults(struct nats_config *config)
{
    static const size_t places[] = { AT(port),        AT(max_payload),        AT(max_control_line),
                                     AT(max_pending), AT(max_closed_clients), AT(ping_interval_ms),
                                     AT(ping_max),    AT(write_deadline_ms),  AT(lame_duck_grace_ms) };
    static const size_t texts[] = { AT(host),           AT(server_name),    AT(client_advertise), AT(http_host),
                                    AT(http_base_path), AT(no_auth_user),   AT(system_account),   AT(log_file),
                                    AT(pid_file),       AT(ports_file_dir), AT(store_dir) };
    struct nats_config defaults;
    nats_config_default(&defaults);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int64_t *value = (int64_t *)(void *)((char *)config + places[i]);
        if (*value == 0)
            memcpy(value, (const char *)&defaults + places[i], sizeof *value);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char **text = (const char **)(void *)((char *)config + texts[i]);
        if (*text != NULL && (*text)[0] == '\0')
            memcpy(text, (const char *)&defaults + texts[i], sizeof *text);
    }
}

err_t nats_config_read(const struct conf_value *root, struct arena *arena, struct nats_config *config, diag_t *diag)
{
    struct config_reader reader = { arena, diag, config, &config->notes };
    while (*reader.last_note != NULL)
        reader.last_note = &(*reader.last_note)->next;
    err_t err = config_read_map(&reader, root, CONFIG_TABLE("the configuration", rows), config);
    if (err == ERR_OK)
        restore_defaults(config);
    return err;
}

err_t nats_config_check(const struct nats_config *config, diag_t *diag)
{
    if (config->max_payload > config->max_pending)
        return diag_fail(diag, ERR_INVALID, "max_payload", "is %lld, more than max_pending (%lld)",
                         (long long)config->max_payload, (long long)config->max_pending);
    if (config->lame_duck_grace_ms >= config->lame_duck_duration_ms)
        return diag_fail(diag, ERR_INVALID, "lame_duck_grace_period", "is not shorter than lame_duck_duration");
    if (config->http_port != 0 && config->https_port != 0)
        return diag_fail(diag, ERR_INVALID, "https_port", "monitoring has one port: http_port or https_port");
    if (config->tls.given && (config->tls.cert_file == NULL || config->tls.key_file == NULL))
        return diag_fail(diag, ERR_INVALID, "tls", "needs a certificate and its key: cert_file and key_file");
    return config_check_users(config, diag);
}
