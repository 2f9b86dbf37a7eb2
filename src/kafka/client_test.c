// SPDX-License-Identifier: Apache-2.0
// The client against a broker that says what the test wants.
#include "kafka/client.h"

#include "base/assert.h"
#include "base/test.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/api/metadata.h"
#include "kafka/api/produce.h"
#include "kafka/errors.h"
#include "kafka/framer.h"

#define TEST_LIMIT_MS 20000

static struct loop *loop;
static struct listener *listener;
static struct conn *broker;
static struct kafka_framer framer;
static struct timer limit;
static uint8_t asked_versions[8];
static size_t asked_count;
static bytes_t answers[8]; // without correlation id; data NULL: none is sent

static struct kafka_client *client;
static bool is_ready, is_closed;
static err_t why;
static err_t answer_err;
static size_t answer_count;

// --- the broker

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    (void)conn;
    return kafka_framer_room(&framer, ret_size);
}

static void on_data(struct conn *conn, size_t size)
{
    kafka_framer_fill(&framer, size);
    for (struct slice frame; kafka_framer_next(&framer, &frame) == ERR_OK; slice_free(&frame)) {
        bytes_t body = answers[asked_count];
        asked_versions[asked_count++] = frame.bytes.data[3];
        if (body.data == NULL)
            continue;
        struct writer w = WRITER_INIT;
        writer_u32(&w, (uint32_t)body.size + 4);
        writer_bytes(&w, bytes_of(frame.bytes.data + 4, 4));
        writer_bytes(&w, body);
        conn_send(conn, writer_finish(&w));
    }
}

static void on_broker_close(struct conn *conn, err_t err)
{
    (void)conn, (void)err;
    broker = NULL;
    loop_stop(loop);
}

static void on_accept(void *owner, struct conn *conn)
{
    static const struct conn_ops ops = { .on_room = on_room, .on_data = on_data, .on_close = on_broker_close };
    (void)owner;
    broker = conn;
    conn_attach(conn, &ops, NULL);
}

// --- the client

static void on_ready(struct kafka_client *ready)
{
    assert_ptr_equal(ready, client);
    is_ready = true;
    loop_stop(loop);
}

static void on_close(struct kafka_client *gone, err_t reason, const diag_t *diag)
{
    (void)gone;
    assert_true(reason == ERR_OK || (diag->text[0] != '\0' && diag->where[0] != '\0'));
    is_closed = true;
    why = reason;
    loop_stop(loop);
}

static void on_answer(void *owner, const struct kafka_answer *answer)
{
    (void)owner;
    answer_err = answer->err;
    answer_count++;
}

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static int set_up(void **state)
{
    (void)state;
    struct address address = { .host = "127.0.0.1", .port = 0 };
    loop = loop_new(0);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    kafka_framer_init(&framer, 1 << 20);
    memset(answers, 0, sizeof(answers));
    asked_count = answer_count = 0;
    is_ready = is_closed = false;
    assert_int_equal(listener_open(loop, &address, on_accept, NULL, &listener, NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (!is_closed)
        kafka_client_close(client);
    while (!is_closed || broker != NULL)
        loop_run(loop);
    listener_close(listener);
    kafka_framer_deinit(&framer);
    timer_stop(&limit);
    loop_free(loop);
    return 0;
}

static void connect_to_broker(int64_t timeout_ms)
{
    static const struct kafka_client_ops ops = { on_ready, on_close };
    struct address address = { .host = "127.0.0.1", .port = listener_port(listener) };
    struct kafka_client_options options = { .request_timeout_ms = timeout_ms };
    client = kafka_client_open(loop, &address, &options, &ops, NULL);
    while (!is_ready && !is_closed)
        loop_run(loop);
}

// Produce 0 to 7 and Metadata 20 to 30, in the form of version 0.
static const uint8_t versions_v0[] = { 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 7, 0, 3, 0, 20, 0, 30 };

static void asks_again_with_an_older_version(void **state)
{
    (void)state;
    static const uint8_t refusal[] = { 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 0 };
    answers[0] = bytes_of(refusal, sizeof(refusal));
    answers[1] = bytes_of(versions_v0, sizeof(versions_v0));
    connect_to_broker(0);
    assert_true(is_ready);
    assert_int_equal(asked_count, 2);
    assert_int_equal(asked_versions[0], 5);
    assert_int_equal(asked_versions[1], 0);
    assert_int_equal(kafka_client_version(client, &kafka_produce_api), 7);
    assert_int_equal(kafka_client_version(client, &kafka_metadata_api), -1);
    struct kafka_metadata_request request = { 0 };
    assert_int_equal(kafka_client_send(client, &kafka_metadata_api, &request, on_answer, NULL), ERR_UNSUPPORTED);
}

static void gives_up_on_what_is_no_broker(void **state)
{
    (void)state;
    answers[0] = BYTES_LITERAL("HTTP/1.1 400 Bad Request");
    connect_to_broker(0);
    assert_int_equal(why, ERR_MALFORMED);
}

static void gives_up_when_no_answer_comes(void **state)
{
    (void)state;
    connect_to_broker(50);
    assert_int_equal(why, ERR_TIMEOUT);
}

static void requests_under_way_learn_why_it_ended(void **state)
{
    (void)state;
    static const uint8_t refusal[] = { 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 0 };
    answers[0] = bytes_of(refusal, sizeof(refusal));
    answers[1] = bytes_of(versions_v0, sizeof(versions_v0));
    connect_to_broker(0);
    struct kafka_produce_request request = { .acks = 1 };
    assert_int_equal(kafka_client_send(client, &kafka_produce_api, &request, on_answer, NULL), ERR_OK);
    request.acks = 0;
    assert_int_equal(kafka_client_send(client, &kafka_produce_api, &request, NULL, NULL), ERR_OK);
    conn_abort(broker);
    while (!is_closed)
        loop_run(loop);
    assert_int_equal(answer_count, 1);
    assert_int_equal(answer_err, why);
    assert_int_not_equal(why, ERR_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asks_again_with_an_older_version),
        TEST(gives_up_on_what_is_no_broker),
        TEST(gives_up_when_no_answer_comes),
        TEST(requests_under_way_learn_why_it_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
