// SPDX-License-Identifier: Apache-2.0
#include "store/topic_config.h"

#include "base/assert.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const struct topic_config_row *topic_config_find(bytes_t name)
{
    for (size_t i = 0; i < topic_config_row_count; i++) {
        if (bytes_is(name, topic_config_rows[i].name))
            return &topic_config_rows[i];
    }
    return NULL;
}

bool topic_config_has_effect(const struct topic_config_row *row)
{
    return row->member != TOPIC_CONFIG_NO_MEMBER;
}

void topic_config_default(struct topic_config *ret_config)
{
    *ret_config = (struct topic_config){ 0 };
    for (size_t i = 0; i < topic_config_row_count; i++) {
        const struct topic_config_row *row = &topic_config_rows[i];
        err_t err = topic_config_set(ret_config, bytes_of_text(row->name), bytes_of_text(row->default_value), NULL);
        ASSERT(err == ERR_OK);
    }
}

// ConfigException's sentence.
static err_t bad_value(diag_t *diag, const struct topic_config_row *row, bytes_t value, const char *what)
{
    return diag_fail(diag, ERR_INVALID, row->name, "Invalid value %.*s for configuration %s: %s", BYTES_ARG(value),
                     row->name, what);
}

static bytes_t trim(bytes_t text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_of(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static err_t integer_parse(const struct topic_config_row *row, bytes_t value, int64_t *ret_number, diag_t *diag)
{
    int64_t number;
    bool is_int = row->type == TOPIC_CONFIG_INT;
    char what[96];
    if (!bytes_to_int64(trim(value), &number) || (is_int && (number < INT32_MIN || number > INT32_MAX)))
        return bad_value(diag, row, value, is_int ? "Not a number of type INT" : "Not a number of type LONG");
    if (row->also != 0 && number != row->also && (number < row->min || number > row->max)) {
        snprintf(what, sizeof what, "Value must be between %" PRId64 " and %" PRId64 " or equal to %" PRId64, row->min,
                 row->max, row->also);
        return bad_value(diag, row, value, what);
    }
    if (number < row->min && row->also == 0) {
        snprintf(what, sizeof what, "Value must be at least %" PRId64, row->min);
        return bad_value(diag, row, value, what);
    }
    if (number > row->max && row->also == 0) {
        snprintf(what, sizeof what, "Value must be no more than %" PRId64, row->max);
        return bad_value(diag, row, value, what);
    }
    *ret_number = number;
    return ERR_OK;
}

static err_t double_parse(const struct topic_config_row *row, bytes_t value, double *ret_number, diag_t *diag)
{
    char text[64];
    bytes_t trimmed = trim(value);
    if (trimmed.size == 0 || trimmed.size >= sizeof text)
        return bad_value(diag, row, value, "Not a number of type DOUBLE");
    memcpy(text, trimmed.data, trimmed.size);
    text[trimmed.size] = '\0';
    char *end;
    double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number))
        return bad_value(diag, row, value, "Not a number of type DOUBLE");
    if (number < (double)row->min)
        return bad_value(diag, row, value, "Value must be at least 0");
    if (number > (double)row->max)
        return bad_value(diag, row, value, "Value must be no more than 1");
    *ret_number = number;
    return ERR_OK;
}

static err_t bool_parse(const struct topic_config_row *row, bytes_t value, int64_t *ret_number, diag_t *diag)
{
    bytes_t word = trim(value);
    bool is_true = word.size == 4 && strncasecmp((const char *)word.data, "true", 4) == 0;
    if (!is_true && (word.size != 5 || strncasecmp((const char *)word.data, "false", 5) != 0))
        return bad_value(diag, row, value, "Expected value to be either true or false");
    *ret_number = is_true ? 1 : 0;
    return ERR_OK;
}

// The position of the word in the row's list; any word fits a row without a list.
static err_t word_parse(const struct topic_config_row *row, bytes_t word, uint32_t *ret_place, diag_t *diag)
{
    *ret_place = 0;
    if (row->words == NULL)
        return ERR_OK;
    char what[160] = "String must be one of: ";
    for (uint32_t i = 0; row->words[i] != NULL; i++) {
        if (bytes_is(word, row->words[i])) {
            *ret_place = i;
            return ERR_OK;
        }
        size_t used = strlen(what);
        snprintf(what + used, sizeof what - used, "%s%s", i == 0 ? "" : ", ", row->words[i]);
    }
    return bad_value(diag, row, word, what);
}

static err_t list_parse(const struct topic_config_row *row, bytes_t value, uint32_t *ret_bits, diag_t *diag)
{
    *ret_bits = 0;
    bytes_t left = trim(value);
    while (left.size > 0) {
        const uint8_t *comma = memchr(left.data, ',', left.size);
        size_t size = comma == NULL ? left.size : (size_t)(comma - left.data);
        uint32_t place;
        err_t err = word_parse(row, trim(bytes_of(left.data, size)), &place, diag);
        if (err != ERR_OK)
            return err;
        *ret_bits |= 1u << place;
        size_t used = comma == NULL ? size : size + 1;
        left = bytes_of(left.data + used, left.size - used);
    }
    return ERR_OK;
}

static void member_set(struct topic_config *config, const struct topic_config_row *row, int64_t number, double real)
{
    if (row->member == TOPIC_CONFIG_NO_MEMBER)
        return;
    void *at = (char *)config + row->member;
    if (row->type == TOPIC_CONFIG_DOUBLE)
        *(double *)at = real;
    else if (row->type == TOPIC_CONFIG_LIST)
        *(uint32_t *)at = (uint32_t)number;
    else if (row->type == TOPIC_CONFIG_BOOL || row->words == topic_timestamp_words)
        *(bool *)at = number == 1;
    else if (row->words == topic_compression_words)
        *(int8_t *)at = (int8_t)(number - 1);
    else
        *(int64_t *)at = number;
}

err_t topic_config_set(struct topic_config *config, bytes_t name, bytes_t value, diag_t *diag)
{
    const struct topic_config_row *row = topic_config_find(name);
    if (row == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, "config", "Unknown topic config name: %.*s", BYTES_ARG(name));
    int64_t number = 0;
    double real = 0;
    uint32_t word = 0;
    err_t err = ERR_OK;
    switch (row->type) {
    case TOPIC_CONFIG_LONG:
    case TOPIC_CONFIG_INT:
        err = integer_parse(row, value, &number, diag);
        break;
    case TOPIC_CONFIG_DOUBLE:
        err = double_parse(row, value, &real, diag);
        break;
    case TOPIC_CONFIG_BOOL:
        err = bool_parse(row, value, &number, diag);
        break;
    case TOPIC_CONFIG_LIST:
        err = list_parse(row, value, &word, diag);
        number = word;
        break;
    case TOPIC_CONFIG_STRING:
        err = word_parse(row, value, &word, diag);
        number = word;
        break;
    }
    if (err == ERR_OK)
        member_set(config, row, number, real);
    return err;
}

err_t topic_config_check(const struct topic_config *config, diag_t *diag)
{
    if (config->min_compaction_lag_ms > config->max_compaction_lag_ms)
        return diag_fail(diag, ERR_INVALID, "min.compaction.lag.ms",
                         "conflict topic config setting min.compaction.lag.ms (%" PRId64
                         ") > max.compaction.lag.ms (%" PRId64 ")",
                         config->min_compaction_lag_ms, config->max_compaction_lag_ms);
    return ERR_OK;
}

static void list_print(const struct topic_config_row *row, uint32_t bits, char *to, size_t size)
{
    size_t used = 0;
    to[0] = '\0';
    // Kafka shows "compact,delete" as it was set; one order is as good as the other.
    for (uint32_t i = 0; row->words[i] != NULL; i++) {
        if ((bits & (1u << i)) == 0 || used >= size)
            continue;
        used += (size_t)snprintf(to + used, size - used, "%s%s", used == 0 ? "" : ",", row->words[i]);
    }
}

// The shortest text that reads back as the same number, with a point in it, as Java prints doubles of this size.
static void double_print(double number, char *to, size_t size)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(to, size, "%.*g", digits, number);
        if (strtod(to, NULL) == number)
            break;
    }
    if (strchr(to, '.') == NULL && strchr(to, 'e') == NULL)
        strncat(to, ".0", size - strlen(to) - 1);
}

void topic_config_get(const struct topic_config *config, const struct topic_config_row *row, char *to, size_t size)
{
    if (row->member == TOPIC_CONFIG_NO_MEMBER) {
        snprintf(to, size, "%s", row->default_value);
        return;
    }
    const void *at = (const char *)config + row->member;
    if (row->type == TOPIC_CONFIG_DOUBLE)
        double_print(*(const double *)at, to, size);
    else if (row->type == TOPIC_CONFIG_LIST)
        list_print(row, *(const uint32_t *)at, to, size);
    else if (row->type == TOPIC_CONFIG_BOOL)
        snprintf(to, size, "%s", *(const bool *)at ? "true" : "false");
    else if (row->words == topic_timestamp_words)
        snprintf(to, size, "%s", topic_timestamp_words[*(const bool *)at ? 1 : 0]);
    else if (row->words == topic_compression_words)
        snprintf(to, size, "%s", topic_compression_words[*(const int8_t *)at + 1]);
    else
        snprintf(to, size, "%" PRId64, *(const int64_t *)at);
}

bool topic_config_equal(const struct topic_config *a, const struct topic_config *b)
{
    char left[64], right[64];
    for (size_t i = 0; i < topic_config_row_count; i++) {
        topic_config_get(a, &topic_config_rows[i], left, sizeof left);
        topic_config_get(b, &topic_config_rows[i], right, sizeof right);
        if (strcmp(left, right) != 0)
            return false;
    }
    return true;
}
