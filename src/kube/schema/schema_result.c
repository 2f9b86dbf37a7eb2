// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void append(const struct schema_results *results, struct schema_result *result, struct schema_found *found)
{
    for (const struct schema_found *other = result->first; other != NULL; other = other->next) {
        if (bytes_equal(other->message, found->message))
            return;
    }
    if (result->count == results->limit) {
        result->hidden++;
        return;
    }
    found->next = NULL;
    if (result->last == NULL)
        result->first = found;
    else
        result->last->next = found;
    result->last = found;
    result->count++;
}

void schema_result_add(const struct schema_results *results, struct schema_result *result, struct schema_found found)
{
    struct schema_found *copy = arena_alloc(results->arena, sizeof *copy);
    *copy = found;
    append(results, result, copy);
}

void schema_result_fail(const struct schema_results *results, struct schema_result *result, enum field_error_type type,
                        bytes_t path, bytes_t value, const char *format, ...)
{
    // Of thousands of items that are all wrong the first few are told: no memory for the words of the others.
    if (results->is_quiet || result->count == results->limit) {
        result->hidden++;
        return;
    }
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0)
        abort();
    bytes_t message = arena_copy(results->arena, bytes_of(text, (size_t)size));
    free(text);
    schema_result_add(results, result, (struct schema_found){ type, path, value, message, message, NULL });
}

void schema_result_merge(const struct schema_results *results, struct schema_result *into, struct schema_result *from)
{
    for (struct schema_found *found = from->first, *next; found != NULL; found = next) {
        next = found->next;
        append(results, into, found);
    }
    into->hidden += from->hidden;
    into->matches += from->matches;
    *from = (struct schema_result){ 0 };
}
