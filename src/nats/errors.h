// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a client: what it is told, and why its connection ends. One row for each.
#pragma once

#include <stddef.h>

// X(name, what the client is told, or NULL; why the connection is closed, in the words of /connz, or NULL: it stays)
// clang-format off
#define NATS_ERROR_TABLE(X) \
    X(UNKNOWN_OPERATION,      "Unknown Protocol Operation",               "Protocol Violation") \
    X(BAD_ARGUMENTS,          NULL,                                       "Protocol Violation") \
    X(CLIENT_COMPLAINED,      NULL,                                       "Parse Error") \
    X(PAYLOAD_TOO_LARGE,      "Maximum Payload Violation",                "Maximum Message Payload Exceeded") \
    X(LINE_TOO_LONG,          "maximum control line exceeded",            "Maximum Control Line Exceeded") \
    X(BAD_PROTOCOL,           "invalid client protocol",                  "Bad Client Protocol Version") \
    X(NO_RESPONDERS_HEADERS,  "no responders requires headers support",   "No Responders Requires Headers") \
    X(AUTHORIZATION,          "Authorization Violation",                  "Authentication Failure") \
    X(AUTH_TIMEOUT,           "Authentication Timeout",                   "Authentication Timeout") \
    X(TLS,                    NULL,                                       "TLS Handshake Failure") \
    X(TOO_MANY_CONNECTIONS,   "maximum connections exceeded",             "Maximum Connections Exceeded") \
    X(STALE,                  "Stale Connection",                         "Stale Connection") \
    X(SLOW_PENDING,           NULL,                                       "Slow Consumer (Pending Bytes)") \
    X(SLOW_DEADLINE,          NULL,                                       "Slow Consumer (Write Deadline)") \
    X(CLIENT_CLOSED,          NULL,                                       "Client Closed") \
    X(READ_ERROR,             NULL,                                       "Read Error") \
    X(SERVER_SHUTDOWN,        NULL,                                       "Server Shutdown") \
    X(INVALID_SUBJECT,        "Invalid Subject",                          NULL) \
    X(INVALID_PUBLISH,        "Invalid Publish Subject",                  NULL) \
    X(TOO_MANY_SUBSCRIPTIONS, "maximum subscriptions exceeded",           NULL)
// clang-format on

enum nats_error {
#define NATS_ERROR_ENUM(name, told, reason) NATS_ERROR_##name,
    NATS_ERROR_TABLE(NATS_ERROR_ENUM)
#undef NATS_ERROR_ENUM
        NATS_ERROR_COUNT
};

// The text between the quotes of -ERR; NULL: the client is told nothing.
const char *nats_error_told(enum nats_error error);
// NULL: the connection stays open.
const char *nats_error_reason(enum nats_error error);
