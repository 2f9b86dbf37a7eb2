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

static err_t run(const struct config *config, const char *subject, struct link **ret_link, diag_t *diag)
{
    struct subscriber subscriber = { .config = config };
    bytes_t queue = config->queue == NULL ? BYTES_NULL : bytes_of_text(config->queue);
    err_t err = link_subject_check(subject, true, diag);
    if (err == ERR_OK)
        err = link_open(config->link.server, ret_link, diag);
    if (err != ERR_OK)
        return err;
    nats_client_subscribe(link_client(*ret_link), bytes_of_text(subject), queue);
    return link_listen(*ret_link, on_message, &subscriber, 0, diag);
}

enum cli_exit cli_sub(int count, const char *const *texts)
{
    static const struct cli_usage usage = { "sub", "SUBJECT [options]",
                                            "Prints the messages that are published to SUBJECT on a NATS server, one "
                                            "line each. `*` stands for one token, `>` at the end for the rest.\n\n"
                                            "  eddy sub updates\n"
                                            "  eddy sub 'logs.>' --json",
                                            1, 1 };
    struct config config;
    struct cli_arguments arguments;
    enum cli_exit code = CLI_OK;
    struct option_table table = { rows, ARRAY_COUNT(rows) };
    if (!cli_arguments_read(&arguments, &usage, table, &config, count, texts, &code))
        return code;
    struct link *link = NULL;
    diag_t diag = { 0 };
    err_t err = run(&config, arguments.rest[0], &link, &diag);
    if (err != ERR_OK)
        code = link_complain("sub", err, &diag);
    link_close(link);
    cli_arguments_free(&arguments);
    return code;
}
