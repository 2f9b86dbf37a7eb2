// SPDX-License-Identifier: Apache-2.0
// A NATS server as a command sees it: straight-line calls that wait. Runs a loop of its own on the calling thread. And
// what the commands on a subject share: options are read, the server is spoken to, everything is closed.
#pragma once

#include "base/arena.h"
#include "cli/cli.h"
#include "nats/client.h"

// The options that the commands have in common: the first member of their config structs.
struct link_options {
    const char *server;
    bool json;
};

// Their rows; TYPE has the member link.
#define LINK_ROWS(TYPE)                                                                                                \
    { .flag = "--server",                                                                                              \
      .letter = 's',                                                                                                   \
      .env = "EDDY_SERVER",                                                                                            \
      .group = "Common",                                                                                               \
      .type = OPTION_TEXT,                                                                                             \
      .default_text = "nats://localhost:4222",                                                                         \
      .value_name = "URL",                                                                                             \
      .help = "NATS server to talk to, nats://HOST:PORT",                                                              \
      .at = offsetof(TYPE, link.server) },                                                                             \
    {                                                                                                                  \
        .flag = "--json", .group = "Common", .type = OPTION_BOOL, .help = "print JSON, one value per line",            \
        .at = offsetof(TYPE, link.json)                                                                                \
    }

struct link;

// A command whose arguments are SUBJECT and, where its usage has a second one, TEXT.
struct link_command {
    struct cli_usage usage;
    struct option_table table;
    bool is_pattern; // SUBJECT may have wildcards
    // What else the command line alone decides. NULL: nothing.
    err_t (*check)(const struct link_options *options, diag_t *diag);
    // TEXT is NULL where there is none.
    err_t (*run)(struct link *link, const struct link_options *options, const char *subject, const char *text,
                 diag_t *diag);
};

// OPTIONS: the first member of the struct that the command's table fills.
enum cli_exit link_command_run(const struct link_command *command, struct link_options *options, int count,
                               const char *const *texts);

// A message came; true: the wait is over.
typedef bool link_message_fn(void *owner, struct link *link, const struct nats_client_message *message);

// ERR_INVALID (the URL, a subject), ERR_REFUSED, ERR_TIMEOUT and so on; DIAG says which and what to do.
err_t link_open(const char *server, struct link **ret_link, diag_t *diag) MUST_CHECK;
// Sends what is left. Accepts NULL.
void link_close(struct link *link);
// A subject without wildcards (is_pattern: with), as a command's argument: no empty token, no space.
err_t link_subject_check(const char *subject, bool is_pattern, diag_t *diag) MUST_CHECK;

struct nats_client *link_client(struct link *link);
// Until the server has handled everything that was sent. A complaint of the server is ERR_DENIED.
err_t link_sync(struct link *link, diag_t *diag) MUST_CHECK;
// ERR_TOO_LARGE when the server takes no such payload.
err_t link_publish(struct link *link, bytes_t subject, bytes_t reply, bytes_t payload, diag_t *diag) MUST_CHECK;
// Until ON_MESSAGE says so. ERR_TIMEOUT after TIMEOUT_MS (0: never).
err_t link_listen(struct link *link, link_message_fn *on_message, void *owner, int64_t timeout_ms,
                  diag_t *diag) MUST_CHECK;
// A payload as a line, or with --json an object with subject, reply, headers and data. False: nobody reads any more.
bool link_print(const struct nats_client_message *message, bool json);
