// SPDX-License-Identifier: Apache-2.0
#include "cli/link.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "base/subject.h"
#include "io/loop.h"
#include "io/net.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_PORT = 4222, ANSWER_TIMEOUT_MS = 10000 };

struct link {
    struct loop *loop;
    struct nats_client *client; // NULL: gone
    struct timer timer;
    err_t closed;
    bool is_done, is_late;
    char complaint[300];
    char where[280];
    link_message_fn *on_message;
    void *owner;
};

static void wake(struct link *link)
{
    link->is_done = true;
    loop_stop(link->loop);
}

static void on_ready(struct nats_client *client)
{
    wake(nats_client_owner(client));
}

static void on_message(struct nats_client *client, const struct nats_client_message *message)
{
    struct link *link = nats_client_owner(client);
    if (link->on_message == NULL || !link->on_message(link->owner, link, message))
        return;
    link->on_message = NULL; // what comes behind it in the same turn is not asked for
    wake(link);
}

static void on_complaint(struct nats_client *client, bytes_t text)
{
    struct link *link = nats_client_owner(client);
    (void)snprintf(link->complaint, sizeof(link->complaint), "%.*s", BYTES_ARG(text));
    wake(link);
}

static void on_close(struct nats_client *client, err_t why)
{
    struct link *link = nats_client_owner(client);
    link->client = NULL;
    link->closed = why == ERR_OK ? ERR_CLOSED : why;
    loop_stop(link->loop);
}

static const struct nats_client_ops client_ops = {
    .on_ready = on_ready,
    .on_message = on_message,
    .on_pong = on_ready,
    .on_complaint = on_complaint,
    .on_close = on_close,
};

static void on_timer(struct timer *timer)
{
    struct link *link = CONTAINER_OF(timer, struct link, timer);
    link->is_late = true;
    loop_stop(link->loop);
}

// Runs the loop until something happens.
static err_t link_wait(struct link *link, int64_t timeout_ms, diag_t *diag)
{
    link->is_done = link->is_late = false;
    if (timeout_ms > 0)
        timer_start(&link->timer, timeout_ms);
    while (!link->is_done && !link->is_late && link->client != NULL)
        loop_run(link->loop);
    timer_stop(&link->timer);
    if (link->complaint[0] != '\0')
        return diag_fail(diag, ERR_DENIED, link->where, "the server says: %s", link->complaint);
    if (link->is_done)
        return ERR_OK;
    if (link->is_late)
        return diag_fail(diag, ERR_TIMEOUT, link->where, "no answer within %lld ms", (long long)timeout_ms);
    const char *why = link->closed == ERR_REFUSED     ? "nobody listens there"
                      : link->closed == ERR_NOT_FOUND ? "there is no host of this name"
                      : link->closed == ERR_MALFORMED ? "what answers there does not speak NATS"
                                                      : err_text(link->closed);
    return diag_fail(diag, link->closed, link->where, "%s. `eddy serve` starts a server; --server names another one",
                     why);
}

err_t link_open(const char *server, struct link **ret_link, diag_t *diag)
{
    static const char scheme[] = "nats://";
    struct address address;
    const char *text = strncmp(server, scheme, sizeof scheme - 1) == 0 ? server + sizeof scheme - 1 : server;
    if (text[0] == '\0' || strchr(text, '@') != NULL || strchr(text, '/') != NULL ||
        address_parse(text, DEFAULT_PORT, &address, NULL) != ERR_OK || address.port == 0)
        return diag_fail(diag, ERR_INVALID, "--server", "\"%s\" is not of the form nats://HOST:PORT", server);
    struct link *link = mem_zalloc(1, sizeof(*link));
    link->loop = loop_new(0);
    timer_init(&link->timer, link->loop, on_timer);
    address_format(&address, link->where, sizeof(link->where));
    link->client = nats_client_open(link->loop, &address, &client_ops, link);
    err_t err = link_wait(link, ANSWER_TIMEOUT_MS, diag);
    if (err == ERR_OK)
        *ret_link = link;
    else
        link_close(link);
    return err;
}

void link_close(struct link *link)
{
    if (link == NULL)
        return;
    if (link->client != NULL)
        nats_client_close(link->client);
    while (link->client != NULL)
        loop_run(link->loop);
    loop_free(link->loop);
    free(link);
}

err_t link_subject_check(const char *subject, bool is_pattern, diag_t *diag)
{
    bytes_t bytes = bytes_of_text(subject);
    bool has_space = strpbrk(subject, " \t\r\n") != NULL;
    if (!has_space && (is_pattern ? subject_is_valid(bytes) : subject_is_literal(bytes)))
        return ERR_OK;
    return diag_fail(diag, ERR_INVALID, subject,
                     is_pattern
                         ? "not a subject: tokens with a dot between them, `*` for one, `>` at the end for the rest"
                         : "not a subject that can be published to: tokens with a dot between them, no wildcards");
}

struct nats_client *link_client(struct link *link)
{
    return link->client;
}

err_t link_sync(struct link *link, diag_t *diag)
{
    if (link->client != NULL)
        nats_client_ping(link->client);
    return link_wait(link, ANSWER_TIMEOUT_MS, diag);
}

err_t link_publish(struct link *link, bytes_t subject, bytes_t reply, bytes_t payload, diag_t *diag)
{
    if (link->client != NULL && payload.size > nats_client_payload_max(link->client))
        return diag_fail(diag, ERR_TOO_LARGE, link->where,
                         "%zu bytes are more than the server takes in one message (%zu)", payload.size,
                         nats_client_payload_max(link->client));
    if (link->client != NULL)
        nats_client_publish(link->client, subject, reply, payload);
    return link->client == NULL || nats_client_is_full(link->client) ? link_sync(link, diag) : ERR_OK;
}

err_t link_listen(struct link *link, link_message_fn *message, void *owner, int64_t timeout_ms, diag_t *diag)
{
    link->on_message = message;
    link->owner = owner;
    err_t err = link_wait(link, timeout_ms, diag);
    link->on_message = NULL;
    return err;
}

enum cli_exit link_command_run(const struct link_command *command, struct link_options *options, int count,
                               const char *const *texts)
{
    struct cli_arguments arguments;
    enum cli_exit code = CLI_OK;
    if (!cli_arguments_read(&arguments, &command->usage, command->table, options, count, texts, &code))
        return code;
    struct link *link = NULL;
    diag_t diag = { 0 };
    const char *subject = arguments.rest[0], *text = arguments.rest_count > 1 ? arguments.rest[1] : NULL;
    err_t err = link_subject_check(subject, command->is_pattern, &diag);
    if (err == ERR_OK && command->check != NULL)
        err = command->check(options, &diag);
    if (err == ERR_OK)
        err = link_open(options->server, &link, &diag);
    if (err == ERR_OK)
        err = command->run(link, options, subject, text, &diag);
    if (err != ERR_OK)
        code = cli_complain(command->usage.name, &diag);
    link_close(link);
    cli_arguments_free(&arguments);
    return err == ERR_INVALID ? CLI_USAGE : code; // what is invalid is the command line's fault
}

bool link_print(const struct nats_client_message *message, bool json)
{
    struct writer out = WRITER_INIT;
    if (json) {
        struct json_writer object = json_writer_of(&out);
        json_object_begin(&object);
        json_field_data(&object, "subject", message->subject);
        if (message->reply.data != NULL)
            json_field_data(&object, "reply", message->reply);
        if (message->header.size > 0)
            json_field_data(&object, "header", message->header);
        json_field_data(&object, "data", message->payload);
        json_object_end(&object);
    } else {
        writer_bytes(&out, message->payload);
    }
    writer_text(&out, "\n");
    bool is_read = cli_print(&out);
    writer_free(&out);
    return is_read;
}
