// SPDX-License-Identifier: Apache-2.0
// Answers whose body comes over time, on a session without a socket.
#include "http/session.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/test.h"

#define H "Host: localhost:3000\r\n"

// What the session sends is kept as text; what the stream is told is counted.
struct stage {
    struct http_session session;
    struct writer sent;
    int64_t timer_ms;
    unsigned finished, resumed, released;
    bool full;
    struct http_exchange *kept; // by the handlers
    unsigned drains, shuts, gones;
    bool in_call; // of the session by the test: the stream may not be told anything
};

static struct stage *stage_of(const struct http_session *session)
{
    return (struct stage *)(uintptr_t)CONTAINER_OF_CONST(session, struct stage, session);
}

static void on_send(struct http_session *session, struct slice slice)
{
    writer_bytes(&stage_of(session)->sent, slice.bytes);
    slice_free(&slice);
}

static void on_finish(struct http_session *session)
{
    stage_of(session)->finished++;
}

static void on_timer(struct http_session *session, int64_t delay_ms)
{
    stage_of(session)->timer_ms = delay_ms;
}

static void on_resume(struct http_session *session)
{
    stage_of(session)->resumed++;
}

static void on_release(struct http_session *session)
{
    stage_of(session)->released++;
}

static bool on_is_full(const struct http_session *session)
{
    return stage_of(session)->full;
}

static const struct http_session_ops ops = { on_send, on_finish, on_timer, on_resume, on_release, on_is_full };

static void on_drain(struct http_exchange *exchange, void *owner)
{
    struct stage *stage = owner;
    assert_false(stage->in_call);
    stage->drains++;
    http_stream_send(exchange, (struct slice){ NULL, BYTES_LITERAL("more") });
}

static void on_shut(struct http_exchange *exchange, void *owner)
{
    struct stage *stage = owner;
    assert_false(stage->in_call);
    stage->shuts++;
    http_stream_end(exchange);
}

static void on_gone(struct http_exchange *exchange, void *owner)
{
    struct stage *stage = owner;
    assert_false(stage->in_call);
    assert_true(exchange->gone);
    stage->gones++;
}

static const struct http_stream_ops stream_ops = { .on_drain = on_drain, .on_shut = on_shut, .on_gone = on_gone };
static const struct http_stream_ops patient_ops = { .on_gone = on_gone };
static const struct http_stream_ops finite_ops = { .on_shut = on_shut, .on_gone = on_gone, .is_finite = true };

static bool begin(struct stage *stage, const struct http_stream_ops *told, const char *first)
{
    stage->in_call = true;
    bool begun = http_stream_begin(stage->kept,
                                   (struct http_reply){ .status = 200,
                                                        .content_type = "application/json",
                                                        .body = { NULL, bytes_of_text(first) },
                                                        .fields = "X-Mine: 1\r\n" },
                                   told, stage);
    stage->in_call = false;
    return begun;
}

static void get_later(struct http_exchange *exchange, void *owner)
{
    ((struct stage *)owner)->kept = exchange;
}

static void get_watch(struct http_exchange *exchange, void *owner)
{
    struct stage *stage = owner;
    stage->kept = exchange;
    assert_true(begin(stage, &stream_ops, ""));
}

static void get_whole(struct http_exchange *exchange, void *owner)
{
    struct stage *stage = owner;
    stage->kept = exchange;
    assert_true(begin(stage, &stream_ops, "a"));
    http_stream_end(exchange);
}

static void get_now(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    http_reply(exchange, (struct http_reply){
                             .status = 200, .content_type = "text/plain", .body = { NULL, BYTES_LITERAL("now") } });
}

static const struct http_route routes[] = {
    { HTTP_GET, "/later", get_later },
    { HTTP_GET, "/watch", get_watch },
    { HTTP_GET, "/whole", get_whole },
    { HTTP_GET, "/now", get_now },
};

static struct http_site site;

static int set_up(void **state)
{
    struct stage *stage = mem_zalloc(1, sizeof *stage);
    site = (struct http_site){ .routes = routes, .route_count = ARRAY_COUNT(routes), .owner = stage };
    http_limits_default(&site.limits);
    http_session_init(&stage->session, &site, &ops);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    http_session_deinit(&stage->session);
    writer_free(&stage->sent);
    free(stage);
    return 0;
}

static size_t feed(struct stage *stage, const char *text)
{
    return http_session_data(&stage->session, bytes_of_text(text));
}

static void send_text(struct stage *stage, const char *text)
{
    stage->in_call = true;
    http_stream_send(stage->kept, (struct slice){ NULL, bytes_of_text(text) });
    stage->in_call = false;
}

// What was sent so far, behind the last empty line of a head.
static const char *body_of(struct stage *stage)
{
    writer_u8(&stage->sent, '\0');
    stage->sent.size--;
    const char *text = (const char *)stage->sent.buf->data, *head = strstr(text, "\r\n\r\n");
    assert_non_null(head);
    return head + 4;
}

static bool has_sent(struct stage *stage, const char *text)
{
    (void)body_of(stage);
    return strstr((const char *)stage->sent.buf->data, text) != NULL;
}

static void sends_pieces_as_chunks(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /watch HTTP/1.1\r\n" H "\r\n");
    assert_true(has_sent(stage, "HTTP/1.1 200 OK\r\n"));
    assert_true(has_sent(stage, "Transfer-Encoding: chunked\r\n"));
    assert_true(has_sent(stage, "Content-Type: application/json\r\n"));
    assert_true(has_sent(stage, "X-Mine: 1\r\n"));
    assert_false(has_sent(stage, "Content-Length"));
    assert_string_equal(body_of(stage), "");
    send_text(stage, "{\"type\":\"ADDED\"}");
    send_text(stage, "");
    send_text(stage, "x");
    assert_string_equal(body_of(stage), "10\r\n{\"type\":\"ADDED\"}\r\n1\r\nx\r\n");
    http_stream_end(stage->kept);
    assert_string_equal(body_of(stage), "10\r\n{\"type\":\"ADDED\"}\r\n1\r\nx\r\n0\r\n\r\n");
    assert_int_equal(stage->timer_ms, site.limits.idle_timeout_ms);
    assert_int_equal(stage->finished, 0);
}

static void large_pieces_are_framed_like_small_ones(void **state)
{
    struct stage *stage = *state;
    enum { SIZE = 100000 };
    struct buf *buf = buf_new(SIZE);
    memset(buf->data, 'b', SIZE);
    feed(stage, "GET /watch HTTP/1.1\r\n" H "\r\n");
    http_stream_send(stage->kept, slice_of(buf, 0, SIZE));
    buf_unref(buf);
    http_stream_end(stage->kept);
    const char *body = body_of(stage);
    assert_memory_equal(body, "186a0\r\nbbb", 10);
    assert_string_equal(body + 7 + SIZE, "\r\n0\r\n\r\n");
}

static void may_be_silent_for_ever(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /watch HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(stage->timer_ms, -1);
    http_session_timeout(&stage->session); // of whoever owns the timer: nothing is due
    assert_int_equal(stage->finished + stage->gones + stage->shuts, 0);
    send_text(stage, "x");
    assert_string_equal(body_of(stage), "1\r\nx\r\n");
    http_stream_end(stage->kept);
}

static void takes_the_next_request_after_its_end(void **state)
{
    struct stage *stage = *state;
    const char *text = "GET /watch HTTP/1.1\r\n" H "\r\nGET /whole HTTP/1.1\r\n" H "\r\nGET /now HTTP/1.1\r\n" H "\r\n";
    size_t used = feed(stage, text);
    assert_true(used < strlen(text));
    assert_int_equal(feed(stage, text + used), 0);
    send_text(stage, "x");
    http_stream_end(stage->kept);
    assert_int_equal(stage->resumed, 1);
    assert_int_equal(feed(stage, text + used), strlen(text + used));
    assert_true(has_sent(stage, "1\r\nx\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_true(has_sent(stage, "1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_true(has_sent(stage, "\r\n\r\nnow"));
    assert_int_equal(stage->finished, 0);
}

static void ends_with_the_connection_for_http_1_0(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /watch HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_true(has_sent(stage, "Connection: close\r\n"));
    assert_false(has_sent(stage, "Transfer-Encoding"));
    send_text(stage, "one");
    send_text(stage, "two");
    assert_string_equal(body_of(stage), "onetwo");
    assert_int_equal(stage->finished, 0);
    http_stream_end(stage->kept);
    assert_string_equal(body_of(stage), "onetwo");
    assert_int_equal(stage->finished, 1);
}

static void head_gets_the_fields_only(void **state)
{
    struct stage *stage = *state;
    feed(stage, "HEAD /watch HTTP/1.1\r\n" H "\r\n");
    send_text(stage, "x");
    http_stream_end(stage->kept);
    assert_true(has_sent(stage, "Transfer-Encoding: chunked\r\n"));
    assert_string_equal(body_of(stage), "");
    assert_int_equal(stage->finished, 0);
}

static void tells_when_it_is_full_and_when_it_goes_on(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /watch HTTP/1.1\r\n" H "\r\n");
    assert_false(http_stream_is_full(stage->kept));
    stage->full = true;
    assert_true(http_stream_is_full(stage->kept));
    stage->full = false;
    http_session_drained(&stage->session);
    assert_int_equal(stage->drains, 1);
    assert_string_equal(body_of(stage), "4\r\nmore\r\n");
    http_stream_end(stage->kept);
    http_session_drained(&stage->session);
    assert_int_equal(stage->drains, 1);
}

static void is_told_once_that_the_client_has_left(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /watch HTTP/1.1\r\n" H "\r\n");
    assert_true(http_session_gone(&stage->session));
    assert_int_equal(stage->gones, 1);
    assert_int_equal(stage->released, 0);
}

static void a_client_that_ends_its_side_has_left(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /watch HTTP/1.1\r\n" H "\r\n");
    http_session_input_ended(&stage->session);
    assert_int_equal(stage->gones, 1);
    assert_int_equal(stage->finished, 1);
    assert_string_equal(body_of(stage), ""); // not complete: no last chunk
    assert_true(http_session_gone(&stage->session));
    assert_int_equal(stage->gones, 1);
}

static void a_client_that_ended_its_side_before_has_left(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
    http_session_input_ended(&stage->session);
    assert_int_equal(stage->finished, 0);
    assert_true(begin(stage, &stream_ops, "x"));
    assert_int_equal(stage->timer_ms, 0);
    http_session_timeout(&stage->session);
    assert_int_equal(stage->gones, 1);
    assert_int_equal(stage->finished, 1);
}

static void a_client_that_ends_its_side_reads_a_finite_body(void **state)
{
    struct stage *stage = *state;
    for (int before = 0; before < 2; before++) {
        feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
        if (before)
            http_session_input_ended(&stage->session);
        assert_true(begin(stage, &finite_ops, "x"));
        http_session_input_ended(&stage->session);
        assert_int_equal(stage->gones + stage->finished, 0);
        send_text(stage, "y");
        http_stream_end(stage->kept);
        assert_true(has_sent(stage, "1\r\nx\r\n1\r\ny\r\n0\r\n\r\n"));
    }
    http_session_shut(&stage->session);
    assert_int_equal(stage->finished, 1);
}

static void does_not_begin_for_a_client_that_has_left(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
    assert_false(http_session_gone(&stage->session));
    assert_false(begin(stage, &stream_ops, "x"));
    assert_int_equal(stage->released, 1);
    assert_int_equal(stage->gones, 0);
    assert_int_equal(stage->sent.size, 0);
}

static void is_asked_to_end_when_the_server_closes(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /watch HTTP/1.1\r\n" H "\r\n");
    http_session_shut(&stage->session);
    assert_int_equal(stage->shuts, 1);
    assert_string_equal(body_of(stage), "0\r\n\r\n");
    assert_int_equal(stage->finished, 1);
}

static void is_asked_to_end_when_it_begins_in_a_server_that_closes(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
    http_session_shut(&stage->session);
    assert_true(begin(stage, &stream_ops, ""));
    assert_int_equal(stage->shuts, 0);
    assert_int_equal(stage->timer_ms, 0);
    http_session_timeout(&stage->session);
    assert_int_equal(stage->shuts, 1);
    assert_int_equal(stage->finished, 1);
}

static void is_waited_for_when_it_comes_to_its_end_by_itself(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
    assert_true(begin(stage, &patient_ops, ""));
    http_session_drained(&stage->session);
    http_session_shut(&stage->session);
    assert_int_equal(stage->finished, 0);
    send_text(stage, "x");
    http_stream_end(stage->kept);
    assert_string_equal(body_of(stage), "1\r\nx\r\n0\r\n\r\n");
    assert_int_equal(stage->finished, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_pieces_as_chunks),
        TEST(large_pieces_are_framed_like_small_ones),
        TEST(may_be_silent_for_ever),
        TEST(takes_the_next_request_after_its_end),
        TEST(ends_with_the_connection_for_http_1_0),
        TEST(head_gets_the_fields_only),
        TEST(tells_when_it_is_full_and_when_it_goes_on),
        TEST(is_told_once_that_the_client_has_left),
        TEST(a_client_that_ends_its_side_has_left),
        TEST(a_client_that_ended_its_side_before_has_left),
        TEST(a_client_that_ends_its_side_reads_a_finite_body),
        TEST(does_not_begin_for_a_client_that_has_left),
        TEST(is_asked_to_end_when_the_server_closes),
        TEST(is_asked_to_end_when_it_begins_in_a_server_that_closes),
        TEST(is_waited_for_when_it_comes_to_its_end_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
