// SPDX-License-Identifier: Apache-2.0
// The configuration of a topic, under Kafka's names (org.apache.kafka.common.config.TopicConfig of Kafka 4.x). One
// table gives name, type, default, limits and documentation; the struct is what the code reads. Values that make no
// sense on one node are in the table too, so that clients may set and see them; their documentation says so.
#pragma once

#include "base/bytes.h"
#include "base/compress.h"
#include "base/err.h"

enum topic_cleanup {
    CLEANUP_DELETE = 1 << 0,
    CLEANUP_COMPACT = 1 << 1,
};

struct topic_config {
    uint32_t cleanup;            // bits of enum topic_cleanup; cleanup.policy; 0: keep everything
    int64_t retention_ms;        // -1: for ever
    int64_t retention_size;      // negative: no limit; retention.bytes
    int64_t segment_size;        // segment.bytes
    int64_t segment_ms;          // age at which a segment rolls
    int64_t index_interval_size; // index.interval.bytes
    int64_t segment_index_size;  // segment.index.bytes
    int64_t max_message_size;    // of one batch; max.message.bytes
    bool log_append_time;        // message.timestamp.type
    int64_t timestamp_before_max_ms;
    int64_t timestamp_after_max_ms;
    double min_cleanable_dirty_ratio;
    int64_t min_compaction_lag_ms;
    int64_t max_compaction_lag_ms;
    int64_t delete_retention_ms;
    bool preallocate;
    int8_t compression;         // -1: as the producer sent it; else the codec (0 none ... 4 zstd); compression.type
    int64_t level[CODEC_COUNT]; // compression.gzip.level and so on; 0 where the codec has none
};

enum topic_config_type {
    TOPIC_CONFIG_LONG,
    TOPIC_CONFIG_INT,
    TOPIC_CONFIG_DOUBLE,
    TOPIC_CONFIG_BOOL,
    TOPIC_CONFIG_LIST,
    TOPIC_CONFIG_STRING
};

struct topic_config_row {
    const char *name;
    enum topic_config_type type;
    const char *default_value; // Kafka's
    const char *broker_name;   // the broker configuration that gives the default to all topics; NULL: none
    const char *documentation;
    // Private: the member that holds it (a member offset, or TOPIC_CONFIG_NO_MEMBER when the value has no effect here),
    // the limits of numbers, a number outside of them that fits too (0: none), and the words that texts are made of.
    size_t member;
    int64_t min, max, also;
    const char *const *words;
};
#define TOPIC_CONFIG_NO_MEMBER SIZE_MAX
// The position of a word is the value of the member (of compression.type: the position - 1, the batch's codec); in a
// list it is the number of the bit.
extern const char *const topic_timestamp_words[], *const topic_compression_words[];
extern const struct topic_config_row topic_config_rows[];
extern const size_t topic_config_row_count;

// NULL: no such name.
const struct topic_config_row *topic_config_find(bytes_t name);
// False for a value that is accepted, stored and shown, but changes nothing on one node.
bool topic_config_has_effect(const struct topic_config_row *row);

void topic_config_default(struct topic_config *ret_config);
// Sets one value by Kafka's name. ERR_NOT_FOUND: no such name; ERR_INVALID: the value does not fit, DIAG says what
// would, in Kafka's words.
err_t topic_config_set(struct topic_config *config, bytes_t name, bytes_t value, diag_t *diag) MUST_CHECK;
// What must hold between values, once all are set. ERR_INVALID.
err_t topic_config_check(const struct topic_config *config, diag_t *diag) MUST_CHECK;
// The value as Kafka prints it; SIZE of 64 is enough. Of a value without effect: its default.
void topic_config_get(const struct topic_config *config, const struct topic_config_row *row, char *to, size_t size);
// True when every value that has an effect is the same.
bool topic_config_equal(const struct topic_config *a, const struct topic_config *b);
