// SPDX-License-Identifier: Apache-2.0
// What kubeconfig files say of one context: where the server is, and who asks it. Several files are one, as
// $KUBECONFIG may name several: of what stands in more than one of them, the first is taken. (docs of Kubernetes,
// "Organizing Cluster Access Using kubeconfig Files".) Pure: texts in, views of the arena out.
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct kube_config_file {
    const char *path; // what the file names lies relative to its folder
    bytes_t text;
};

// What stands in the kubeconfig, or in a file of its own; both empty: it is not given.
struct kube_credential {
    bytes_t data;
    const char *path;
};

struct kube_config {
    const char *server;     // "https://localhost:6443"; NULL: not said
    const char *name_space; // NULL: not said
    bool is_insecure;       // the server's certificate is not looked at
    struct kube_credential authority, certificate, key, token;
};

// The context NAME, or the current one (NULL). ERR_MALFORMED (no YAML), ERR_NOT_FOUND (a name), ERR_UNSUPPORTED (a
// user whose credentials another program would have to make). The texts outlive what is made.
err_t kube_config_read(const struct kube_config_file *files, size_t count, const char *name, struct arena *arena,
                       struct kube_config *ret_config, diag_t *diag) MUST_CHECK;
