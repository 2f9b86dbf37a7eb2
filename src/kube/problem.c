// SPDX-License-Identifier: Apache-2.0
#include "kube/problem.h"

#include "base/assert.h"
#include "kube/kind.h"
#include "kube/schema/field_error.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    int code;
    const char *text;
} reasons[] = { [PROBLEM_NONE] = { 200, "" },
#define PROBLEM_ROW(name, code, text) [PROBLEM_##name] = { code, text },
                PROBLEM_TABLE(PROBLEM_ROW)
#undef PROBLEM_ROW
};

int problem_code(enum problem_reason reason)
{
    return reasons[reason].code;
}

const char *problem_reason_text(enum problem_reason reason)
{
    return reasons[reason].text;
}

static bytes_t __attribute__((format(printf, 2, 0)))
text_of(struct problem *problem, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    ASSERT(size >= 0);
    char *text = arena_alloc(problem->arena, (size_t)size + 1);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments);
    return bytes_of(text, (size_t)size);
}

void problem_set(struct problem *problem, enum problem_reason reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem->message = text_of(problem, format, arguments);
    va_end(arguments);
    problem->reason = reason;
}

static void about(struct problem *problem, const struct kind *kind, bytes_t name)
{
    problem->name = name;
    problem->group = kind->group;
    problem->kind = kind->plural;
}

// "triggers.eventing.knative.dev", "configmaps".
static const char *resource_text(struct problem *problem, const struct kind *kind)
{
    return kind->group.size == 0
               ? arena_text(problem->arena, kind->plural)
               : arena_format(problem->arena, "%.*s.%.*s", BYTES_ARG(kind->plural), BYTES_ARG(kind->group));
}

void problem_not_found(struct problem *problem, const struct kind *kind, bytes_t name)
{
    if (kind == NULL) {
        problem_set(problem, PROBLEM_NOT_FOUND, "the server could not find the requested resource");
        return;
    }
    problem_set(problem, PROBLEM_NOT_FOUND, "%s \"%.*s\" not found", resource_text(problem, kind), BYTES_ARG(name));
    about(problem, kind, name);
}

void problem_already_exists(struct problem *problem, const struct kind *kind, bytes_t name)
{
    problem_set(problem, PROBLEM_ALREADY_EXISTS, "%s \"%.*s\" already exists", resource_text(problem, kind),
                BYTES_ARG(name));
    about(problem, kind, name);
}

void problem_conflict(struct problem *problem, const struct kind *kind, bytes_t name, const char *why)
{
    problem_set(problem, PROBLEM_CONFLICT, "Operation cannot be fulfilled on %s \"%.*s\": %s",
                resource_text(problem, kind), BYTES_ARG(name), why);
    about(problem, kind, name);
}

void problem_forbidden(struct problem *problem, const struct kind *kind, bytes_t name, const char *why)
{
    const char *resource = resource_text(problem, kind);
    if (name.size == 0)
        problem_set(problem, PROBLEM_FORBIDDEN, "%s is forbidden: %s", resource, why);
    else
        problem_set(problem, PROBLEM_FORBIDDEN, "%s \"%.*s\" is forbidden: %s", resource, BYTES_ARG(name), why);
    about(problem, kind, name);
}

void problem_cause(struct problem *problem, const char *reason, bytes_t field, const char *format, ...)
{
    if (problem->cause_count == problem->cause_capacity) {
        size_t capacity = problem->cause_capacity == 0 ? 8 : problem->cause_capacity * 2;
        struct problem_cause *causes = arena_array(problem->arena, capacity, sizeof *causes);
        if (problem->cause_count > 0)
            memcpy(causes, problem->causes, problem->cause_count * sizeof *causes);
        problem->causes = causes;
        problem->cause_capacity = capacity;
    }
    struct problem_cause *cause = &problem->causes[problem->cause_count++];
    va_list arguments;
    va_start(arguments, format);
    *cause = (struct problem_cause){ reason, arena_copy(problem->arena, field), text_of(problem, format, arguments) };
    va_end(arguments);
}

void problem_invalid(struct problem *problem, const struct kind *kind, bytes_t name, const struct field_errors *errors)
{
    if (errors->count == 0)
        return;
    struct writer text = WRITER_INIT;
    field_errors_write(&text, errors);
    bytes_t shown = writer_view(&text);
    problem_set(problem, PROBLEM_INVALID, "%.*s%s%.*s \"%.*s\" is invalid: %.*s", BYTES_ARG(kind->name),
                kind->group.size == 0 ? "" : ".", BYTES_ARG(kind->group), BYTES_ARG(name), BYTES_ARG(shown));
    writer_free(&text);
    about(problem, kind, name);
    problem->kind = kind->name;
    problem->field = arena_copy(problem->arena, errors->first->field);
    for (const struct field_error *error = errors->first; error != NULL; error = error->next)
        problem_cause(problem, field_error_reason(error->type), error->field, "%.*s", BYTES_ARG(error->text));
}

// --- the Status object

static void field_bytes(struct json_writer *json, const char *name, bytes_t text)
{
    if (text.size > 0)
        json_field_bytes(json, name, text);
}

static void causes_write(struct json_writer *json, const struct problem *problem)
{
    if (problem->cause_count == 0)
        return;
    json_key(json, "causes");
    json_array_begin(json);
    for (size_t i = 0; i < problem->cause_count; i++) {
        const struct problem_cause *cause = &problem->causes[i];
        json_object_begin(json);
        json_field_text(json, "reason", cause->reason);
        json_field_bytes(json, "message", cause->message);
        field_bytes(json, "field", cause->field);
        json_object_end(json);
    }
    json_array_end(json);
}

void problem_write(struct json_writer *json, const struct problem *problem)
{
    json_object_begin(json);
    json_field_text(json, "kind", "Status");
    json_field_text(json, "apiVersion", "v1");
    json_key(json, "metadata");
    json_object_begin(json);
    json_object_end(json);
    json_field_text(json, "status", "Failure");
    json_field_bytes(json, "message", problem->message);
    json_field_text(json, "reason", problem_reason_text(problem->reason));
    if (problem->kind.size > 0 || problem->cause_count > 0 || problem->retry_after_s > 0) {
        json_key(json, "details");
        json_object_begin(json);
        field_bytes(json, "name", problem->name);
        field_bytes(json, "group", problem->group);
        field_bytes(json, "kind", problem->kind);
        field_bytes(json, "uid", problem->uid);
        causes_write(json, problem);
        if (problem->retry_after_s > 0)
            json_field_int(json, "retryAfterSeconds", problem->retry_after_s);
        json_object_end(json);
    }
    json_field_int(json, "code", problem->code != 0 ? problem->code : problem_code(problem->reason));
    json_object_end(json);
}
