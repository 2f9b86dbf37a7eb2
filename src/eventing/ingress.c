// SPDX-License-Identifier: Apache-2.0
#include "eventing/ingress.h"

#include "base/assert.h"
#include "base/mem.h"
#include "cloudevents/http_binding.h"
#include "eventing/hops.h"
#include "eventing/topic_sink.h"
#include "http/server.h"

#include <stdio.h>
#include <stdlib.h>

struct ingress {
    struct engine *engine;
    const struct inboxes *inboxes;
    struct http_server *server;
    struct http_guard guard;
    struct ingress_metrics metrics;
    struct arena arena; // of one event after the other
    void (*on_closed)(void *owner);
    void *owner;
};

// An event on its way into its topic.
struct arrival {
    struct topic_append append;
    struct ingress *ingress;
    struct http_exchange *exchange;
};

#define IN(result, member)                                                                                             \
    {                                                                                                                  \
        .name = "eddy_events_in_total", .help = "Events that came to the door, by what became of them.",               \
        .type = METRIC_COUNTER, .labels = "result=\"" result "\"", .at = offsetof(struct ingress_metrics, member)      \
    }
const struct metric_row ingress_metric_rows[] = { IN("taken", taken), IN("refused", refused), IN("failed", failed) };
const size_t ingress_metric_row_count = ARRAY_COUNT(ingress_metric_rows);

// --- answers

static void refuse(struct ingress *ingress, struct http_exchange *exchange, int status, const char *why)
{
    counter_add(status < 500 ? &ingress->metrics.refused : &ingress->metrics.failed, 1);
    http_reply_error(exchange, status, why);
}

static void refuse_for(struct ingress *ingress, struct http_exchange *exchange, int status, const diag_t *diag)
{
    char text[sizeof diag->where + sizeof diag->text + 4];
    (void)snprintf(text, sizeof text, "%s%s%s", diag->where, diag->where[0] == '\0' ? "" : ": ", diag->text);
    refuse(ingress, exchange, status, text);
}

static void on_appended(struct topic_append *append)
{
    struct arrival *arrival = CONTAINER_OF(append, struct arrival, append);
    struct ingress *ingress = arrival->ingress;
    struct http_exchange *exchange = arrival->exchange;
    err_t err = append->op.err;
    free(arrival);
    if (err == ERR_OK) {
        counter_add(&ingress->metrics.taken, 1);
        http_reply(exchange, (struct http_reply){ .status = 202 });
        return;
    }
    int status = topic_append_status(err);
    refuse(ingress, exchange, status,
           status == 404   ? "There is no topic behind this address any more."
           : status == 413 ? "The event is larger than its topic takes."
                           : "The event cannot be stored now: send it again later.");
}

// --- one event

static struct inbox *inbox_of(const struct ingress *ingress, const struct http_request *request, int *ret_status,
                              const char **ret_why)
{
    enum inbox_kind kind;
    bytes_t name_space, name;
    enum inbox_match match = inbox_match(http_host_part(request->authority), request->path, &kind, &name_space, &name);
    struct inbox *inbox = match == INBOX_FOUND ? inbox_find(ingress->inboxes, kind, name_space, name) : NULL;
    *ret_status = match == INBOX_NO_PATH ? 400 : 404;
    *ret_why = match == INBOX_NO_PATH ? "The path is not of the form /NAMESPACE/BROKER, /channels/NAMESPACE/CHANNEL or "
                                        "/kafkasinks/NAMESPACE/SINK."
               : match == INBOX_FOUND ? "There is no broker, channel or sink of that name, or it is not ready."
                                      : "Events are not taken here: they go to /NAMESPACE/BROKER.";
    return inbox;
}

static void event_take(struct ingress *ingress, struct http_exchange *exchange, const struct inbox *inbox,
                       const struct cloudevent *event)
{
    struct arrival *arrival = mem_zalloc(1, sizeof *arrival);
    const struct http_request *request = exchange->request;
    *arrival = (struct arrival){
        .append = { .on_done = on_appended,
                    .luggage = luggage_of_request(request->headers, request->header_count, &ingress->arena) },
        .ingress = ingress,
        .exchange = exchange,
    };
    inboxes_tell(ingress->inboxes, inbox->key, event);
    topic_append(&arrival->append, ingress->engine, inbox->topic, inbox->mode, event, &ingress->arena);
}

static void on_post(struct ingress *ingress, struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    struct cloudevent event;
    diag_t diag = { 0 };
    int status;
    const char *why;
    const struct inbox *inbox = inbox_of(ingress, request, &status, &why);
    if (inbox == NULL && status == 400) {
        refuse(ingress, exchange, status, why);
        return;
    }
    err_t err =
        cloudevent_http_decode(request->headers, request->header_count, request->body, &ingress->arena, &event, &diag);
    if (err == ERR_OK && inbox != NULL && inbox->kind == INBOX_BROKER)
        err = hops_enter(&event, &ingress->arena, &diag);
    if (err != ERR_OK)
        refuse_for(ingress, exchange, err == ERR_TOO_LARGE ? 413 : 400, &diag);
    else if (inbox == NULL)
        refuse(ingress, exchange, status, why);
    else
        event_take(ingress, exchange, inbox, &event);
    arena_reset(&ingress->arena);
}

// --- requests

static bool host_is_fine(const struct ingress *ingress, const struct http_request *request)
{
    bytes_t authority = request->authority;
    return http_guard_host(&ingress->guard, authority) || inbox_is_cluster_host(http_host_part(authority));
}

static void on_request(struct http_exchange *exchange, void *owner)
{
    static const char allow[] = "Allow: POST, OPTIONS\r\n";
    // HTTP 1.1 Web Hooks for Event Delivery 4.2: whoever wants to send may, as often as it likes.
    static const char hook[] = "Allow: POST, OPTIONS\r\nWebHook-Allowed-Origin: *\r\nWebHook-Allowed-Rate: *\r\n";
    struct ingress *ingress = owner;
    if (!host_is_fine(ingress, exchange->request)) {
        refuse(ingress, exchange, 421, "This server does not go by that name.");
    } else if (exchange->request->method == HTTP_POST) {
        on_post(ingress, exchange);
    } else if (exchange->request->method == HTTP_OPTIONS) {
        http_reply(exchange, (struct http_reply){ .status = 200, .fields = hook });
    } else {
        counter_add(&ingress->metrics.refused, 1);
        http_reply(exchange, (struct http_reply){ .status = 405, .fields = allow });
    }
}

static const struct http_prefix prefixes[] = { { "/", on_request } };

// --- the door

err_t ingress_open(struct loop *loop, struct engine *engine, const struct inboxes *inboxes,
                   const struct address *address, const struct ingress_options *options, struct ingress **ret_ingress,
                   diag_t *diag)
{
    static const char *const any[] = { "*" }; // on_request looks at the host
    struct ingress *ingress = mem_zalloc(1, sizeof *ingress);
    *ingress = (struct ingress){ .engine = engine,
                                 .inboxes = inboxes,
                                 .guard = { options->hosts, options->host_count, options->any_literal } };
    struct http_site site = {
        .prefixes = prefixes,
        .prefix_count = 1,
        .owner = ingress,
        .limits = options->limits,
        .guard = { any, 1, true },
    };
    err_t err = http_server_open(loop, address, &site, &ingress->server, diag);
    if (err != ERR_OK) {
        free(ingress);
        return err;
    }
    *ret_ingress = ingress;
    return ERR_OK;
}

uint16_t ingress_port(const struct ingress *ingress)
{
    return http_server_port(ingress->server);
}

struct ingress_metrics *ingress_metrics(struct ingress *ingress)
{
    return &ingress->metrics;
}

static void on_server_closed(void *owner)
{
    struct ingress *ingress = owner;
    void (*told)(void *owner) = ingress->on_closed;
    void *told_owner = ingress->owner;
    arena_free(&ingress->arena);
    free(ingress);
    told(told_owner);
}

void ingress_close(struct ingress *ingress, void (*on_closed)(void *owner), void *owner)
{
    ingress->on_closed = on_closed;
    ingress->owner = owner;
    http_server_close(ingress->server, on_server_closed, ingress);
}
