// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/talk.h"

#include "kube/api.h"

#include <stdlib.h>

static struct talk *talk_of(const struct http_session *session)
{
    return (struct talk *)(uintptr_t)CONTAINER_OF_CONST(session, struct talk, session);
}

static void on_send(struct http_session *session, struct slice slice)
{
    writer_bytes(&talk_of(session)->sent, slice.bytes);
    slice_free(&slice);
}

static void on_finish(struct http_session *session)
{
    talk_of(session)->is_finished = true;
}

static void on_timer(struct http_session *session, int64_t delay_ms)
{
    (void)session;
    (void)delay_ms;
}

static void on_resume(struct http_session *session)
{
    (void)session;
}

static void on_release(struct http_session *session)
{
    talk_of(session)->is_gone = true;
}

static bool on_is_full(const struct http_session *session)
{
    return talk_of(session)->is_full;
}

static const struct http_session_ops ops = { on_send, on_finish, on_timer, on_resume, on_release, on_is_full };

void talk_begin(struct talk *talk, struct kube *kube, const struct ask *ask, void (*settle)(void))
{
    struct writer out = WRITER_INIT;
    *talk = (struct talk){ .site = kube_site(kube), .is_full = ask->takes_nothing };
    http_session_init(&talk->session, &talk->site, &ops);
    talk->session.peer = "127.0.0.1:1";
    writer_format(&out, "%s %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n", ask->method, ask->target,
                  ask->token == NULL ? "t" : ask->token);
    if (ask->accept != NULL)
        writer_format(&out, "Accept: %s\r\n", ask->accept);
    if (ask->body.data != NULL)
        writer_format(&out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                      ask->type == NULL ? "application/json" : ask->type, ask->body.size);
    writer_text(&out, "\r\n");
    writer_bytes(&out, ask->body);
    (void)http_session_data(&talk->session, writer_view(&out));
    settle();
    writer_free(&out);
    talk_look(talk);
}

void talk_look(struct talk *talk)
{
    static const struct json_limits limits = { .size = 64 << 20, .values = 4000000 };
    bytes_t sent = writer_view(&talk->sent);
    const uint8_t *end = sent.size == 0 ? NULL : memmem(sent.data, sent.size, "\r\n\r\n", 4);
    struct json_value *tree = NULL;
    talk->status = 0;
    talk->tree = NULL;
    if (end == NULL)
        return;
    arena_free(&talk->arena);
    talk->head = arena_copy(&talk->arena, bytes_of(sent.data, (size_t)(end - sent.data)));
    talk->body = arena_copy(&talk->arena, bytes_of(end + 4, sent.size - talk->head.size - 4));
    talk->status = atoi(arena_text(&talk->arena, talk->head) + sizeof "HTTP/1.1 " - 1);
    if (json_parse(talk->body, &limits, &talk->arena, &tree, NULL) == ERR_OK)
        talk->tree = tree;
}

void talk_end(struct talk *talk, void (*settle)(void))
{
    if (!http_session_gone(&talk->session)) {
        while (!talk->is_gone)
            settle();
    }
    settle();
    http_session_deinit(&talk->session);
    writer_free(&talk->sent);
    arena_free(&talk->arena);
}
