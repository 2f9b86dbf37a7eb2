// SPDX-License-Identifier: Apache-2.0
// The way of an event from one HTTP client through a topic to an HTTP server, on the real engine.
#include "eventing/ingress.h"

#include "base/mem.h"
#include "cloudevents/http_binding.h"
#include "eventing/http_sink.h"
#include "eventing/hub.h"
#include "eventing/topic_sink.h"
#include "http/client.h"
#include "http/server.h"

#include "eventing/testing/event_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 8192 };

static struct http_client *client;
static struct ingress *ingress;
static struct inboxes inboxes;
static struct http_server *receiver;
static char received[TEXT_MAX]; // a line for each request
static size_t received_size;
static struct http_reply (*answer)(void); // of the receiver
static const struct address loopback = { .host = "127.0.0.1" };
static diag_t diag;

// --- a receiver

static void on_request(struct http_exchange *exchange, void *owner)
{
    const struct http_request *request = exchange->request;
    (void)owner;
    received_size += (size_t)snprintf(received + received_size, TEXT_MAX - received_size, "%s %.*s",
                                      http_method_name(request->method), BYTES_ARG(request->path));
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        static const char *const shown[] = { "prefer", "kn-namespace", "content-type", "ce-id", "ce-knativebrokerttl" };
        for (size_t j = 0; j < sizeof shown / sizeof *shown; j++) {
            if (http_text_equal(header->name, shown[j]))
                received_size += (size_t)snprintf(received + received_size, TEXT_MAX - received_size, " %s=%.*s",
                                                  shown[j], BYTES_ARG(header->value));
        }
    }
    received_size +=
        (size_t)snprintf(received + received_size, TEXT_MAX - received_size, " | %.*s\n", BYTES_ARG(request->body));
    http_reply(exchange, answer());
}

static const struct http_prefix prefixes[] = { { "/", on_request } };

static struct http_reply answer_202(void)
{
    return (struct http_reply){ .status = 202 };
}

// --- begin and end

static void start(void)
{
    static struct http_site site = { .prefixes = prefixes, .prefix_count = 1 };
    struct http_client_config config;
    struct ingress_options options = { 0 };
    http_client_config_default(&config);
    client = http_client_open(loop_current(), &config);
    http_limits_default(&site.limits);
    http_limits_default(&options.limits);
    assert_int_equal(http_server_open(loop_current(), &loopback, &site, &receiver, &diag), ERR_OK);
    inboxes_init(&inboxes);
    inbox_put(&inboxes, INBOX_BROKER, BYTES_LITERAL("default"), BYTES_LITERAL("b"), BYTES_LITERAL("events"),
              CLOUDEVENT_MODE_BINARY);
    inbox_put(&inboxes, INBOX_CHANNEL, BYTES_LITERAL("default"), BYTES_LITERAL("c"), BYTES_LITERAL("absent"),
              CLOUDEVENT_MODE_BINARY);
    assert_int_equal(ingress_open(loop_current(), engine, &inboxes, &loopback, &options, &ingress, &diag), ERR_OK);
    received_size = 0;
    received[0] = '\0';
    answer = answer_202;
}

static int begin(void **state)
{
    int failed = world_begin(state);
    run(start);
    return failed;
}

static int closing;

static void on_closed(void *owner)
{
    (void)owner;
    closing--;
}

static void stop(void)
{
    closing = 3;
    ingress_close(ingress, on_closed, NULL);
    http_server_close(receiver, on_closed, NULL);
    http_client_close(client, on_closed, NULL);
}

static bool is_closed(void)
{
    return closing == 0;
}

static int end(void **state)
{
    run(stop);
    wait_until(is_closed);
    inboxes_deinit(&inboxes);
    return world_end(state);
}

// --- requests

struct asked {
    struct http_call call;
    struct http_url url;
    struct http_header headers[16];
    struct slice body;
    enum http_method method;
    const char *path, *host, *text;
    const char *const *fields; // "name: value", NULL at the end
    int status;
    char answer[400];
    bool is_done;
};

static struct asked asked;

static void on_answer(struct http_call *call, const struct http_result *result)
{
    struct asked *this = CONTAINER_OF(call, struct asked, call);
    this->is_done = true;
    this->status = result->response == NULL ? 0 : result->response->status;
    if (result->response != NULL)
        (void)snprintf(this->answer, sizeof this->answer, "%.*s", BYTES_ARG(result->response->body));
}

static void ask_now(void)
{
    char url[200];
    size_t count = 0;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", ingress_port(ingress), asked.path);
    assert_int_equal(http_url_parse(bytes_of_text(url), &asked.url, &diag), ERR_OK);
    for (; asked.fields != NULL && asked.fields[count] != NULL; count++) {
        const char *colon = strchr(asked.fields[count], ':');
        asked.headers[count] =
            (struct http_header){ bytes_of(asked.fields[count], (size_t)(colon - asked.fields[count])),
                                  bytes_of_text(colon + 2) };
    }
    asked.body = (struct slice){ NULL, bytes_of_text(asked.text) };
    asked.call = (struct http_call){
        .url = &asked.url,
        .method = asked.method,
        .headers = asked.headers,
        .header_count = count,
        .body = &asked.body,
        .body_count = 1,
        .timeout_ms = 5000,
        .on_done = on_answer,
    };
    http_client_send(client, &asked.call);
}

static bool is_answered(void)
{
    return asked.is_done;
}

static int ask(enum http_method method, const char *path, const char *const *fields, const char *text)
{
    asked = (struct asked){ .method = method, .path = path, .fields = fields, .text = text };
    run(ask_now);
    wait_until(is_answered);
    http_url_free(&asked.url);
    return asked.status;
}

static const char *const plain[] = { "ce-specversion: 1.0",      "ce-id: 1", "ce-source: /s", "ce-type: t",
                                     "Content-Type: text/plain", NULL };

// --- what comes in

static void takes_events_and_says_why_not(void **state)
{
    static const char *const no_id[] = { "ce-specversion: 1.0", "ce-source: /s", "ce-type: t", NULL };
    static const char *const structured[] = { "Content-Type: application/cloudevents+json", NULL };
    static const char *const batch[] = { "Content-Type: application/cloudevents-batch+json", NULL };
    static const char *const spent[] = { "ce-specversion: 1.0",    "ce-id: 1", "ce-source: /s", "ce-type: t",
                                         "ce-knativebrokerttl: 1", NULL };
    static const struct {
        enum http_method method;
        const char *path;
        const char *const *fields;
        const char *text;
        int status;
        const char *words;
    } rows[] = {
        { HTTP_POST, "/default/b", plain, "hello", 202, "" },
        { HTTP_POST, "/default/b", structured,
          "{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"/s\",\"type\":\"t\",\"data\":{\"a\":1}}", 202, "" },
        { HTTP_POST, "/default/b", structured, "{", 400, "" },
        { HTTP_POST, "/default/b", batch, "[]", 400, "" },
        { HTTP_POST, "/default/b", no_id, "", 400, "id" },
        { HTTP_POST, "/default/b", NULL, "hello", 400, "" },
        { HTTP_POST, "/default/b", spent, "", 400, "no hops are left" },
        { HTTP_POST, "/default/nope", plain, "", 404, "There is no broker" },
        { HTTP_POST, "/", plain, "", 404, "Events are not taken here" },
        { HTTP_POST, "/default", plain, "", 400, "The path is not of the form" },
        { HTTP_POST, "/default/b/c", plain, "", 400, "The path is not of the form" },
        { HTTP_POST, "/channels/default/c", plain, "", 404, "no topic behind this address" },
        { HTTP_POST, "/kafkasinks/default/k", plain, "", 404, "There is no broker" },
        { HTTP_OPTIONS, "/default/b", NULL, "", 200, "" },
        { HTTP_GET, "/default/b", NULL, "", 405, "" },
        { HTTP_PUT, "/default/b", plain, "", 405, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = ask(rows[i].method, rows[i].path, rows[i].fields, rows[i].text);
        if (status != rows[i].status || strstr(asked.answer, rows[i].words) == NULL)
            fail_msg("row %zu: %d %s", i, status, asked.answer);
    }
    assert_int_equal(counter_get(&ingress_metrics(ingress)->taken), 2);
}

// --- the whole way

static struct hub hub;
static struct hub_member member;
static struct tally_counts counts;
static bool has_joined;
static struct scripted last;
static char target[100];

static void on_joined(struct hub_member *joined, err_t err)
{
    (void)joined;
    assert_int_equal(err, ERR_OK);
    has_joined = true;
}

static bool joined(void)
{
    return has_joined;
}

static void join(void)
{
    struct sink *sink = NULL;
    has_joined = false;
    counts = (struct tally_counts){ 0 };
    last = scripted_new("last");
    (void)snprintf(target, sizeof target, "http://127.0.0.1:%d/in", http_server_port(receiver));
    assert_int_equal(http_sink_new(client, bytes_of_text(target), CLOUDEVENT_MODE_BINARY, NULL, &sink, &diag), ERR_OK);
    hub_open(&hub, engine, BYTES_LITERAL("events"), topic_id, 1);
    member = (struct hub_member){
        .group = BYTES_LITERAL("g"),
        .from = ENGINE_EARLIEST,
        .on_joined = on_joined,
        .consumer = { .filter = filter_of("{}"),
                      .has_hops = true,
                      .name_space = BYTES_LITERAL("default"),
                      .sink = sink,
                      .replies = topic_sink_new(engine, BYTES_LITERAL("events"), CLOUDEVENT_MODE_BINARY,
                                                TOPIC_SINK_BROKER, "replies"),
                      .last = &last.sink,
                      .delivery = delivery_default(BACKOFF_FROM_ZERO),
                      .counts = &counts },
    };
    hub_join(&hub, &member);
}

static void leave(void)
{
    hub_leave(&member, false);
    hub_close(&hub);
    sink_unref(member.consumer.sink);
    sink_unref(member.consumer.replies);
}

static int64_t wanted_floor;

static bool floor_reached(void)
{
    return cursor_floor(&member.consumer.cursors[0]) == wanted_floor;
}

static void an_event_goes_all_the_way(void **state)
{
    (void)state;
    run(join);
    wait_until(joined);
    assert_int_equal(ask(HTTP_POST, "/default/b", plain, "hello"), 202);
    wanted_floor = 1;
    wait_until(floor_reached);
    assert_string_equal(received,
                        "POST /in ce-id=1 content-type=text/plain prefer=reply kn-namespace=default | hello\n");
    run(leave);
    assert_string_equal(last.seen, "");
}

static struct http_reply answer_event(void)
{
    static int times;
    if (times++ > 0)
        return answer_202();
    static const char fields[] = "ce-specversion: 1.0\r\nce-id: r1\r\nce-source: /r\r\nce-type: t2\r\n";
    struct buf *body = buf_copy(BYTES_LITERAL("{}"));
    struct slice slice = slice_of(body, 0, 2);
    buf_unref(body);
    return (struct http_reply){ .status = 200, .content_type = "application/json", .body = slice, .fields = fields };
}

static struct http_reply answer_words(void)
{
    struct buf *body = buf_copy(BYTES_LITERAL("thank you"));
    struct slice slice = slice_of(body, 0, 9);
    buf_unref(body);
    return (struct http_reply){ .status = 200, .content_type = "text/plain", .body = slice };
}

static void an_answer_that_is_an_event_comes_back(void **state)
{
    (void)state;
    answer = answer_event;
    run(join);
    wait_until(joined);
    assert_int_equal(ask(HTTP_POST, "/default/b", plain, "hello"), 202);
    wanted_floor = 2;
    wait_until(floor_reached);
    assert_non_null(
        strstr(received, "ce-id=r1 content-type=application/json prefer=reply kn-namespace=default | {}\n"));
    assert_int_equal(counts.replies, 1);
    run(leave);
}

static void an_answer_that_is_no_event_is_a_failure(void **state)
{
    (void)state;
    answer = answer_words;
    run(join);
    wait_until(joined);
    assert_int_equal(ask(HTTP_POST, "/default/b", plain, "hello"), 202);
    wanted_floor = 1;
    wait_until(floor_reached);
    assert_string_equal(last.seen, "1 ");
    run(leave);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_events_and_says_why_not),
        TEST(an_event_goes_all_the_way),
        TEST(an_answer_that_is_an_event_comes_back),
        TEST(an_answer_that_is_no_event_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
