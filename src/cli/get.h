// SPDX-License-Identifier: Apache-2.0
// eddy get, and what eddy watch shares with it.
#pragma once

#include "cli/cli.h"
#include "cli/kube_session.h"

enum cli_exit cli_get(int count, const char *const *texts);

struct get_config {
    struct kube_link_options link;
    const char *output, *labels, *fields, *label_columns;
    bool all_namespaces, ignore_not_found, no_headers, show_labels, show_managed;
    bool watch, watch_only, watch_events;
};
extern const struct option_table get_options; // fills a struct get_config
err_t get_check(const struct kube_link_options *options, const struct cli_arguments *arguments, diag_t *diag);
enum cli_exit get_run(struct kube_session *session, const struct kube_link_options *options,
                      const struct cli_arguments *arguments);
