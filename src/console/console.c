// SPDX-License-Identifier: Apache-2.0
#include "console/console.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/version.h"
#include "observe/exposition.h"

#include <stdlib.h>

#define PLAIN_TEXT "text/plain; charset=utf-8"
#define NO_STORE   "Cache-Control: no-store\r\n"

struct console {
    struct http_server *server;
    struct scraper *scraper;
    const struct console_facts *facts;
    struct metric_set set;
    struct metric_values values;
    void (*on_closed)(void *owner);
    void *owner;
};

#define AT(member) .at = offsetof(struct http_server_metrics, member)
static const struct metric_row metric_rows[] = {
    { .name = "eddy_http_connections", .help = "Open connections.", .type = METRIC_GAUGE, AT(connections) },
    { .name = "eddy_http_connections_total",
      .help = "Connections accepted.",
      .type = METRIC_COUNTER,
      AT(connections_total) },
    { .name = "eddy_http_connections_refused_total",
      .help = "Connections closed because there were too many.",
      .type = METRIC_COUNTER,
      AT(connections_refused) },
    { .name = "eddy_http_received_bytes_total", .help = "Bytes received.", .type = METRIC_COUNTER, AT(bytes_in) },
    { .name = "eddy_http_sent_bytes_total", .help = "Bytes sent.", .type = METRIC_COUNTER, AT(bytes_out) },
};

static void reply_text(struct http_exchange *exchange, int status, bytes_t text)
{
    http_reply(exchange, (struct http_reply){
                             .status = status,
                             .content_type = PLAIN_TEXT,
                             .body = { NULL, text },
                             .fields = NO_STORE,
                         });
}

// ---- pages

static void get_health(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    reply_text(exchange, 200, BYTES_LITERAL("ok\n"));
}

static void get_ready(struct http_exchange *exchange, void *owner)
{
    const struct console *console = owner;
    if (console->facts->not_ready != NULL)
        http_reply_error(exchange, 503, console->facts->not_ready);
    else
        reply_text(exchange, 200, BYTES_LITERAL("ready\n"));
}

static void get_index(struct http_exchange *exchange, void *owner)
{
    const struct console_facts *facts = ((const struct console *)owner)->facts;
    struct writer w = WRITER_INIT;
    writer_text(&w, "eddy " EDDY_VERSION ": an event-driven architecture in one program.\n\nDoors:\n");
    for (size_t i = 0; i < facts->door_count; i++)
        writer_format(&w, "  %-8s %s\n", facts->doors[i].name, facts->doors[i].address);
    writer_format(&w,
                  "\nState: %s\n\nHere:\n"
                  "  /metrics  for Prometheus\n"
                  "  /healthz  200 while the process lives\n"
                  "  /readyz   200 when every door is open and the store takes writes\n",
                  facts->not_ready == NULL ? "ready" : facts->not_ready);
    http_reply(exchange, (struct http_reply){
                             .status = 200,
                             .content_type = PLAIN_TEXT,
                             .body = writer_finish(&w),
                             .fields = NO_STORE,
                         });
}

// ---- metrics

struct metrics_request {
    struct scrape scrape;
    struct http_exchange *exchange;
};

static void on_page(struct scrape *scrape, const struct slice *page)
{
    struct metrics_request *request = CONTAINER_OF(scrape, struct metrics_request, scrape);
    struct http_reply reply = {
        .status = 200,
        .content_type = EXPOSITION_CONTENT_TYPE,
        .body = { page->buf == NULL ? NULL : buf_ref(page->buf), page->bytes },
    };
    http_reply(request->exchange, reply);
    free(request);
}

static void get_metrics(struct http_exchange *exchange, void *owner)
{
    struct console *console = owner;
    struct metrics_request *request = mem_zalloc(1, sizeof *request);
    request->exchange = exchange;
    request->scrape.on_page = on_page;
    scraper_ask(console->scraper, &request->scrape);
}

static const struct http_route routes[] = {
    { HTTP_GET, "/", get_index },
    { HTTP_GET, "/healthz", get_health },
    { HTTP_GET, "/readyz", get_ready },
    { HTTP_GET, "/metrics", get_metrics },
};

// ---- the door

err_t console_open(struct loop *loop, const struct address *address, const struct console_options *options,
                   struct scraper *scraper, const struct console_facts *facts, struct console **ret_console,
                   diag_t *diag)
{
    struct console *console = mem_zalloc(1, sizeof *console);
    console->scraper = scraper;
    console->facts = facts;
    struct http_site site = {
        .routes = routes,
        .route_count = ARRAY_COUNT(routes),
        .owner = console,
        .limits = options->limits,
        .guard = { options->hosts, options->host_count, options->any_literal },
    };
    err_t err = http_server_open(loop, address, &site, &console->server, diag);
    if (err != ERR_OK) {
        free(console);
        return err;
    }
    metric_set_add(&scraper->registry, &console->set, metric_rows, ARRAY_COUNT(metric_rows));
    metric_values_add(&console->set, &console->values, http_server_metrics(console->server), "door=\"console\"");
    *ret_console = console;
    return ERR_OK;
}

uint16_t console_port(const struct console *console)
{
    return http_server_port(console->server);
}

void console_limits_set(struct console *console, const struct http_limits *limits)
{
    http_server_limits_set(console->server, limits);
}

static void on_server_closed(void *owner)
{
    struct console *console = owner;
    void (*on_closed)(void *) = console->on_closed;
    void *closed_owner = console->owner;
    metric_values_remove(&console->set, &console->values);
    metric_set_remove(&console->set);
    free(console);
    on_closed(closed_owner);
}

void console_close(struct console *console, void (*on_closed)(void *owner), void *owner)
{
    console->on_closed = on_closed;
    console->owner = owner;
    http_server_close(console->server, on_server_closed, console);
}
