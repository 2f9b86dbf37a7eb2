// SPDX-License-Identifier: Apache-2.0
#include "kube/answer.h"

#include "base/log.h"
#include "base/mem.h"
#include "kube/api.h"
#include "kube/shape.h"

#include <stdlib.h>

#define JSON_TYPE "application/json"

void request_free(struct request *request)
{
    writer_free(&request->warnings);
    arena_free(&request->arena);
    free(request);
}

void answer_text(struct request *request, int status, struct writer *text)
{
    answer_typed(request, status, text, JSON_TYPE);
}

// Every try to change something, in one line: who, what, how it ended.
static void audit(const struct request *request, int status)
{
    log_line(status < 500 ? LOG_INFO : LOG_WARN, "kube write",
             LOG_FIELDS(log_text("user", request->user->name), log_text("verb", verb_text(request->verb)),
                        log_bytes("resource", request->kind->key), log_bytes("namespace", request->name_space),
                        log_bytes("name", request->name), log_bytes("subresource", request->subresource),
                        log_text("dry_run", request->parameters.is_dry_run ? "yes" : "no"), log_int("status", status),
                        log_text("peer", request->exchange->peer)));
}

void answer_typed(struct request *request, int status, struct writer *text, const char *type)
{
    if (request->user != NULL && request->kind != NULL && !http_method_is_safe(request->exchange->request->method))
        audit(request, status);
    const char *fields = "Cache-Control: no-cache, private\r\n";
    if (request->warnings.size > 0)
        fields = arena_format(&request->arena, "%s%.*s", fields, BYTES_ARG(writer_view(&request->warnings)));
    http_reply(request->exchange, (struct http_reply){
                                      .status = status,
                                      .content_type = type,
                                      .body = writer_finish(text),
                                      .fields = fields,
                                  });
    request_free(request);
}

void answer_tree(struct request *request, int status, const struct json_value *tree)
{
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    json_value_write(&json, tree);
    answer_text(request, status, &text);
}

void answer_problem(struct request *request)
{
    counter_add(&request->kube->metrics.refused, 1);
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    problem_write(&json, &request->problem);
    answer_text(request, problem_code(request->problem.reason), &text);
}

void answer_object(struct request *request, int status, bytes_t value, int64_t resource_version)
{
    struct writer text = WRITER_INIT;
    shape_object(request, value, resource_version, &text);
    answer_text(request, status, &text);
}

void answer_success(struct request *request, bytes_t name, bytes_t uid)
{
    struct arena *arena = &request->arena;
    struct json_value *status = json_new(arena, JSON_OBJECT);
    json_set_text(status, arena, "kind", "Status");
    json_set_text(status, arena, "apiVersion", "v1");
    (void)json_set_object(status, arena, "metadata");
    json_set_text(status, arena, "status", "Success");
    struct json_value *details = json_set_object(status, arena, "details");
    json_set_bytes(details, arena, "name", name);
    if (request->kind->group.size > 0)
        json_set_bytes(details, arena, "group", request->kind->group);
    json_set_bytes(details, arena, "kind", request->kind->plural);
    json_set_bytes(details, arena, "uid", uid);
    answer_tree(request, 200, status);
}
