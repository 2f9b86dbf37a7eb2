// SPDX-License-Identifier: Apache-2.0
#include "app/kube_door.h"

#include "auth/authority.h"
#include "base/base64.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/mem.h"
#include "eventing/kinds/kinds.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "io/tls.h"
#include "kube/kinds/kinds.h"
#include "kube/kube.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SERVER_DAYS = 365,
    RENEW_S = 30 * 86400, // a certificate that ends sooner is made anew at a start
    FILE_SIZE_MAX = 64 * 1024,
    TOKEN_BYTES = 32,
    PATH_MAX_SIZE = 4096,
};

static const char *path_of(const struct app *app, const char *name, char path[PATH_MAX_SIZE])
{
    (void)snprintf(path, PATH_MAX_SIZE, "%s/%s", app->config->data, name);
    return path;
}

static err_t fail(diag_t *diag, err_t err, const char *path, const char *what)
{
    return diag_fail(diag, err, "--kube", "%s: %s: %s", path, what, err_text(err));
}

static err_t file_get(const struct app *app, const char *name, struct buf **ret_buf, diag_t *diag)
{
    char path[PATH_MAX_SIZE];
    err_t err = file_read_whole(path_of(app, name, path), FILE_SIZE_MAX, ret_buf);
    return err == ERR_OK || err == ERR_NOT_FOUND ? err : fail(diag, err, path, "cannot be read");
}

static err_t file_put(const struct app *app, const char *name, bytes_t content, diag_t *diag)
{
    char path[PATH_MAX_SIZE];
    err_t err = file_replace(path_of(app, name, path), content);
    return err == ERR_OK ? err : fail(diag, err, path, "cannot be written");
}

// --- the authority and its certificate

static err_t authority_make(const struct app *app, struct authority **ret_authority, diag_t *diag)
{
    struct authority *authority = authority_new("eddy of this machine");
    struct slice certificate = authority_certificate(authority), key = authority_key(authority);
    // The key first: a certificate without its key would be of no use at the next start.
    err_t err = file_put(app, "kube/ca.key", key.bytes, diag);
    if (err == ERR_OK)
        err = file_put(app, "kube/ca.crt", certificate.bytes, diag);
    slice_free(&certificate);
    slice_free(&key);
    if (err != ERR_OK) {
        authority_free(authority);
        return err;
    }
    *ret_authority = authority;
    return ERR_OK;
}

static err_t authority_get(const struct app *app, struct authority **ret_authority, diag_t *diag)
{
    struct buf *certificate = NULL, *key = NULL;
    err_t err = file_get(app, "kube/ca.crt", &certificate, diag);
    if (err == ERR_NOT_FOUND)
        return authority_make(app, ret_authority, diag);
    if (err != ERR_OK)
        return err;
    err = file_get(app, "kube/ca.key", &key, diag);
    if (err == ERR_OK)
        err = authority_load(bytes_of(certificate->data, certificate->capacity), bytes_of(key->data, key->capacity),
                             ret_authority);
    if (err != ERR_OK)
        err = diag_fail(diag, err, "--kube",
                        "kube/ca.key in the data folder does not fit kube/ca.crt: put the right one back, or remove "
                        "both (clients then need the new kubeconfig)");
    buf_unref(certificate);
    buf_unref(key);
    return err;
}

// An IPv6 address has colons, an IPv4 one nothing but digits and dots.
static bool is_literal(const char *host)
{
    return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

// Names that the server goes by: clients on this machine, and the hosts of the option.
static void names_write(const struct app *app, const struct address *address, struct writer *to)
{
    writer_text(to,
                "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc");
    bool is_other =
        !address_is_loopback(address) && strcmp(address->host, "0.0.0.0") != 0 && strcmp(address->host, "::") != 0;
    if (is_other)
        writer_format(to, ",%s:%s", is_literal(address->host) ? "IP" : "DNS", address->host);
    for (size_t i = 0; i < app->host_count; i++) {
        if (strcmp(app->hosts[i], "*") != 0)
            writer_format(to, ",DNS:%s", app->hosts[i]);
    }
    writer_u8(to, '\0');
}

static bool has_all_names(bytes_t certificate, const char *names)
{
    char *copy = mem_text(names), *rest = NULL;
    bool has = true;
    for (char *name = strtok_r(copy, ",", &rest); name != NULL && has; name = strtok_r(NULL, ",", &rest))
        has = certificate_has_name(certificate, name);
    free(copy);
    return has;
}

static bool server_is_good(const struct app *app, const char *names)
{
    struct buf *certificate = NULL;
    diag_t diag;
    int64_t expires_s = 0;
    if (file_get(app, "kube/server.crt", &certificate, &diag) != ERR_OK)
        return false;
    bytes_t text = bytes_of(certificate->data, certificate->capacity);
    char path[PATH_MAX_SIZE];
    bool good = certificate_expires(text, &expires_s) == ERR_OK && expires_s > clock_wall_ms() / 1000 + RENEW_S &&
                has_all_names(text, names) && file_exists(path_of(app, "kube/server.key", path));
    buf_unref(certificate);
    return good;
}

static err_t server_make(const struct app *app, const struct authority *authority, const char *names, diag_t *diag)
{
    struct slice certificate, key;
    struct authority_leaf leaf = { .common_name = "eddy", .names = names, .days = SERVER_DAYS };
    authority_sign(authority, &leaf, &certificate, &key);
    err_t err = file_put(app, "kube/server.key", key.bytes, diag);
    if (err == ERR_OK)
        err = file_put(app, "kube/server.crt", certificate.bytes, diag);
    slice_free(&certificate);
    slice_free(&key);
    return err;
}

static err_t tls_get(const struct app *app, const struct address *address, struct tls_context **ret_tls, diag_t *diag)
{
    struct authority *authority = NULL;
    struct writer names = WRITER_INIT;
    char certificate[PATH_MAX_SIZE], key[PATH_MAX_SIZE], ca[PATH_MAX_SIZE];
    err_t err = authority_get(app, &authority, diag);
    if (err != ERR_OK)
        return err;
    names_write(app, address, &names);
    if (!server_is_good(app, (const char *)names.buf->data))
        err = server_make(app, authority, (const char *)names.buf->data, diag);
    writer_free(&names);
    authority_free(authority);
    if (err != ERR_OK)
        return err;
    struct tls_config config = {
        .certificate_file = path_of(app, "kube/server.crt", certificate),
        .key_file = path_of(app, "kube/server.key", key),
        .ca_file = path_of(app, "kube/ca.crt", ca),
        .verify = TLS_VERIFY_NONE,
        .min_version = TLS_1_2,
        .alpn = "http/1.1",
    };
    return tls_server_new(&config, ret_tls, diag);
}

// --- tokens

// The text of the file, which is made if it is not there. The caller frees it.
static err_t token_get(const struct app *app, const char *name, char **ret_token, diag_t *diag)
{
    struct buf *content = NULL;
    err_t err = file_get(app, name, &content, diag);
    if (err == ERR_OK) {
        size_t size = content->capacity;
        while (size > 0 && (content->data[size - 1] == '\n' || content->data[size - 1] == ' '))
            size--;
        *ret_token = bytes_to_text(bytes_of(content->data, size));
        buf_unref(content);
        return size > 0 ? ERR_OK
                        : diag_fail(diag, ERR_INVALID, "--kube",
                                    "%s in the data folder is empty: write a token into it, "
                                    "or remove it to have a new one made",
                                    name);
    }
    if (err != ERR_NOT_FOUND)
        return err;
    uint8_t secret[TOKEN_BYTES];
    char text[BASE64_SIZE(TOKEN_BYTES) + 1] = "";
    random_bytes(secret, sizeof secret);
    (void)base64_encode(BASE64_URL, bytes_of(secret, sizeof secret), text);
    err = file_put(app, name, bytes_of_text(text), diag);
    if (err == ERR_OK)
        *ret_token = mem_text(text);
    return err;
}

// --- kubeconfig: JSON is YAML, so it is written as such

static void cluster_write(struct json_writer *json, const struct address *address, bytes_t authority)
{
    char text[300];
    struct address shown = *address;
    if (strcmp(shown.host, "0.0.0.0") == 0 || strcmp(shown.host, "::") == 0)
        (void)snprintf(shown.host, sizeof shown.host, "127.0.0.1");
    address_format(&shown, text, sizeof text);
    json_object_begin(json);
    json_field_text(json, "name", "eddy");
    json_key(json, "cluster");
    json_object_begin(json);
    char url[320];
    (void)snprintf(url, sizeof url, "%s://%s", authority.size > 0 ? "https" : "http", text);
    json_field_text(json, "server", url);
    if (authority.size > 0) {
        json_key(json, "certificate-authority-data");
        json_base64(json, authority);
    }
    json_object_end(json);
    json_object_end(json);
}

static void named_begin(struct json_writer *json, const char *list, const char *what)
{
    json_key(json, list);
    json_array_begin(json);
    json_object_begin(json);
    json_field_text(json, "name", "eddy");
    json_key(json, what);
    json_object_begin(json);
}

static void named_end(struct json_writer *json)
{
    json_object_end(json);
    json_object_end(json);
    json_array_end(json);
}

static err_t kubeconfig_put(const struct app *app, const struct address *address, bytes_t authority, const char *token,
                            diag_t *diag)
{
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    json_object_begin(&json);
    json_field_text(&json, "apiVersion", "v1");
    json_field_text(&json, "kind", "Config");
    json_key(&json, "clusters");
    json_array_begin(&json);
    cluster_write(&json, address, authority);
    json_array_end(&json);
    named_begin(&json, "users", "user");
    json_field_text(&json, "token", token);
    named_end(&json);
    named_begin(&json, "contexts", "context");
    json_field_text(&json, "cluster", "eddy");
    json_field_text(&json, "user", "eddy");
    json_field_text(&json, "namespace", "default");
    named_end(&json);
    json_field_text(&json, "current-context", "eddy");
    json_object_end(&json);
    writer_text(&text, "\n");
    err_t err = file_put(app, "kubeconfig", writer_view(&text), diag);
    writer_free(&text);
    return err;
}

// --- the door

static err_t folder_make(const struct app *app, diag_t *diag)
{
    char path[PATH_MAX_SIZE];
    err_t err = dir_make(path_of(app, "kube", path));
    return err == ERR_OK || err == ERR_EXISTS ? ERR_OK : fail(diag, err, path, "cannot be made");
}

// What is served besides the kinds of every Kubernetes API.
static const struct kind_rules *const kinds[] = {
    &kafka_topic_rules,       &broker_rules,        &trigger_rules,    &ping_source_rules,  &kafka_sink_rules,
    &in_memory_channel_rules, &kafka_channel_rules, &channel_rules,    &subscription_rules, &sequence_rules,
    &parallel_rules,          &kafka_source_rules,  &event_type_rules,
};

static err_t open_with(struct app *app, struct address *address, struct kube_entry *entry, diag_t *diag)
{
    struct kube_options options = app->config->kube;
    options.kinds = kinds;
    options.kind_count = ARRAY_COUNT(kinds);
    options.kinds_owner = &app->events.eventing;
    eventing_init(&app->events.eventing, app->engine);
    options.topic_partitions = (int32_t)app->config->kafka.topic_partitions;
    options.hosts = app->hosts;
    options.host_count = app->host_count;
    options.any_literal = !address_is_loopback(address);
    options.tls = entry->tls;
    options.token = entry->token;
    options.read_only_token = entry->viewer_token;
    options.token_key = entry->token_key;
    app_http_limits(app->config, &options.limits);
    options.limits.body_size = (size_t)app->config->kube.body_size;
    err_t err = kube_open(app->engine, address, &options, &entry->kube, diag);
    if (err != ERR_OK)
        return err;
    eventing_start(&app->events.eventing, kube_loop(entry->kube));
    address->port = kube_port(entry->kube);
    bytes_t authority = BYTES_NULL;
    struct buf *certificate = NULL;
    if (entry->tls != NULL && file_get(app, "kube/ca.crt", &certificate, diag) == ERR_OK)
        authority = bytes_of(certificate->data, certificate->capacity);
    err = kubeconfig_put(app, address, authority, entry->token, diag);
    buf_unref(certificate);
    return err;
}

err_t kube_door_open(struct app *app, struct address *address, diag_t *diag)
{
    struct kube_entry *entry = &app->kube;
    err_t err = folder_make(app, diag);
    if (err == ERR_OK && app->config->kube.uses_tls)
        err = tls_get(app, address, &entry->tls, diag);
    if (err == ERR_OK)
        err = token_get(app, "kube/token", &entry->token, diag);
    if (err == ERR_OK)
        err = token_get(app, "kube/viewer-token", &entry->viewer_token, diag);
    if (err == ERR_OK)
        err = token_get(app, "kube/token-key", &entry->token_key, diag);
    if (err == ERR_OK)
        err = open_with(app, address, entry, diag);
    if (entry->kube == NULL)
        return err;
    metric_set_add(&app->scraper.registry, &entry->set, kube_metric_rows, kube_metric_row_count);
    metric_values_add(&entry->set, &entry->values, kube_metrics(entry->kube), NULL);
    events_collector_set(&entry->collector, kube_loop(entry->kube), &app->events.eventing);
    return err;
}

static void on_part_closed(void *owner)
{
    struct kube_entry *entry = owner;
    if (--entry->closing == 0)
        entry->on_closed(entry->owner);
}

// The controllers first: nothing new comes from them then.
static void on_drained(void *owner)
{
    struct kube_entry *entry = owner;
    entry->closing = 2;
    kube_close(entry->kube, on_part_closed, entry);
    eventing_stop(&CONTAINER_OF(entry, struct app, kube)->events.eventing, on_part_closed, entry);
}

static void on_close(struct message *message)
{
    struct kube_entry *entry = CONTAINER_OF(message, struct kube_entry, close);
    struct app *app = CONTAINER_OF(entry, struct app, kube);
    int64_t max_ms = app->store_failed ? 0 : app->config->events_drain_ms; // what is not kept comes again anyway
    eventing_drain(&app->events.eventing, max_ms, on_drained, entry);
}

void kube_door_close(struct app *app, void (*on_closed)(void *owner), void *owner)
{
    struct kube_entry *entry = &app->kube;
    metric_values_remove(&entry->set, &entry->values);
    metric_set_remove(&entry->set);
    events_collector_set(&entry->collector, NULL, NULL);
    entry->on_closed = on_closed;
    entry->owner = owner;
    entry->close.on_message = on_close;
    loop_post(kube_loop(entry->kube), &entry->close);
}

void kube_door_free(struct app *app)
{
    struct kube_entry *entry = &app->kube;
    kube_free(entry->kube);
    if (app->events.eventing.engine != NULL)
        eventing_deinit(&app->events.eventing);
    tls_context_unref(entry->tls);
    free(entry->token);
    free(entry->viewer_token);
    free(entry->token_key);
}
