// SPDX-License-Identifier: Apache-2.0
// Between the socket and the owner of an encrypted connection. Input is read into the loop's scratch memory and
// decrypted straight into the owner's room; the queue is encrypted in records of full size, some of them at a time, and
// each such run leaves in one write. A connection on which nothing moves holds neither input nor output.
#include "io/uv/conn_internal.h"

#include "base/assert.h"
#include "io/uv/errno_internal.h"

#include <errno.h>
#include <stdio.h>

enum {
    RECORDS_PER_RUN = 4,
};

static void set_failure(struct conn *conn, const char *text)
{
    if (conn->tls->failure[0] == '\0')
        snprintf(conn->tls->failure, TLS_FAILURE_SIZE, "%s", text);
}

static err_t send_output(struct conn *conn)
{
    bytes_t output;
    while ((output = tls_stream_output(conn->tls)).size > 0) {
        struct iovec io = { .iov_base = (void *)(uintptr_t)output.data, .iov_len = output.size };
        struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };
        ssize_t put = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno != EAGAIN)
            return err_of_socket(errno);
        if (put > 0)
            tls_stream_sent(conn->tls, (size_t)put);
        if (put < 0 || (size_t)put < output.size) {
            conn->blocked = true;
            break;
        }
    }
    return ERR_OK;
}

// The alert that tells the peer why is with the output. It is not waited for: a peer that reads gets it.
static void fail(struct conn *conn, err_t why)
{
    if (conn->plain == 0 && !conn->blocked)
        (void)send_output(conn);
    conn_linger(conn, why);
}

// False: more input first, or the connection failed.
static bool shake_hands(struct conn *conn)
{
    err_t err = ERR_RESET;
    enum tls_result result = tls_stream_handshake(conn->tls, &err);
    if (result == TLS_WANTS)
        return false;
    if (result != TLS_DONE) {
        set_failure(conn, "the peer ended the connection during the handshake");
        fail(conn, err);
        return false;
    }
    if (!conn->ended)
        timer_stop(&conn->timer);
    if (conn->ops->on_secure != NULL)
        conn->ops->on_secure(conn);
    return true;
}

// Hands over what the input decrypts to. True: something came of it.
static bool decrypt_input(struct conn *conn)
{
    bool any = false;
    if (!conn->tls->secure && !shake_hands(conn))
        return conn->state != CONN_OPEN;
    // The first time the stream is asked in any case: OpenSSL knows what it holds only when it looks, and gives its
    // buffer back when it finds nothing.
    while (conn_reads(conn) && (!any || tls_stream_has_more(conn->tls))) {
        size_t size = 0, got = 0;
        uint8_t *room = conn->ops->on_room(conn, &size);
        if (!conn_reads(conn)) // on_room may close
            break;
        ASSERT(room != NULL && size > 0);
        err_t err = ERR_MALFORMED;
        enum tls_result result = tls_stream_read(conn->tls, room, size, &got, &err);
        if (result == TLS_WANTS)
            return any;
        any = true;
        if (result == TLS_DONE)
            conn->ops->on_data(conn, got);
        else if (result == TLS_ENDED)
            conn_end_input(conn);
        else
            fail(conn, err);
    }
    return any;
}

static void read_and_decrypt(struct conn *conn)
{
    if (conn_tls_has_input(conn) && (decrypt_input(conn) || !conn_reads(conn)))
        return;
    ssize_t got;
    do
        got = recv(conn->fd, loop_scratch(conn->loop), LOOP_SCRATCH_SIZE, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        tls_stream_feed(conn->tls, bytes_of(loop_scratch(conn->loop), (size_t)got));
        (void)decrypt_input(conn);
    } else if (got == 0) {
        set_failure(conn, conn->tls->secure ? "the peer ended the connection without saying so"
                                            : "the peer ended the connection during the handshake");
        conn_finish(conn, ERR_RESET);
    } else if (errno != EAGAIN) {
        conn_finish(conn, err_of_socket(errno));
    }
}

void conn_tls_read(struct conn *conn)
{
    read_and_decrypt(conn);
    tls_stream_keep(conn->tls);
    if (conn->state == CONN_OPEN && !conn->blocked && conn_queued(conn) > 0)
        loop_add_write(conn->loop, &conn->write);
}

bool conn_tls_has_input(const struct conn *conn)
{
    return tls_stream_has_more(conn->tls);
}

// Up to a record of the queue: a part of a large slice where it lies, small ones gathered.
static bytes_t next_record(const struct conn *conn, uint8_t gathered[TLS_RECORD_MAX])
{
    bytes_t first = conn->queue[conn->head].bytes;
    if (first.size >= TLS_RECORD_MAX)
        return bytes_of(first.data, TLS_RECORD_MAX);
    if (conn->head + 1 == conn->count)
        return first;
    size_t size = 0;
    for (size_t i = conn->head; i < conn->count && size < TLS_RECORD_MAX; i++) {
        bytes_t bytes = conn->queue[i].bytes;
        size_t part = bytes.size < TLS_RECORD_MAX - size ? bytes.size : TLS_RECORD_MAX - size;
        memcpy(gathered + size, bytes.data, part);
        size += part;
    }
    return bytes_of(gathered, size);
}

static err_t encrypt_run(struct conn *conn)
{
    enum { RUN_SIZE = RECORDS_PER_RUN * TLS_RECORD_MAX };
    uint8_t gathered[TLS_RECORD_MAX];
    size_t size = conn->queued < RUN_SIZE ? conn->queued : RUN_SIZE;
    tls_stream_reserve(conn->tls, size + RECORDS_PER_RUN * TLS_RECORD_COST);
    for (int i = 0; i < RECORDS_PER_RUN && conn->queued > 0; i++) {
        bytes_t record = next_record(conn, gathered);
        err_t err = ERR_MALFORMED;
        if (tls_stream_write(conn->tls, record, &err) != TLS_DONE)
            return err;
        conn_forget_sent(conn, record.size);
    }
    return ERR_OK;
}

err_t conn_tls_send(struct conn *conn)
{
    if (conn->plain > 0) {
        size_t before = conn->queued;
        err_t err = conn_send_plain(conn, conn->plain);
        conn->plain -= before - conn->queued;
        if (err != ERR_OK || conn->blocked)
            return err;
    }
    for (;;) {
        err_t err = send_output(conn);
        if (err != ERR_OK || conn->blocked)
            return err;
        if (!conn->tls->secure && conn->closing)
            conn_drop_queue(conn); // nobody can read it
        if (!conn->tls->secure)
            return ERR_OK;
        bool ends = conn->closing || (conn->ended && conn->ops->on_end == NULL);
        if (conn->queued > 0)
            err = encrypt_run(conn);
        else if (ends && !conn->tls->shut)
            tls_stream_shut(conn->tls);
        else
            break;
        if (err != ERR_OK)
            return err;
    }
    // Input that waited for the output to move.
    if (conn_tls_has_input(conn) && conn_reads(conn))
        loop_add_notice(conn->loop, &conn->notice);
    return ERR_OK;
}

void conn_tls_set_late(struct conn *conn)
{
    if (!conn->tls->secure && !conn->closing)
        set_failure(conn, "the peer did not finish the handshake in time");
}

void conn_tls_start(struct conn *conn, const struct tls_start *start)
{
    ASSERT(conn->tls == NULL);
    if (conn->state == CONN_DONE || conn->closing)
        return;
    ASSERT(conn->state == CONN_OPEN);
    conn->tls = tls_stream_new(start->context, start->host);
    conn->plain = conn->queued;
    timer_start(&conn->timer, start->timeout_ms == 0 ? TLS_HANDSHAKE_TIMEOUT_MS : start->timeout_ms);
    if (start->early.size > 0) {
        tls_stream_feed(conn->tls, start->early);
        tls_stream_keep(conn->tls);
        loop_add_notice(conn->loop, &conn->notice);
    }
    if (!start->context->is_server) {
        (void)shake_hands(conn); // speaks first
        loop_add_write(conn->loop, &conn->write);
    }
}

bool conn_is_secure(const struct conn *conn)
{
    return conn->tls != NULL && conn->tls->secure;
}

const char *conn_tls_failure(const struct conn *conn)
{
    return conn->tls == NULL ? "" : conn->tls->failure;
}

const struct tls_peer *conn_tls_peer(struct conn *conn)
{
    return conn->tls == NULL ? NULL : tls_stream_peer(conn->tls);
}

const char *conn_tls_version(const struct conn *conn)
{
    ASSERT(conn_is_secure(conn));
    return SSL_version(conn->tls->ssl) == TLS1_3_VERSION ? "1.3" : "1.2";
}

const char *conn_tls_cipher(const struct conn *conn)
{
    ASSERT(conn_is_secure(conn));
    const char *name = SSL_CIPHER_standard_name(SSL_get_current_cipher(conn->tls->ssl));
    return name == NULL ? "" : name;
}

bytes_t conn_tls_protocol(const struct conn *conn)
{
    ASSERT(conn_is_secure(conn));
    const unsigned char *name;
    unsigned int size;
    SSL_get0_alpn_selected(conn->tls->ssl, &name, &size);
    return bytes_of(name, size);
}
