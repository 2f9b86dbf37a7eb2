// SPDX-License-Identifier: Apache-2.0
// From files and settings to what all connections of a listener share. Each step complains in its own words: OpenSSL's
// own say little about which file is meant.
#include "io/uv/tls_internal.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/mem.h"
#include "io/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PEM_SIZE_MAX = 4 << 20, // a bundle of all public authorities has a quarter of a megabyte
    NAME_MAX_SIZE = 128,    // of a cipher or a curve
    QUEUES_TYPE = 127,      // OpenSSL's own kinds of BIO have lower numbers, and it hands out higher ones, but only 128
};

// The queues of a stream, as OpenSSL sees them. They take everything: what a peer can make a stream say is bounded by
// what it sends, and a conn whose output is stuck stops reading.
static int queue_read(BIO *bio, char *to, int size)
{
    struct tls_stream *stream = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t count = stream->input.size < (size_t)size ? stream->input.size : (size_t)size;
    if (count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(to, stream->input.data, count);
    stream->input = bytes_of(stream->input.data + count, stream->input.size - count);
    return (int)count;
}

static int queue_write(BIO *bio, const char *from, int size)
{
    struct tls_stream *stream = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    tls_stream_reserve(stream, (size_t)size);
    memcpy(stream->output + stream->output_end, from, (size_t)size);
    stream->output_end += (size_t)size;
    return size;
}

static long queue_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static err_t read_file(const char *path, BIO **ret_bio, struct buf **ret_buf, diag_t *diag)
{
    struct buf *buf;
    err_t err = file_read_whole(path, PEM_SIZE_MAX, &buf);
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "the file cannot be read: %s", err_text(err));
    *ret_bio = BIO_new_mem_buf(buf->data, (int)buf->capacity);
    ASSERT(*ret_bio != NULL);
    *ret_buf = buf;
    return ERR_OK;
}

// The last complaint of OpenSSL in words.
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text == NULL ? "the reason is not known" : text;
}

static int64_t expiry_of(const X509 *certificate)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
        return INT64_MAX;
    struct civil civil = { .year = tm.tm_year + 1900,
                           .month = tm.tm_mon + 1,
                           .day = tm.tm_mday,
                           .hour = tm.tm_hour,
                           .minute = tm.tm_min,
                           .second = tm.tm_sec };
    return civil_to_ms(&civil) / 1000;
}

// The certificate, and those behind it that lead to an authority.
static err_t use_certificates(struct tls_context *context, BIO *bio, const char *path, diag_t *diag)
{
    X509 *own = PEM_read_bio_X509(bio, NULL, NULL, NULL), *next;
    if (own == NULL)
        return diag_fail(diag, ERR_INVALID, path,
                         "there is no certificate in PEM form in it (\"-----BEGIN CERTIFICATE-----\")");
    int used = SSL_CTX_use_certificate(context->ssl, own);
    context->expires_s = expiry_of(own);
    X509_free(own);
    if (used != 1)
        return diag_fail(diag, ERR_INVALID, path, "the certificate cannot be used: %s", reason());
    while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (SSL_CTX_add0_chain_cert(context->ssl, next) != 1) {
            X509_free(next);
            return diag_fail(diag, ERR_INVALID, path, "a certificate behind the first cannot be used: %s", reason());
        }
    return ERR_OK;
}

// Instead of OpenSSL's own question on the terminal.
static int no_password(char *to, int size, int for_writing, void *asked)
{
    (void)to;
    (void)size;
    (void)for_writing;
    *(bool *)asked = true;
    return -1;
}

static err_t use_key(struct tls_context *context, BIO *bio, const struct tls_config *config, diag_t *diag)
{
    const char *path = config->key_file;
    bool asked = false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
    if (key == NULL && asked)
        return diag_fail(diag, ERR_INVALID, path,
                         "the key is encrypted, and nobody can be asked for its password; "
                         "write it without: openssl pkey -in %s -out plain.pem",
                         path);
    if (key == NULL)
        return diag_fail(diag, ERR_INVALID, path,
                         "there is no private key in PEM form in it (\"-----BEGIN PRIVATE KEY-----\")");
    bool fits = X509_check_private_key(SSL_CTX_get0_certificate(context->ssl), key) == 1;
    bool used = fits && SSL_CTX_use_PrivateKey(context->ssl, key) == 1;
    EVP_PKEY_free(key);
    if (!fits)
        return diag_fail(diag, ERR_INVALID, path, "the key does not belong to the certificate in %s",
                         config->certificate_file);
    if (!used)
        return diag_fail(diag, ERR_INVALID, path, "the key cannot be used: %s", reason());
    return ERR_OK;
}

static err_t load_own(struct tls_context *context, const struct tls_config *config, diag_t *diag)
{
    if (config->certificate_file == NULL && config->key_file == NULL && !context->is_server)
        return ERR_OK;
    if (config->certificate_file == NULL || config->key_file == NULL)
        return diag_fail(diag, ERR_INVALID, "tls", "%s is missing: a certificate and its key belong together",
                         config->certificate_file == NULL ? "the certificate's file" : "the key's file");
    BIO *bio = NULL;
    struct buf *buf = NULL;
    err_t err = read_file(config->certificate_file, &bio, &buf, diag);
    if (err != ERR_OK)
        return err;
    err = use_certificates(context, bio, config->certificate_file, diag);
    BIO_free(bio);
    buf_unref(buf);
    if (err == ERR_OK)
        err = read_file(config->key_file, &bio, &buf, diag);
    if (err != ERR_OK)
        return err;
    err = use_key(context, bio, config, diag);
    BIO_free(bio);
    OPENSSL_cleanse(buf->data, buf->capacity);
    buf_unref(buf);
    return err;
}

// PATH names BIO in a complaint.
static err_t add_authorities(struct tls_context *context, BIO *bio, const char *path, diag_t *diag)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
    X509 *authority;
    size_t count = 0;
    for (; (authority = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL; count++) {
        X509_STORE_add_cert(store, authority);
        // Sent to clients, so that one with several certificates knows which to show.
        SSL_CTX_add_client_CA(context->ssl, authority);
        X509_free(authority);
    }
    if (count == 0)
        return diag_fail(diag, ERR_INVALID, path,
                         "there is no certificate in PEM form in it (\"-----BEGIN CERTIFICATE-----\")");
    return ERR_OK;
}

static err_t load_authorities(struct tls_context *context, const char *path, diag_t *diag)
{
    BIO *bio = NULL;
    struct buf *buf = NULL;
    err_t err = read_file(path, &bio, &buf, diag);
    if (err != ERR_OK)
        return err;
    err = add_authorities(context, bio, path, diag);
    BIO_free(bio);
    buf_unref(buf);
    return err;
}

static err_t take_authorities(struct tls_context *context, bytes_t text, diag_t *diag)
{
    if (text.size > PEM_SIZE_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "ca", "the authorities' text is larger than %d bytes", PEM_SIZE_MAX);
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    ASSERT(bio != NULL);
    err_t err = add_authorities(context, bio, "ca", diag);
    BIO_free(bio);
    return err;
}

static err_t set_verification(struct tls_context *context, const struct tls_config *config, diag_t *diag)
{
    static const int modes[] = {
        [TLS_VERIFY_NONE] = SSL_VERIFY_NONE,
        [TLS_VERIFY_OPTIONAL] = SSL_VERIFY_PEER,
        [TLS_VERIFY_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
    };
    int mode = modes[config->verify];
    if (!context->is_server)
        mode = config->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
    SSL_CTX_set_verify(context->ssl, mode, NULL);
    if (config->ca_text.size > 0) {
        err_t err = take_authorities(context, config->ca_text, diag);
        if (err != ERR_OK)
            return err;
    }
    if (config->ca_file != NULL)
        return load_authorities(context, config->ca_file, diag);
    if (context->is_server && mode != SSL_VERIFY_NONE && config->ca_text.size == 0)
        return diag_fail(diag, ERR_INVALID, "tls",
                         "the authorities' file is missing: without it no client's certificate "
                         "can be verified");
    if (!context->is_server && SSL_CTX_set_default_verify_paths(context->ssl) != 1)
        return diag_fail(diag, ERR_INVALID, "tls", "the system has no list of authorities: %s", reason());
    return ERR_OK;
}

// Takes the first name off *LIST, cut at SEPARATOR; false when there is none left.
static bool next_name(const char **list, char separator, bytes_t *ret_name)
{
    if (*list == NULL)
        return false;
    const char *end = strchr(*list, separator);
    *ret_name = end == NULL ? bytes_of_text(*list) : bytes_of(*list, (size_t)(end - *list));
    *list = end == NULL ? NULL : end + 1;
    return true;
}

// Appends to a list that ':' separates.
static bool list_add(char *list, size_t size, const char *name)
{
    size_t used = strlen(list);
    return (size_t)snprintf(list + used, size - used, "%s%s", used == 0 ? "" : ":", name) < size - used;
}

// IANA's names have the form "TLS_ECDHE_RSA_WITH_..."; Go leaves out the end of two of them.
static const char *openssl_cipher(const char *name)
{
    const char *own = OPENSSL_cipher_name(name);
    if (strcmp(own, "(NONE)") != 0)
        return own;
    char longer[NAME_MAX_SIZE + 8];
    snprintf(longer, sizeof(longer), "%s_SHA256", name);
    own = OPENSSL_cipher_name(longer);
    return strcmp(own, "(NONE)") != 0 ? own : name;
}

// TLS 1.3 has names of its own. Where none of them is listed, all are in use, and where only they are, TLS 1.2 is not.
static err_t set_ciphers(struct tls_context *context, const char *list, diag_t *diag)
{
    char older[2048] = "", newer[512] = "";
    bytes_t text;
    while (next_name(&list, ':', &text)) {
        char name[NAME_MAX_SIZE];
        if (text.size == 0 || text.size >= sizeof(name))
            return diag_fail(diag, ERR_INVALID, "ciphers", "this is not a cipher: \"%.*s\"", BYTES_ARG(text));
        snprintf(name, sizeof(name), "%.*s", BYTES_ARG(text));
        bool is_newer = strncmp(name, "TLS_", 4) == 0 && strstr(name, "_WITH_") == NULL;
        const char *own = is_newer ? name : openssl_cipher(name);
        int known = is_newer ? SSL_CTX_set_ciphersuites(context->ssl, own) : SSL_CTX_set_cipher_list(context->ssl, own);
        if (known != 1)
            return diag_fail(diag, ERR_INVALID, "ciphers",
                             "\"%s\" is not a cipher that is known here (\"openssl ciphers -stdname\" lists them)",
                             name);
        if (!(is_newer ? list_add(newer, sizeof(newer), own) : list_add(older, sizeof(older), own)))
            return diag_fail(diag, ERR_TOO_LARGE, "ciphers", "the list is too long");
    }
    int set = 1;
    if (older[0] != '\0')
        set &= SSL_CTX_set_cipher_list(context->ssl, older);
    else
        set &= (int)SSL_CTX_set_min_proto_version(context->ssl, TLS1_3_VERSION);
    if (newer[0] != '\0')
        set &= SSL_CTX_set_ciphersuites(context->ssl, newer);
    ASSERT(set == 1); // each of them was known
    return ERR_OK;
}

static err_t set_curves(struct tls_context *context, const char *list, diag_t *diag)
{
    static const char *const of_go[][2] = { { "CurveP256", "P-256" },
                                            { "CurveP384", "P-384" },
                                            { "CurveP521", "P-521" } };
    char all[512] = "";
    bytes_t text;
    while (next_name(&list, ':', &text)) {
        char name[NAME_MAX_SIZE] = "";
        if (text.size < sizeof(name))
            snprintf(name, sizeof(name), "%.*s", BYTES_ARG(text));
        for (size_t i = 0; i < ARRAY_COUNT(of_go); i++)
            if (strcmp(name, of_go[i][0]) == 0)
                snprintf(name, sizeof(name), "%s", of_go[i][1]);
        if (*name == '\0' || SSL_CTX_set1_groups_list(context->ssl, name) != 1)
            return diag_fail(diag, ERR_INVALID, "curves", "this is not a curve that is known here: \"%.*s\"",
                             BYTES_ARG(text));
        if (!list_add(all, sizeof(all), name))
            return diag_fail(diag, ERR_TOO_LARGE, "curves", "the list is too long");
    }
    if (SSL_CTX_set1_groups_list(context->ssl, all) != 1)
        return diag_fail(diag, ERR_INVALID, "curves", "a curve is there twice");
    return ERR_OK;
}

// The server's own order decides (RFC 7301 3.2).
static int select_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_size,
                           const unsigned char *offered, unsigned int size, void *data)
{
    (void)ssl;
    const struct tls_context *context = data;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, ret_size, context->alpn, (unsigned)context->alpn_size, offered, size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret_name = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static err_t set_protocols(struct tls_context *context, const char *list, diag_t *diag)
{
    bytes_t name;
    while (next_name(&list, ',', &name)) {
        if (name.size == 0 || context->alpn_size + 1 + name.size > sizeof(context->alpn))
            return diag_fail(diag, ERR_INVALID, "alpn", "a protocol is empty, or the list is too long: \"%.*s\"",
                             BYTES_ARG(name));
        context->alpn[context->alpn_size] = (uint8_t)name.size;
        memcpy(context->alpn + context->alpn_size + 1, name.data, name.size);
        context->alpn_size += 1 + name.size;
    }
    if (context->is_server)
        SSL_CTX_set_alpn_select_cb(context->ssl, select_protocol, context);
    else if (SSL_CTX_set_alpn_protos(context->ssl, context->alpn, (unsigned)context->alpn_size) != 0)
        return diag_fail(diag, ERR_INVALID, "alpn", "the list cannot be used: %s", reason());
    return ERR_OK;
}

static void set_habits(SSL_CTX *ssl)
{
    // An idle connection keeps no buffers. A record that is written again may lie elsewhere by then.
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A peer that negotiates again and again would cost much and gain nothing (CVE-2011-1473); OpenSSL 3 refuses it to
    // clients anyway. The server's order of ciphers counts: its operator wrote it.
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Sessions are resumed by tickets, which the clients keep; a new context does not know those of an old one.
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    static const unsigned char id[] = "eddy";
    SSL_CTX_set_session_id_context(ssl, id, sizeof(id) - 1);
}

static err_t configure(struct tls_context *context, const struct tls_config *config, diag_t *diag)
{
    set_habits(context->ssl);
    SSL_CTX_set_min_proto_version(context->ssl, config->min_version == TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    err_t err = load_own(context, config, diag);
    if (err == ERR_OK)
        err = set_verification(context, config, diag);
    if (err == ERR_OK && config->ciphers != NULL)
        err = set_ciphers(context, config->ciphers, diag);
    if (err == ERR_OK && config->curves != NULL)
        err = set_curves(context, config->curves, diag);
    if (err == ERR_OK && config->alpn != NULL)
        err = set_protocols(context, config->alpn, diag);
    return err;
}

static err_t context_new(bool is_server, const struct tls_config *config, struct tls_context **ret_context,
                         diag_t *diag)
{
    struct tls_context *context = mem_zalloc(1, sizeof(*context));
    context->is_server = is_server;
    context->expires_s = INT64_MAX;
    atomic_init(&context->refs, 1);
    context->ssl = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    context->queues = BIO_meth_new(BIO_TYPE_SOURCE_SINK | QUEUES_TYPE, "eddy");
    ASSERT(context->ssl != NULL);
    ASSERT(context->queues != NULL);
    BIO_meth_set_read(context->queues, queue_read);
    BIO_meth_set_write(context->queues, queue_write);
    BIO_meth_set_ctrl(context->queues, queue_control);
    ERR_clear_error();
    err_t err = configure(context, config, diag);
    ERR_clear_error();
    if (err == ERR_OK)
        *ret_context = context;
    else
        tls_context_unref(context);
    return err;
}

err_t tls_server_new(const struct tls_config *config, struct tls_context **ret_context, diag_t *diag)
{
    return context_new(true, config, ret_context, diag);
}

err_t tls_client_new(const struct tls_config *config, struct tls_context **ret_context, diag_t *diag)
{
    return context_new(false, config, ret_context, diag);
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (context == NULL || atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->queues);
    free(context);
}

int64_t tls_context_expires_s(const struct tls_context *context)
{
    return context->expires_s;
}
