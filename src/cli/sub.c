// SPDX-License-Identifier: Apache-2.0
// eddy sub SUBJECT: prints what is published.
#include "cli/sub.h"

#include "cli/link.h"

struct config {
    struct link_options link;
    const char *queue;
    int64_t count;
};

static const struct option_row rows[] = {
    { .flag = "--queue",
      .letter = 'q',
      .group = "Subscription",
      .type = OPTION_TEXT,
      .value_name = "NAME",
      .help = "share the messages with others of that queue: each goes to one",
      .at = offsetof(struct config, queue) },
    { .flag = "--count",
      .letter = 'n',
      .group = "Subscription",
      .type = OPTION_INT,
      .default_text = "0",
      .max = INT64_MAX,
      .help = "end after so many messages; 0: never",
      .at = offsetof(struct config, count) },
    LINK_ROWS(struct config),
};

struct subscriber {
    const struct config *config;
    int64_t seen;
};

static bool on_message(void *owner, struct link *link, const struct nats_client_message *message)
{
    (void)link;
    struct subscriber *subscriber = owner;
    bool is_read = link_print(message, subscriber->config->link.json);
    return ++subscriber->seen == subscriber->config->count || !is_read;
}

static err_t run(struct link *link, const struct link_options *options, const char *subject, const char *text,
                 diag_t *diag)
{
    (void)text;
    struct subscriber subscriber = { .config = (const struct config *)options };
    const char *queue = subscriber.config->queue;
    nats_client_subscribe(link_client(link), bytes_of_text(subject), queue == NULL ? BYTES_NULL : bytes_of_text(queue));
    return link_listen(link, on_message, &subscriber, 0, diag);
}

static const struct link_command command = {
    .usage = { "sub", "SUBJECT [options]",
               "Prints the messages that are published to SUBJECT on a NATS server, one line each. `*` stands for one "
               "token, `>` at the end for the rest.\n\n"
               "  eddy sub updates\n"
               "  eddy sub 'logs.>' --json",
               1, 1 },
    .table = { rows, ARRAY_COUNT(rows) },
    .is_pattern = true,
    .run = run,
};

enum cli_exit cli_sub(int count, const char *const *texts)
{
    struct config config;
    return link_command_run(&command, &config.link, count, texts);
}
