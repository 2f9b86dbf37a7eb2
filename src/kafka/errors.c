// SPDX-License-Identifier: Apache-2.0
#include "kafka/errors.h"

#include "base/assert.h"

static const struct error_row {
    int16_t code;
    const char *name, *message;
} rows[] = {
#define KAFKA_ERROR_ROW(name, code, message) { code, #name, message },
    KAFKA_ERROR_TABLE(KAFKA_ERROR_ROW)
#undef KAFKA_ERROR_ROW
};

static const struct error_row *find(int16_t code)
{
    static const struct error_row unknown = { 0, "UNKNOWN", "An error that this program does not know." };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].code == code)
            return &rows[i];
    return &unknown;
}

const char *kafka_error_name(int16_t code)
{
    return find(code)->name;
}

const char *kafka_error_message(int16_t code)
{
    return find(code)->message;
}

int16_t kafka_error_of(err_t err)
{
    static const int16_t codes[ERR_COUNT] = {
        [ERR_OK] = KAFKA_NONE,
        [ERR_TRUNCATED] = KAFKA_CORRUPT_MESSAGE,
        [ERR_MALFORMED] = KAFKA_CORRUPT_MESSAGE,
        [ERR_CORRUPT] = KAFKA_CORRUPT_MESSAGE,
        [ERR_UNSUPPORTED] = KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT,
        [ERR_TOO_LARGE] = KAFKA_MESSAGE_TOO_LARGE,
        [ERR_INVALID] = KAFKA_INVALID_RECORD,
        [ERR_NOT_FOUND] = KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
        [ERR_EXISTS] = KAFKA_TOPIC_ALREADY_EXISTS,
        [ERR_CONFLICT] = KAFKA_UNKNOWN_SERVER_ERROR,
        [ERR_OUT_OF_RANGE] = KAFKA_OFFSET_OUT_OF_RANGE,
        [ERR_BUSY] = KAFKA_UNKNOWN_SERVER_ERROR,
        [ERR_AGAIN] = KAFKA_NOT_LEADER_OR_FOLLOWER,
        [ERR_CLOSED] = KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
        [ERR_CANCELLED] = KAFKA_REQUEST_TIMED_OUT,
        [ERR_TIMEOUT] = KAFKA_REQUEST_TIMED_OUT,
        [ERR_REFUSED] = KAFKA_UNKNOWN_SERVER_ERROR,
        [ERR_RESET] = KAFKA_NETWORK_EXCEPTION,
        [ERR_DENIED] = KAFKA_TOPIC_AUTHORIZATION_FAILED,
        [ERR_NO_SPACE] = KAFKA_KAFKA_STORAGE_ERROR,
        [ERR_IO] = KAFKA_KAFKA_STORAGE_ERROR,
        [ERR_LIMIT] = KAFKA_POLICY_VIOLATION,
        [ERR_STALE_EPOCH] = KAFKA_INVALID_PRODUCER_EPOCH,
        [ERR_BAD_SEQUENCE] = KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER,
        // The batch is there: answered as success, with the offset of the first copy.
        [ERR_DUPLICATE] = KAFKA_NONE,
    };
    return (unsigned)err < ERR_COUNT ? codes[err] : (int16_t)KAFKA_UNKNOWN_SERVER_ERROR;
}
