// SPDX-License-Identifier: Apache-2.0
// The -w of eddy get: what is there, then each change as it comes.
#pragma once

#include "cli/get.h"
#include "cli/kube_fetch.h"
#include "cli/kube_output.h"
#include "kube/table/print.h"

// QUERY is of one kind, or one object. Ends when nobody reads any more, or when the server is gone.
enum cli_exit get_watch(struct kube_session *session, const struct get_config *config, struct kube_query query,
                        struct kube_output *output);
// What CONFIG says of tables. In ARENA.
struct print_options get_print_options(const struct get_config *config, const struct kube_output *output,
                                       struct arena *arena);
