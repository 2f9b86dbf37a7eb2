// SPDX-License-Identifier: Apache-2.0
// What a KafkaTopic says, and what has to change in the topic for it. Pure: trees in, views in the arena out.
#pragma once

#include "base/json.h"
#include "engine/engine.h"

struct field_errors;

struct topic_spec {
    bytes_t name;            // of the topic
    int64_t partition_count; // 0: the server's default
    int64_t replica_count;   // 0: the server's default
    // Rendered as Kafka wants them.
    bytes_t *config_names, *config_values;
    size_t config_count;
};

bytes_t topic_spec_name(const struct json_value *object);
void topic_spec_read(struct topic_spec *spec, const struct json_value *object, struct arena *arena);
// kind_rules.check
void topic_spec_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);

// The configurations to be set, and, with the value BYTES_NULL, those to be reset: what the resource set before
// (SET_NAMES, a list of texts or NULL) and does not name any more. What others set is none of it. Arrays in the arena.
size_t topic_spec_changes(const struct topic_spec *spec, const struct json_value *set_names,
                          const struct engine_topic *found, struct arena *arena, bytes_t **ret_names,
                          bytes_t **ret_values);
