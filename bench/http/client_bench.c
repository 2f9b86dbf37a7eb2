// SPDX-License-Identifier: Apache-2.0
// client_bench CLIENT IN_FLIGHT BODY REQUESTS: what a POST of BODY bytes costs the one who sends it. CLIENT is "eddy"
// (the client of src/http) or "curl" (libcurl's multi interface); so many requests are under way at any time, each on
// its kept connection. The server is eddy's own, on a thread of its own, and answers 202. Prints CPU of the client's
// thread for each request, user and system, and requests a second.
#include "base/assert.h"
#include "base/mem.h"
#include "http/client.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/loop.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { NS_PER_US = 1000, WARM_UP = 10 }; // a tenth of the requests is not counted

static size_t in_flight, done, total, warm;
static struct slice body;
static char address[64];

struct cost {
    int64_t at_ns;
    double user_us, system_us;
};

static struct cost cost_now(void)
{
    struct rusage used;
    getrusage(RUSAGE_THREAD, &used);
    return (struct cost){ clock_mono_ns(), (double)used.ru_utime.tv_sec * 1e6 + (double)used.ru_utime.tv_usec,
                          (double)used.ru_stime.tv_sec * 1e6 + (double)used.ru_stime.tv_usec };
}

static struct cost before;

// ---- the server

static void post_event(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    http_reply(exchange, (struct http_reply){ .status = 202 });
}

static const struct http_route routes[] = { { HTTP_POST, "/event", post_event } };

static void start_server(void)
{
    struct loop *loop = loop_new(0);
    struct http_site site = { .routes = routes, .route_count = ARRAY_COUNT(routes) };
    http_limits_default(&site.limits);
    const struct address any = { .host = "127.0.0.1" };
    struct http_server *server;
    ASSERT(http_server_open(loop, &any, &site, &server, NULL) == ERR_OK);
    snprintf(address, sizeof address, "http://127.0.0.1:%u/event", (unsigned)http_server_port(server));
    loop_start_thread(loop);
}

// ---- eddy's client

static struct loop *loop;
static struct http_client *client;
static const struct http_header headers[] = {
    { BYTES_LITERAL("Content-Type"), BYTES_LITERAL("application/json") },
    { BYTES_LITERAL("Ce-Specversion"), BYTES_LITERAL("1.0") },
    { BYTES_LITERAL("Ce-Id"), BYTES_LITERAL("0123456789abcdef") },
    { BYTES_LITERAL("Ce-Source"), BYTES_LITERAL("/bench/http") },
    { BYTES_LITERAL("Ce-Type"), BYTES_LITERAL("org.example.event") },
};

static void count_one(bool is_good)
{
    ASSERT(is_good);
    if (++done == warm)
        before = cost_now();
}

static void on_done(struct http_call *call, const struct http_result *result)
{
    count_one(result->err == ERR_OK && result->response->status == 202);
    if (done + in_flight <= total)
        http_client_send(client, call);
    else if (done == total)
        loop_stop(loop);
}

static void run_eddy(void)
{
    loop = loop_new(1);
    struct http_client_config config;
    http_client_config_default(&config);
    config.connection_count = (uint32_t)in_flight;
    client = http_client_open(loop, &config);
    struct http_url url;
    ASSERT(http_url_parse(bytes_of_text(address), &url, NULL) == ERR_OK);
    struct http_call *calls = mem_zalloc(in_flight, sizeof *calls);
    for (size_t i = 0; i < in_flight; i++) {
        calls[i] = (struct http_call){ .url = &url,
                                       .method = HTTP_POST,
                                       .headers = headers,
                                       .header_count = ARRAY_COUNT(headers),
                                       .body = &body,
                                       .body_count = 1,
                                       .timeout_ms = 10000,
                                       .on_done = on_done };
        http_client_send(client, &calls[i]);
    }
    loop_run(loop);
}

// ---- libcurl

static size_t on_write(char *data, size_t size, size_t count, void *owner)
{
    (void)data;
    (void)owner;
    return size * count;
}

static CURL *easy_new(struct curl_slist *fields)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, address);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)body.bytes.data);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body.bytes.size);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

static void take_results(CURLM *multi)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        long status = 0;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(multi, easy);
        count_one(code == CURLE_OK && status == 202);
        if (done + in_flight <= total)
            curl_multi_add_handle(multi, easy);
    }
}

static void run_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)in_flight);
    struct curl_slist *fields = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
        char field[100];
        snprintf(field, sizeof field, "%.*s: %.*s", BYTES_ARG(headers[i].name), BYTES_ARG(headers[i].value));
        fields = curl_slist_append(fields, field);
    }
    for (size_t i = 0; i < in_flight; i++)
        curl_multi_add_handle(multi, easy_new(fields));
    while (done < total) {
        int running;
        curl_multi_perform(multi, &running);
        take_results(multi);
        if (done < total)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

int main(int count, char **arguments)
{
    if (count != 5) {
        fprintf(stderr, "usage: client_bench eddy|curl IN_FLIGHT BODY REQUESTS\n");
        return 2;
    }
    in_flight = strtoull(arguments[2], NULL, 10);
    size_t size = strtoull(arguments[3], NULL, 10);
    total = strtoull(arguments[4], NULL, 10);
    warm = total / WARM_UP;
    struct buf *buf = buf_new(size + 1);
    memset(buf->data, 'x', size);
    body = (struct slice){ buf, bytes_of(buf->data, size) };
    start_server();
    if (strcmp(arguments[1], "eddy") == 0)
        run_eddy();
    else
        run_curl();
    struct cost after = cost_now();
    double requests = (double)(total - warm);
    printf("{\"user_us\": %.3f, \"system_us\": %.3f, \"per_s\": %.0f}\n", (after.user_us - before.user_us) / requests,
           (after.system_us - before.system_us) / requests,
           requests * 1e6 * NS_PER_US / (double)(after.at_ns - before.at_ns));
    return 0; // the server's thread ends with the process
}
