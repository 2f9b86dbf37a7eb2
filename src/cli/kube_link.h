// SPDX-License-Identifier: Apache-2.0
// A Kubernetes API as a command sees it: straight-line calls that wait, on one connection. (libcurl: a command is not
// on the hot path, and a kubeconfig may name any server, with proxies and certificates of its own.)
#pragma once

#include "base/json.h"
#include "cli/kube_config.h"

struct kube_link;

// Reads the files that CONFIG names. ERR_INVALID (no URL, a file that cannot be read); nothing is sent yet.
err_t kube_link_open(const struct kube_config *config, struct kube_link **ret_link, diag_t *diag) MUST_CHECK;
// Accepts NULL.
void kube_link_close(struct kube_link *link);

struct kube_request {
    const char *method;
    const char *path;         // from the root, with its query
    const char *accept;       // NULL: JSON
    const char *content_type; // of BODY; NULL: JSON
    bytes_t body;             // BYTES_NULL: none
};

// Lives in the arena of the call.
struct kube_answer {
    int status;              // of HTTP; 0: no answer came
    struct json_value *tree; // the body, a Status for a failure; NULL: it is no JSON
    bytes_t reason;          // of a Status: "NotFound", "Conflict"
    const char *message;     // of a failure, a sentence for people
};

// ERR_OK: 2xx. Else RET_ANSWER says why: ERR_NOT_FOUND (404), ERR_EXISTS, ERR_CONFLICT (409), ERR_DENIED (401, 403),
// ERR_INVALID (400, 422), ERR_REFUSED (what else the server says), and without an answer what kept it away:
// ERR_CLOSED, ERR_TIMEOUT.
err_t kube_link_call(struct kube_link *link, const struct kube_request *request, struct arena *arena,
                     struct kube_answer *ret_answer) MUST_CHECK;

// A line of an answer that goes on; false: no more is wanted.
typedef bool kube_line_fn(void *owner, bytes_t line);
// The same for a watch: ON_LINE has each line of a 2xx as it comes. ERR_OK: the answer ended, or ON_LINE wanted no
// more.
err_t kube_link_follow(struct kube_link *link, const struct kube_request *request, kube_line_fn *on_line, void *owner,
                       struct arena *arena, struct kube_answer *ret_answer) MUST_CHECK;
