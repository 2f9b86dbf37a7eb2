// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API door: kubectl and client libraries read, write and watch resources here. Opened before the loops
// run; everything else happens on the loop of the resources' table.
#pragma once

#include "base/metric.h"
#include "base/option.h"
#include "http/request.h"
#include "io/net.h"

struct engine;
struct kind_rules;
struct kube;
struct tls_context;

struct kube_options {
    const struct kind_rules *const *kinds; // besides the built-in ones (kube/builtin)
    size_t kind_count;
    void *kinds_owner;        // what the controllers of KINDS share
    const char *const *hosts; // names that are allowed in Host besides loopback ones
    size_t host_count;
    bool any_literal; // the listener is open to others (http/guard.h)
    struct http_limits limits;
    struct tls_context *tls;     // NULL: plain HTTP
    const char *token;           // of the user who may do everything
    const char *read_only_token; // of the one who may only look; NULL: nobody
    const char *token_key;       // seals tokens of service accounts (token.h); NULL: there are none
    int32_t topic_partitions;    // of a topic whose resource names no number
    // The rows of kube_option_rows.
    const char *apply; // a folder or file of manifests that is followed; NULL: none
    bool uses_tls;
    int64_t body_size;
    int64_t history_count, history_size; // changes that watches can go back to
    int64_t watches_max;
    int64_t list_size_max; // bytes of one answer
    int64_t resync_ms;     // controllers look again at what may have changed elsewhere
    int64_t events_ttl_ms; // of core/v1 Events
};

extern const struct option_row kube_option_rows[];
extern const size_t kube_option_row_count;

struct kube_metrics {
    counter_t requests, refused, writes, events_sent;
    gauge_t watches;
};

// ERR_BUSY, ERR_DENIED, ERR_INVALID with DIAG, and what the table says.
err_t kube_open(struct engine *engine, const struct address *address, const struct kube_options *options,
                struct kube **ret_kube, diag_t *diag) MUST_CHECK;
struct loop *kube_loop(const struct kube *kube);
uint16_t kube_port(const struct kube *kube);
extern const struct metric_row kube_metric_rows[];
extern const size_t kube_metric_row_count;
struct kube_metrics *kube_metrics(struct kube *kube);
// On the door's loop: closes connections and ends watches; ON_CLOSED comes in a later turn. What was written stays.
void kube_close(struct kube *kube, void (*on_closed)(void *owner), void *owner);
// When no loop runs.
void kube_free(struct kube *kube);
