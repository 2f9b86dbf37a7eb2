// SPDX-License-Identifier: Apache-2.0
// One TLS stream between two queues of bytes, without a socket: what the peer sent goes in (feed), what it is to be
// sent comes out (output). conn_tls.c puts it between a socket and the callbacks of its owner. One loop; the context
// behind it is shared.
#pragma once

#include "base/arena.h"
#include "io/tls.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

enum {
    TLS_RECORD_MAX = 16384,       // bytes of data in one record (RFC 8446 5.1)
    TLS_RECORD_COST = 64,         // what a record may add to them: header, nonce, tag, padding
    TLS_OUTPUT_STUCK = 256 << 10, // with so much output waiting, no input is read
    TLS_FAILURE_SIZE = 256,
};

struct tls_context {
    atomic_uint refs;
    SSL_CTX *ssl;
    BIO_METHOD *queues; // how OpenSSL reads and writes the two queues of a stream
    bool is_server;
    uint8_t alpn[256]; // as the wire has it: each name with its size in front (RFC 7301 3.1)
    size_t alpn_size;
    int64_t expires_s;
};

struct tls_stream {
    struct tls_context *context;
    SSL *ssl;
    bytes_t input; // the peer's, not yet read by OpenSSL
    uint8_t *kept; // where it is, if the stream has a copy of its own
    uint8_t *output;
    size_t output_at, output_end, output_capacity; // output[at..end) is for the peer; no memory when empty
    bool secure;                                   // the handshake is done
    bool shut;                                     // the end was announced to the peer
    char failure[TLS_FAILURE_SIZE];
    struct arena arena; // of peer
    struct tls_peer peer;
    bool peer_known;
};

enum tls_result {
    TLS_DONE,
    TLS_WANTS, // more input first
    TLS_ENDED, // the peer announced its end
    TLS_FAILED,
};

// Takes a reference to the context. HOST: see tls_start.
struct tls_stream *tls_stream_new(struct tls_context *context, const char *host);
// Accepts NULL.
void tls_stream_free(struct tls_stream *stream);
// The next input, when there is none left; valid until tls_stream_keep.
void tls_stream_feed(struct tls_stream *stream, bytes_t input);
// Input that is left is copied, because the memory that was fed is somebody else's.
void tls_stream_keep(struct tls_stream *stream);
// There may be something to read without more input.
bool tls_stream_has_more(const struct tls_stream *stream);
// TLS_FAILED: ret_err and the failure say why. All of them may add output.
enum tls_result tls_stream_handshake(struct tls_stream *stream, err_t *ret_err);
enum tls_result tls_stream_read(struct tls_stream *stream, uint8_t *to, size_t size, size_t *ret_size, err_t *ret_err);
// Room for so much more output, so that it is not moved as it grows.
void tls_stream_reserve(struct tls_stream *stream, size_t size);
// At most TLS_RECORD_MAX bytes: one record.
enum tls_result tls_stream_write(struct tls_stream *stream, bytes_t data, err_t *ret_err);
// Announces the end; once.
void tls_stream_shut(struct tls_stream *stream);
bytes_t tls_stream_output(const struct tls_stream *stream);
// The first SIZE bytes of the output are with the kernel.
void tls_stream_sent(struct tls_stream *stream, size_t size);
// NULL: none, or not verified.
const struct tls_peer *tls_stream_peer(struct tls_stream *stream);

// Fills PEER from CERTIFICATE; its texts live in ARENA.
void tls_peer_read(const X509 *certificate, struct arena *arena, struct tls_peer *ret_peer);
