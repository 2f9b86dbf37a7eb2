// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/delivery_rules.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "eventing/delivery.h"
#include "eventing/limiter.h"
#include "kube/object.h"

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A scheme, and something behind "://" (RFC 3986 3.1): as the schema's pattern.
static bool is_whole(bytes_t uri)
{
    size_t at = 0;
    while (at < uri.size && (is_letter(uri.data[at]) || (at > 0 && strchr("0123456789+.-", uri.data[at]) != NULL)))
        at++;
    return at > 0 && uri.size > at + 3 && memcmp(uri.data + at, "://", 3) == 0 && uri.data[at + 3] != '/';
}

// knative.dev/pkg: ValidateDestination.
void destination_inspect(struct field_errors *errors, const struct json_value *destination,
                         const struct field_path *path)
{
    const struct json_value *uri = json_get(destination, "uri");
    struct field_path at = field_child(path, BYTES_LITERAL("uri"));
    if (destination == NULL || destination->type != JSON_OBJECT || json_get(destination, "ref") != NULL)
        return;
    bytes_t field = field_path_text(errors->arena, path);
    if (uri == NULL)
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL, "expected at least one, got none: %.*s.ref, %.*s.uri",
                   BYTES_ARG(field), BYTES_ARG(field));
    else if (uri->type == JSON_STRING && !is_whole(uri->text))
        field_fail(errors, FIELD_INVALID, &at, field_quoted(errors->arena, uri->text),
                   "Relative URI is not allowed when Ref and [apiVersion, kind, name] is absent: write a whole URL, "
                   "such as http://shop.example.org/events");
}

void destination_at_inspect(struct field_errors *errors, const struct json_value *spec, const char *name,
                            const struct field_path *path)
{
    struct field_path at = field_child(path, bytes_of_text(name));
    destination_inspect(errors, json_get(spec, name), &at);
}

void destination_or_none_inspect(struct field_errors *errors, const struct json_value *spec, const char *name,
                                 const struct field_path *path)
{
    const struct json_value *destination = json_get(spec, name);
    if (destination != NULL && destination->first != NULL)
        destination_at_inspect(errors, spec, name, path);
}

void delivery_inspect(struct field_errors *errors, const struct json_value *spec, const struct field_path *path)
{
    static const char *const members[] = { "retry", "backoffDelay", "timeout", "retryAfterMax" };
    const struct json_value *delivery = json_get(spec, "delivery");
    struct field_path at = field_child(path, BYTES_LITERAL("delivery"));
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        // One by one, so that each is told.
        struct delivery read = delivery_default(BACKOFF_FROM_ZERO);
        struct field_path member = field_child(&at, bytes_of_text(members[i]));
        const struct json_value *value = json_get(delivery, members[i]);
        struct json_value *alone = json_new(errors->arena, JSON_OBJECT);
        diag_t diag = { 0 };
        if (value == NULL)
            continue;
        json_set(alone, bytes_of_text(members[i]), json_copy(errors->arena, value));
        if (delivery_read(alone, &read, &diag) != ERR_OK)
            field_fail(errors, FIELD_INVALID, &member, BYTES_NULL, "%s", diag.text);
    }
    destination_at_inspect(errors, delivery, "deadLetterSink", &at);
}

void spec_delivery_inspect(struct field_errors *errors, const struct json_value *object)
{
    struct field_path spec = field_child(NULL, BYTES_LITERAL("spec"));
    delivery_inspect(errors, json_get(object, "spec"), &spec);
}

static void annotation_fail(struct field_errors *errors, const char *name, const char *text)
{
    field_error_add(errors, FIELD_INVALID, bytes_of_text(arena_format(errors->arena, "metadata.annotations[%s]", name)),
                    BYTES_NULL, bytes_of_text(text));
}

void limits_inspect(struct field_errors *errors, const struct json_value *object)
{
    static const struct {
        const char *name;
        err_t (*read)(bytes_t text, int64_t *ret_number, diag_t *diag);
    } rows[] = { { DELIVERY_RATE, limiter_rate_read }, { DELIVERY_AT_ONCE, limiter_at_once_read } };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t text = object_annotation(object, rows[i].name);
        int64_t number;
        diag_t diag = { 0 };
        if (text.size > 0 && rows[i].read(text, &number, &diag) != ERR_OK)
            annotation_fail(errors, rows[i].name, arena_format(errors->arena, "%s", diag.text));
    }
}

void order_inspect(struct field_errors *errors, const struct json_value *object)
{
    bytes_t order = object_annotation(object, DELIVERY_ORDER);
    if (order.size > 0 && !bytes_is(order, "ordered") && !bytes_is(order, "unordered"))
        annotation_fail(errors, DELIVERY_ORDER,
                        arena_format(errors->arena, "\"%.*s\" is neither ordered nor unordered", BYTES_ARG(order)));
}
