// SPDX-License-Identifier: Apache-2.0
// eddy request SUBJECT [TEXT]: publishes a request and prints the answer.
#include "cli/request.h"

#include "cli/link.h"
#include "io/random.h"

#include <stdio.h>

struct config {
    struct link_options link;
    int64_t timeout_ms, count;
};

static const struct option_row rows[] = {
    { .flag = "--timeout",
      .letter = 't',
      .group = "Request",
      .type = OPTION_DURATION,
      .default_text = "5s",
      .min = 1,
      .max = INT32_MAX,
      .help = "how long to wait for the answers",
      .at = offsetof(struct config, timeout_ms) },
    { .flag = "--count",
      .letter = 'n',
      .group = "Request",
      .type = OPTION_INT,
      .default_text = "1",
      .min = 1,
      .max = INT64_MAX,
      .help = "answers to wait for, of several services",
      .at = offsetof(struct config, count) },
    LINK_ROWS(struct config),
};

struct request {
    const struct config *config;
    int64_t seen;
    bool is_unserved;
};

// The server says that nobody is subscribed (status 503).
static bool is_no_responders(const struct nats_client_message *message)
{
    static const char status[] = "NATS/1.0 503";
    return message->header.size >= sizeof status - 1 && memcmp(message->header.data, status, sizeof status - 1) == 0;
}

static bool on_message(void *owner, struct link *link, const struct nats_client_message *message)
{
    (void)link;
    struct request *request = owner;
    request->is_unserved = is_no_responders(message);
    if (request->is_unserved)
        return true;
    bool is_read = link_print(message, request->config->link.json);
    return ++request->seen == request->config->count || !is_read;
}

static err_t run(struct link *link, const struct link_options *options, const char *subject, const char *text,
                 diag_t *diag)
{
    struct request request = { .config = (const struct config *)options };
    char inbox[40];
    (void)snprintf(inbox, sizeof inbox, "_INBOX.%016llx", (unsigned long long)random_u64());
    nats_client_subscribe(link_client(link), bytes_of_text(inbox), BYTES_NULL);
    bytes_t payload = bytes_of_text(text == NULL ? "" : text);
    err_t err = link_publish(link, bytes_of_text(subject), bytes_of_text(inbox), payload, diag);
    if (err == ERR_OK)
        err = link_listen(link, on_message, &request, request.config->timeout_ms, diag);
    if (err == ERR_OK && request.is_unserved)
        err = diag_fail(diag, ERR_NOT_FOUND, subject, "nobody answers there: no service is subscribed");
    return err;
}

static const struct link_command command = {
    .usage = { "request", "SUBJECT [TEXT] [options]",
               "Publishes a request on a NATS server and prints the answer. It fails at once when nobody is "
               "subscribed.\n\n"
               "  eddy request time.utc",
               1, 2 },
    .table = { rows, ARRAY_COUNT(rows) },
    .run = run,
};

enum cli_exit cli_request(int count, const char *const *texts)
{
    struct config config;
    return link_command_run(&command, &config.link, count, texts);
}
