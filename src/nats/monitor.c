// SPDX-License-Identifier: Apache-2.0
#include "nats/monitor.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/server.h"
#include "io/clock.h"
#include "nats/pages.h"

#include <stdlib.h>

#define ALLOW_ANY_PAGE "Access-Control-Allow-Origin: *\r\n"

// The paths in alphabetical order, as /varz lists them; `/` is not JSON. The last ones have none that HTTP asks for.
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct nats_page pages[] = {
    { .path = "/" },
    { .path = "/accountz",
      .title = "Accounts",
      .begin = nats_accounts_begin,
      .visit = nats_accounts_visit,
      .write = nats_accountz_write,
      .end = nats_accounts_end },
    { .path = "/accstatz",
      .title = "Traffic of accounts",
      .begin = nats_accounts_begin,
      .visit = nats_accounts_visit,
      .write = nats_accstatz_write,
      .end = nats_accounts_end },
    { .path = "/connz",
      .title = "Connections",
      .begin = nats_connz_begin,
      .visit = nats_connz_visit,
      .choose = nats_connz_choose,
      .detail = nats_connz_detail,
      .write = nats_connz_write,
      .end = nats_connz_end },
    { .path = "/gatewayz", .title = "Gateways", .booleans = WORDS("accs"), .write = nats_page_gatewayz },
    { .path = "/healthz",
      .title = "Health",
      .booleans = WORDS("js-enabled", "js-enabled-only", "js-server-only", "js-meta-only"),
      .write = nats_page_healthz,
      .is_compact = true },
    { .path = "/jsz",
      .title = "JetStream",
      .booleans = WORDS("accounts", "streams", "consumers", "direct-consumers", "config", "leader-only", "raft",
                        "stream-leader-only"),
      .integers = WORDS("offset", "limit"),
      .write = nats_page_jsz },
    { .path = "/leafz", .title = "Leaf nodes", .booleans = WORDS("subs"), .write = nats_page_leafz },
    { .path = "/routez", .title = "Routes", .write = nats_page_routez },
    { .path = "/subsz",
      .title = "Subscriptions",
      .begin = nats_subsz_begin,
      .visit = nats_subsz_visit,
      .write = nats_subsz_write,
      .end = nats_subsz_end },
    { .path = "/varz", .title = "Server", .write = nats_page_varz },
    { .path = NATS_CONNZ_SUMS, .begin = nats_sums_begin, .visit = nats_sums_visit, .write = nats_sums_write },
};
_Static_assert(ARRAY_COUNT(pages) == NATS_PAGE_COUNT + 1, "all but the last can be asked for");

const char *nats_page_path(size_t index)
{
    return pages[index].path;
}

// ARRAY_COUNT(pages): there is none.
static size_t page_find(bytes_t path)
{
    if (bytes_is(path, "/subscriptionsz"))
        path = BYTES_LITERAL("/subsz");
    size_t i = 0;
    while (i < ARRAY_COUNT(pages) && !bytes_is(path, pages[i].path))
        i++;
    return i;
}

// --- a page, step by step

static void request_end(struct nats_request *request)
{
    int status = request->status == 0 ? 200 : request->status;
    if (request->query.complaint[0] != '\0') {
        writer_reset(&request->out);
        writer_text(&request->out, request->query.complaint);
        status = 400;
    }
    if (request->page->end != NULL)
        request->page->end(request);
    request->on_page(request->owner, status, writer_view(&request->out));
    writer_free(&request->out);
    free(request->state);
    arena_free(&request->arena);
    free(request);
}

static void request_write(struct nats_request *request)
{
    nats_accounts_count(&request->door->accounts, &request->door->metrics); // what this turn did so far
    request->page->write(request);
    request_end(request);
}

static void on_visit(struct nats_tour *tour, struct nats_door *door)
{
    struct nats_request *request = CONTAINER_OF(tour, struct nats_request, tour);
    request->door = door;
    nats_accounts_count(&door->accounts, &door->metrics);
    request->page->visit(request);
}

static void on_detail(struct nats_tour *tour, struct nats_door *door)
{
    struct nats_request *request = CONTAINER_OF(tour, struct nats_request, tour);
    request->door = door;
    request->page->detail(request);
}

static void on_detailed(struct nats_tour *tour)
{
    struct nats_request *request = CONTAINER_OF(tour, struct nats_request, tour);
    request->door = tour->group->home;
    request_write(request);
}

static void on_visited(struct nats_tour *tour)
{
    struct nats_request *request = CONTAINER_OF(tour, struct nats_request, tour);
    request->door = tour->group->home;
    if (request->page->choose != NULL)
        request->page->choose(request);
    if (request->page->detail == NULL) {
        request_write(request);
        return;
    }
    tour->on_visit = on_detail;
    tour->on_return = on_detailed;
    nats_tour_start(tour, tour->group);
}

void nats_monitor_ask(struct nats_door *door, const char *path, bytes_t query, nats_on_page_fn *on_page, void *owner)
{
    size_t index = page_find(bytes_of_text(path));
    if (index == ARRAY_COUNT(pages) || pages[index].write == NULL) {
        on_page(owner, 404, BYTES_LITERAL("404 page not found"));
        return;
    }
    struct nats_request *request = mem_zalloc(1, sizeof(*request));
    request->page = &pages[index];
    request->door = door;
    request->arena = ARENA_INIT;
    request->query.text = query.data == NULL ? query : arena_copy(&request->arena, query);
    request->query.arena = &request->arena;
    request->out = WRITER_INIT;
    request->json = json_writer_of(&request->out);
    request->now_ms = loop_now_ms(door->loop) + door->wall_ahead_ms;
    request->on_page = on_page;
    request->owner = owner;
    for (const char *const *word = request->page->booleans; word != NULL && *word != NULL; word++)
        (void)nats_query_bool(&request->query, *word);
    for (const char *const *word = request->page->integers; word != NULL && *word != NULL; word++)
        (void)nats_query_int(&request->query, *word);
    if (request->page->begin != NULL)
        request->page->begin(request);
    if (request->query.complaint[0] != '\0') {
        request_end(request);
    } else if (request->page->visit == NULL) {
        request_write(request);
    } else {
        request->tour.on_visit = on_visit;
        request->tour.on_return = on_visited;
        nats_tour_start(&request->tour, door->group);
    }
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

// A page that is being made for somebody.
struct order {
    const struct nats_monitor *monitor; // which waits for its exchanges
    struct http_exchange *exchange;
    bool is_compact;
};

static void on_page(void *owner, int status, bytes_t text)
{
    struct order *order = owner;
    struct writer body = WRITER_INIT;
    if (status == 400 || order->is_compact)
        writer_bytes(&body, text);
    else
        nats_json_indent(text, &body);
    reply(order->monitor, order->exchange, status, status == 400 ? "text/plain; charset=utf-8" : "application/json",
          &body);
    free(order);
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
    monitor->asked[index]++;
    if (pages[index].write == NULL) {
        struct writer body = WRITER_INIT;
        write_root(&body);
        reply(monitor, exchange, 200, "text/html; charset=utf-8", &body);
        return;
    }
    struct order *order = mem_zalloc(1, sizeof(*order));
    *order = (struct order){ monitor, exchange, pages[index].is_compact };
    nats_monitor_ask(monitor->door, pages[index].path, exchange->request->query, on_page, order);
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
