// SPDX-License-Identifier: Apache-2.0
#include "nats/client.h"

#include "base/assert.h"
#include "base/writer.h"
#include "io/loop.h"
#include "io/net.h"

#include "base/test.h"

// A server that says what a row says, a few bytes in each turn, and a client that writes down what it is told.
struct dialogue {
    struct loop *loop;
    struct listener *listener;
    struct conn *conn; // of the server; NULL: none
    struct timer step, limit;
    bytes_t script;
    size_t piece;
    bool is_said;
    struct writer heard; // by the server
    struct writer told;  // to the client's owner
    struct nats_client *client;
    uint8_t room[4096];
};

static uint8_t *server_room(struct conn *conn, size_t *ret_size)
{
    struct dialogue *d = conn_owner(conn);
    *ret_size = sizeof d->room;
    return d->room;
}

static void server_data(struct conn *conn, size_t size)
{
    struct dialogue *d = conn_owner(conn);
    writer_bytes(&d->heard, bytes_of(d->room, size));
}

static void server_close(struct conn *conn, err_t why)
{
    (void)why;
    ((struct dialogue *)conn_owner(conn))->conn = NULL;
}

static const struct conn_ops server_ops = { .on_room = server_room, .on_data = server_data, .on_close = server_close };

static void on_step(struct timer *timer)
{
    struct dialogue *d = CONTAINER_OF(timer, struct dialogue, step);
    if (d->conn == NULL)
        return;
    size_t size = d->piece < d->script.size ? d->piece : d->script.size;
    conn_send(d->conn, (struct slice){ NULL, bytes_of(d->script.data, size) });
    d->script = bytes_of(d->script.data + size, d->script.size - size);
    bool was_said = d->is_said;
    d->is_said = d->script.size == 0;
    if (!d->is_said)
        timer_start(timer, 0);
    else if (!was_said)
        timer_start(timer, 20); // what the client answers is on its way
    else
        conn_close(d->conn);
}

static void on_accept(void *owner, struct conn *conn)
{
    struct dialogue *d = owner;
    d->conn = conn;
    conn_attach(conn, &server_ops, d);
    timer_start(&d->step, 0);
}

static void on_ready(struct nats_client *client)
{
    struct dialogue *d = nats_client_owner(client);
    writer_format(&d->told, "ready %zu;", nats_client_payload_max(client));
    nats_client_subscribe(client, BYTES_LITERAL("a.>"), BYTES_LITERAL("q"));
    nats_client_publish(client, BYTES_LITERAL("b"), BYTES_LITERAL("r"), BYTES_LITERAL("xy"));
}

static void on_message(struct nats_client *client, const struct nats_client_message *m)
{
    struct dialogue *d = nats_client_owner(client);
    writer_format(&d->told, "%.*s/%.*s/%.*s/%.*s;", BYTES_ARG(m->subject), BYTES_ARG(m->reply), BYTES_ARG(m->header),
                  BYTES_ARG(m->payload));
}

static void on_pong(struct nats_client *client)
{
    writer_text(&((struct dialogue *)nats_client_owner(client))->told, "pong;");
}

static void on_complaint(struct nats_client *client, bytes_t text)
{
    writer_format(&((struct dialogue *)nats_client_owner(client))->told, "complaint %.*s;", BYTES_ARG(text));
}

static void on_close(struct nats_client *client, err_t why)
{
    struct dialogue *d = nats_client_owner(client);
    writer_format(&d->told, "%s", err_name(why));
    d->client = NULL;
    loop_stop(d->loop);
}

static const struct nats_client_ops client_ops = {
    .on_ready = on_ready,
    .on_message = on_message,
    .on_pong = on_pong,
    .on_complaint = on_complaint,
    .on_close = on_close,
};

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("it hangs");
}

static void talk(struct dialogue *d, const char *script, size_t piece)
{
    *d = (struct dialogue){ .script = bytes_of_text(script), .piece = piece };
    d->loop = loop_new(0);
    timer_init(&d->step, d->loop, on_step);
    timer_init(&d->limit, d->loop, on_limit);
    timer_start(&d->limit, 20000);
    struct address address = { .host = "127.0.0.1" };
    assert_int_equal(listener_open(d->loop, &address, on_accept, d, &d->listener, NULL), ERR_OK);
    address.port = listener_port(d->listener);
    d->client = nats_client_open(d->loop, &address, &client_ops, d);
    while (d->client != NULL)
        loop_run(d->loop);
    timer_stop(&d->limit);
    timer_stop(&d->step);
    listener_close(d->listener);
    if (d->conn != NULL)
        conn_abort(d->conn);
    loop_free(d->loop);
}

#define HELLO "INFO {\"max_payload\":99} \r\nPONG\r\n"

static void understands_what_servers_say(void **state)
{
    (void)state;
    static const struct {
        const char *script, *told;
    } rows[] = {
        { HELLO "MSG a.b 1 2\r\nhi\r\nMSG a 1 r.x 0\r\n\r\n", "ready 99;a.b///hi;a/r.x//;RESET" },
        { HELLO "HMSG a 1 4 6\r\nabcdhi\r\nHMSG a 1 r 4 4\r\nabcd\r\n", "ready 99;a//abcd/hi;a/r/abcd/;RESET" },
        { HELLO "INFO {\"ldm\":true} \r\n+OK\r\nPING\r\nPONG\r\n", "ready 99;pong;RESET" },
        { HELLO "-ERR 'Stale Connection'\r\n-ERR x\r\n", "ready 99;complaint Stale Connection;complaint x;RESET" },
        { HELLO "MSG a 1 2\r\nhi", "ready 99;RESET" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows) * 2; i++) {
        struct dialogue d;
        talk(&d, rows[i / 2].script, i % 2 == 0 ? 3 : 10000);
        if (!bytes_is(writer_view(&d.told), rows[i / 2].told))
            fail_msg("%s: %.*s", rows[i / 2].script, BYTES_ARG(writer_view(&d.told)));
        writer_free(&d.told);
        writer_free(&d.heard);
    }
}

static void gives_up_on_what_is_no_nats(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "INFO {}\r\n",
        "INFO {bad\r\n",
        HELLO "MSG a 1\r\n",
        HELLO "MSG a 1 x\r\n",
        HELLO "MSG a 1 b c 2\r\n",
        HELLO "MSG a 1 -2\r\n",
        HELLO "HMSG a 1 5 2\r\nhi\r\n",
        HELLO "HMSG a 1 2\r\n",
        HELLO "HMSG a 1 r 1 2 3\r\n",
        HELLO "MSG a 1 999999999\r\n",
        HELLO "\r\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct dialogue d;
        talk(&d, rows[i], 7);
        bytes_t told = writer_view(&d.told);
        bool has_greeted = strncmp(rows[i], HELLO, sizeof(HELLO) - 1) == 0;
        if (!bytes_is(told, has_greeted ? "ready 99;MALFORMED" : "MALFORMED"))
            fail_msg("%s: %.*s", rows[i], BYTES_ARG(told));
        writer_free(&d.told);
        writer_free(&d.heard);
    }
}

static void says_what_it_is_asked_to(void **state)
{
    (void)state;
    struct dialogue d;
    talk(&d, HELLO "PING\r\nMSG a 1 2\r\nhi\r\n", 1);
    writer_u8(&d.heard, 0);
    const char *heard = (const char *)d.heard.buf->data;
    assert_memory_equal(heard, "CONNECT {\"verbose\":false,", 25);
    assert_non_null(strstr(heard, "}\r\nPING\r\nSUB a.> q 1\r\nPUB b r 2\r\nxy\r\nPONG\r\n"));
    writer_free(&d.told);
    writer_free(&d.heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_what_servers_say),
        cmocka_unit_test(gives_up_on_what_is_no_nats),
        cmocka_unit_test(says_what_it_is_asked_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
