// SPDX-License-Identifier: Apache-2.0
#include "kafka/broker_configs.h"

#include "base/assert.h"
#include "store/topic_config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const struct kafka_broker_config *kafka_broker_config_find(bytes_t name)
{
    size_t low = 0, high = kafka_broker_config_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(bytes_of_text(kafka_broker_configs[middle].name), name);
        if (order == 0)
            return &kafka_broker_configs[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct topic_config_row *kafka_broker_config_topic(bytes_t name)
{
    for (size_t i = 0; i < topic_config_row_count; i++) {
        const char *broker_name = topic_config_rows[i].broker_name;
        if (broker_name != NULL && bytes_is(name, broker_name))
            return &topic_config_rows[i];
    }
    return NULL;
}

static err_t bad_value(diag_t *diag, const struct kafka_broker_config *config, bytes_t value, const char *what)
{
    return diag_fail(diag, ERR_INVALID, config->name, "Invalid value %.*s for configuration %s: %s", BYTES_ARG(value),
                     config->name, what);
}

static bytes_t trim(bytes_t text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = bytes_of(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

static err_t check_integer(const struct kafka_broker_config *config, bytes_t value, diag_t *diag)
{
    static const struct {
        int64_t min, max;
        const char *complaint;
    } types[] = {
        [KAFKA_CONFIG_INT] = { INT32_MIN, INT32_MAX, "Not a number of type INT" },
        [KAFKA_CONFIG_SHORT] = { INT16_MIN, INT16_MAX, "Not a number of type SHORT" },
        [KAFKA_CONFIG_LONG] = { INT64_MIN, INT64_MAX, "Not a number of type LONG" },
    };
    int64_t number;
    char what[64];
    if (!bytes_to_int64(trim(value), &number) || number < types[config->type].min || number > types[config->type].max)
        return bad_value(diag, config, value, types[config->type].complaint);
    if (number < config->min) {
        snprintf(what, sizeof what, "Value must be at least %" PRId64, config->min);
        return bad_value(diag, config, value, what);
    }
    if (number > config->max) {
        snprintf(what, sizeof what, "Value must be no more than %" PRId64, config->max);
        return bad_value(diag, config, value, what);
    }
    return ERR_OK;
}

static err_t check_double(const struct kafka_broker_config *config, bytes_t value, diag_t *diag)
{
    char text[64], *end;
    bytes_t trimmed = trim(value);
    if (trimmed.size == 0 || trimmed.size >= sizeof text)
        return bad_value(diag, config, value, "Not a number of type DOUBLE");
    memcpy(text, trimmed.data, trimmed.size);
    text[trimmed.size] = '\0';
    double number = strtod(text, &end);
    if (*end != '\0' || isnan(number))
        return bad_value(diag, config, value, "Not a number of type DOUBLE");
    if (number < (double)config->min)
        return bad_value(diag, config, value, "Value must be at least 0");
    return ERR_OK;
}

static err_t check_bool(const struct kafka_broker_config *config, bytes_t value, diag_t *diag)
{
    bytes_t word = trim(value);
    bool is_bool = (word.size == 4 && strncasecmp((const char *)word.data, "true", 4) == 0) ||
                   (word.size == 5 && strncasecmp((const char *)word.data, "false", 5) == 0);
    return is_bool ? ERR_OK : bad_value(diag, config, value, "Expected value to be either true or false");
}

err_t kafka_broker_config_check(const struct kafka_broker_config *config, bytes_t value, diag_t *diag)
{
    const struct topic_config_row *topic = kafka_broker_config_topic(bytes_of_text(config->name));
    struct topic_config scratch;
    err_t err = ERR_OK;
    switch (config->type) {
    case KAFKA_CONFIG_INT:
    case KAFKA_CONFIG_SHORT:
    case KAFKA_CONFIG_LONG:
        err = check_integer(config, value, diag);
        break;
    case KAFKA_CONFIG_DOUBLE:
        err = check_double(config, value, diag);
        break;
    case KAFKA_CONFIG_BOOL:
        err = check_bool(config, value, diag);
        break;
    case KAFKA_CONFIG_STRING:
    case KAFKA_CONFIG_LIST:
    case KAFKA_CONFIG_CLASS:
    case KAFKA_CONFIG_PASSWORD:
        break;
    }
    // Topics will have it: it must be one of their words, and within their limits.
    if (err == ERR_OK && topic != NULL) {
        topic_config_default(&scratch);
        err = topic_config_set(&scratch, bytes_of_text(topic->name), value, diag);
    }
    return err;
}

size_t kafka_broker_config_synonyms(const struct kafka_broker_config *config, const char *to[KAFKA_SYNONYMS_MAX])
{
    static const char *const groups[][KAFKA_SYNONYMS_MAX + 1] = {
        { "log.retention.ms", "log.retention.minutes", "log.retention.hours", NULL },
        { "log.roll.ms", "log.roll.hours", NULL },
        { "log.roll.jitter.ms", "log.roll.jitter.hours", NULL },
        { "log.flush.interval.ms", "log.flush.scheduler.interval.ms", NULL },
    };
    for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
        size_t count = 0;
        bool is_in = false;
        for (; groups[i][count] != NULL; count++) {
            to[count] = groups[i][count];
            is_in |= strcmp(groups[i][count], config->name) == 0;
        }
        if (is_in)
            return count;
    }
    to[0] = config->name;
    return 1;
}
