// SPDX-License-Identifier: Apache-2.0
// What the commands on Kubernetes resources share: options are read, the kubeconfig is found, the server is asked which
// kinds it has, the work is done, everything is closed.
#pragma once

#include "cli/cli.h"
#include "cli/kube_kinds.h"
#include "cli/kube_link.h"

// The options that the commands have in common: the first member of their config structs.
struct kube_link_options {
    const char *name_space, *kubeconfig, *data, *context, *server, *token;
};

// The rows that say where the server is, and who asks; TYPE has the member link.
#define KUBE_SERVER_ROWS(TYPE)                                                                                         \
    { .flag = "--kubeconfig",                                                                                          \
      .env = "KUBECONFIG",                                                                                             \
      .group = "Common",                                                                                               \
      .type = OPTION_PATH,                                                                                             \
      .value_name = "FILE",                                                                                            \
      .help = "how to reach the server, several files with ':' between them; else the one in the data folder",         \
      .at = offsetof(TYPE, link.kubeconfig) },                                                                         \
        { .flag = "--data",                                                                                            \
          .letter = 'd',                                                                                               \
          .env = "EDDY_DATA",                                                                                          \
          .group = "Common",                                                                                           \
          .type = OPTION_PATH,                                                                                         \
          .default_text = "./eddy-data",                                                                               \
          .value_name = "DIR",                                                                                         \
          .help = "the data folder of the server, whose kubeconfig is taken",                                          \
          .at = offsetof(TYPE, link.data) },                                                                           \
        { .flag = "--context",                                                                                         \
          .group = "Common",                                                                                           \
          .type = OPTION_TEXT,                                                                                         \
          .value_name = "NAME",                                                                                        \
          .help = "the context of the kubeconfig; else its current one",                                               \
          .at = offsetof(TYPE, link.context) },                                                                        \
        { .flag = "--server",                                                                                          \
          .letter = 's',                                                                                               \
          .group = "Common",                                                                                           \
          .type = OPTION_TEXT,                                                                                         \
          .value_name = "URL",                                                                                         \
          .help = "the server, https://HOST:PORT, in place of the kubeconfig's",                                       \
          .at = offsetof(TYPE, link.server) },                                                                         \
    {                                                                                                                  \
        .flag = "--token", .group = "Common", .type = OPTION_TEXT, .value_name = "TOKEN",                              \
        .help = "who asks, in place of the kubeconfig's user", .at = offsetof(TYPE, link.token)                        \
    }

// Those, and where the objects are.
#define KUBE_ROWS(TYPE)                                                                                                \
    { .flag = "--namespace",                                                                                           \
      .letter = 'n',                                                                                                   \
      .group = "Common",                                                                                               \
      .type = OPTION_TEXT,                                                                                             \
      .value_name = "NAMESPACE",                                                                                       \
      .help = "where the objects are; else what the kubeconfig says, else \"default\"",                                \
      .at = offsetof(TYPE, link.name_space) },                                                                         \
        KUBE_SERVER_ROWS(TYPE)

struct kube_session {
    const char *command; // "get"
    const char *server;  // "https://localhost:6443"
    struct kube_link *link;
    struct kube_kinds kinds;
    const char *name_space; // what is asked for, or that of the context
    struct arena arena;     // as long as the session
};

struct kube_command {
    struct cli_usage usage;
    struct option_table table;
    // What the command line alone decides, before anything is connected: a failure is CLI_USAGE. NULL: nothing.
    err_t (*check)(const struct kube_link_options *options, const struct cli_arguments *arguments, diag_t *diag);
    // Complaints are the function's.
    enum cli_exit (*run)(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments);
};

// OPTIONS: the first member of the struct that the command's table fills.
enum cli_exit kube_command_run(const struct kube_command *command, struct kube_link_options *options, int count,
                               const char *const *texts);

// For a command that is about something else. SESSION has its command; SET is what filled OPTIONS. Close it, whatever
// comes of it.
err_t kube_session_open(struct kube_session *session, const struct kube_link_options *options,
                        const struct option_set *set, diag_t *diag) MUST_CHECK;
void kube_session_close(struct kube_session *session);
// Asks again: the kinds may be others now. A failure is explained in DIAG.
err_t kube_session_discover(struct kube_session *session, diag_t *diag) MUST_CHECK;

// Waits; for what a server needs a moment for.
void kube_pause(int64_t ms);

// "eddy get: where: message (Reason)" as cli_complain has it, of any length; WHERE may be NULL. Returns CLI_FAILED.
enum cli_exit kube_complain(const struct kube_session *session, const char *where, const struct kube_answer *answer);
// The same to TO, for later.
void kube_complaint_write(struct writer *to, const char *command, const char *where, const struct kube_answer *answer);
