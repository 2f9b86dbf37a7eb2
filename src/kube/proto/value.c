// SPDX-License-Identifier: Apache-2.0
#include "kube/proto/value.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/civil.h"
#include "base/json_edit.h"

#define READ_ARGUMENTS                                                                                                 \
    const struct wire_field *field, const struct json_value *schema, struct arena *arena,                              \
        struct json_value **ret_value, const char **ret_why

static err_t fail(err_t err, const char *why, const char **ret_why)
{
    *ret_why = why;
    return err;
}

// --- plain values

static bool is_zero_integer(const struct wire_field *field)
{
    return field->integer == 0;
}

static bool is_empty(const struct wire_field *field)
{
    return field->bytes.size == 0;
}

static err_t read_integer(READ_ARGUMENTS)
{
    bytes_t format = BYTES_LITERAL("");
    (void)ret_why;
    (void)json_get_text(json_get(schema, "format"), &format);
    int64_t number = bytes_is(format, "int32") ? (int32_t)(uint32_t)field->integer : (int64_t)field->integer;
    *ret_value = json_new_int(arena, number);
    return ERR_OK;
}

static err_t read_bool(READ_ARGUMENTS)
{
    (void)schema;
    (void)ret_why;
    *ret_value = json_new_bool(arena, field->integer != 0);
    return ERR_OK;
}

static err_t read_text(READ_ARGUMENTS)
{
    (void)schema;
    if (!bytes_is_utf8(field->bytes))
        return fail(ERR_MALFORMED, "the text is not UTF-8", ret_why);
    *ret_value = json_new_bytes(arena, field->bytes);
    return ERR_OK;
}

static err_t read_bytes(READ_ARGUMENTS)
{
    (void)schema;
    (void)ret_why;
    char *text = arena_alloc(arena, BASE64_SIZE(field->bytes.size) + 1);
    *ret_value = json_new_bytes(arena, bytes_of(text, base64_encode(BASE64_STANDARD, field->bytes, text)));
    return ERR_OK;
}

// --- messages that are one value in JSON

// The fields 1 to 3 of a message; what comes last counts.
struct small {
    uint64_t integers[4];
    bytes_t texts[4];
};

static err_t small_read(bytes_t bytes, struct small *ret_small, const char **ret_why)
{
    struct reader reader = reader_of(bytes);
    struct wire_field field;
    *ret_small = (struct small){ 0 };
    while (wire_next(&reader, &field)) {
        if (field.number > 3)
            continue;
        ret_small->integers[field.number] = field.integer;
        ret_small->texts[field.number] = field.bytes;
    }
    return reader.err == ERR_OK ? ERR_OK : fail(reader.err, err_text(reader.err), ret_why);
}

// meta/v1 Timestamp: seconds, nanos.
static err_t time_read(const struct wire_field *field, const char **ret_why, int64_t *ret_ms, int *ret_micros)
{
    struct small time;
    err_t err = small_read(field->bytes, &time, ret_why);
    int64_t seconds = (int64_t)time.integers[1], nanos = (int64_t)time.integers[2];
    if (err != ERR_OK)
        return err;
    if (seconds < CIVIL_MS_MIN / 1000 || seconds > CIVIL_MS_MAX / 1000 || nanos < 0 || nanos > 999999999)
        return fail(ERR_MALFORMED, "the time is out of range", ret_why);
    *ret_ms = seconds * 1000;
    *ret_micros = (int)(nanos / 1000);
    return ERR_OK;
}

static err_t read_time(READ_ARGUMENTS)
{
    int64_t ms = 0;
    int micros = 0;
    char text[CIVIL_TEXT_SIZE];
    (void)schema;
    err_t err = time_read(field, ret_why, &ms, &micros);
    if (err == ERR_OK)
        *ret_value = json_new_text(arena, arena_text(arena, bytes_of_text(civil_format_seconds(ms, text))));
    return err;
}

static err_t read_micro_time(READ_ARGUMENTS)
{
    int64_t ms = 0;
    int micros = 0;
    char text[CIVIL_TEXT_SIZE];
    (void)schema;
    err_t err = time_read(field, ret_why, &ms, &micros);
    if (err == ERR_OK)
        *ret_value = json_new_text(arena, arena_format(arena, "%.19s.%06dZ", civil_format(ms, text), micros));
    return err;
}

static err_t text_of_small(const struct small *small, size_t number, struct arena *arena, const char *empty,
                           struct json_value **ret_value, const char **ret_why)
{
    bytes_t text = small->texts[number];
    if (!bytes_is_utf8(text))
        return fail(ERR_MALFORMED, "the text is not UTF-8", ret_why);
    *ret_value = json_new_bytes(arena, text.size == 0 ? bytes_of_text(empty) : text);
    return ERR_OK;
}

// resource.Quantity: its text.
static err_t read_quantity(READ_ARGUMENTS)
{
    struct small quantity;
    (void)schema;
    err_t err = small_read(field->bytes, &quantity, ret_why);
    return err == ERR_OK ? text_of_small(&quantity, 1, arena, "0", ret_value, ret_why) : err;
}

// intstr.IntOrString: which of both, the integer, the text.
static err_t read_int_or_string(READ_ARGUMENTS)
{
    struct small both;
    (void)schema;
    err_t err = small_read(field->bytes, &both, ret_why);
    if (err != ERR_OK)
        return err;
    if (both.integers[1] == 1)
        return text_of_small(&both, 3, arena, "", ret_value, ret_why);
    *ret_value = json_new_int(arena, (int32_t)(uint32_t)both.integers[2]);
    return ERR_OK;
}

// meta/v1 FieldsV1: JSON as it is.
static err_t read_fields_v1(READ_ARGUMENTS)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct small fields;
    (void)schema;
    err_t err = small_read(field->bytes, &fields, ret_why);
    if (err == ERR_OK && json_parse(fields.texts[1], &limits, arena, ret_value, NULL) != ERR_OK)
        return fail(ERR_MALFORMED, "the fields are not JSON", ret_why);
    return err;
}

// --- which of them

static const struct value_row {
    const char *marker; // x-eddy-protobuf-type
    const char *type, *format;
    struct value_kind kind;
} rows[] = {
    { "Quantity", NULL, NULL, { WIRE_BYTES, read_quantity, is_empty } },
    { "MicroTime", NULL, NULL, { WIRE_BYTES, read_micro_time, is_empty } },
    { "FieldsV1", NULL, NULL, { WIRE_BYTES, read_fields_v1, is_empty } },
    { "bytes", NULL, NULL, { WIRE_BYTES, read_bytes, is_empty } },
    { NULL, "string", "date-time", { WIRE_BYTES, read_time, is_empty } },
    { NULL, "string", NULL, { WIRE_BYTES, read_text, is_empty } },
    { NULL, "integer", NULL, { WIRE_VARINT, read_integer, is_zero_integer } },
    { NULL, "boolean", NULL, { WIRE_VARINT, read_bool, is_zero_integer } },
};
static const struct value_kind int_or_string = { WIRE_BYTES, read_int_or_string, is_empty };

const struct value_kind *value_kind_of(const struct json_value *schema)
{
    bytes_t marker = BYTES_LITERAL(""), type = BYTES_LITERAL(""), format = BYTES_LITERAL("");
    bool is_both = false;
    (void)json_get_text(json_get(schema, "x-eddy-protobuf-type"), &marker);
    (void)json_get_text(json_get(schema, "type"), &type);
    (void)json_get_text(json_get(schema, "format"), &format);
    (void)json_get_bool(json_get(schema, "x-kubernetes-int-or-string"), &is_both);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct value_row *row = &rows[i];
        bool fits = row->marker != NULL ? bytes_is(marker, row->marker)
                                        : marker.size == 0 && bytes_is(type, row->type) &&
                                              (row->format == NULL || bytes_is(format, row->format));
        if (fits)
            return &row->kind;
    }
    return is_both ? &int_or_string : NULL;
}
