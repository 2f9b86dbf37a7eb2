// SPDX-License-Identifier: Apache-2.0
// The table of subcommands: one row for each.
#include "cli/cli.h"

#include "cli/apply.h"
#include "cli/config.h"
#include "cli/consume.h"
#include "cli/delete.h"
#include "cli/describe.h"
#include "cli/dlq.h"
#include "cli/edit.h"
#include "cli/env.h"
#include "cli/explain.h"
#include "cli/get.h"
#include "cli/group.h"
#include "cli/nats_server.h"
#include "cli/produce.h"
#include "cli/pub.h"
#include "cli/reply.h"
#include "cli/request.h"
#include "cli/serve.h"
#include "cli/sub.h"
#include "cli/topic.h"
#include "cli/version.h"
#include "cli/watch.h"

const struct command cli_commands[] = {
    { "serve", "run eddy: opens all doors and serves until it is told to stop", cli_serve },
    { "topic", "list, create, describe, alter and delete topics", cli_topic },
    { "dlq", "list, show, replay, edit and drop dead letters", cli_dlq },
    { "group", "list, describe, reset and delete consumer groups: who reads what, and how far behind", cli_group },
    { "produce", "send lines from standard input to a topic", cli_produce },
    { "consume", "print the records of a topic", cli_consume },
    { "pub", "publish on a NATS server", cli_pub },
    { "sub", "print what is published on a NATS server", cli_sub },
    { "request", "ask a service on a NATS server", cli_request },
    { "reply", "answer requests on a NATS server", cli_reply },
    { CLI_NATS_SERVER, "run as nats-server: its flags, its configuration; so does a link of that name",
      cli_nats_server },
    { "apply", "make the server have what manifests of Kubernetes resources say", cli_apply },
    { "get", "show Kubernetes resources: a table, YAML, JSON, or parts of them", cli_get },
    { "describe", "show all that is known of Kubernetes resources, for people", cli_describe },
    { "watch", "show each change of Kubernetes resources", cli_watch },
    { "delete", "delete Kubernetes resources", cli_delete },
    { "edit", "change a Kubernetes resource in an editor", cli_edit },
    { "explain", "say what a kind of Kubernetes resource is for, or which triggers of a broker take an event",
      cli_explain },
    { "env", "print the shell variable by which kubectl finds eddy: eval \"$(eddy env)\"", cli_env },
    { "config", "show every option with its value, where that came from, and its default", cli_config },
    { "version", "print the version", cli_version },
};
const size_t cli_command_count = ARRAY_COUNT(cli_commands);
