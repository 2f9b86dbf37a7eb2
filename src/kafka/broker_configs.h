// SPDX-License-Identifier: Apache-2.0
// Every broker configuration of Apache Kafka 4.4, under its name: type, default, who may change it, and what it does
// here. broker_config_rows.c has the table. Pure.
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"

// DescribeConfigsResponse.ConfigType.
enum kafka_config_type {
    KAFKA_CONFIG_BOOL = 1,
    KAFKA_CONFIG_STRING = 2,
    KAFKA_CONFIG_INT = 3,
    KAFKA_CONFIG_SHORT = 4,
    KAFKA_CONFIG_LONG = 5,
    KAFKA_CONFIG_DOUBLE = 6,
    KAFKA_CONFIG_LIST = 7,
    KAFKA_CONFIG_CLASS = 8,
    KAFKA_CONFIG_PASSWORD = 9,
};

// When it may change, in Kafka and here.
enum kafka_config_mode {
    KAFKA_CONFIG_FIXED,   // at start only: read-only
    KAFKA_CONFIG_DYNAMIC, // while the broker runs, for all brokers or for one
    KAFKA_CONFIG_OWN,     // while the broker runs, for each broker alone
};

struct kafka_broker_config {
    const char *name;
    enum kafka_config_type type;
    enum kafka_config_mode mode;
    const char *default_value; // Kafka's; NULL: none
    int64_t min, max;          // of numbers
    const char *option;        // eddy's option that has the value here; NULL: none
    // NULL: it is the default of a topic configuration (topic_config_row.broker_name), whose documentation counts.
    const char *documentation;
};
extern const struct kafka_broker_config kafka_broker_configs[];
extern const size_t kafka_broker_config_count;

// NULL: no such name.
const struct kafka_broker_config *kafka_broker_config_find(bytes_t name);
// The topic configuration that NAME gives the default to; NULL: none.
const struct topic_config_row *kafka_broker_config_topic(bytes_t name);
// ERR_INVALID with Kafka's sentence when VALUE does not fit.
err_t kafka_broker_config_check(const struct kafka_broker_config *config, bytes_t value, diag_t *diag) MUST_CHECK;
// Names that say the same in different units, the one that counts first; NAME alone when there are none.
// Kafka: DynamicBrokerConfig.brokerConfigSynonyms.
enum { KAFKA_SYNONYMS_MAX = 3 };
size_t kafka_broker_config_synonyms(const struct kafka_broker_config *config, const char *to[KAFKA_SYNONYMS_MAX]);
