// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API door, as its own files see it. One listener, one loop (the table's), many requests.
#pragma once

#include "base/metric.h"
#include "http/server.h"
#include "kube/kube.h"
#include "kube/resources.h"

enum { USERS_MAX = 8 };

// What /version says, and what clients take for granted by it.
#define KUBE_MINOR "33"

// Who asks. Tokens are secrets: compared without telling by time, never logged.
struct user {
    const char *name;          // "eddy-admin"
    const char *const *groups; // NULL terminated
    char *token;
    bool is_read_only;
};

// Bootstrap is done: requests are answered.
void kube_ready(struct kube *kube);
// What the door serves, and who may ask.
struct http_site kube_site(struct kube *kube);

struct kube {
    struct resources resources;
    struct kube_options options;
    struct loop *loop;
    struct http_server *server;
    struct user users[USERS_MAX];
    size_t user_count;
    struct kind *namespaces;  // looked up for every object that is made in one
    struct kind *definitions; // CustomResourceDefinition
    struct bootstrap *bootstrap;
    bool is_ready;
    struct list_node waiting; // requests that came before
    size_t watch_count;
    uint64_t last_uid; // of uid_text
    struct kube_metrics metrics;
    void (*on_closed)(void *owner);
    void *owner;
};
