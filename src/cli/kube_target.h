// SPDX-License-Identifier: Apache-2.0
// What a command line is about: `widgets`, `widget one two`, `widget/one configmap/c`, `widgets,configmaps`, `all`.
#pragma once

#include "cli/kube_session.h"

struct kube_target {
    const struct kube_kind *kind;
    const char *name; // NULL: all of them
};

struct kube_targets {
    struct kube_target *items; // those of one kind stand together
    size_t count;
};

// ERR_INVALID: the form (what kubectl takes is taken); ERR_NOT_FOUND: the server has no such kind, DIAG names the
// nearest. In the session's arena.
err_t kube_targets_read(struct kube_session *session, const struct cli_arguments *arguments,
                        struct kube_targets *ret_targets, diag_t *diag) MUST_CHECK;
// "No resources found in default namespace.", to standard error, as kubectl says it.
void kube_say_nothing_found(const struct kube_session *session, const struct kube_targets *targets,
                            bool all_namespaces);
// One kind by what people call it; ERR_NOT_FOUND.
err_t kube_kind_read(struct kube_session *session, bytes_t text, const struct kube_kind **ret_kind,
                     diag_t *diag) MUST_CHECK;
