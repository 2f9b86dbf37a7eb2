// SPDX-License-Identifier: Apache-2.0
// The JSON event format and its batches (JSON Event Format for CloudEvents 1.0.2).
#pragma once

#include "base/json.h"
#include "base/json_write.h"
#include "cloudevents/cloudevent.h"

#define CLOUDEVENT_JSON_MEDIA_TYPE       "application/cloudevents+json"
#define CLOUDEVENT_JSON_BATCH_MEDIA_TYPE "application/cloudevents-batch+json"

// Brackets that may be open at a time in data that is JSON, so that an event fits into a batch. Deeper data goes as
// base64.
enum { CLOUDEVENT_DATA_DEPTH_MAX = JSON_DEPTH_MAX - 2 };

// One event. Data that is a JSON value is a view of TEXT, as it was written there. ERR_MALFORMED: not JSON, or no
// object; ERR_TOO_LARGE: nested too deep, or as cloudevent_builder_add; ERR_INVALID, ERR_UNSUPPORTED: no valid event.
// Whoever calls limits the size of TEXT.
err_t cloudevent_json_decode(bytes_t text, struct arena *arena, struct cloudevent *ret_event, diag_t *diag) MUST_CHECK;
// Several, or none; all are of one specversion. The first one that is not valid fails the batch, and DIAG counts from 0
// which one that is. ERR_TOO_LARGE: more than CLOUDEVENT_BATCH_MAX.
err_t cloudevent_json_decode_batch(bytes_t text, struct arena *arena, struct cloudevent **ret_events, size_t *ret_count,
                                   diag_t *diag) MUST_CHECK;

// Data goes into "data" when it came from there, when the media type is JSON and it is one JSON value, or when the
// media type is text; else into "data_base64", which loses nothing.
void cloudevent_json_encode(const struct cloudevent *event, struct json_writer *json);
void cloudevent_json_encode_batch(const struct cloudevent *events, size_t count, struct json_writer *json);
