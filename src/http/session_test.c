// SPDX-License-Identifier: Apache-2.0
#include "http/session.h"

#include "base/assert.h"
#include "base/compress.h"
#include "base/mem.h"
#include "base/test.h"

// A session without a socket: what it sends is kept as text.
struct stage {
    struct http_session session;
    struct writer sent;
    int64_t timer_ms;
    unsigned finished, resumed, released;
    struct http_exchange *kept; // by the handler of /later
};

static struct stage *stage_of(struct http_session *session)
{
    return CONTAINER_OF(session, struct stage, session);
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
    (void)session;
    return false;
}

static const struct http_session_ops ops = { on_send, on_finish, on_timer, on_resume, on_release, on_is_full };

static void reply_body(struct http_exchange *exchange)
{
    bytes_t body = exchange->request->body;
    http_reply(exchange, (struct http_reply){ .status = 200,
                                              .content_type = "text/plain",
                                              .body = { NULL, body.size == 0 ? BYTES_LITERAL("hi") : body } });
}

static void get_now(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    reply_body(exchange);
}

static void get_later(struct http_exchange *exchange, void *owner)
{
    ((struct stage *)owner)->kept = exchange;
}

// Says which row was taken, and what of the path is below it.
static void any_below_api(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    const struct http_request *r = exchange->request;
    struct writer w = WRITER_INIT;
    writer_format(&w, "api %s %.*s", http_method_name(r->method), BYTES_ARG(r->path));
    http_reply(exchange, (struct http_reply){ .status = 200, .content_type = "text/plain", .body = writer_finish(&w) });
}

static void any_below_deep(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    http_reply_error(exchange, 410, "Too deep.");
}

enum { LARGE_SIZE = 200000 };

static void get_large(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    struct buf *buf = buf_new(LARGE_SIZE);
    memset(buf->data, 'x', LARGE_SIZE);
    http_reply(exchange, (struct http_reply){ .status = 200,
                                              .content_type = "text/plain",
                                              .body = { buf, bytes_of(buf->data, LARGE_SIZE) } });
}

static const struct http_prefix prefixes[] = {
    { "/api/", any_below_api },
    { "/api/deep/", any_below_deep },
};

static const struct http_route routes[] = {
    { HTTP_GET, "/large", get_large }, { HTTP_GET, "/api/exact", get_now }, { HTTP_GET, "/now", get_now },
    { HTTP_POST, "/now", get_now },    { HTTP_GET, "/later", get_later },
};

static struct http_site site;

static int set_up(void **state)
{
    struct stage *stage = mem_zalloc(1, sizeof *stage);
    site = (struct http_site){ .routes = routes,
                               .route_count = ARRAY_COUNT(routes),
                               .prefixes = prefixes,
                               .prefix_count = ARRAY_COUNT(prefixes),
                               .owner = stage };
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

static size_t count_of(struct stage *stage, const char *text)
{
    writer_u8(&stage->sent, '\0');
    stage->sent.size--;
    size_t count = 0;
    for (const char *at = (const char *)stage->sent.buf->data; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

#define H "Host: localhost:3000\r\n"

static void answers_and_keeps_the_connection(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(stage->timer_ms, site.limits.header_timeout_ms);
    feed(stage, "GET /now HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(count_of(stage, "HTTP/1.1 200 OK\r\n"), 1);
    assert_int_equal(count_of(stage, "Date: "), 1);
    assert_int_equal(count_of(stage, "Content-Length: 2\r\n"), 1);
    assert_int_equal(count_of(stage, "Connection: close"), 0);
    assert_int_equal(stage->finished, 0);
    assert_int_equal(stage->timer_ms, site.limits.idle_timeout_ms);
}

static void ends_with_its_input_but_not_before_the_answer(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
    http_session_input_ended(&stage->session);
    assert_int_equal(stage->finished, 0);
    reply_body(stage->kept);
    assert_int_equal(count_of(stage, "HTTP/1.1 200 OK\r\n"), 1);
    assert_int_equal(stage->resumed, 1);
    assert_int_equal(stage->finished, 0); // what was pipelined comes first
    feed(stage, "POST /now HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\na");
    http_session_input_ended(&stage->session);
    assert_int_equal(stage->finished, 1);
    assert_int_equal(stage->timer_ms, -1);
}

static void answers_pipelined_requests_in_order(void **state)
{
    struct stage *stage = *state;
    const char *text = "GET /later HTTP/1.1\r\n" H "\r\nPOST /now HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc";
    size_t used = feed(stage, text);
    assert_non_null(stage->kept);
    assert_true(used < strlen(text));
    assert_int_equal(stage->sent.size, 0);
    assert_int_equal(feed(stage, text + used), 0); // not before the answer
    reply_body(stage->kept);
    assert_int_equal(stage->resumed, 1);
    feed(stage, text + used);
    assert_int_equal(count_of(stage, "200 OK"), 2);
    assert_non_null(strstr((char *)stage->sent.buf->data, "\r\n\r\nhiHTTP/1.1 200 OK"));
    assert_int_equal(count_of(stage, "\r\n\r\nabc"), 1);
}

static void head_has_the_fields_of_get_and_no_body(void **state)
{
    struct stage *stage = *state;
    feed(stage, "HEAD /now HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(count_of(stage, "Content-Length: 2\r\n"), 1);
    assert_int_equal(count_of(stage, "\r\n\r\nhi"), 0);
}

static void closes_when_asked_and_after_http_1_0(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /now HTTP/1.1\r\n" H "Connection: close\r\n\r\nGET /now HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(count_of(stage, "200 OK"), 1);
    assert_int_equal(count_of(stage, "Connection: close\r\n"), 1);
    assert_int_equal(stage->finished, 1);
}

static void keeps_http_1_0_open_on_request(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_int_equal(count_of(stage, "Connection: keep-alive\r\n"), 1);
    feed(stage, "GET /now HTTP/1.0\r\n\r\n");
    assert_int_equal(count_of(stage, "200 OK"), 2);
    assert_int_equal(stage->finished, 1);
}

static void invites_a_body_that_waits_to_be_asked(void **state)
{
    struct stage *stage = *state;
    feed(stage, "POST /now HTTP/1.1\r\n" H "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(count_of(stage, "HTTP/1.1 100 Continue\r\n\r\n"), 1);
    assert_int_equal(stage->timer_ms, site.limits.body_timeout_ms);
    feed(stage, "abc");
    assert_int_equal(count_of(stage, "200 OK"), 1);
}

// Each is answered with the status, without the handler.
static void refuses_with_the_right_status(void **state)
{
    struct stage *stage = *state;
    static const struct {
        const char *text, *status;
        bool ends;
    } rows[] = {
        { "GET /no HTTP/1.1\r\n" H "\r\n", " 404 ", false },
        { "PUT /now HTTP/1.1\r\n" H "\r\n", " 405 ", false },
        { "POST /later HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\n", " 405 ", true },
        { "GET /now HTTP/1.1\r\nHost: evil.example\r\n\r\n", " 421 ", false },
        { "GET /now HTTP/1.1\r\nHost: 127.evil.example\r\n\r\n", " 421 ", false },
        { "GET /now HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n", " 421 ", false },
        { "GET /now HTTP/1.1\r\nHost:\r\n\r\n", " 421 ", false },
        { "GET http://evil.example/now HTTP/1.1\r\n" H "\r\n", " 421 ", false },
        { "POST /now HTTP/1.1\r\n" H "Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n", " 403 ", false },
        { "POST /now HTTP/1.1\r\n" H "Origin: null\r\n\r\n", " 403 ", false },
        { "POST /now HTTP/1.1\r\n" H "Origin: http://localhost:3001\r\n\r\n", " 403 ", false },
        { "POST /now HTTP/1.1\r\n" H "Sec-Fetch-Site: cross-site\r\n\r\n", " 403 ", false },
        { "POST /now HTTP/1.1\r\n" H "Origin: http://localhost:3000\r\n\r\n", " 200 ", false },
        { "GET /now HTTP/1.1\r\nHost: a.localhost:1\r\n\r\n", " 200 ", false },
        { "GET /now HTTP/1.1\r\nHost: [::1]\r\n\r\n", " 200 ", false },
        { "GET /now HTTP/1.1\r\nHost: 127.9.9.9:80\r\n\r\n", " 200 ", false },
        { "OPTIONS * HTTP/1.1\r\n" H "\r\n", " 204 ", false },
        { "OPTIONS /now HTTP/1.1\r\n" H "\r\n", " 204 ", false },
        { "GET /now HTTP/1.1\r\n" H "Expect: tea\r\n\r\n", " 417 ", false },
        { "POST /now HTTP/1.1\r\n" H "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", " 415 ", true },
        { "POST /now HTTP/1.1\r\n" H "Content-Encoding: Identity\r\nContent-Length: 3\r\n\r\nabc", " 200 ", false },
        { "GET /now HTTP/1.1\r\n" H "Content-Encoding: gzip\r\n\r\n", " 200 ", false },
        { "GET /api/a HTTP/1.1\r\n" H "\r\n", "\r\n\r\napi GET /api/a", false },
        { "DELETE /api/a/%2F?x HTTP/1.1\r\n" H "\r\n", "\r\n\r\napi DELETE /api/a/%2F", false },
        { "OPTIONS /api/ HTTP/1.1\r\n" H "\r\n", "\r\n\r\napi OPTIONS /api/", false },
        { "GET /api HTTP/1.1\r\n" H "\r\n", " 404 ", false },
        { "GET /ap HTTP/1.1\r\n" H "\r\n", " 404 ", false },
        { "GET /apiary HTTP/1.1\r\n" H "\r\n", " 404 ", false },
        { "GET /api/deep/x HTTP/1.1\r\n" H "\r\n", " 410 ", false },
        { "GET /api/exact HTTP/1.1\r\n" H "\r\n", "\r\n\r\nhi", false },
        { "PUT /api/exact HTTP/1.1\r\n" H "\r\n", " 405 ", false },
        { "GET /api/a HTTP/1.1\r\nHost: evil.example\r\n\r\n", " 421 ", false },
        { "GET /now HTTP/1.1\r\n\r\n", " 400 ", true },
        { "GET /now HTTP/3.0\r\n", " 505 ", true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        feed(stage, rows[i].text);
        assert_int_equal(count_of(stage, rows[i].status), 1);
        assert_int_equal(stage->finished, rows[i].ends);
        assert_null(stage->kept);
        http_session_deinit(&stage->session);
        http_session_init(&stage->session, &site, &ops);
        writer_free(&stage->sent);
        stage->finished = 0;
    }
}

static void names_the_methods_of_a_path(void **state)
{
    struct stage *stage = *state;
    feed(stage, "DELETE /now HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(count_of(stage, "Allow: GET, HEAD, POST, OPTIONS\r\n"), 1);
}

static void tells_programs_in_json(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /no HTTP/1.1\r\n" H "Accept: text/html, application/json\r\n\r\n");
    assert_int_equal(count_of(stage, "Content-Type: application/json\r\n"), 1);
    assert_int_equal(count_of(stage, "{\"status\":404,\"error\":\"Not Found\",\"message\":\""), 1);
}

static const char *write_status(const struct http_error *error, struct writer *body, void *owner)
{
    assert_non_null(owner);
    writer_format(body, "{\"code\":%d,\"path\":\"%.*s\"}", error->status, BYTES_ARG(error->request->path));
    return "application/status";
}

// Whoever finds the error: the table, the guard, the parser, the clock, a handler, the server.
static void words_every_error_as_the_site_wants_it(void **state)
{
    struct stage *stage = *state;
    site.write_error = write_status;
    static const struct {
        const char *text, *body;
    } rows[] = {
        { "GET /no HTTP/1.1\r\n" H "\r\n", "{\"code\":404,\"path\":\"/no\"}" },
        { "PUT /now HTTP/1.1\r\n" H "\r\n", "{\"code\":405,\"path\":\"/now\"}" },
        { "GET /now HTTP/1.1\r\nHost: evil.example\r\n\r\n", "{\"code\":421,\"path\":\"/now\"}" },
        { "GET /api/deep/ HTTP/1.1\r\n" H "\r\n", "{\"code\":410,\"path\":\"/api/deep/\"}" },
        { "GET /now\r\n", "{\"code\":400,\"path\":\"\"}" },
        { "POST /now HTTP/1.1\r\n" H "Content-Length: 9999999\r\n\r\n", "{\"code\":413,\"path\":\"\"}" },
        { "GET /now HTTP/1.1\r\nHost:", "{\"code\":408,\"path\":\"\"}" },
        { "POST /now HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\na", "{\"code\":408,\"path\":\"/now\"}" },
        { "", "{\"code\":503,\"path\":\"\"}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        feed(stage, rows[i].text);
        if (rows[i].text[0] == '\0')
            http_session_refuse(&stage->session, 503, "There are too many connections.", "Retry-After: 1\r\n");
        else if (stage->sent.size == 0)
            http_session_timeout(&stage->session);
        assert_int_equal(count_of(stage, "Content-Type: application/status\r\n"), 1);
        assert_int_equal(count_of(stage, rows[i].body), 1);
        http_session_deinit(&stage->session);
        http_session_init(&stage->session, &site, &ops);
        writer_free(&stage->sent);
    }
}

static bool wants_a_token(const struct http_exchange *exchange, struct http_refusal *ret_refusal, void *owner)
{
    assert_non_null(owner);
    assert_string_equal(exchange->peer, "127.0.0.1:5123");
    if (bytes_is(http_bearer_token(exchange->request), "secret"))
        return false;
    *ret_refusal = (struct http_refusal){ 401, "A token is needed.", "WWW-Authenticate: Bearer\r\n" };
    return true;
}

static void asks_the_site_before_it_reads_a_body(void **state)
{
    struct stage *stage = *state;
    site.admit = wants_a_token;
    stage->session.peer = "127.0.0.1:5123";
    feed(stage, "POST /now HTTP/1.1\r\n" H "Authorization: Bearer secret\r\nContent-Length: 3\r\n\r\nabc");
    assert_int_equal(count_of(stage, "\r\n\r\nabc"), 1);
    feed(stage, "GET /no HTTP/1.1\r\n" H "\r\n"); // does not tell what is there
    assert_int_equal(count_of(stage, " 401 Unauthorized\r\n"), 1);
    assert_int_equal(stage->finished, 0);
    feed(stage, "POST /now HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(count_of(stage, " 401 Unauthorized\r\n"), 2);
    assert_int_equal(count_of(stage, "WWW-Authenticate: Bearer\r\n"), 2);
    assert_int_equal(count_of(stage, "100 Continue"), 0);
    assert_int_equal(stage->finished, 1);
}

static void compresses_large_bodies_for_clients_that_accept_it(void **state)
{
    struct stage *stage = *state;
    static const struct {
        const char *text;
        size_t above;
        bool gzip, varies;
    } rows[] = {
        { "GET /large HTTP/1.1\r\n" H "Accept-Encoding: gzip\r\n\r\n", 131072, true, true },
        { "GET /large HTTP/1.1\r\n" H "Accept-Encoding: deflate, gzip;q=0.5\r\n\r\n", 131072, true, true },
        { "GET /large HTTP/1.1\r\n" H "Accept-Encoding: gzip;q=0\r\n\r\n", 131072, false, true },
        { "GET /large HTTP/1.1\r\n" H "Accept-Encoding: identity, gzip;q=0.5\r\n\r\n", 131072, false, true },
        { "GET /large HTTP/1.1\r\n" H "\r\n", 131072, false, true },
        { "GET /large HTTP/1.1\r\n" H "Accept-Encoding: gzip\r\n\r\n", 0, false, false },
        { "GET /large HTTP/1.1\r\n" H "Accept-Encoding: gzip\r\n\r\n", LARGE_SIZE, false, false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        site.gzip_above = rows[i].above;
        feed(stage, rows[i].text);
        assert_int_equal(count_of(stage, "Content-Encoding: gzip\r\n"), rows[i].gzip);
        assert_int_equal(count_of(stage, "Vary: Accept-Encoding\r\n"), rows[i].varies);
        const char *head_end = strstr((const char *)stage->sent.buf->data, "\r\n\r\n");
        size_t head_size = (size_t)(head_end - (const char *)stage->sent.buf->data) + 4;
        bytes_t body = bytes_of(head_end + 4, stage->sent.size - head_size);
        char length[40];
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", body.size);
        assert_int_equal(count_of(stage, length), 1);
        struct writer plain = WRITER_INIT;
        enum codec codec = rows[i].gzip ? CODEC_GZIP : CODEC_NONE;
        assert_int_equal(decompress_bytes(codec, body, LARGE_SIZE, &plain), ERR_OK);
        assert_int_equal(plain.size, LARGE_SIZE);
        assert_int_equal(plain.buf->data[LARGE_SIZE - 1], 'x');
        assert_true(rows[i].gzip == (body.size < LARGE_SIZE / 100));
        writer_free(&plain);
        writer_free(&stage->sent);
    }
}

static void takes_bodies_up_to_the_limit_of_the_site(void **state)
{
    struct stage *stage = *state;
    enum { LIMIT = 3 << 20 };
    site.limits.body_size = LIMIT;
    http_session_deinit(&stage->session);
    http_session_init(&stage->session, &site, &ops);
    char head[200];
    for (int chunked = 0; chunked < 2; chunked++) {
        if (chunked)
            snprintf(head, sizeof head, "POST /now HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n%x\r\n", LIMIT);
        else
            snprintf(head, sizeof head, "POST /now HTTP/1.1\r\n" H "Content-Length: %d\r\n\r\n", LIMIT);
        feed(stage, head);
        uint8_t part[1024];
        memset(part, 'b', sizeof part);
        for (size_t sent = 0; sent < LIMIT; sent += sizeof part)
            assert_int_equal(http_session_data(&stage->session, bytes_of(part, sizeof part)), sizeof part);
        if (chunked)
            feed(stage, "\r\n0\r\n\r\n");
        assert_int_equal(count_of(stage, "Content-Length: 3145728\r\n"), 1);
        assert_true(stage->sent.size > LIMIT);
        writer_free(&stage->sent);
    }
    snprintf(head, sizeof head, "POST /now HTTP/1.1\r\n" H "Content-Length: %d\r\nExpect: 100-continue\r\n\r\n",
             LIMIT + 1);
    feed(stage, head);
    assert_int_equal(count_of(stage, "HTTP/1.1 413 "), 1);
    assert_int_equal(count_of(stage, "100 Continue"), 0);
    assert_int_equal(stage->finished, 1);
}

static void gives_up_on_slow_requests(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /now HTT");
    assert_int_equal(stage->timer_ms, site.limits.header_timeout_ms);
    http_session_timeout(&stage->session);
    assert_int_equal(count_of(stage, "408 Request Timeout"), 2); // status line and text
    assert_int_equal(stage->finished, 1);
}

static void gives_up_on_slow_bodies(void **state)
{
    struct stage *stage = *state;
    feed(stage, "POST /now HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nab");
    http_session_timeout(&stage->session);
    assert_int_equal(count_of(stage, " 408 "), 1);
    assert_int_equal(stage->finished, 1);
}

static void closes_idle_connections_in_silence(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /now HTTP/1.1\r\n" H "\r\n");
    size_t size = stage->sent.size;
    http_session_timeout(&stage->session);
    assert_int_equal(stage->sent.size, size);
    assert_int_equal(stage->finished, 1);
}

static void waits_for_the_handler_of_a_client_that_left(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
    assert_false(http_session_gone(&stage->session));
    assert_true(stage->kept->gone);
    reply_body(stage->kept);
    assert_int_equal(stage->released, 1);
    assert_int_equal(stage->sent.size, 0);
}

static void ends_after_the_answer_under_way_when_it_is_shut(void **state)
{
    struct stage *stage = *state;
    feed(stage, "GET /later HTTP/1.1\r\n" H "\r\n");
    http_session_shut(&stage->session);
    assert_int_equal(stage->finished, 0);
    reply_body(stage->kept);
    assert_int_equal(count_of(stage, "Connection: close\r\n"), 1);
    assert_int_equal(stage->finished, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_and_keeps_the_connection),
        TEST(ends_with_its_input_but_not_before_the_answer),
        TEST(answers_pipelined_requests_in_order),
        TEST(head_has_the_fields_of_get_and_no_body),
        TEST(closes_when_asked_and_after_http_1_0),
        TEST(keeps_http_1_0_open_on_request),
        TEST(invites_a_body_that_waits_to_be_asked),
        TEST(refuses_with_the_right_status),
        TEST(names_the_methods_of_a_path),
        TEST(tells_programs_in_json),
        TEST(words_every_error_as_the_site_wants_it),
        TEST(asks_the_site_before_it_reads_a_body),
        TEST(compresses_large_bodies_for_clients_that_accept_it),
        TEST(takes_bodies_up_to_the_limit_of_the_site),
        TEST(gives_up_on_slow_requests),
        TEST(gives_up_on_slow_bodies),
        TEST(closes_idle_connections_in_silence),
        TEST(waits_for_the_handler_of_a_client_that_left),
        TEST(ends_after_the_answer_under_way_when_it_is_shut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
