// SPDX-License-Identifier: Apache-2.0
// eddy reply SUBJECT [TEXT]: answers requests.
#include "cli/reply.h"

#include "cli/link.h"

struct config {
    struct link_options link;
    const char *queue;
    int64_t count;
};

static const struct option_row rows[] = {
    { .flag = "--queue",
      .letter = 'q',
      .group = "Service",
      .type = OPTION_TEXT,
      .default_text = "eddy",
      .value_name = "NAME",
      .help = "share the requests with others of that queue: each goes to one",
      .at = offsetof(struct config, queue) },
    { .flag = "--count",
      .letter = 'n',
      .group = "Service",
      .type = OPTION_INT,
      .default_text = "0",
      .max = INT64_MAX,
      .help = "end after so many requests; 0: never",
      .at = offsetof(struct config, count) },
    LINK_ROWS(struct config),
};

struct service {
    const struct config *config;
    const char *text; // NULL: what was asked
    int64_t seen;
};

static bool on_message(void *owner, struct link *link, const struct nats_client_message *message)
{
    struct service *service = owner;
    bool is_read = link_print(message, service->config->link.json);
    bytes_t answer = service->text == NULL ? message->payload : bytes_of_text(service->text);
    if (message->reply.data != NULL)
        nats_client_publish(link_client(link), message->reply, BYTES_NULL, answer);
    return ++service->seen == service->config->count || !is_read;
}

static err_t run(struct link *link, const struct link_options *options, const char *subject, const char *text,
                 diag_t *diag)
{
    struct service service = { .config = (const struct config *)options, .text = text };
    nats_client_subscribe(link_client(link), bytes_of_text(subject), bytes_of_text(service.config->queue));
    return link_listen(link, on_message, &service, 0, diag);
}

static const struct link_command command = {
    .usage = { "reply", "SUBJECT [TEXT] [options]",
               "Answers requests on a NATS server with TEXT, or with what they say, and prints them.\n\n"
               "  eddy reply ping pong",
               1, 2 },
    .table = { rows, ARRAY_COUNT(rows) },
    .is_pattern = true,
    .run = run,
};

enum cli_exit cli_reply(int count, const char *const *texts)
{
    struct config config;
    return link_command_run(&command, &config.link, count, texts);
}
