// SPDX-License-Identifier: Apache-2.0
// Events as Kafka records (Kafka Protocol Binding for CloudEvents 1.0.2). Binary mode is how events are stored.
#pragma once

#include "base/batch.h"
#include "cloudevents/binding.h"

// What the headers say the record is, whether or not it is valid.
enum cloudevent_mode cloudevent_kafka_mode(const struct record *record);

// One event, binary or structured; a null value is no data, an empty one is empty data. The record's key is not part of
// the event (3.1). Its bytes are those of the record, or on ARENA. The errors of cloudevent_message_decode.
err_t cloudevent_kafka_decode(const struct record *record, struct arena *arena, struct cloudevent *ret_event,
                              diag_t *diag) MUST_CHECK;

// For batch_builder_add.
struct cloudevent_record {
    bytes_t key; // the extension partitionkey, or null
    bytes_t value;
    const struct record_header *headers; // on the arena
    size_t header_count;
};

// MODE and ROOM as in cloudevent_http_encode.
err_t cloudevent_kafka_encode(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena,
                              struct writer *room, struct cloudevent_record *ret_record) MUST_CHECK;
