// SPDX-License-Identifier: Apache-2.0
// Calls and pools. A call waits in its pool until the turn ends; then it takes a connection that is idle, or a new one,
// or goes on waiting. So a call that is sent from another one's on_done uses the connection that has just become free,
// and nothing is used again or freed while somebody is told about it.
#include "http/client_internal.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/request_head.h"
#include "io/tls.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_SIZE_MAX = sizeof("https://[]:65535") + sizeof((struct address *)0)->host + sizeof(void *) };

void http_client_config_default(struct http_client_config *ret_config)
{
    *ret_config = (struct http_client_config){
        .connection_count = 64,
        .waiting_count = 1024,
        .connect_timeout_ms = 10000,
        .idle_timeout_ms = 30000,
    };
    http_response_limits_default(&ret_config->response);
}

// ---- the end of a call

void http_call_end(struct http_call *call, const struct http_result *result)
{
    ASSERT(call->is_sent);
    timer_stop(&call->timer);
    list_remove(&call->node);
    call->pool = NULL;
    call->link = NULL;
    call->is_sent = false;
    if (result->err != ERR_OK)
        counter_add(&call->client->metrics.failed_total, 1);
    call->on_done(call, result);
}

void http_call_fail(struct http_call *call, err_t err, const char *why)
{
    ASSERT(err != ERR_OK);
    const struct http_result result = { .err = err, .why = why };
    http_call_end(call, &result);
}

// Fails it in a later turn.
static void call_fail_later(struct http_call *call, err_t err, const char *complaint)
{
    struct http_client *client = call->client;
    timer_stop(&call->timer);
    call->pool = NULL;
    call->link = NULL;
    call->failure = err;
    call->complaint = complaint;
    list_append(&client->failed, &call->node);
    if (!timer_active(&client->telling))
        timer_start(&client->telling, 0);
}

// Those that fail again while this runs have their turn later.
static void on_telling(struct timer *timer)
{
    struct http_client *client = CONTAINER_OF(timer, struct http_client, telling);
    struct list_node batch;
    list_init(&batch);
    list_splice(&batch, &client->failed);
    while (!list_empty(&batch)) {
        struct http_call *call = LIST_ITEM(list_first(&batch), struct http_call, node);
        http_call_fail(call, call->failure, call->complaint);
    }
    http_client_check_closed(client);
}

static void leave_waiting(struct http_call *call)
{
    list_remove(&call->node);
    call->pool->waiting_count--;
    http_pool_touch(call->pool);
}

static void on_call_timer(struct timer *timer)
{
    struct http_call *call = CONTAINER_OF(timer, struct http_call, timer);
    const char *name = call->pool->name;
    long long timeout_ms = call->timeout_ms;
    char why[HTTP_CLIENT_WHY_SIZE];
    if (call->link == NULL) {
        snprintf(why, sizeof why, "No connection to %s became free within %lld ms.", name, timeout_ms);
        leave_waiting(call);
    } else {
        const char *what = call->link->is_open ? "did not answer" : "could not be reached";
        snprintf(why, sizeof why, "%s %s within %lld ms.", name, what, timeout_ms);
        http_link_drop(call->link);
    }
    http_call_fail(call, ERR_TIMEOUT, why);
}

void http_client_cancel(struct http_call *call)
{
    if (!call->is_sent)
        return;
    timer_stop(&call->timer);
    if (call->link != NULL)
        http_link_drop(call->link);
    else if (call->pool != NULL)
        leave_waiting(call);
    list_remove(&call->node);
    call->pool = NULL;
    call->link = NULL;
    call->is_sent = false;
}

// ---- pools

static bytes_t pool_key(const struct map_node *node)
{
    const struct http_pool *pool = CONTAINER_OF_CONST(node, struct http_pool, map_node);
    return bytes_of(pool->key, pool->key_size);
}

static void pool_free(struct http_pool *pool)
{
    ASSERT(pool->waiting_count == 0);
    ASSERT(pool->idle_count == 0);
    map_remove(&pool->client->pools, &pool->map_node);
    list_remove(&pool->ready_node);
    timer_stop(&pool->ageing);
    tls_context_unref(pool->tls);
    free(pool);
}

// The oldest idle link is the last in the list.
static void on_ageing(struct timer *timer)
{
    struct http_pool *pool = CONTAINER_OF(timer, struct http_pool, ageing);
    int64_t timeout_ms = pool->client->config.idle_timeout_ms;
    while (!list_empty(&pool->idle)) {
        struct http_link *oldest = LIST_ITEM(pool->idle.prev, struct http_link, node);
        int64_t age_ms = loop_now_ms(pool->client->loop) - oldest->idle_since_ms;
        if (age_ms < timeout_ms) {
            timer_start(timer, timeout_ms - age_ms);
            return;
        }
        http_link_drop(oldest);
    }
}

static struct http_pool *pool_of(struct http_client *client, const struct http_url *url, struct tls_context *tls)
{
    uint8_t key[KEY_SIZE_MAX];
    size_t size = url->origin.size + sizeof(struct tls_context *);
    ASSERT(size <= sizeof key);
    memcpy(key, url->origin.data, url->origin.size);
    memcpy(key + url->origin.size, &tls, sizeof(struct tls_context *));
    struct map_node *node = map_find(&client->pools, bytes_of(key, size));
    if (node != NULL)
        return CONTAINER_OF(node, struct http_pool, map_node);
    struct http_pool *pool = mem_zalloc(1, sizeof *pool + size);
    pool->client = client;
    pool->address = url->address;
    pool->tls = tls == NULL ? NULL : tls_context_ref(tls);
    pool->key_size = size;
    memcpy(pool->key, key, size);
    address_format(&url->address, pool->name, sizeof pool->name);
    list_init(&pool->idle);
    list_init(&pool->busy);
    list_init(&pool->waiting);
    timer_init(&pool->ageing, client->loop, on_ageing);
    map_insert(&client->pools, &pool->map_node);
    return pool;
}

void http_pool_touch(struct http_pool *pool)
{
    if (!list_linked(&pool->ready_node))
        list_append(&pool->client->ready, &pool->ready_node);
    loop_defer(pool->client->loop, &pool->client->work);
}

// An idle link for the call, or NULL. One that is repeated distrusts them all.
static struct http_link *pool_idle_link(struct http_pool *pool, const struct http_call *call)
{
    struct list_node *first = list_first(&pool->idle);
    if (first == NULL || !call->is_repeated)
        return first == NULL ? NULL : LIST_ITEM(first, struct http_link, node);
    if (pool->link_count == pool->client->config.connection_count)
        http_link_drop(LIST_ITEM(pool->idle.prev, struct http_link, node));
    return NULL;
}

static void pool_work(struct http_pool *pool)
{
    while (!list_empty(&pool->waiting)) {
        struct http_call *call = LIST_ITEM(list_first(&pool->waiting), struct http_call, node);
        struct http_link *link = pool_idle_link(pool, call);
        if (link == NULL && pool->link_count == pool->client->config.connection_count)
            return;
        list_remove(&call->node);
        pool->waiting_count--;
        if (link == NULL)
            http_link_open(pool, call);
        else
            http_link_use(link, call);
    }
    if (pool->link_count == 0)
        pool_free(pool);
}

static void on_work(struct deferred *work)
{
    struct http_client *client = CONTAINER_OF(work, struct http_client, work);
    while (!list_empty(&client->ready)) {
        struct http_pool *pool = LIST_ITEM(list_first(&client->ready), struct http_pool, ready_node);
        list_remove(&pool->ready_node);
        pool_work(pool);
    }
    http_client_check_closed(client);
}

// ---- calls

void http_call_repeat(struct http_call *call)
{
    call->is_repeated = true;
    call->link = NULL;
    counter_add(&call->client->metrics.repeated_total, 1);
    list_insert_before(call->pool->waiting.next, &call->node);
    call->pool->waiting_count++;
    http_pool_touch(call->pool);
}

void http_client_send(struct http_client *client, struct http_call *call)
{
    ASSERT(!call->is_sent);
    ASSERT(call->timeout_ms > 0);
    call->client = client;
    call->is_sent = true;
    call->is_repeated = false;
    call->link = NULL;
    call->node = (struct list_node){ 0 };
    timer_init(&call->timer, client->loop, on_call_timer);
    counter_add(&client->metrics.calls_total, 1);
    struct tls_context *tls = call->tls != NULL ? call->tls : client->config.tls;
    const char *complaint = http_request_head_complaint(call->headers, call->header_count);
    if (client->closing) {
        call_fail_later(call, ERR_CANCELLED, "The client is closed.");
    } else if (complaint != NULL) {
        call_fail_later(call, ERR_INVALID, complaint);
    } else if (call->url->is_secure && tls == NULL) {
        call_fail_later(call, ERR_UNSUPPORTED, "There is no TLS here, so https cannot be used.");
    } else {
        struct http_pool *pool = pool_of(client, call->url, call->url->is_secure ? tls : NULL);
        uint32_t unused = client->config.connection_count - (pool->link_count - pool->idle_count);
        if (pool->waiting_count >= client->config.waiting_count + unused) {
            call_fail_later(call, ERR_LIMIT, "Too many requests wait for a connection to this server.");
            return;
        }
        call->pool = pool;
        timer_start(&call->timer, call->timeout_ms);
        list_append(&pool->waiting, &call->node);
        pool->waiting_count++;
        http_pool_touch(pool);
    }
}

// ---- the client

struct http_client *http_client_open(struct loop *loop, const struct http_client_config *config)
{
    ASSERT(config->connection_count > 0);
    struct http_client *client = mem_alloc(sizeof *client);
    memset(client, 0, offsetof(struct http_client, input));
    client->loop = loop;
    client->config = *config;
    client->pools = MAP_INIT(pool_key);
    client->work.on_turn_end = on_work;
    list_init(&client->ready);
    list_init(&client->failed);
    timer_init(&client->telling, loop, on_telling);
    if (config->tls != NULL)
        tls_context_ref(config->tls);
    return client;
}

struct http_client_metrics *http_client_metrics(struct http_client *client)
{
    return &client->metrics;
}

static void on_closed_message(struct message *message)
{
    struct http_client *client = CONTAINER_OF(message, struct http_client, closed);
    if (!list_empty(&client->failed)) { // sent meanwhile: it is told first
        client->closed_posted = false;
        return;
    }
    void (*on_closed)(void *owner) = client->on_closed;
    void *owner = client->owner;
    timer_stop(&client->telling);
    loop_defer_cancel(client->loop, &client->work);
    tls_context_unref(client->config.tls);
    map_free(&client->pools);
    free(client);
    on_closed(owner);
}

void http_client_check_closed(struct http_client *client)
{
    if (!client->closing || client->closed_posted || client->link_count > 0 || client->pools.count > 0 ||
        !list_empty(&client->failed))
        return;
    client->closed_posted = true;
    client->closed.on_message = on_closed_message;
    loop_post(client->loop, &client->closed);
}

static void pool_close(struct http_pool *pool)
{
    LIST_EACH(&pool->idle, idle)
    {
        http_link_drop(LIST_ITEM(idle, struct http_link, node));
    }
    LIST_EACH(&pool->busy, busy)
    {
        struct http_link *link = LIST_ITEM(busy, struct http_link, node);
        struct http_call *call = link->call;
        http_link_drop(link);
        call_fail_later(call, ERR_CANCELLED, "The client closes.");
    }
    LIST_EACH(&pool->waiting, waiting)
    {
        struct http_call *call = LIST_ITEM(waiting, struct http_call, node);
        leave_waiting(call);
        call_fail_later(call, ERR_CANCELLED, "The client closes.");
    }
}

void http_client_close(struct http_client *client, void (*on_closed)(void *owner), void *owner)
{
    ASSERT(!client->closing);
    client->closing = true;
    client->on_closed = on_closed;
    client->owner = owner;
    for (struct map_node *node = map_next(&client->pools, NULL); node != NULL; node = map_next(&client->pools, node))
        pool_close(CONTAINER_OF(node, struct http_pool, map_node));
    http_client_check_closed(client);
}
