// SPDX-License-Identifier: Apache-2.0
// What a nats-server is told to be, from its configuration file (conf.h) and its flags (flags.h). Texts and lists live
// in the arena of whoever read them. Keys that eddy does not serve are refused in words; keys that change nothing here
// are listed in `notes`.
#pragma once

#include "nats/config/conf.h"

// A list of subjects, "subject queue" for queue groups. Given and empty is not the same as absent.
struct nats_rules {
    const bytes_t *items;
    size_t count;
    bool given;
};

struct nats_permissions_config {
    struct nats_rules publish_allow, publish_deny, subscribe_allow, subscribe_deny;
    bool allow_responses;
    int64_t responses_max;       // 0: the default; below 0: any number
    int64_t responses_expire_ms; // 0: the default; below 0: never
};

// A user has a name, or the public part of an nkey.
struct nats_user_config {
    bytes_t name, password, nkey;
    const struct nats_permissions_config *permissions; // NULL: everything is allowed
    struct nats_user_config *next;
    struct conf_place place;
};

struct nats_account_config {
    bytes_t name;
    struct nats_user_config *users;
    const struct nats_permissions_config *default_permissions; // already given to those who have none
    int64_t max_connections, max_subscriptions, max_payload;   // 0: as the server's
    struct nats_account_config *next;
    struct conf_place place;
};

// Users without an account are in $G.
struct nats_authorization_config {
    const char *user, *password, *token; // NULL: not given
    int64_t timeout_ms;                  // 0: the default
    struct nats_user_config *users;
    bool has_users; // even when it has none
    const struct nats_permissions_config *default_permissions;
};

enum nats_handshake { NATS_HANDSHAKE_AFTER_INFO, NATS_HANDSHAKE_FIRST, NATS_HANDSHAKE_AUTO };

struct nats_texts {
    const char *const *items;
    size_t count;
};

struct nats_tls_config {
    bool given;
    const char *cert_file, *key_file, *ca_file;
    bool verify, verify_and_map;
    int64_t timeout_ms; // 0: the default
    enum nats_handshake handshake;
    int64_t handshake_delay_ms; // of AUTO: how long a client has time to begin
    int64_t connection_rate_limit;
    const char *min_version; // "1.2", "1.3", NULL
    struct nats_texts cipher_suites, curve_preferences, pinned_certs;
};

struct nats_note {
    struct conf_place place;
    const char *text;
    struct nats_note *next;
};

// NULL and 0 where nothing was said; the defaults are nats_config_default's.
struct nats_config {
    const char *host;
    int64_t port; // -1: any free one
    const char *server_name, *client_advertise;
    struct nats_texts server_tags;

    int64_t max_payload, max_control_line, max_pending; // bytes
    int64_t max_connections, max_subscriptions;         // below 1: no limit
    int64_t max_subscription_tokens;                    // 0: no limit
    int64_t max_closed_clients, max_traced_message;
    int64_t ping_interval_ms, ping_max, write_deadline_ms;
    int64_t lame_duck_duration_ms, lame_duck_grace_ms;
    bool no_headers, no_producer_stall;

    const char *http_host;         // NULL: as host
    int64_t http_port, https_port; // 0: none; -1: any free one
    const char *http_base_path;

    struct nats_authorization_config authorization;
    struct nats_account_config *accounts;
    const char *no_auth_user, *system_account;
    struct nats_tls_config tls;
    bool allow_non_tls;

    bool debug, trace, trace_more, logtime, logtime_utc; // trace_more: the system account and headers, too
    const char *log_file, *pid_file, *ports_file_dir, *store_dir;

    struct nats_note *notes; // in the order of the file
};

void nats_config_default(struct nats_config *config);
// Reads the tree into CONFIG, over what stands there. DIAG's where is the place. ERR_INVALID; ERR_UNSUPPORTED for what
// eddy does not serve. On failure CONFIG may be changed in part.
err_t nats_config_read(const struct conf_value *root, struct arena *arena, struct nats_config *config,
                       diag_t *diag) MUST_CHECK;
// What concerns several values, once file and flags are read. ERR_INVALID.
err_t nats_config_check(const struct nats_config *config, diag_t *diag) MUST_CHECK;

// Go's text of a duration: "1h30m", "1.5s", "-2ms"; rounded up to milliseconds. False when it is none.
bool nats_duration_parse(bytes_t text, int64_t *ret_ms);
// "host:port", ":port" and "[::1]:port", or the port alone. HOST is untouched when only a port is given.
bool nats_listen_parse(bytes_t text, struct arena *arena, const char **host, int64_t *port);
