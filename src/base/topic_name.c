// SPDX-License-Identifier: Apache-2.0
#include "base/topic_name.h"

static bool name_byte_fits(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

// org.apache.kafka.common.internals.Topic.validate, word by word.
err_t topic_name_check(bytes_t name, diag_t *diag)
{
    if (name.size == 0)
        return diag_fail(diag, ERR_INVALID, "topic", "Topic name is invalid: the empty string is not allowed");
    if (bytes_is(name, ".") || bytes_is(name, ".."))
        return diag_fail(diag, ERR_INVALID, "topic", "Topic name is invalid: '%.*s' is not allowed", BYTES_ARG(name));
    if (name.size > TOPIC_NAME_MAX)
        return diag_fail(diag, ERR_INVALID, "topic",
                         "Topic name is invalid: the length of '%.*s' is longer than the max allowed length %d",
                         BYTES_ARG(bytes_of(name.data, TOPIC_NAME_MAX)), TOPIC_NAME_MAX);
    for (size_t i = 0; i < name.size; i++) {
        if (!name_byte_fits(name.data[i]))
            return diag_fail(diag, ERR_INVALID, "topic",
                             "Topic name is invalid: '%.*s' contains one or more characters other than ASCII "
                             "alphanumerics, '.', '_' and '-'",
                             BYTES_ARG(name));
    }
    return ERR_OK;
}
