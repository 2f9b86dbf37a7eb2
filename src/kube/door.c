// SPDX-License-Identifier: Apache-2.0
// The door: who may come in, and which part answers.
#include "kube/api.h"

#include "base/mem.h"
#include "base/version.h"
#include "kube/account.h"
#include "kube/answer.h"
#include "kube/bootstrap.h"
#include "kube/discovery.h"
#include "kube/openapi.h"
#include "kube/rest.h"

#include <stdlib.h>

#define AT(member) .at = offsetof(struct kube_metrics, member)
const struct metric_row kube_metric_rows[] = {
    { .name = "eddy_kube_requests_total",
      .help = "Requests to the Kubernetes API.",
      .type = METRIC_COUNTER,
      AT(requests) },
    { .name = "eddy_kube_refused_total",
      .help = "Requests that were answered with an error.",
      .type = METRIC_COUNTER,
      AT(refused) },
    { .name = "eddy_kube_writes_total",
      .help = "Requests that asked for a change.",
      .type = METRIC_COUNTER,
      AT(writes) },
    { .name = "eddy_kube_watches", .help = "Open watches.", .type = METRIC_GAUGE, AT(watches) },
    { .name = "eddy_kube_events_sent_total",
      .help = "Events sent to watches.",
      .type = METRIC_COUNTER,
      AT(events_sent) },
};
const size_t kube_metric_row_count = ARRAY_COUNT(kube_metric_rows);

// --- who it is

static const char *const admin_groups[] = { "system:masters", "system:authenticated", NULL };
static const char *const viewer_groups[] = { "system:authenticated", NULL };

// As long for a wrong token as for a right one.
static bool token_is(const char *token, bytes_t shown)
{
    size_t size = strlen(token), differ = size ^ shown.size;
    for (size_t i = 0; i < shown.size; i++)
        differ |= (size_t)(shown.data[i] ^ (uint8_t)token[size == 0 ? 0 : i % size]);
    return differ == 0;
}

// Users of service accounts live in the arena.
static const struct user *user_of(const struct kube *kube, const struct http_request *request, struct arena *arena)
{
    bytes_t token = http_bearer_token(request);
    const struct user *found = NULL;
    for (size_t i = 0; i < kube->user_count; i++) {
        if (token.size > 0 && token_is(kube->users[i].token, token))
            found = &kube->users[i];
    }
    return found != NULL ? found : account_user(kube, token, arena);
}

static bool may(const struct user *user, const struct request *request)
{
    enum http_method method = request->exchange->request->method;
    return !user->is_read_only || http_method_is_safe(method) || kind_is_question(request->kind);
}

// --- requests

static struct request *request_new(struct http_exchange *exchange, struct kube *kube)
{
    struct request *request = mem_zalloc(1, sizeof *request);
    request->exchange = exchange;
    request->kube = kube;
    request->user = user_of(kube, exchange->request, &request->arena);
    request->problem.arena = &request->arena;
    counter_add(&kube->metrics.requests, 1);
    return request;
}

// What anybody may ask (the group system:public-info-viewer of Kubernetes).
static bool is_public(bytes_t path)
{
    static const char *const paths[] = { "/version", "/healthz", "/livez", "/readyz" };
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        if (bytes_is(path, paths[i]))
            return true;
    }
    return false;
}

// Before the body is read.
static bool is_refused(const struct http_exchange *exchange, struct http_refusal *ret_refusal, void *owner)
{
    struct kube *kube = owner;
    struct arena arena = ARENA_INIT;
    bool is_known = is_public(exchange->request->path) || user_of(kube, exchange->request, &arena) != NULL;
    arena_free(&arena);
    if (is_known)
        return false;
    counter_add(&kube->metrics.refused, 1);
    *ret_refusal = (struct http_refusal){ 401, "Unauthorized", "WWW-Authenticate: Bearer\r\n" };
    return true;
}

static void refuse_write(struct request *request)
{
    problem_forbidden(&request->problem, request->kind, request->name,
                      arena_format(&request->arena, "User \"%s\" may only read: use the token of the other user",
                                   request->user->name));
    answer_problem(request);
}

// The account of a token can have gone, and the token can have expired, while the body came in.
static bool is_still_known(struct request *request)
{
    if (request->user != NULL)
        return true;
    problem_set(&request->problem, PROBLEM_UNAUTHORIZED, "Unauthorized");
    answer_problem(request);
    return false;
}

static void api_handle(struct request *request)
{
    enum http_method method = request->exchange->request->method;
    if (!is_still_known(request))
        return;
    if (method == HTTP_OPTIONS || method == HTTP_TRACE || method == HTTP_CONNECT) {
        problem_set(&request->problem, PROBLEM_METHOD_NOT_ALLOWED, "the server does not allow this method");
        answer_problem(request);
        return;
    }
    if ((method == HTTP_GET || method == HTTP_HEAD) && discovery_handle(request))
        return;
    if (!request_read(request)) {
        answer_problem(request);
        return;
    }
    if (!may(request->user, request)) {
        refuse_write(request);
        return;
    }
    rest_handle(request);
}

static void on_api(struct http_exchange *exchange, void *owner)
{
    struct kube *kube = owner;
    struct request *request = request_new(exchange, kube);
    if (kube->is_ready)
        api_handle(request);
    else
        list_append(&kube->waiting, &request->node);
}

// What came while the first objects were made.
void kube_ready(struct kube *kube)
{
    kube->is_ready = true;
    LIST_EACH(&kube->waiting, node)
    {
        list_remove(node);
        api_handle(LIST_ITEM(node, struct request, node));
    }
}

static void waiting_refuse(struct kube *kube)
{
    LIST_EACH(&kube->waiting, node)
    {
        struct request *request = LIST_ITEM(node, struct request, node);
        list_remove(node);
        problem_set(&request->problem, PROBLEM_UNAVAILABLE, "eddy is stopping");
        request->problem.retry_after_s = 1;
        answer_problem(request);
    }
}

static void on_openapi(struct http_exchange *exchange, void *owner)
{
    struct request *request = request_new(exchange, owner);
    if (is_still_known(request))
        openapi_handle(request);
}

static void on_version(struct http_exchange *exchange, void *owner)
{
    struct request *request = request_new(exchange, owner);
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    json_object_begin(&json);
    json_field_text(&json, "major", "1");
    json_field_text(&json, "minor", KUBE_MINOR);
    json_field_text(&json, "gitVersion", "v1." KUBE_MINOR ".0+eddy-" EDDY_VERSION);
    json_field_text(&json, "gitCommit", "");
    json_field_text(&json, "gitTreeState", "clean");
    json_field_text(&json, "buildDate", "1970-01-01T00:00:00Z");
    json_field_text(&json, "goVersion", "");
    json_field_text(&json, "compiler", "gcc");
    json_field_text(&json, "platform", "linux/amd64");
    json_object_end(&json);
    answer_text(request, 200, &text);
}

static void on_health(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    http_reply(exchange, (struct http_reply){ .status = 200,
                                              .content_type = "text/plain; charset=utf-8",
                                              .body = { NULL, BYTES_LITERAL("ok") } });
}

static void on_ready(struct http_exchange *exchange, void *owner)
{
    const struct kube *kube = owner;
    if (kube->is_ready)
        on_health(exchange, owner);
    else
        http_reply_error(exchange, 503, "The API has just started and is ready in a moment.");
}

static const struct http_route routes[] = {
    { HTTP_GET, "/version", on_version },
    { HTTP_GET, "/healthz", on_health },
    { HTTP_GET, "/livez", on_health },
    { HTTP_GET, "/readyz", on_ready },
};
static const struct http_prefix prefixes[] = { { "/api", on_api }, { "/openapi/", on_openapi } };

// Errors of the HTTP layer in the API's own form.
static const char *write_error(const struct http_error *error, struct writer *body, void *owner)
{
    (void)owner;
    static const struct {
        int status;
        enum problem_reason reason;
    } rows[] = { { 401, PROBLEM_UNAUTHORIZED },       { 403, PROBLEM_FORBIDDEN }, { 404, PROBLEM_NOT_FOUND },
                 { 405, PROBLEM_METHOD_NOT_ALLOWED }, { 413, PROBLEM_TOO_LARGE }, { 415, PROBLEM_UNSUPPORTED_MEDIA },
                 { 503, PROBLEM_UNAVAILABLE },        { 500, PROBLEM_INTERNAL } };
    struct problem problem = {
        .reason = PROBLEM_BAD_REQUEST,
        .code = error->status,
        .message = bytes_of_text(error->message),
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].status == error->status)
            problem.reason = rows[i].reason;
    }
    struct json_writer json = json_writer_of(body);
    problem_write(&json, &problem);
    return "application/json";
}

// --- the life of the door

static void user_add(struct kube *kube, const char *name, const char *const *groups, const char *token,
                     bool is_read_only)
{
    if (token == NULL)
        return;
    kube->users[kube->user_count++] = (struct user){ name, groups, mem_text(token), is_read_only };
}

struct http_site kube_site(struct kube *kube)
{
    const struct kube_options *options = &kube->options;
    return (struct http_site){
        .routes = routes,
        .route_count = ARRAY_COUNT(routes),
        .prefixes = prefixes,
        .prefix_count = ARRAY_COUNT(prefixes),
        .owner = kube,
        .limits = options->limits,
        .guard = { options->hosts, options->host_count, options->any_literal },
        .admit = is_refused,
        .write_error = write_error,
        .gzip_above = 128 << 10,
        .tls = options->tls,
    };
}

err_t kube_open(struct engine *engine, const struct address *address, const struct kube_options *options,
                struct kube **ret_kube, diag_t *diag)
{
    struct kube *kube = mem_zalloc(1, sizeof *kube);
    struct resources_limits limits = { (size_t)options->history_count, (size_t)options->history_size };
    kube->options = *options;
    list_init(&kube->waiting);
    err_t err = resources_open(&kube->resources, engine, &limits, diag);
    if (err != ERR_OK) {
        kube_free(kube);
        return err;
    }
    bootstrap_kinds(kube);
    kube->loop = kube->resources.loop;
    user_add(kube, "eddy-admin", admin_groups, options->token, false);
    user_add(kube, "eddy-viewer", viewer_groups, options->read_only_token, true);
    struct http_site site = kube_site(kube);
    err = http_server_open(kube->loop, address, &site, &kube->server, diag);
    if (err != ERR_OK) {
        kube_free(kube);
        return err;
    }
    bootstrap_start(kube);
    *ret_kube = kube;
    return ERR_OK;
}

struct loop *kube_loop(const struct kube *kube)
{
    return kube->loop;
}

uint16_t kube_port(const struct kube *kube)
{
    return http_server_port(kube->server);
}

struct kube_metrics *kube_metrics(struct kube *kube)
{
    return &kube->metrics;
}

static void on_server_closed(void *owner)
{
    struct kube *kube = owner;
    kube->server = NULL;
    kube->on_closed(kube->owner);
}

void kube_close(struct kube *kube, void (*on_closed)(void *owner), void *owner)
{
    kube->on_closed = on_closed;
    kube->owner = owner;
    bootstrap_stop(kube);
    waiting_refuse(kube);
    http_server_close(kube->server, on_server_closed, kube);
}

void kube_free(struct kube *kube)
{
    if (kube == NULL)
        return;
    for (size_t i = 0; i < kube->user_count; i++) {
        memset(kube->users[i].token, 0, strlen(kube->users[i].token));
        free(kube->users[i].token);
    }
    bootstrap_free(kube);
    resources_deinit(&kube->resources);
    free(kube);
}
