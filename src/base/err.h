// SPDX-License-Identifier: Apache-2.0
// One error type for the whole house. 0 is ok. A function that can fail returns err_t, is marked MUST_CHECK, and
// touches no output when it fails. Each protocol translates err_t into its own codes in exactly one function.
#pragma once

#include <stddef.h>

// clang-format off
#define ERR_TABLE(X) \
    X(OK,              "ok") \
    X(TRUNCATED,       "the data ends too early") \
    X(MALFORMED,       "the data does not have the expected form") \
    X(CORRUPT,         "the checksum does not match the data") \
    X(UNSUPPORTED,     "not supported") \
    X(TOO_LARGE,       "larger than the limit") \
    X(INVALID,         "a value is not valid") \
    X(NOT_FOUND,       "no such thing") \
    X(EXISTS,          "it exists already") \
    X(CONFLICT,        "it was changed by someone else") \
    X(OUT_OF_RANGE,    "outside the valid range") \
    X(BUSY,            "in use by someone else") \
    X(AGAIN,           "not now, try again later") \
    X(CLOSED,          "closed") \
    X(CANCELLED,       "cancelled") \
    X(TIMEOUT,         "it took too long") \
    X(REFUSED,         "refused by the other side") \
    X(RESET,           "the other side closed the connection") \
    X(DENIED,          "not allowed") \
    X(NO_SPACE,        "the disk is full") \
    X(IO,              "the disk or the system reported a failure") \
    X(LIMIT,           "a configured limit is reached") \
    X(STALE_EPOCH,     "the producer epoch is older than the current one") \
    X(BAD_SEQUENCE,    "the producer sequence has a gap") \
    X(DUPLICATE,       "the batch was stored before")
// clang-format on

typedef enum err {
#define ERR_ENUM(name, text) ERR_##name,
    ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
        ERR_COUNT
} err_t;

#define MUST_CHECK __attribute__((warn_unused_result))

// The constant's name without ERR_ ("NO_SPACE"), for logs.
const char *err_name(err_t err);
// A sentence part for people ("the disk is full").
const char *err_text(err_t err);

// A complaint for people: where (a path such as "retention.ms" or "line 3") and what to do. Filled on failure only.
typedef struct diag {
    char where[128];
    char text[384];
} diag_t;

// Fills DIAG (may be NULL) and returns ERR, so that a check fits one line.
err_t diag_fail(diag_t *diag, err_t err, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
