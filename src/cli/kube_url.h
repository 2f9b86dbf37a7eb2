// SPDX-License-Identifier: Apache-2.0
// Paths of requests to the Kubernetes API, with their queries, written piece by piece. Pure.
#pragma once

#include "base/writer.h"
#include "cli/kube_kinds.h"

// "/apis/shop.example.org/v1/namespaces/default/widgets/one". NAME_SPACE NULL: of all namespaces, or the kind has none.
// NAME NULL: all of them.
void kube_url_kind(struct writer *url, const struct kube_kind *kind, const char *name_space, const char *name);
// "?labelSelector=app%3Dweb", with "&" behind another one. An empty VALUE (BYTES_NULL, "") writes nothing.
void kube_url_parameter(struct writer *url, const char *name, bytes_t value);
// As a terminated text in ARENA; the writer is freed.
const char *kube_url_finish(struct writer *url, struct arena *arena);
