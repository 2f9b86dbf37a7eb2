// SPDX-License-Identifier: Apache-2.0
#include "nats/client.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/version.h"
#include "base/writer.h"
#include "io/net.h"
#include "nats/parser.h"

#include <stdlib.h>

enum {
    ROOM_SIZE = 64 << 10,
    LINE_MAX_SIZE = 1 << 20,     // of INFO: a cluster names all its servers
    MESSAGE_MAX_SIZE = 64 << 20, // what nats-server allows at most
    WORDS_MAX = 5,
};

struct nats_client {
    struct conn *conn;
    const struct nats_client_ops *ops;
    void *owner;
    struct writer in;
    size_t in_at; // in[in_at..) was not handled yet
    size_t payload_max;
    unsigned subscriptions;
    bool is_introduced, is_ready, is_broken, is_closing;
};

static void send_text(struct nats_client *client, struct writer *text)
{
    conn_send(client->conn, writer_finish(text));
}

// --- what the server says

static size_t cut_words(bytes_t line, bytes_t words[WORDS_MAX])
{
    size_t count = 0, at = 0;
    while (at < line.size && count < WORDS_MAX) {
        size_t start = at;
        while (at < line.size && line.data[at] != ' ')
            at++;
        if (at > start)
            words[count++] = bytes_of(line.data + start, at - start);
        at++;
    }
    return at < line.size ? 0 : count;
}

static bool take_info(struct nats_client *client, bytes_t json)
{
    if (client->is_introduced)
        return true; // news about other servers
    struct arena arena = ARENA_INIT;
    struct json_value *root;
    const struct json_limits limits = { LINE_MAX_SIZE, 10000 };
    int64_t payload_max = 0;
    bool ok = json_parse(json, &limits, &arena, &root, NULL) == ERR_OK &&
              json_get_int(json_get(root, "max_payload"), &payload_max) && payload_max > 0;
    arena_free(&arena);
    if (!ok)
        return false;
    client->payload_max = (size_t)payload_max;
    client->is_introduced = true;
    struct writer out = WRITER_INIT;
    writer_text(&out,
                "CONNECT {\"verbose\":false,\"pedantic\":true,\"headers\":true,\"no_responders\":true,\"protocol\":1,"
                "\"name\":\"eddy\",\"lang\":\"c\",\"version\":\"" EDDY_VERSION "\"}\r\nPING\r\n");
    send_text(client, &out);
    return true;
}

static void take_pong(struct nats_client *client)
{
    if (client->is_ready) {
        if (client->ops->on_pong != NULL)
            client->ops->on_pong(client);
        return;
    }
    client->is_ready = true;
    client->ops->on_ready(client);
}

static bytes_t unquoted(bytes_t text)
{
    bool is_quoted = text.size >= 2 && text.data[0] == '\'' && text.data[text.size - 1] == '\'';
    return is_quoted ? bytes_of(text.data + 1, text.size - 2) : text;
}

static bool begins_with(bytes_t line, const char *word, bytes_t *ret_rest)
{
    size_t size = strlen(word);
    if (line.size < size || memcmp(line.data, word, size) != 0)
        return false;
    *ret_rest = bytes_of(line.data + size, line.size - size);
    return true;
}

// MSG subject id [reply] size, HMSG subject id [reply] header-size size. *RET_SIZE: of the body with its CR LF; 0: this
// is no such line.
static struct nats_client_message cut_message(bytes_t rest, bool has_header, size_t *ret_size)
{
    bytes_t words[WORDS_MAX];
    size_t count = cut_words(rest, words), sizes = has_header ? 2 : 1;
    struct nats_client_message message = { 0 };
    *ret_size = 0;
    if (count != sizes + 2 && count != sizes + 3)
        return message;
    int64_t header_size = has_header ? nats_parse_size(words[count - 2]) : 0, size = nats_parse_size(words[count - 1]);
    if (header_size < 0 || size < header_size || size > MESSAGE_MAX_SIZE)
        return message;
    message.subject = words[0];
    message.reply = count == sizes + 3 ? words[2] : BYTES_NULL;
    message.header.size = (size_t)header_size;
    message.payload.size = (size_t)(size - header_size);
    *ret_size = (size_t)size + 2;
    return message;
}

// One line, with its body if it has one. ERR_AGAIN: it is not whole.
static err_t take_line(struct nats_client *client)
{
    bytes_t input = bytes_of(client->in.buf->data + client->in_at, client->in.size - client->in_at), rest;
    const uint8_t *lf = input.size == 0 ? NULL : memchr(input.data, '\n', input.size);
    if (lf == NULL)
        return input.size > LINE_MAX_SIZE ? ERR_MALFORMED : ERR_AGAIN;
    size_t size = (size_t)(lf - input.data) + 1, body_size;
    bytes_t line = bytes_of(input.data, size >= 2 && lf[-1] == '\r' ? size - 2 : size - 1);
    bool has_header = begins_with(line, "HMSG ", &rest);
    if (has_header || begins_with(line, "MSG ", &rest)) {
        struct nats_client_message message = cut_message(rest, has_header, &body_size);
        if (body_size == 0)
            return ERR_MALFORMED;
        if (input.size < size + body_size)
            return ERR_AGAIN;
        message.header.data = input.data + size;
        message.payload.data = message.header.data + message.header.size;
        client->in_at += size + body_size;
        client->ops->on_message(client, &message);
        return ERR_OK;
    }
    client->in_at += size;
    if (begins_with(line, "INFO ", &rest))
        return take_info(client, rest) ? ERR_OK : ERR_MALFORMED;
    if (begins_with(line, "-ERR ", &rest))
        client->ops->on_complaint(client, unquoted(rest));
    else if (begins_with(line, "PONG", &rest))
        take_pong(client);
    else if (begins_with(line, "PING", &rest))
        conn_send(client->conn, (struct slice){ NULL, BYTES_LITERAL("PONG\r\n") });
    else if (!begins_with(line, "+OK", &rest))
        return ERR_MALFORMED;
    return ERR_OK;
}

// --- the connection

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct nats_client *client = conn_owner(conn);
    *ret_size = ROOM_SIZE;
    return writer_reserve(&client->in, ROOM_SIZE);
}

static void on_data(struct conn *conn, size_t size)
{
    struct nats_client *client = conn_owner(conn);
    writer_advance(&client->in, size);
    err_t err = ERR_OK;
    while (err == ERR_OK && !client->is_closing)
        err = take_line(client);
    if (err == ERR_MALFORMED) {
        client->is_broken = client->is_closing = true;
        conn_abort(conn);
        return;
    }
    size_t left = client->in.size - client->in_at;
    memmove(client->in.buf->data, client->in.buf->data + client->in_at, left);
    client->in.size = left;
    client->in_at = 0;
}

static void on_open(struct conn *conn)
{
    (void)conn; // the server speaks first
}

static void on_close(struct conn *conn, err_t why)
{
    struct nats_client *client = conn_owner(conn);
    client->ops->on_close(client, client->is_broken ? ERR_MALFORMED : why);
    writer_free(&client->in);
    free(client);
}

static const struct conn_ops conn_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_close
};

struct nats_client *nats_client_open(struct loop *loop, const struct address *address,
                                     const struct nats_client_ops *ops, void *owner)
{
    struct nats_client *client = mem_zalloc(1, sizeof(*client));
    client->ops = ops;
    client->owner = owner;
    client->conn = conn_open(loop, address, &conn_ops, client);
    return client;
}

void *nats_client_owner(const struct nats_client *client)
{
    return client->owner;
}

void nats_client_close(struct nats_client *client)
{
    client->is_closing = true;
    conn_close(client->conn);
}

size_t nats_client_payload_max(const struct nats_client *client)
{
    return client->payload_max;
}

bool nats_client_is_full(const struct nats_client *client)
{
    return conn_is_full(client->conn);
}

// --- commands

void nats_client_subscribe(struct nats_client *client, bytes_t subject, bytes_t queue)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "SUB %.*s%s%.*s %u\r\n", BYTES_ARG(subject), queue.data == NULL ? "" : " ", BYTES_ARG(queue),
                  ++client->subscriptions);
    send_text(client, &out);
}

void nats_client_publish(struct nats_client *client, bytes_t subject, bytes_t reply, bytes_t payload)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "PUB %.*s%s%.*s %zu\r\n", BYTES_ARG(subject), reply.data == NULL ? "" : " ", BYTES_ARG(reply),
                  payload.size);
    writer_bytes(&out, payload);
    writer_text(&out, "\r\n");
    send_text(client, &out);
}

void nats_client_ping(struct nats_client *client)
{
    conn_send(client->conn, (struct slice){ NULL, BYTES_LITERAL("PING\r\n") });
}
