// SPDX-License-Identifier: Apache-2.0
// Where a Destination leads (Knative's duck.knative.dev/v1): the ref to something that takes events, or a URI.
#pragma once

#include "eventing/eventing.h"

struct json_value;

// DESTINATION is {ref: {apiVersion, kind, name, namespace}, uri, CACerts}; NAME_SPACE is that of a ref without one.
// With a ref, the uri is relative to its address (RFC 3986 5.2). CACerts are trusted besides the system's authorities.
// MODE is for HTTP. *RET_SINK is the caller's reference. ERR_NOT_FOUND: what it names is not there, or takes no events
// yet; ERR_INVALID, ERR_UNSUPPORTED: it names nothing that could; with DIAG for the condition that tells it.
err_t destination_resolve(struct eventing *eventing, const struct json_value *destination, bytes_t name_space,
                          enum cloudevent_mode mode, struct sink **ret_sink, diag_t *diag) MUST_CHECK;
