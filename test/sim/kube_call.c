// SPDX-License-Identifier: Apache-2.0
#include "kube_call.h"

#include "io/sim/sim.h"

#include <stdlib.h>

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct call *call = conn_owner(conn);
    *ret_size = 1 + sim_choose(call->sim, 20000);
    return writer_reserve(&call->in, *ret_size);
}

// "HTTP/1.1 200 OK", and Content-Length where there is one.
static bool head_read(struct call *call)
{
    bytes_t in = writer_view(&call->in);
    const uint8_t *end = in.size == 0 ? NULL : memmem(in.data, in.size, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    char head[1000] = { 0 };
    size_t size = (size_t)(end - in.data);
    memcpy(head, in.data, size < sizeof head ? size : sizeof head - 1);
    const char *length = strstr(head, "Content-Length: ");
    call->status = atoi(head + sizeof "HTTP/1.1 " - 1);
    call->length = length == NULL ? SIZE_MAX : strtoull(length + sizeof "Content-Length: " - 1, NULL, 10);
    call->body_at = call->at = size + 4;
    return true;
}

static void on_data(struct conn *conn, size_t size)
{
    struct call *call = conn_owner(conn);
    writer_advance(&call->in, size);
    if ((call->status == 0 && !head_read(call)) || call->on_line == NULL || call->status != 200)
        return;
    for (;;) {
        bytes_t in = writer_view(&call->in);
        const uint8_t *from = in.data + call->at, *end = memchr(from, '\n', in.size - call->at);
        if (end == NULL)
            return;
        call->at += (size_t)(end - from) + 1;
        call->on_line(call, bytes_of(from, (size_t)(end - from)));
    }
}

static void on_open(struct conn *conn)
{
    struct call *call = conn_owner(conn);
    conn_send(conn, writer_finish(&call->request));
}

static void on_close(struct conn *conn, err_t why)
{
    struct call *call = conn_owner(conn);
    (void)why;
    call->conn = NULL;
    writer_free(&call->request);
    call->request = WRITER_INIT;
    call->on_done(call);
}

static const struct conn_ops conn_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_close
};

static void forget(struct call *call)
{
    writer_free(&call->in);
    writer_free(&call->request);
    arena_free(&call->arena);
    call->in = call->request = WRITER_INIT;
    call->arena = ARENA_INIT;
    call->status = 0;
    call->at = call->body_at = 0;
}

void call_start(struct call *call, const char *method, const char *target, const char *content_type, const char *body)
{
    forget(call);
    writer_format(&call->request, "%s %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer t\r\n", method, target);
    if (body != NULL)
        writer_format(&call->request, "Content-Type: %s\r\nContent-Length: %zu\r\n", content_type, strlen(body));
    writer_format(&call->request, "\r\n%s", body == NULL ? "" : body);
    call->conn = conn_open(call->loop, &call->address, &conn_ops, call);
}

bytes_t call_body(const struct call *call)
{
    bytes_t in = writer_view(&call->in);
    bytes_t body = call->status == 0 ? BYTES_NULL : bytes_of(in.data + call->body_at, in.size - call->body_at);
    return call->length == SIZE_MAX || body.size == call->length ? body : BYTES_NULL;
}

const struct json_value *tree_of(struct arena *arena, bytes_t text)
{
    static const struct json_limits limits = { .size = 16 << 20, .values = 1000000 };
    struct json_value *tree = NULL;
    return text.data != NULL && json_parse(text, &limits, arena, &tree, NULL) == ERR_OK ? tree : NULL;
}

const struct json_value *call_tree(struct call *call, bytes_t text)
{
    arena_reset(&call->arena);
    return tree_of(&call->arena, text);
}

void call_lost(struct call *call)
{
    forget(call);
    call->conn = NULL;
}
