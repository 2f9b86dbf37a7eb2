// SPDX-License-Identifier: Apache-2.0
#include "kafka/testing/peer.h"

#include "base/assert.h"
#include "base/batch.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/framer.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAMES_MAX 512

struct peer {
    struct loop *loop;
    struct conn *conn;
    struct kafka_framer framer;
    struct slice frames[FRAMES_MAX];
    size_t frame_count, taken;
    bool is_open, is_waiting;
    struct arena arena;
};

static void peer_wake(struct peer *peer)
{
    if (peer->is_waiting)
        loop_stop(peer->loop);
}

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct peer *peer = conn_owner(conn);
    return kafka_framer_room(&peer->framer, ret_size);
}

static void on_data(struct conn *conn, size_t size)
{
    struct peer *peer = conn_owner(conn);
    kafka_framer_fill(&peer->framer, size);
    while (kafka_framer_next(&peer->framer, &peer->frames[peer->frame_count]) == ERR_OK)
        ASSERT(++peer->frame_count < FRAMES_MAX);
    peer_wake(peer);
}

static void on_open(struct conn *conn)
{
    struct peer *peer = conn_owner(conn);
    peer->is_open = true;
    peer_wake(peer);
}

static void on_close(struct conn *conn, err_t why)
{
    struct peer *peer = conn_owner(conn);
    (void)why;
    peer->conn = NULL;
    peer_wake(peer);
}

static const struct conn_ops peer_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_close
};

static void peer_run(struct peer *peer)
{
    peer->is_waiting = true;
    loop_run(peer->loop);
    peer->is_waiting = false;
}

struct peer *peer_open(struct loop *loop, uint16_t port)
{
    struct address address = { .host = "127.0.0.1", .port = port };
    struct peer *peer = mem_zalloc(1, sizeof(*peer));
    peer->loop = loop;
    kafka_framer_init(&peer->framer, INT32_MAX);
    peer->conn = conn_open(loop, &address, &peer_ops, peer);
    while (!peer->is_open && peer->conn != NULL)
        peer_run(peer);
    return peer;
}

void peer_close(struct peer *peer)
{
    if (peer->conn != NULL)
        conn_abort(peer->conn);
    while (peer->conn != NULL)
        peer_run(peer);
    while (peer->taken < peer->frame_count)
        slice_free(&peer->frames[peer->taken++]);
    kafka_framer_deinit(&peer->framer);
    arena_free(&peer->arena);
    free(peer);
}

void peer_send(struct peer *peer, bytes_t bytes)
{
    struct buf *buf = buf_copy(bytes);
    conn_send(peer->conn, (struct slice){ buf, bytes_of(buf->data, bytes.size) });
}

void peer_ask(struct peer *peer, const struct kafka_api *api, int version, const void *request)
{
    struct kafka_request_header header = { .api_version = (int16_t)version,
                                           .correlation_id = 77,
                                           .client_id = BYTES_LITERAL("peer") };
    struct kafka_frame frame;
    kafka_frame_start(&frame);
    kafka_request_header_encode(api, &header, &frame);
    kafka_encode(api->request, version, kafka_api_is_flexible(api, version), request, &frame);
    ASSERT(kafka_frame_finish(&frame) == ERR_OK);
    for (struct slice slice; kafka_frame_next(&frame, &slice);)
        conn_send(peer->conn, slice);
    kafka_frame_free(&frame);
}

void *peer_wait(struct peer *peer, const struct kafka_api *api, int version)
{
    while (peer->taken == peer->frame_count && peer->conn != NULL)
        peer_run(peer);
    if (peer->taken == peer->frame_count)
        return NULL;
    struct slice *frame = &peer->frames[peer->taken++];
    bytes_t bytes = arena_copy(&peer->arena, frame->bytes);
    slice_free(frame);
    struct reader reader = reader_of(bytes);
    int32_t correlation_id;
    kafka_response_header_decode(api, version, &reader, &correlation_id);
    ASSERT(correlation_id == 77);
    void *response = arena_alloc(&peer->arena, api->response->size);
    kafka_decode(api->response, version, kafka_api_is_flexible(api, version), &reader, &peer->arena, (size_t)1 << 30,
                 response);
    ASSERT(reader.err == ERR_OK && reader_left(&reader) == 0);
    return response;
}

void *peer_call(struct peer *peer, const struct kafka_api *api, int version, const void *request)
{
    peer_ask(peer, api, version, request);
    return peer_wait(peer, api, version);
}

void peer_pause(struct peer *peer)
{
    conn_pause(peer->conn);
}

void peer_resume(struct peer *peer)
{
    conn_resume(peer->conn);
}

static void on_time(struct timer *timer)
{
    loop_stop(timer->loop);
}

void loop_run_ms(struct loop *loop, int64_t ms)
{
    struct timer timer;
    timer_init(&timer, loop, on_time);
    timer_start(&timer, ms);
    while (timer_active(&timer))
        loop_run(loop);
}

struct slice batch_of(size_t count, bool with_keys, int64_t producer_id, int32_t sequence)
{
    struct batch_options options = BATCH_PLAIN;
    if (producer_id >= 0) {
        options.producer_id = producer_id;
        options.producer_epoch = 0;
        options.base_sequence = sequence;
    }
    struct batch_builder builder;
    batch_builder_init(&builder, options);
    for (size_t i = 0; i < count; i++) {
        char key[32], value[32];
        snprintf(key, sizeof(key), "k%zu", i);
        snprintf(value, sizeof(value), "v%zu", i);
        batch_builder_add(&builder, with_keys ? bytes_of_text(key) : BYTES_NULL, bytes_of_text(value), NULL, 0,
                          clock_wall_ms());
    }
    struct slice batch;
    ASSERT(batch_builder_finish(&builder, &batch) == ERR_OK);
    batch_builder_free(&builder);
    return batch;
}
