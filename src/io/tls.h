// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 on a conn (OpenSSL 3): from the start, or in the middle of a connection that began in plain text. The
// owner of a conn sees the same callbacks with and without it. The twin has no TLS: its contexts cannot be made
// (ERR_UNSUPPORTED), so that nothing can be started there.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct conn;
// Certificate, key and rules. Immutable, shared by loops, counted. To load changed files, make a new one for the
// connections to come; those that are open go on with theirs.
struct tls_context;

enum tls_verify {
    TLS_VERIFY_NONE,     // a client is not asked for a certificate
    TLS_VERIFY_OPTIONAL, // it may show one; then it must be right
    TLS_VERIFY_REQUIRED,
};

enum tls_version { TLS_1_2, TLS_1_3 };

// Texts are used during the call only. Files are PEM.
struct tls_config {
    const char *certificate_file; // with the chain behind it; a client may have none (NULL)
    const char *key_file;         // not encrypted
    const char *ca_file;          // who signs the other side's certificates; NULL: the system's list, for a client
    bytes_t ca_text;              // the same as PEM text, besides the file or, for a client, the system's list
    enum tls_verify verify;       // a server's
    bool insecure;                // a client's: whoever answers is taken for the right one
    enum tls_version min_version;
    const char *ciphers; // names joined by ':', as IANA or OpenSSL write them; NULL: OpenSSL's own choice
    const char *curves;  // "X25519:P-256", or Go's "CurveP256"; NULL: OpenSSL's own choice
    const char *alpn;    // protocols joined by ',', the best first; NULL: not negotiated
};

// Reads files: at start, or on a disk thread. One reference. DIAG names the file or the setting, what is wrong and what
// to do: ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID and those of io/file.h.
err_t tls_server_new(const struct tls_config *config, struct tls_context **ret_context, diag_t *diag) MUST_CHECK;
err_t tls_client_new(const struct tls_config *config, struct tls_context **ret_context, diag_t *diag) MUST_CHECK;
struct tls_context *tls_context_ref(struct tls_context *context);
// Accepts NULL.
void tls_context_unref(struct tls_context *context);
// When its own certificate expires, in unix seconds; INT64_MAX without one.
int64_t tls_context_expires_s(const struct tls_context *context);

enum {
    TLS_HANDSHAKE_TIMEOUT_MS = 2000, // as nats-server has it
    TLS_KEY_HASH_SIZE = 32,
};

struct tls_start {
    struct tls_context *context;
    const char *host;   // a client: the name or address that the server's certificate must have; else NULL
    int64_t timeout_ms; // for the handshake; 0: TLS_HANDSHAKE_TIMEOUT_MS
    bytes_t early;      // bytes of the peer that the owner has read already and that belong to the handshake
};
// Starts TLS on an attached, open conn, at most once. What was queued before leaves in plain text, what is queued from
// here on is encrypted when the handshake is done, and on_data gets decrypted bytes; then on_secure comes. If it fails,
// on_close comes with ERR_DENIED (a certificate was not accepted), ERR_UNSUPPORTED (nothing in common), ERR_MALFORMED
// (the peer does not speak TLS), ERR_TIMEOUT or ERR_RESET, and conn_tls_failure says why. An end of stream that the
// peer did not announce (close_notify) is ERR_RESET, never on_end: something may be missing. conn_move takes it along,
// in the middle of the handshake, too. A paused conn does not
// shake hands; closing it before the handshake is done drops what was queued behind the start.
void conn_tls_start(struct conn *conn, const struct tls_start *start);
// The handshake is done. False on a plain connection.
bool conn_is_secure(const struct conn *conn);
// Why TLS ended the connection, for a log line; "" if it did not. Valid in on_close too.
const char *conn_tls_failure(const struct conn *conn);

struct tls_names {
    const bytes_t *items;
    size_t count;
};

// What a verified certificate says.
struct tls_peer {
    bytes_t subject;                       // as RFC 2253 writes it, in UTF-8; empty: none
    struct tls_names emails, hosts, uris;  // alternative names (RFC 5280 4.2.1.6)
    uint8_t key_sha256[TLS_KEY_HASH_SIZE]; // of the public key (SubjectPublicKeyInfo), for pinning
};
// NULL: the peer showed none, or it was not verified, or the handshake is not done. Valid as long as the conn.
const struct tls_peer *conn_tls_peer(struct conn *conn);
// "1.3"; "TLS_AES_128_GCM_SHA256"; the protocol that was agreed on (ALPN), or empty. Of a secure conn, valid with it.
const char *conn_tls_version(const struct conn *conn);
const char *conn_tls_cipher(const struct conn *conn);
bytes_t conn_tls_protocol(const struct conn *conn);
