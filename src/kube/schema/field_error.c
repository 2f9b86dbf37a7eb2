// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/field_error.h"

#include "base/mem.h"
#include "kube/schema/go_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const reasons[] = {
#define FIELD_ERROR_REASON(name, reason, words) reason,
    FIELD_ERROR_TABLE(FIELD_ERROR_REASON)
#undef FIELD_ERROR_REASON
};

static const char *const type_words[] = {
#define FIELD_ERROR_WORDS(name, reason, words) words,
    FIELD_ERROR_TABLE(FIELD_ERROR_WORDS)
#undef FIELD_ERROR_WORDS
};

const char *field_error_reason(enum field_error_type type)
{
    return reasons[type];
}

void field_path_write(struct writer *out, const struct field_path *path)
{
    if (path == NULL)
        return;
    field_path_write(out, path->up);
    if (path->step == FIELD_INDEX) {
        writer_format(out, "[%zu]", path->index);
        return;
    }
    writer_text(out, path->step == FIELD_KEY ? "[" : path->up != NULL ? "." : "");
    writer_bytes(out, path->name);
    writer_text(out, path->step == FIELD_KEY ? "]" : "");
}

static bytes_t arena_take(struct arena *arena, struct writer *out)
{
    bytes_t text = arena_copy(arena, writer_view(out));
    writer_free(out);
    return text.data == NULL ? bytes_of("", 0) : text;
}

bytes_t field_path_text(struct arena *arena, const struct field_path *path)
{
    if (path == NULL)
        return BYTES_LITERAL("<nil>");
    struct writer out = WRITER_INIT;
    field_path_write(&out, path);
    return arena_take(arena, &out);
}

bytes_t field_quoted(struct arena *arena, bytes_t text)
{
    struct writer out = WRITER_INIT;
    go_quote(&out, text);
    return arena_take(arena, &out);
}

bytes_t field_supported(struct arena *arena, const bytes_t *values, size_t count)
{
    struct writer out = WRITER_INIT;
    for (size_t i = 0; i < count; i++) {
        writer_text(&out, i == 0 ? "supported values: " : ", ");
        go_quote(&out, values[i]);
    }
    return arena_take(arena, &out);
}

static void append(struct field_errors *errors, struct field_error *error)
{
    if (errors->last == NULL)
        errors->first = error;
    else
        errors->last->next = error;
    errors->last = error;
    errors->count++;
}

void field_error_add(struct field_errors *errors, enum field_error_type type, bytes_t field, bytes_t value,
                     bytes_t detail)
{
    if (errors->count == errors->limit) {
        errors->hidden++;
        return;
    }
    struct writer out = WRITER_INIT;
    writer_text(&out, type_words[type]);
    if (value.data != NULL) {
        writer_text(&out, ": ");
        writer_bytes(&out, value);
    }
    writer_text(&out, detail.size > 0 ? ": " : "");
    writer_bytes(&out, detail);
    struct field_error *error = arena_alloc(errors->arena, sizeof *error);
    *error = (struct field_error){ type, field, arena_take(errors->arena, &out), NULL };
    append(errors, error);
}

void field_errors_append(struct field_errors *errors, const struct field_errors *more)
{
    errors->hidden += more->hidden;
    for (const struct field_error *from = more->first; from != NULL; from = from->next) {
        if (errors->count == errors->limit) {
            errors->hidden++;
            continue;
        }
        struct field_error *error = arena_alloc(errors->arena, sizeof *error);
        *error = (struct field_error){ from->type, from->field, from->text, NULL };
        append(errors, error);
    }
}

static bool is_inside(bytes_t field, bytes_t of)
{
    return bytes_starts_with(field, of) &&
           (field.size == of.size || field.data[of.size] == '.' || field.data[of.size] == '[');
}

// The field of `"FIELD" must validate at least one schema (anyOf)` and its like, which are said of the object as a
// whole; else BYTES_NULL.
static bytes_t whole_of(const struct field_error *error)
{
    static const char mark[] = "\" must ";
    const uint8_t *end = memmem(error->text.data, error->text.size, mark, sizeof mark - 1), *start = end;
    if (!bytes_is(error->field, "<nil>") || end == NULL)
        return BYTES_NULL;
    while (start > error->text.data && start[-1] != '"')
        start--;
    return bytes_of(start, (size_t)(end - start));
}

static bool is_about(const struct field_error *error, const struct field_errors *better)
{
    bytes_t whole = whole_of(error);
    for (const struct field_error *other = better->first; other != NULL; other = other->next) {
        if (is_inside(error->field, other->field))
            return true;
        if (whole.size > 0 && (is_inside(whole, other->field) || is_inside(other->field, whole)))
            return true;
    }
    return false;
}

void field_errors_replace(struct field_errors *errors, const struct field_errors *better)
{
    struct field_errors kept = { .arena = errors->arena, .limit = errors->limit, .hidden = errors->hidden };
    for (struct field_error *error = errors->first, *next; error != NULL; error = next) {
        next = error->next;
        error->next = NULL;
        if (!is_about(error, better))
            append(&kept, error);
    }
    field_errors_append(&kept, better);
    *errors = kept;
}

void field_fail(struct field_errors *errors, enum field_error_type type, const struct field_path *path, bytes_t value,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *detail = NULL;
    int size = vasprintf(&detail, format, args);
    va_end(args);
    if (size < 0)
        abort();
    field_error_add(errors, type, field_path_text(errors->arena, path), value, bytes_of(detail, (size_t)size));
    free(detail);
}

// Of "FIELD: TEXT"; -1 behind the end.
static int byte_at(const struct field_error *error, size_t at)
{
    if (at < error->field.size)
        return error->field.data[at];
    at -= error->field.size;
    if (at < 2)
        return ": "[at];
    at -= 2;
    return at < error->text.size ? error->text.data[at] : -1;
}

static int by_text(const void *a, const void *b)
{
    const struct field_error *left = *(struct field_error *const *)a, *right = *(struct field_error *const *)b;
    for (size_t i = 0;; i++) {
        int order = byte_at(left, i) - byte_at(right, i);
        if (order != 0 || byte_at(left, i) < 0)
            return order;
    }
}

void field_errors_sort(struct field_errors *errors)
{
    if (errors->count < 2)
        return;
    struct field_error **all = mem_alloc(errors->count * sizeof *all);
    size_t count = 0;
    for (struct field_error *error = errors->first; error != NULL; error = error->next)
        all[count++] = error;
    qsort(all, count, sizeof all[0], by_text);
    for (size_t i = 0; i < count; i++)
        all[i]->next = i + 1 < count ? all[i + 1] : NULL;
    errors->first = all[0];
    errors->last = all[count - 1];
    free(all);
}

static bool was_written(const struct field_errors *errors, const struct field_error *error)
{
    for (const struct field_error *other = errors->first; other != error; other = other->next) {
        if (bytes_equal(other->field, error->field) && bytes_equal(other->text, error->text))
            return true;
    }
    return false;
}

void field_errors_write(struct writer *out, const struct field_errors *errors)
{
    size_t different = 0;
    for (const struct field_error *error = errors->first; error != NULL; error = error->next)
        different += was_written(errors, error) ? 0 : 1;
    bool is_list = different > 1 || errors->hidden > 0;
    size_t written = 0;
    writer_text(out, is_list ? "[" : "");
    for (const struct field_error *error = errors->first; error != NULL; error = error->next) {
        if (was_written(errors, error))
            continue;
        writer_text(out, written++ > 0 ? ", " : "");
        writer_bytes(out, error->field);
        writer_text(out, ": ");
        writer_bytes(out, error->text);
    }
    if (errors->hidden > 0)
        writer_format(out, ", and %zu more", errors->hidden);
    writer_text(out, is_list ? "]" : "");
}
