// SPDX-License-Identifier: Apache-2.0
// One connection of the client: requests out, responses in, one after the other.
#include "http/client_internal.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/request_head.h"
#include "io/tls.h"

#include <stdio.h>
#include <stdlib.h>

void http_link_drop(struct http_link *link)
{
    struct http_pool *pool = link->pool;
    if (pool == NULL)
        return;
    bool is_idle = link->call == NULL;
    list_remove(&link->node);
    pool->link_count--;
    pool->idle_count -= is_idle;
    link->pool = NULL;
    link->call = NULL;
    timer_stop(&link->connecting);
    if (link->conn != NULL && is_idle)
        conn_close(link->conn);
    else if (link->conn != NULL)
        conn_abort(link->conn);
    http_pool_touch(pool);
}

static void link_fail(struct http_link *link, err_t err, const char *why)
{
    struct http_call *call = link->call;
    http_link_drop(link);
    http_call_fail(call, err, why);
}

// ---- out

static void link_write(struct http_link *link)
{
    const struct http_call *call = link->call;
    uint64_t size = 0;
    for (size_t i = 0; i < call->body_count; i++)
        size += call->body[i].bytes.size;
    const struct http_request_head head = {
        .method = call->method,
        .target = call->url->target,
        .host = call->url->host,
        .headers = call->headers,
        .header_count = call->header_count,
        .content_length = size,
    };
    struct slice slice = http_request_head_write(&head);
    counter_add(&link->client->metrics.bytes_out, slice.bytes.size + size);
    conn_send(link->conn, slice);
    for (size_t i = 0; i < call->body_count; i++) {
        struct slice part = call->body[i];
        if (part.buf != NULL)
            buf_ref(part.buf);
        conn_send(link->conn, part);
    }
}

static void link_take(struct http_link *link, struct http_call *call)
{
    link->call = call;
    call->link = link;
    http_response_parser_start(&link->parser, call->method == HTTP_HEAD);
    list_append(&link->pool->busy, &link->node);
}

void http_link_use(struct http_link *link, struct http_call *call)
{
    list_remove(&link->node);
    link->pool->idle_count--;
    link->is_reused = true;
    link_take(link, call);
    link_write(link);
}

static void on_open(struct conn *conn)
{
    struct http_link *link = conn_owner(conn);
    if (link->pool == NULL)
        return;
    link->is_open = true;
    if (link->pool->tls != NULL) {
        const struct tls_start start = {
            .context = link->pool->tls,
            .host = link->pool->address.host,
            .timeout_ms = link->client->config.connect_timeout_ms,
        };
        conn_tls_start(conn, &start);
    } else {
        timer_stop(&link->connecting);
    }
    link_write(link);
}

static void on_secure(struct conn *conn)
{
    struct http_link *link = conn_owner(conn);
    timer_stop(&link->connecting);
}

static void on_connecting(struct timer *timer)
{
    struct http_link *link = CONTAINER_OF(timer, struct http_link, connecting);
    char why[HTTP_CLIENT_WHY_SIZE];
    snprintf(why, sizeof why, "%s could not be reached within %lld ms.", link->pool->name,
             (long long)link->client->config.connect_timeout_ms);
    link_fail(link, ERR_TIMEOUT, why);
}

// ---- in

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct http_link *link = conn_owner(conn);
    *ret_size = sizeof link->client->input;
    return link->client->input;
}

// The response is complete. Nobody uses the link again before the turn ends, so that the response stays while it is
// told.
static void link_finish(struct http_link *link, bool keep)
{
    struct http_call *call = link->call;
    struct http_pool *pool = link->pool;
    if (keep) {
        list_remove(&link->node);
        list_insert_before(pool->idle.next, &link->node);
        pool->idle_count++;
        link->call = NULL;
        link->idle_since_ms = loop_now_ms(link->client->loop);
        if (!timer_active(&pool->ageing))
            timer_start(&pool->ageing, link->client->config.idle_timeout_ms);
        http_pool_touch(pool);
    } else {
        http_link_drop(link);
    }
    const struct http_result result = { .why = "", .response = &link->parser.response };
    http_call_end(call, &result);
}

static void link_refuse(struct http_link *link)
{
    char why[HTTP_CLIENT_WHY_SIZE];
    snprintf(why, sizeof why, "The answer of %s cannot be read: %s", link->pool->name, link->parser.complaint);
    link_fail(link, link->parser.err, why);
}

static void on_data(struct conn *conn, size_t size)
{
    struct http_link *link = conn_owner(conn);
    counter_add(&link->client->metrics.bytes_in, size);
    if (link->call == NULL) {
        http_link_drop(link); // nobody asked
        return;
    }
    size_t used = 0;
    switch (http_response_parser_feed(&link->parser, bytes_of(link->client->input, size), &used)) {
    case HTTP_RESPONSE_MORE:
        break;
    case HTTP_RESPONSE_DONE:
        // An answer in the middle of the request leaves a connection that nobody can use.
        link_finish(link, link->parser.response.keep_alive && used == size && conn_queued(conn) == 0);
        break;
    case HTTP_RESPONSE_BAD:
        link_refuse(link);
        break;
    }
}

// ---- the end

static bool is_idempotent(enum http_method method)
{
    return http_method_is_safe(method) || method == HTTP_PUT || method == HTTP_DELETE;
}

// See http_client_send. A connection that never carried an answer gives no reason to think that the next one will.
static bool may_repeat(const struct http_link *link)
{
    return link->is_reused && http_response_parser_is_idle(&link->parser) &&
           (link->call->is_repeatable || is_idempotent(link->call->method));
}

static void link_lose(struct http_link *link)
{
    char why[HTTP_CLIENT_WHY_SIZE];
    struct http_call *call = link->call;
    if (may_repeat(link)) {
        http_link_drop(link);
        http_call_repeat(call);
        return;
    }
    snprintf(why, sizeof why, "%s closed the connection %s.", link->pool->name,
             http_response_parser_is_idle(&link->parser) ? "before it answered" : "in the middle of its answer");
    link_fail(link, ERR_RESET, why);
}

static void on_end(struct conn *conn)
{
    struct http_link *link = conn_owner(conn);
    if (link->call == NULL) {
        http_link_drop(link);
        return;
    }
    if (http_response_parser_end(&link->parser) == HTTP_RESPONSE_DONE)
        link_finish(link, false);
    else
        link_lose(link);
}

// Why there is no connection, in words.
static void link_fail_to_connect(struct http_link *link, err_t err)
{
    char why[HTTP_CLIENT_WHY_SIZE];
    const char *name = link->pool->name;
    if (err == ERR_NOT_FOUND)
        snprintf(why, sizeof why, "The name %s has no address.", link->pool->address.host);
    else if (err == ERR_REFUSED)
        snprintf(why, sizeof why, "%s refuses connections.", name);
    else
        snprintf(why, sizeof why, "There is no connection to %s: %s.", name, err_text(err));
    link_fail(link, err, why);
}

static void link_end(struct http_link *link, err_t err, const char *tls_failure)
{
    if (link->call == NULL) {
        http_link_drop(link);
    } else if (!link->is_open) {
        link_fail_to_connect(link, err);
    } else if (tls_failure[0] != '\0' && timer_active(&link->connecting)) {
        char why[HTTP_CLIENT_WHY_SIZE];
        snprintf(why, sizeof why, "TLS with %s failed: %s.", link->pool->name, tls_failure);
        link_fail(link, err, why);
    } else {
        link_lose(link);
    }
}

static void on_close(struct conn *conn, err_t err)
{
    struct http_link *link = conn_owner(conn);
    struct http_client *client = link->client;
    link->conn = NULL;
    if (link->pool != NULL)
        link_end(link, err, conn_tls_failure(conn));
    http_response_parser_deinit(&link->parser);
    free(link);
    client->link_count--;
    gauge_add(&client->metrics.connections, -1);
    http_client_check_closed(client);
}

static const struct conn_ops conn_ops = {
    .on_room = on_room,
    .on_data = on_data,
    .on_open = on_open,
    .on_secure = on_secure,
    .on_end = on_end,
    .on_close = on_close,
};

void http_link_open(struct http_pool *pool, struct http_call *call)
{
    struct http_client *client = pool->client;
    struct http_link *link = mem_alloc(sizeof *link);
    *link = (struct http_link){ .client = client, .pool = pool };
    http_response_parser_init(&link->parser, &client->config.response);
    timer_init(&link->connecting, client->loop, on_connecting);
    timer_start(&link->connecting, client->config.connect_timeout_ms);
    pool->link_count++;
    client->link_count++;
    counter_add(&client->metrics.connections_total, 1);
    gauge_add(&client->metrics.connections, 1);
    link_take(link, call);
    link->conn = conn_open(client->loop, &pool->address, &conn_ops, link);
}
