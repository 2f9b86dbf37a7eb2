// SPDX-License-Identifier: Apache-2.0
// What is wrong with an object, field by field, in the words of the Kubernetes API: k8s.io/apimachinery's field.Error.
// A Status of reason Invalid carries each as a cause {reason, message, field}; its own message joins "FIELD: TEXT".
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "base/writer.h"

// clang-format off
#define FIELD_ERROR_TABLE(X) \
    X(REQUIRED,      "FieldValueRequired",     "Required value") \
    X(INVALID,       "FieldValueInvalid",      "Invalid value") \
    X(TYPE_INVALID,  "FieldValueTypeInvalid",  "Invalid value") \
    X(NOT_SUPPORTED, "FieldValueNotSupported", "Unsupported value") \
    X(FORBIDDEN,     "FieldValueForbidden",    "Forbidden") \
    X(DUPLICATE,     "FieldValueDuplicate",    "Duplicate value") \
    X(TOO_LONG,      "FieldValueTooLong",      "Too long") \
    X(TOO_MANY,      "FieldValueTooMany",      "Too many")
// clang-format on

enum field_error_type {
#define FIELD_ERROR_ENUM(name, reason, words) FIELD_##name,
    FIELD_ERROR_TABLE(FIELD_ERROR_ENUM)
#undef FIELD_ERROR_ENUM
};

// Where: a chain of steps on the caller's stack that is written only when something is wrong. The outermost step may be
// a whole path ("spec.versions[0].schema.openAPIV3Schema").
struct field_path {
    const struct field_path *up; // NULL: the outermost
    enum { FIELD_CHILD, FIELD_KEY, FIELD_INDEX } step;
    bytes_t name; // FIELD_CHILD: .name; FIELD_KEY: [name]
    size_t index; // FIELD_INDEX: [index]
};

static inline struct field_path field_child(const struct field_path *up, bytes_t name)
{
    return (struct field_path){ .up = up, .step = FIELD_CHILD, .name = name };
}

static inline struct field_path field_key(const struct field_path *up, bytes_t name)
{
    return (struct field_path){ .up = up, .step = FIELD_KEY, .name = name };
}

static inline struct field_path field_index(const struct field_path *up, size_t index)
{
    return (struct field_path){ .up = up, .step = FIELD_INDEX, .index = index };
}

// NULL is nothing.
void field_path_write(struct writer *out, const struct field_path *path);
// In the arena. NULL is "<nil>", as Go prints the path of the object itself.
bytes_t field_path_text(struct arena *arena, const struct field_path *path);

struct field_error {
    enum field_error_type type;
    bytes_t field; // "spec.replicas"
    bytes_t text;  // `Invalid value: "string": spec.replicas in body must be of type integer: "string"`
    struct field_error *next;
};

// A list in the arena; what is beyond LIMIT is only counted.
struct field_errors {
    struct arena *arena;
    size_t limit;
    struct field_error *first, *last;
    size_t count;  // in the list
    size_t hidden; // beyond the limit
};

enum { FIELD_ERRORS_MAX = 64 };

static inline struct field_errors field_errors_in(struct arena *arena)
{
    return (struct field_errors){ .arena = arena, .limit = FIELD_ERRORS_MAX };
}

// "FieldValueInvalid", of a cause.
const char *field_error_reason(enum field_error_type type);

// "TYPE'S WORDS: VALUE: DETAIL". VALUE as the caller wrote it (go_value.h), BYTES_NULL: none; DETAIL may be empty.
void field_error_add(struct field_errors *errors, enum field_error_type type, bytes_t field, bytes_t value,
                     bytes_t detail);
// The same with a path, and a detail from a format.
void field_fail(struct field_errors *errors, enum field_error_type type, const struct field_path *path, bytes_t value,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
// TEXT in quotes, as VALUE.
bytes_t field_quoted(struct arena *arena, bytes_t text);
// `supported values: "a", "b"`, as DETAIL of FIELD_NOT_SUPPORTED.
bytes_t field_supported(struct arena *arena, const bytes_t *values, size_t count);

// Adds those of MORE, which has the same arena, at the end.
void field_errors_append(struct field_errors *errors, const struct field_errors *more);
// Adds those of BETTER, in place of all that is about the same fields or what is inside of them: also of what says of a
// whole that none of several schemas fits.
void field_errors_replace(struct field_errors *errors, const struct field_errors *better);
// By field and text: the errors of maps have no order of their own.
void field_errors_sort(struct field_errors *errors);
// `spec.a: Required value`, or `[spec.a: Required value, spec.b: ...]`; the same text once. What is beyond the limit is
// told as a number.
void field_errors_write(struct writer *out, const struct field_errors *errors);
