// SPDX-License-Identifier: Apache-2.0
// Configurations as clients see them: of topics, of this broker, and of its log. What DescribeConfigs and CreateTopics
// answer, and what AlterConfigs and IncrementalAlterConfigs ask for. On the door's loop.
#pragma once

#include "kafka/broker_configs.h"
#include "kafka/gather.h"
#include "store/config_change.h"
#include "store/topic_config.h"

struct kafka_door;
struct topic;

// org.apache.kafka.common.config.ConfigResource.Type.
enum kafka_resource {
    KAFKA_RESOURCE_TOPIC = 2,
    KAFKA_RESOURCE_BROKER = 4,
    KAFKA_RESOURCE_BROKER_LOGGER = 8,
    KAFKA_RESOURCE_CLIENT_METRICS = 16,
    KAFKA_RESOURCE_GROUP = 32,
};

// DescribeConfigsResponse.ConfigSource.
enum kafka_config_source {
    KAFKA_SOURCE_TOPIC = 1,
    KAFKA_SOURCE_THIS_BROKER = 2,
    KAFKA_SOURCE_ALL_BROKERS = 3,
    KAFKA_SOURCE_STATIC = 4, // from the start: a flag, the environment or the file
    KAFKA_SOURCE_DEFAULT = 5,
    KAFKA_SOURCE_LOGGER = 6,
};

struct kafka_config_synonym {
    bytes_t name, value;
    enum kafka_config_source source;
};

enum { KAFKA_CONFIG_SYNONYMS_MAX = 1 + 4 * KAFKA_SYNONYMS_MAX };

// Texts live in the arena of the call or in tables.
struct kafka_config_entry {
    bytes_t name;
    bytes_t value; // null: none, or a secret
    enum kafka_config_source source;
    enum kafka_config_type type;
    bool is_read_only, is_sensitive;
    const char *documentation;
    struct kafka_config_synonym synonyms[KAFKA_CONFIG_SYNONYMS_MAX]; // the one that counts first
    size_t synonym_count;
};

// SET: what the topic itself sets; CONFIG: what it has.
void kafka_config_of_topic(struct kafka_call *call, const struct topic_config_row *row, const struct config_list *set,
                           const struct topic_config *config, struct kafka_config_entry *ret_entry);
// FOR_ALL: what is set for all brokers, without what this one has itself.
void kafka_config_of_broker(struct kafka_call *call, const struct kafka_broker_config *row, bool for_all,
                            struct kafka_config_entry *ret_entry);
// The one logger there is.
void kafka_config_of_logger(struct kafka_call *call, struct kafka_config_entry *ret_entry);

// The broker that a resource names: this one, or (an empty name) all of them. False with Kafka's sentence for others.
bool kafka_config_broker_of(struct kafka_call *call, bytes_t name, bool *ret_all, const char **ret_complaint);

// A change that a client asks for. CHANGES stay valid until the call is answered.
struct kafka_alteration {
    int8_t resource_type;
    bytes_t resource_name;
    struct config_change *changes; // fallbacks are filled in
    size_t change_count;
    bool replace; // everything that is not named goes back to its default
    bool validate_only;
    int16_t *ret_error;
    bytes_t *ret_message;
};
// Checks it, starts it, and fills the result, now or later.
void kafka_config_alter(struct kafka_gather *gather, const struct kafka_alteration *alteration);
