// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/ping_source_rules.h"

#include "base/base64.h"
#include "base/cron.h"
#include "eventing/kinds/delivery_rules.h"
#include "eventing/kinds/time_zone.h"
#include "kube/object.h"

void ping_source_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    const struct json_value *schedule = json_get(spec, "schedule");
    (void)live;
    if (schedule != NULL && schedule->type == JSON_STRING && schedule->text.size == 0)
        json_set_text(spec, arena, "schedule", "* * * * *");
    destination_at_fill(arena, spec, "sink", object_namespace(object));
}

static void schedule_check(struct field_errors *errors, const struct json_value *spec)
{
    struct cron cron;
    diag_t diag;
    bytes_t schedule = json_text_at(spec, "schedule");
    if (schedule.size > 0 && cron_parse(schedule, &cron, &diag) != ERR_OK)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.schedule"), field_quoted(errors->arena, schedule),
                        bytes_of_text(arena_format(errors->arena, "%s", diag.text)));
}

// With contentType application/json the data is an object: Knative reads it into a map, and so takes null too.
static void object_check(struct field_errors *errors, bytes_t data, const char *field)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 20000 };
    struct arena arena = ARENA_INIT;
    struct json_value *value = NULL;
    diag_t diag;
    const char *why = NULL;
    if (json_parse(data, &limits, &arena, &value, &diag) != ERR_OK)
        why = arena_format(errors->arena, "contentType is application/json, but this is not: %s", diag.text);
    else if (value->type != JSON_OBJECT && value->type != JSON_NULL)
        why = "contentType is application/json: must be a JSON object";
    if (why != NULL)
        field_error_add(errors, FIELD_INVALID, bytes_of_text(field), BYTES_NULL, bytes_of_text(why));
    arena_free(&arena);
}

static void base64_check(struct field_errors *errors, bytes_t text, bool is_json)
{
    uint8_t *data = arena_alloc(errors->arena, text.size / 4 * 3 + 2);
    size_t size = 0;
    if (!base64_decode(BASE64_STANDARD, text, data, &size))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.dataBase64"), BYTES_NULL,
                        BYTES_LITERAL("illegal base64 data"));
    else if (is_json)
        object_check(errors, bytes_of(data, size), "spec.dataBase64");
}

static void zone_inspect(struct field_errors *errors, const struct json_value *spec)
{
    const struct zone *zone;
    bytes_t name = json_text_at(spec, "timezone");
    diag_t diag = { 0 };
    if (time_zone_read(name, errors->arena, &zone, &diag) != ERR_OK)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.timezone"), field_quoted(errors->arena, name),
                        bytes_of_text(arena_format(errors->arena, "provided bad location: %s", diag.text)));
}

void ping_source_inspect(struct field_errors *errors, const struct json_value *object)
{
    const struct json_value *spec = json_get(object, "spec");
    struct field_path path = field_child(NULL, BYTES_LITERAL("spec"));
    destination_at_inspect(errors, spec, "sink", &path);
    zone_inspect(errors, spec);
}

void ping_source_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    const struct json_value *spec = json_get(object, "spec");
    bytes_t data = json_text_at(spec, "data"), base64 = json_text_at(spec, "dataBase64");
    bool is_json = bytes_is(json_text_at(spec, "contentType"), "application/json");
    (void)live;
    schedule_check(errors, spec);
    overrides_check(errors, object);
    if (data.size > 0 && base64.size > 0)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.dataBase64"), BYTES_NULL,
                        BYTES_LITERAL("expected exactly one, got both: spec.data, spec.dataBase64"));
    else if (base64.size > 0)
        base64_check(errors, base64, is_json);
    else if (data.size > 0 && is_json)
        object_check(errors, data, "spec.data");
}
