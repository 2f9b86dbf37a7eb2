// SPDX-License-Identifier: Apache-2.0
// An HTTP address as a sink: each event is a POST in the binding's binary (or structured) mode; what it answers may be
// an event.
#pragma once

#include "cloudevents/binding.h"
#include "eventing/sink.h"

struct http_client;
struct trust;

// URI is absolute, http or https; TRUST, for https, is counted and may be NULL for http. ERR_INVALID with DIAG. One
// reference is the caller's.
err_t http_sink_new(struct http_client *client, bytes_t uri, enum cloudevent_mode mode, struct trust *trust,
                    struct sink **ret_sink, diag_t *diag) MUST_CHECK;
