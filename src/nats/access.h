// SPDX-License-Identifier: Apache-2.0
// Who may come in to the NATS door, and whether by TLS: what a configuration in nats-server's syntax says about it,
// made ready to use. Immutable, so that any loop may read it; whoever made one frees it when no door uses it any more.
#pragma once

#include "base/err.h"
#include "nats/config/config.h"

struct directory;
struct tls_context;
struct tls_peer;

enum { NATS_AUTH_TIMEOUT_MS = 2000 };

struct nats_access {
    struct directory *directory; // sealed
    int64_t auth_timeout_ms;     // for CONNECT, when something is checked
    struct tls_context *tls;     // NULL: plain text only
    bool tls_is_optional;        // a client may also go on in plain text (allow_non_tls)
    bool tls_verifies;           // a client has to show a certificate
    bool maps_certificates;      // which says who it is; nothing else does (verify_and_map)
    int64_t tls_timeout_ms;
    enum nats_handshake handshake;
    int64_t handshake_delay_ms;
    uint8_t (*pins)[32]; // SHA-256 of public keys; a certificate has to have one of them, if there are any
    size_t pin_count;
};

// Takes authorization, accounts, no_auth_user, system_account, tls and allow_non_tls; CONFIG may be freed afterwards.
// NULL: everybody may do everything, in $G. Reads the files of certificates, so before the loops run or on a disk
// thread. DIAG's where is the place. ERR_INVALID, ERR_UNSUPPORTED, and those of tls_server_new.
err_t nats_access_new(const struct nats_config *config, struct nats_access **ret_access, diag_t *diag) MUST_CHECK;
// From a file; what else stands in it is checked and not used. ENVIRONMENT as in config_file.h. Also what
// nats_config_load and nats_config_check return.
err_t nats_access_load(const char *path, const char *const *environment, struct nats_access **ret_access,
                       diag_t *diag) MUST_CHECK;
// Accepts NULL.
void nats_access_free(struct nats_access *access);
// Somebody has to prove who they are: a user, the token, an nkey, or a certificate.
bool nats_access_checks(const struct nats_access *access);
// The certificate (NULL: none) is one of those that are pinned, or none is.
bool nats_access_is_pinned(const struct nats_access *access, const struct tls_peer *certificate);
