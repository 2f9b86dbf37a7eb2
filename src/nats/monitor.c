// SPDX-License-Identifier: Apache-2.0
#include "nats/monitor.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/server.h"
#include "io/clock.h"
#include "nats/pages.h"

#include <stdlib.h>

#define ALLOW_ANY_PAGE "Access-Control-Allow-Origin: *\r\n"

// The paths in alphabetical order, as /varz lists them; `/` is not JSON.
static const struct page {
    const char *path;
    const char *title; // NULL: not listed on `/`
    nats_page_fn *write;
    bool is_compact;
} pages[NATS_PAGE_COUNT] = {
    { "/", NULL, NULL, false },
    { "/accountz", "Accounts", nats_page_accountz, false },
    { "/accstatz", "Traffic of accounts", nats_page_accstatz, false },
    { "/connz", "Connections", nats_page_connz, false },
    { "/gatewayz", "Gateways", nats_page_gatewayz, false },
    { "/healthz", "Health", nats_page_healthz, true },
    { "/jsz", "JetStream", nats_page_jsz, false },
    { "/leafz", "Leaf nodes", nats_page_leafz, false },
    { "/routez", "Routes", nats_page_routez, false },
    { "/subsz", "Subscriptions", nats_page_subsz, false },
    { "/varz", "Server", nats_page_varz, false },
};

const char *nats_page_path(size_t index)
{
    return pages[index].path;
}

// NATS_PAGE_COUNT: there is none.
static size_t page_find(bytes_t path)
{
    if (bytes_is(path, "/subscriptionsz"))
        path = BYTES_LITERAL("/subsz");
    size_t i = 0;
    while (i < NATS_PAGE_COUNT && !bytes_is(path, pages[i].path))
        i++;
    return i;
}

static int page_write(struct nats_door *door, const struct page *page, bytes_t query, struct writer *out)
{
    struct arena arena = ARENA_INIT;
    struct nats_request request = { .door = door,
                                    .query = { .text = query, .arena = &arena },
                                    .json = json_writer_of(out),
                                    .now_ms = loop_now_ms(door->loop) + door->wall_ahead_ms };
    nats_accounts_count(&door->accounts, &door->metrics); // what this turn did so far
    page->write(&request);
    int status = 200;
    if (request.query.complaint[0] != '\0') {
        writer_reset(out);
        writer_text(out, request.query.complaint);
        status = 400;
    } else if (page->write == nats_page_healthz && door->listener == NULL) {
        status = 503;
    }
    arena_free(&arena);
    return status;
}

int nats_monitor_page(struct nats_door *door, const char *path, bytes_t query, struct writer *out)
{
    size_t index = page_find(bytes_of_text(path));
    if (index < NATS_PAGE_COUNT && pages[index].write != NULL)
        return page_write(door, &pages[index], query, out);
    writer_text(out, "404 page not found");
    return 404;
}

// --- HTTP

static void write_root(struct writer *out)
{
    writer_text(out,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<title>eddy: NATS monitoring</title>\n<h1>NATS monitoring</h1>\n"
                "<p>As nats-server " NATS_VERSION " has it.</p>\n<ul>\n");
    for (size_t i = 0; i < NATS_PAGE_COUNT; i++)
        if (pages[i].title != NULL)
            writer_format(out, "<li><a href=\".%s\">%s</a></li>\n", pages[i].path, pages[i].title);
    writer_text(out, "</ul>\n</html>\n");
}

static void reply(const struct nats_monitor *monitor, struct http_exchange *exchange, int status,
                  const char *content_type, struct writer *body)
{
    http_reply(exchange, (struct http_reply){ .status = status,
                                              .content_type = content_type,
                                              .body = writer_finish(body),
                                              .fields = monitor->any_page ? ALLOW_ANY_PAGE : NULL });
}

static void get_page(struct http_exchange *exchange, void *owner)
{
    struct nats_monitor *monitor = owner;
    if (monitor->door == NULL) {
        http_reply_error(exchange, 503, "The NATS door is closed.");
        return;
    }
    size_t index = page_find(exchange->request->path);
    ASSERT(index < NATS_PAGE_COUNT); // the routes are these paths
    const struct page *page = &pages[index];
    monitor->asked[index]++;
    struct writer compact = WRITER_INIT, body = WRITER_INIT;
    if (page->write == NULL) {
        write_root(&body);
        reply(monitor, exchange, 200, "text/html; charset=utf-8", &body);
        return;
    }
    int status = page_write(monitor->door, page, exchange->request->query, &compact);
    if (status == 400 || page->is_compact) {
        reply(monitor, exchange, status, status == 400 ? "text/plain; charset=utf-8" : "application/json", &compact);
        return;
    }
    nats_json_indent(writer_view(&compact), &body);
    writer_free(&compact);
    reply(monitor, exchange, status, "application/json", &body);
}

static const struct http_route routes[] = {
    { HTTP_GET, "/", get_page },      { HTTP_GET, "/accountz", get_page }, { HTTP_GET, "/accstatz", get_page },
    { HTTP_GET, "/connz", get_page }, { HTTP_GET, "/gatewayz", get_page }, { HTTP_GET, "/healthz", get_page },
    { HTTP_GET, "/jsz", get_page },   { HTTP_GET, "/leafz", get_page },    { HTTP_GET, "/routez", get_page },
    { HTTP_GET, "/subsz", get_page }, { HTTP_GET, "/varz", get_page },     { HTTP_GET, "/subscriptionsz", get_page },
};

err_t nats_monitor_open(struct nats_door *door, const struct address *address,
                        const struct nats_monitor_options *options, struct nats_monitor **ret_monitor, diag_t *diag)
{
    ASSERT(door->monitor == NULL);
    struct nats_monitor *monitor = mem_zalloc(1, sizeof(*monitor));
    monitor->door = door;
    monitor->address = *address;
    monitor->any_page = options->any_page;
    const struct http_site site = { .routes = routes,
                                    .route_count = ARRAY_COUNT(routes),
                                    .owner = monitor,
                                    .limits = options->limits,
                                    .guard = options->guard };
    err_t err = http_server_open(door->loop, address, &site, &monitor->server, diag);
    if (err != ERR_OK) {
        free(monitor);
        return err;
    }
    monitor->address.port = http_server_port(monitor->server);
    door->monitor = monitor;
    *ret_monitor = monitor;
    return ERR_OK;
}

uint16_t nats_monitor_port(const struct nats_monitor *monitor)
{
    return monitor->address.port;
}

void nats_monitor_forget(struct nats_door *door)
{
    if (door->monitor != NULL)
        door->monitor->door = NULL;
    door->monitor = NULL;
}

static void on_server_closed(void *owner)
{
    struct nats_monitor *monitor = owner;
    void (*on_closed)(void *) = monitor->on_closed;
    void *closed_owner = monitor->owner;
    if (monitor->door != NULL)
        nats_monitor_forget(monitor->door);
    free(monitor);
    on_closed(closed_owner);
}

void nats_monitor_close(struct nats_monitor *monitor, void (*on_closed)(void *owner), void *owner)
{
    monitor->on_closed = on_closed;
    monitor->owner = owner;
    http_server_close(monitor->server, on_server_closed, monitor);
}
