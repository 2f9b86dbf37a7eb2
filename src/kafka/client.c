// SPDX-License-Identifier: Apache-2.0
#include "kafka/client.h"

#include "base/mem.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/api/api_versions.h"
#include "kafka/errors.h"
#include "kafka/framer.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_FRAME_SIZE ((size_t)256 << 20)
#define ANSWER_ARENA_LIMIT ((size_t)256 << 20)
#define SOFTWARE_NAME      "eddy"
#define SOFTWARE_VERSION   "0.1.0"
#define VERSIONS_MAX       128

struct version_range {
    int16_t min, max;
};

struct kafka_client {
    struct loop *loop;
    struct conn *conn;
    const struct kafka_client_ops *ops;
    void *owner;
    char *client_id;
    char address[300];
    int64_t timeout_ms;
    struct timer timer; // for the oldest of what we wait for
    struct kafka_framer framer;
    struct list_node pending;                    // struct pending, oldest first
    struct version_range versions[VERSIONS_MAX]; // by key; max -1: not served
    int32_t next_correlation_id;
    bool is_ready, is_closing;
    err_t why;
    diag_t diag;
};

struct pending {
    struct list_node node;
    const struct kafka_api *api;
    int version;
    int32_t correlation_id;
    int64_t deadline_ms;
    kafka_on_answer_fn *on_answer;
    void *owner;
};

static void client_fail(struct kafka_client *client, err_t why, const char *text)
{
    if (client->is_closing)
        return;
    client->is_closing = true;
    client->why = diag_fail(&client->diag, why, client->address, "%s", text);
    conn_abort(client->conn);
}

static void pending_finish(struct pending *pending, const struct kafka_answer *answer)
{
    kafka_on_answer_fn *on_answer = pending->on_answer;
    void *owner = pending->owner;
    list_remove(&pending->node);
    free(pending);
    on_answer(owner, answer);
}

static void client_cancel_pending(struct kafka_client *client, err_t err)
{
    struct list_node *node;
    while ((node = list_first(&client->pending)) != NULL) {
        struct pending *pending = LIST_ITEM(node, struct pending, node);
        struct kafka_answer answer = { .err = err, .api = pending->api, .version = pending->version };
        pending_finish(pending, &answer);
    }
}

// --- sending

static err_t client_send_version(struct kafka_client *client, const struct kafka_api *api, int version,
                                 const void *request, kafka_on_answer_fn *on_answer, void *owner)
{
    struct kafka_request_header header = {
        .api_version = (int16_t)version,
        .correlation_id = client->next_correlation_id,
        .client_id = bytes_of_text(client->client_id),
    };
    struct kafka_frame frame;
    kafka_frame_start(&frame);
    kafka_request_header_encode(api, &header, &frame);
    kafka_encode(api->request, version, kafka_api_is_flexible(api, version), request, &frame);
    err_t err = kafka_frame_finish(&frame);
    struct slice slice;
    while (err == ERR_OK && kafka_frame_next(&frame, &slice))
        conn_send(client->conn, slice);
    kafka_frame_free(&frame);
    if (err != ERR_OK)
        return err;
    client->next_correlation_id = (int32_t)(((uint32_t)client->next_correlation_id + 1) & INT32_MAX);
    if (on_answer == NULL)
        return ERR_OK;
    struct pending *pending = mem_zalloc(1, sizeof(*pending));
    *pending = (struct pending){ .api = api,
                                 .version = version,
                                 .correlation_id = header.correlation_id,
                                 .deadline_ms = loop_now_ms(client->loop) + client->timeout_ms,
                                 .on_answer = on_answer,
                                 .owner = owner };
    list_append(&client->pending, &pending->node);
    if (!timer_active(&client->timer))
        timer_start(&client->timer, client->timeout_ms);
    return ERR_OK;
}

err_t kafka_client_send(struct kafka_client *client, const struct kafka_api *api, const void *request,
                        kafka_on_answer_fn *on_answer, void *owner)
{
    if (!client->is_ready || client->is_closing)
        return ERR_CLOSED;
    int version = kafka_client_version(client, api);
    if (version < 0)
        return ERR_UNSUPPORTED;
    return client_send_version(client, api, version, request, on_answer, owner);
}

int kafka_client_version(const struct kafka_client *client, const struct kafka_api *api)
{
    struct version_range range = client->versions[api->key];
    int version = range.max < api->max ? range.max : api->max;
    return version >= range.min && version >= api->min ? version : -1;
}

// --- versions

static void on_versions(void *owner, const struct kafka_answer *answer);

static void client_ask_versions(struct kafka_client *client, int version)
{
    struct kafka_api_versions_request request;
    kafka_defaults(kafka_api_versions_api.request, &request);
    request.client_software_name = BYTES_LITERAL(SOFTWARE_NAME);
    request.client_software_version = BYTES_LITERAL(SOFTWARE_VERSION);
    err_t err = client_send_version(client, &kafka_api_versions_api, version, &request, on_versions, client);
    if (err != ERR_OK)
        client_fail(client, err, err_text(err));
}

static void client_take_versions(struct kafka_client *client, const struct kafka_api_versions_response *response)
{
    for (size_t i = 0; i < VERSIONS_MAX; i++)
        client->versions[i] = (struct version_range){ 0, -1 };
    for (int32_t i = 0; i < response->api_keys.count; i++) {
        const struct kafka_api_version *row = &response->api_keys.items[i];
        if (row->api_key >= 0 && row->api_key < VERSIONS_MAX)
            client->versions[row->api_key] = (struct version_range){ row->min_version, row->max_version };
    }
}

static void on_versions(void *owner, const struct kafka_answer *answer)
{
    struct kafka_client *client = owner;
    if (answer->err != ERR_OK)
        return;
    const struct kafka_api_versions_response *response = answer->response;
    client_take_versions(client, response);
    if (response->error_code == KAFKA_UNSUPPORTED_VERSION && answer->version > 0) {
        int version = kafka_client_version(client, &kafka_api_versions_api);
        client_ask_versions(client, version < 0 || version >= answer->version ? 0 : version);
        return;
    }
    if (response->error_code != KAFKA_NONE) {
        client_fail(client, ERR_UNSUPPORTED, kafka_error_message(response->error_code));
        return;
    }
    client->is_ready = true;
    client->ops->on_ready(client);
}

// --- receiving

// A version too new is answered in version 0's form with error 35, whatever was asked (KIP-511).
static int answer_version(const struct pending *pending, struct reader reader)
{
    if (pending->api != &kafka_api_versions_api)
        return pending->version;
    return reader_i16(&reader) == KAFKA_UNSUPPORTED_VERSION ? 0 : pending->version;
}

static void client_take_frame(struct kafka_client *client, const struct slice *frame)
{
    struct list_node *node = list_first(&client->pending);
    if (node == NULL) {
        client_fail(client, ERR_MALFORMED, "the broker sent an answer to nothing");
        return;
    }
    struct pending *pending = LIST_ITEM(node, struct pending, node);
    const struct kafka_api *api = pending->api;
    struct reader reader = reader_of(frame->bytes);
    int32_t correlation_id;
    kafka_response_header_decode(api, pending->version, &reader, &correlation_id);
    struct arena arena = ARENA_INIT;
    void *response = arena_alloc(&arena, api->response->size);
    int body = answer_version(pending, reader);
    kafka_decode(api->response, body, kafka_api_is_flexible(api, body), &reader, &arena, ANSWER_ARENA_LIMIT, response);
    if (reader.err != ERR_OK || correlation_id != pending->correlation_id) {
        client_fail(client, ERR_MALFORMED, "the broker's answer does not have the expected form");
    } else {
        struct kafka_answer answer = {
            .api = api, .version = pending->version, .response = response, .frame = frame->buf
        };
        pending_finish(pending, &answer);
    }
    arena_free(&arena);
}

static uint8_t *client_room(struct conn *conn, size_t *ret_size)
{
    struct kafka_client *client = conn_owner(conn);
    return kafka_framer_room(&client->framer, ret_size);
}

static void client_data(struct conn *conn, size_t size)
{
    struct kafka_client *client = conn_owner(conn);
    struct slice frame;
    err_t err = ERR_OK;
    kafka_framer_fill(&client->framer, size);
    while (!client->is_closing && (err = kafka_framer_next(&client->framer, &frame)) == ERR_OK) {
        client_take_frame(client, &frame);
        slice_free(&frame);
    }
    if (err != ERR_OK && err != ERR_AGAIN)
        client_fail(client, err, "what answers there does not speak Kafka's protocol");
}

static void client_timer(struct timer *timer)
{
    struct kafka_client *client = CONTAINER_OF(timer, struct kafka_client, timer);
    struct list_node *node = list_first(&client->pending);
    if (client->is_ready && node == NULL)
        return;
    int64_t left_ms = node == NULL ? 0 : LIST_ITEM(node, struct pending, node)->deadline_ms - loop_now_ms(client->loop);
    if (left_ms > 0)
        timer_start(timer, left_ms);
    else
        client_fail(client, ERR_TIMEOUT, "the broker did not answer in time");
}

static void client_opened(struct conn *conn)
{
    client_ask_versions(conn_owner(conn), kafka_api_versions_api.max);
}

static void client_closed(struct conn *conn, err_t why)
{
    struct kafka_client *client = conn_owner(conn);
    if (!client->is_closing) {
        client->is_closing = true;
        client->why = diag_fail(&client->diag, why, client->address, "%s", err_text(why));
    }
    timer_stop(&client->timer);
    client_cancel_pending(client, client->why == ERR_OK ? ERR_CANCELLED : client->why);
    client->ops->on_close(client, client->why, &client->diag);
    kafka_framer_deinit(&client->framer);
    free(client->client_id);
    free(client);
}

static const struct conn_ops client_conn_ops = {
    .on_room = client_room,
    .on_data = client_data,
    .on_open = client_opened,
    .on_close = client_closed,
};

struct kafka_client *kafka_client_open(struct loop *loop, const struct address *address,
                                       const struct kafka_client_options *options, const struct kafka_client_ops *ops,
                                       void *owner)
{
    struct kafka_client *client = mem_zalloc(1, sizeof(*client));
    client->loop = loop;
    client->ops = ops;
    client->owner = owner;
    client->client_id = mem_text(options->client_id == NULL ? SOFTWARE_NAME : options->client_id);
    client->timeout_ms = options->request_timeout_ms > 0 ? options->request_timeout_ms : DEFAULT_TIMEOUT_MS;
    address_format(address, client->address, sizeof(client->address));
    list_init(&client->pending);
    kafka_framer_init(&client->framer, options->max_frame_size > 0 ? options->max_frame_size : DEFAULT_FRAME_SIZE);
    timer_init(&client->timer, loop, client_timer);
    timer_start(&client->timer, client->timeout_ms);
    client->conn = conn_open(loop, address, &client_conn_ops, client);
    return client;
}

void *kafka_client_owner(const struct kafka_client *client)
{
    return client->owner;
}

void kafka_client_close(struct kafka_client *client)
{
    if (client->is_closing)
        return;
    client->is_closing = true;
    client->why = ERR_OK;
    client_cancel_pending(client, ERR_CANCELLED);
    conn_close(client->conn);
}
