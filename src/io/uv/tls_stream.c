// SPDX-License-Identifier: Apache-2.0
#include "io/uv/tls_internal.h"

#include "base/assert.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    OUTPUT_SIZE_MIN = 4096, // a handshake's flight fits more often than not
    ALERT_REASONS = 1000,   // OpenSSL's reason for an alert of the peer is this and its number (SSL_AD_REASON_OFFSET)
};

struct tls_stream *tls_stream_new(struct tls_context *context, const char *host)
{
    struct tls_stream *stream = mem_zalloc(1, sizeof(*stream));
    stream->context = tls_context_ref(context);
    stream->ssl = SSL_new(context->ssl);
    BIO *queues = BIO_new(context->queues);
    ASSERT(stream->ssl != NULL);
    ASSERT(queues != NULL);
    BIO_set_data(queues, stream);
    BIO_set_init(queues, 1);
    SSL_set_bio(stream->ssl, queues, queues);
    if (context->is_server) {
        SSL_set_accept_state(stream->ssl);
        return stream;
    }
    SSL_set_connect_state(stream->ssl);
    ASSERT(host != NULL);
    struct in6_addr address;
    if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream->ssl), host);
    } else {
        SSL_set_hostflags(stream->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(stream->ssl, host);
        // SSL_set_tlsext_host_name, whose cast drops a const; the name is copied.
        SSL_ctrl(stream->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host);
    }
    return stream;
}

void tls_stream_free(struct tls_stream *stream)
{
    if (stream == NULL)
        return;
    SSL_free(stream->ssl);
    tls_context_unref(stream->context);
    free(stream->kept);
    free(stream->output);
    arena_free(&stream->arena);
    free(stream);
}

void tls_stream_feed(struct tls_stream *stream, bytes_t input)
{
    ASSERT(stream->input.size == 0);
    free(stream->kept);
    stream->kept = NULL;
    stream->input = input;
}

void tls_stream_keep(struct tls_stream *stream)
{
    if (stream->kept != NULL || stream->input.size == 0)
        return;
    stream->kept = mem_alloc(stream->input.size);
    memcpy(stream->kept, stream->input.data, stream->input.size);
    stream->input.data = stream->kept;
}

bool tls_stream_has_more(const struct tls_stream *stream)
{
    return stream->input.size > 0 || SSL_has_pending(stream->ssl);
}

// What OpenSSL's reason means to the owner of the connection, and its sentence.
static err_t explain(struct tls_stream *stream)
{
    static const struct {
        int reason;
        err_t err;
        const char *text;
    } rows[] = {
        { SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, ERR_DENIED, "the peer has to show a certificate and did not" },
        { SSL_R_WRONG_VERSION_NUMBER, ERR_MALFORMED, "the peer does not speak TLS" },
        { SSL_R_HTTPS_PROXY_REQUEST, ERR_MALFORMED, "the peer does not speak TLS" }, // "CONNECT", HTTP's or NATS's
        { SSL_R_HTTP_REQUEST, ERR_MALFORMED, "the peer does not speak TLS but HTTP" },
        { SSL_R_UNSUPPORTED_PROTOCOL, ERR_UNSUPPORTED, "the peer's version of TLS is too old" },
        { SSL_R_NO_SHARED_CIPHER, ERR_UNSUPPORTED, "there is no cipher that both sides know" },
        { SSL_R_NO_SUITABLE_KEY_SHARE, ERR_UNSUPPORTED, "there is no curve that both sides know" },
        { SSL_R_NO_APPLICATION_PROTOCOL, ERR_UNSUPPORTED, "there is no protocol that both sides know (ALPN)" },
    };
    unsigned long code = ERR_peek_error();
    // What a signature's arithmetic has to say comes before it: an authority of the same name with another key.
    int last_reason = ERR_GET_REASON(ERR_peek_last_error());
    long verified = SSL_get_verify_result(stream->ssl);
    int reason = ERR_GET_REASON(code);
    ERR_clear_error();
    if (last_reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
        snprintf(stream->failure, TLS_FAILURE_SIZE, "the peer's certificate is not accepted: %s",
                 X509_verify_cert_error_string(verified));
        return ERR_DENIED;
    }
    if (reason > ALERT_REASONS && ERR_GET_LIB(code) == ERR_LIB_SSL) {
        const char *alert = ERR_reason_error_string(code);
        snprintf(stream->failure, TLS_FAILURE_SIZE, "the peer refuses: %s", alert == NULL ? "unknown alert" : alert);
        return ERR_DENIED;
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].reason == reason) {
            snprintf(stream->failure, TLS_FAILURE_SIZE, "%s", rows[i].text);
            return rows[i].err;
        }
    const char *text = ERR_reason_error_string(code);
    snprintf(stream->failure, TLS_FAILURE_SIZE, "the peer breaks TLS: %s", text == NULL ? "no reason is known" : text);
    return ERR_MALFORMED;
}

// What came of a call that returned RESULT, which is not a success.
static enum tls_result result_of(struct tls_stream *stream, int result, err_t *ret_err)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        *ret_err = explain(stream);
        return TLS_FAILED;
    }
}

enum tls_result tls_stream_handshake(struct tls_stream *stream, err_t *ret_err)
{
    ERR_clear_error();
    int result = SSL_do_handshake(stream->ssl);
    if (result != 1)
        return result_of(stream, result, ret_err);
    stream->secure = true;
    // Later ones go by themselves (SSL_MODE_RELEASE_BUFFERS), the one of a server's last words does not.
    SSL_free_buffers(stream->ssl);
    return TLS_DONE;
}

enum tls_result tls_stream_read(struct tls_stream *stream, uint8_t *to, size_t size, size_t *ret_size, err_t *ret_err)
{
    ERR_clear_error();
    int result = SSL_read_ex(stream->ssl, to, size, ret_size);
    return result == 1 ? TLS_DONE : result_of(stream, result, ret_err);
}

enum tls_result tls_stream_write(struct tls_stream *stream, bytes_t data, err_t *ret_err)
{
    ASSERT(data.size > 0 && data.size <= TLS_RECORD_MAX);
    ERR_clear_error();
    size_t put = 0;
    int result = SSL_write_ex(stream->ssl, data.data, data.size, &put);
    if (result != 1)
        return result_of(stream, result, ret_err);
    ASSERT(put == data.size);
    return TLS_DONE;
}

void tls_stream_shut(struct tls_stream *stream)
{
    if (stream->shut)
        return;
    stream->shut = true;
    ERR_clear_error();
    (void)SSL_shutdown(stream->ssl); // 0: the peer's announcement has not come, which nobody waits for
    ERR_clear_error();
}

bytes_t tls_stream_output(const struct tls_stream *stream)
{
    if (stream->output_at == stream->output_end)
        return BYTES_NULL;
    return bytes_of(stream->output + stream->output_at, stream->output_end - stream->output_at);
}

void tls_stream_sent(struct tls_stream *stream, size_t size)
{
    ASSERT(size <= stream->output_end - stream->output_at);
    stream->output_at += size;
    if (stream->output_at < stream->output_end)
        return;
    free(stream->output);
    stream->output = NULL;
    stream->output_at = stream->output_end = stream->output_capacity = 0;
}

void tls_stream_reserve(struct tls_stream *stream, size_t size)
{
    size_t needed = stream->output_end + size;
    if (needed <= stream->output_capacity)
        return;
    size_t capacity = 2 * stream->output_capacity;
    if (capacity < needed)
        capacity = needed < OUTPUT_SIZE_MIN ? OUTPUT_SIZE_MIN : needed;
    stream->output = mem_realloc(stream->output, capacity);
    stream->output_capacity = capacity;
}

const struct tls_peer *tls_stream_peer(struct tls_stream *stream)
{
    if (!stream->secure || SSL_get_verify_mode(stream->ssl) == SSL_VERIFY_NONE)
        return NULL;
    if (!stream->peer_known) {
        X509 *certificate = SSL_get1_peer_certificate(stream->ssl);
        if (certificate == NULL)
            return NULL;
        tls_peer_read(certificate, &stream->arena, &stream->peer);
        X509_free(certificate);
        stream->peer_known = true;
    }
    return &stream->peer;
}
