// SPDX-License-Identifier: Apache-2.0
// CloudEvents SQL 1.0: an expression over the attributes of an event. It is compiled once into an arena, then evaluated
// as often as events come. Evaluation always gives a value; an error may come with it (CESQL 1.0.0 3.3). What is true
// of every expression: the first error ends its operator, which then has the zero value of its type ("fail fast").
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/writer.h"

enum {
    CESQL_SIZE_MAX = 4096,      // bytes of an expression
    CESQL_NODES_MAX = 1024,     // operators, functions, attributes and literals together
    CESQL_ARGUMENTS_MAX = 64,   // of a function
    CESQL_DEPTH_MAX = 64,       // of parentheses, functions and operators in each other; not of a AND b AND c ...
    CESQL_SCRATCH_MAX = 262144, // bytes of text that one evaluation may make
};

enum cesql_type { CESQL_BOOLEAN, CESQL_INTEGER, CESQL_STRING };

struct cesql_value {
    enum cesql_type type;
    bool boolean;
    int32_t integer;
    bytes_t text; // of the event, the expression or the scratch arena
};

// The names that the conformance tests have for them.
// clang-format off
#define CESQL_ERROR_TABLE(X) \
    X(NONE,                "none") \
    X(PARSE,               "parse") \
    X(MATH,                "math") \
    X(CAST,                "cast") \
    X(MISSING_ATTRIBUTE,   "missingAttribute") \
    X(MISSING_FUNCTION,    "missingFunction") \
    X(FUNCTION_EVALUATION, "functionEvaluation")
// clang-format on

enum cesql_error {
#define CESQL_ERROR_ENUM(name, text) CESQL_ERROR_##name,
    CESQL_ERROR_TABLE(CESQL_ERROR_ENUM)
#undef CESQL_ERROR_ENUM
        CESQL_ERROR_COUNT
};

const char *cesql_error_name(enum cesql_error error);

// How an expression sees an event. Calls GET for each attribute that it needs, each time it needs it.
struct cesql_event {
    // NAME is in lower case. False when the event has no such attribute; nothing is touched then. Every type but
    // Integer and Boolean is a String; those that CloudEvents itself defines (type, time) are Strings.
    bool (*get)(const void *context, bytes_t name, struct cesql_value *ret_value);
    const void *context;
};

struct cesql {
    bytes_t source;
    const struct cesql_node *root; // node.h
    // NULL, or what is allowed and yet hardly meant: a function that does not exist, AND beside OR without parentheses,
    // NOT before a comparison.
    const diag_t *doubt;
};

// SOURCE is copied. ERR_MALFORMED: a ParseError; ERR_TOO_LARGE: beyond a limit above. DIAG (may be NULL): where is
// "line 1, column 9" (in characters), text is a sentence.
err_t cesql_compile(bytes_t source, struct arena *arena, struct cesql *ret_cesql, diag_t *diag) MUST_CHECK;

// SCRATCH takes the texts that functions and casts make, at most CESQL_SCRATCH_MAX bytes of them; reset it when the
// value is no longer needed. No other memory is taken. RET_VALUE is always set.
enum cesql_error cesql_evaluate(const struct cesql *cesql, const struct cesql_event *event, struct arena *scratch,
                                struct cesql_value *ret_value);

// As a filter: true, a Boolean, and without an error (Knative; CESQL itself would cast a String).
bool cesql_matches(const struct cesql *cesql, const struct cesql_event *event, struct arena *scratch);

// Why it hardly passes as a filter, whatever event comes, as a sentence; NULL: no reason. An attribute alone would pass
// only as a Boolean, and in a topic, as in fields of HTTP, every extension is a String.
const char *cesql_never(const struct cesql *cesql);

// Evaluates again and writes which parts decided, and the values that they saw, as a text of one line: "type = 'x' is
// false: type is 'y'". Stops at the limit of OUT.
void cesql_explain(const struct cesql *cesql, const struct cesql_event *event, struct writer *out);
