// SPDX-License-Identifier: Apache-2.0
// The twin's network carries no TLS: no context can be made, so that nothing below can be reached with one.
#include "io/tls.h"

#include "base/assert.h"

static err_t refuse(struct tls_context **ret_context, diag_t *diag)
{
    (void)ret_context;
    return diag_fail(diag, ERR_UNSUPPORTED, "tls", "the simulated network has no TLS");
}

err_t tls_server_new(const struct tls_config *config, struct tls_context **ret_context, diag_t *diag)
{
    (void)config;
    return refuse(ret_context, diag);
}

err_t tls_client_new(const struct tls_config *config, struct tls_context **ret_context, diag_t *diag)
{
    (void)config;
    return refuse(ret_context, diag);
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    ASSERT(context == NULL);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    ASSERT(context == NULL);
}

int64_t tls_context_expires_s(const struct tls_context *context)
{
    ASSERT(context == NULL);
    return INT64_MAX;
}

void conn_tls_start(struct conn *conn, const struct tls_start *start)
{
    (void)conn;
    ASSERT(start->context != NULL);
    ASSERT(false);
}

bool conn_is_secure(const struct conn *conn)
{
    (void)conn;
    return false;
}

const char *conn_tls_failure(const struct conn *conn)
{
    (void)conn;
    return "";
}

const struct tls_peer *conn_tls_peer(struct conn *conn)
{
    (void)conn;
    return NULL;
}

const char *conn_tls_version(const struct conn *conn)
{
    (void)conn;
    return "";
}

const char *conn_tls_cipher(const struct conn *conn)
{
    (void)conn;
    return "";
}

bytes_t conn_tls_protocol(const struct conn *conn)
{
    (void)conn;
    return BYTES_NULL;
}
