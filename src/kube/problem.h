// SPDX-License-Identifier: Apache-2.0
// Why a request is refused, as the Kubernetes API says it: a Status object (meta/v1 Status). Texts live in the arena of
// the request.
#pragma once

#include "base/arena.h"
#include "base/json_write.h"

struct field_errors;
struct kind;

// clang-format off
#define PROBLEM_TABLE(X) \
    X(BAD_REQUEST,       400, "BadRequest") \
    X(UNAUTHORIZED,      401, "Unauthorized") \
    X(FORBIDDEN,         403, "Forbidden") \
    X(NOT_FOUND,         404, "NotFound") \
    X(METHOD_NOT_ALLOWED, 405, "MethodNotAllowed") \
    X(NOT_ACCEPTABLE,    406, "NotAcceptable") \
    X(ALREADY_EXISTS,    409, "AlreadyExists") \
    X(CONFLICT,          409, "Conflict") \
    X(EXPIRED,           410, "Expired") \
    X(TOO_LARGE,         413, "RequestEntityTooLarge") \
    X(UNSUPPORTED_MEDIA, 415, "UnsupportedMediaType") \
    X(INVALID,           422, "Invalid") \
    X(TOO_MANY_REQUESTS, 429, "TooManyRequests") \
    X(INTERNAL,          500, "InternalError") \
    X(UNAVAILABLE,       503, "ServiceUnavailable") \
    X(TIMEOUT,           504, "Timeout")
// clang-format on

enum problem_reason {
    PROBLEM_NONE, // all is well
#define PROBLEM_ENUM(name, code, text) PROBLEM_##name,
    PROBLEM_TABLE(PROBLEM_ENUM)
#undef PROBLEM_ENUM
        PROBLEM_COUNT
};
int problem_code(enum problem_reason reason); // the HTTP status
const char *problem_reason_text(enum problem_reason reason);

struct problem_cause {
    const char *reason; // "FieldValueRequired"
    bytes_t field;      // "spec.broker"
    bytes_t message;    // "Required value"
};

struct problem {
    struct arena *arena; // set before the first use
    enum problem_reason reason;
    int code; // the HTTP status; 0: the reason's own
    bytes_t message;
    bytes_t name, group, kind, uid; // details; the kind is the resource's plural, or the Kind for invalid objects
    int retry_after_s;              // 0: none
    bytes_t field; // the first that it is about, to find it in a file; not shown, as the message names it. Empty: none
    struct problem_cause *causes;
    size_t cause_count, cause_capacity;
};

void problem_set(struct problem *problem, enum problem_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// `triggers.eventing.knative.dev "t1" not found`; KIND may be NULL, for a path that leads nowhere.
void problem_not_found(struct problem *problem, const struct kind *kind, bytes_t name);
void problem_already_exists(struct problem *problem, const struct kind *kind, bytes_t name);
#define PROBLEM_TEXT_MODIFIED                                                                                          \
    "the object has been modified; please apply your changes to the latest version and try again"
// `Operation cannot be fulfilled on ...: WHY`.
void problem_conflict(struct problem *problem, const struct kind *kind, bytes_t name, const char *why);
void problem_forbidden(struct problem *problem, const struct kind *kind, bytes_t name, const char *why);
// One more cause of a problem that is set.
void problem_cause(struct problem *problem, const char *reason, bytes_t field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// `Trigger.eventing.knative.dev "t1" is invalid: spec.broker: Required value`. Nothing happens without errors.
void problem_invalid(struct problem *problem, const struct kind *kind, bytes_t name, const struct field_errors *errors);

void problem_write(struct json_writer *json, const struct problem *problem);
