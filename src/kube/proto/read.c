// SPDX-License-Identifier: Apache-2.0
#include "kube/proto/proto.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/embed.h"
#include "kube/proto/value.h"
#include "kube/yaml/yaml_read.h"

#include <stdio.h>

EMBED(proto_object_meta_text, "object_meta");
EMBED(proto_delete_options_text, "delete_options");

// Where we are, for sentences: names of fields, from the inside out.
struct place {
    const struct place *up;
    bytes_t name;
};

struct decode {
    struct arena *arena;
    diag_t *diag;
    size_t values;
    unsigned depth;
};

static err_t message_read(struct decode *decode, bytes_t bytes, const struct json_value *properties, uint32_t outer,
                          struct json_value *object, const struct place *place);

// --- schemas

const struct json_value *proto_schema(const char *text, struct arena *arena)
{
    static const struct yaml_limits limits = { .size = 1 << 20, .values = 100000, .repeated = 50000, .documents = 1 };
    struct yaml_stream stream = { 0 };
    err_t err = yaml_read(bytes_of_text(text), &limits, arena, &stream, NULL);
    ASSERT(err == ERR_OK);
    ASSERT(stream.count == 1);
    return stream.documents[0];
}

const struct json_value *proto_delete_options(struct arena *arena)
{
    return proto_schema(proto_delete_options_text, arena);
}

// Whether the field that SCHEMA describes has this number: the number itself, or [OUTER, NUMBER].
static bool has_number(const struct json_value *schema, uint32_t outer, uint32_t number)
{
    const struct json_value *path = json_get(schema, "x-eddy-protobuf");
    int64_t first = 0, second = 0;
    if (path == NULL)
        return false;
    if (path->type != JSON_ARRAY)
        return outer == 0 && json_get_int(path, &first) && first == number;
    return json_get_int(path->first, &first) && json_get_int(path->last, &second) && path->count == 2 && outer != 0 &&
           first == outer && second == number;
}

static bool has_outer(const struct json_value *schema, uint32_t outer)
{
    const struct json_value *path = json_get(schema, "x-eddy-protobuf");
    int64_t first = 0;
    return path != NULL && path->type == JSON_ARRAY && json_get_int(path->first, &first) && first == outer;
}

static const struct json_value *field_find(const struct json_value *properties, uint32_t outer, uint32_t number)
{
    const struct json_value *property = properties == NULL ? NULL : properties->first;
    while (property != NULL && !has_number(property, outer, number))
        property = property->next;
    return property;
}

static bool is_inlined(const struct json_value *properties, uint32_t number)
{
    const struct json_value *property = properties == NULL ? NULL : properties->first;
    while (property != NULL && !has_outer(property, number))
        property = property->next;
    return property != NULL;
}

// A kind without numbers was never meant to come in this form: nothing but its metadata would be left.
static bool has_numbers(const struct json_value *schema)
{
    const struct json_value *properties = json_get(schema, "properties");
    const struct json_value *property = properties == NULL ? NULL : properties->first;
    while (property != NULL && json_get(property, "x-eddy-protobuf") == NULL)
        property = property->next;
    return property != NULL;
}

// --- errors

static size_t place_write(const struct place *place, char *to, size_t size)
{
    if (place == NULL)
        return 0;
    size_t used = place_write(place->up, to, size);
    if (used + 1 >= size)
        return used;
    int more = snprintf(to + used, size - used, "%s%.*s", used == 0 ? "" : ".", BYTES_ARG(place->name));
    return used + (size_t)more >= size ? size - 1 : used + (size_t)more;
}

static err_t fail(const struct decode *decode, err_t err, const struct place *place, const char *why)
{
    char where[sizeof decode->diag->where] = "";
    (void)place_write(place, where, sizeof where);
    return diag_fail(decode->diag, err, where, "%s", why);
}

// --- values

static err_t count(struct decode *decode, const struct place *place)
{
    return ++decode->values <= PROTO_VALUES_MAX ? ERR_OK
                                                : fail(decode, ERR_TOO_LARGE, place, "the object has too many values");
}

// A single value of any kind, into an object that may be there already (a message that comes in pieces is one).
static err_t single_read(struct decode *decode, const struct wire_field *field, const struct json_value *schema,
                         struct json_value *there, const struct place *place, struct json_value **ret_value)
{
    const struct value_kind *kind = value_kind_of(schema);
    const char *why = "";
    err_t err = count(decode, place);
    if (err != ERR_OK)
        return err;
    if (field->type != (kind == NULL ? WIRE_BYTES : kind->type))
        return fail(decode, ERR_MALFORMED, place, "the field is of another type");
    if (kind != NULL) {
        err = kind->read(field, schema, decode->arena, ret_value, &why);
        return err == ERR_OK ? ERR_OK : fail(decode, err, place, why);
    }
    *ret_value = there != NULL && there->type == JSON_OBJECT ? there : json_new(decode->arena, JSON_OBJECT);
    return message_read(decode, field->bytes, json_get(schema, "properties"), 0, *ret_value, place);
}

// Numbers of a list may come one by one, or all in one field (packed).
static err_t item_read(struct decode *decode, const struct wire_field *field, const struct json_value *schema,
                       struct json_value *array, const struct place *place)
{
    const struct value_kind *kind = value_kind_of(schema);
    struct json_value *item = NULL;
    err_t err = ERR_OK;
    if (kind == NULL || kind->type != WIRE_VARINT || field->type != WIRE_BYTES) {
        err = single_read(decode, field, schema, NULL, place, &item);
        if (err == ERR_OK)
            json_append(array, item);
        return err;
    }
    struct reader reader = reader_of(field->bytes);
    while (err == ERR_OK && reader_left(&reader) > 0) {
        struct wire_field one = { .type = WIRE_VARINT, .integer = reader_uvarlong(&reader) };
        if (reader.err != ERR_OK)
            return fail(decode, reader.err, place, err_text(reader.err));
        err = single_read(decode, &one, schema, NULL, place, &item);
        if (err == ERR_OK)
            json_append(array, item);
    }
    return err;
}

// An entry of a map is a message of key and value. Keys that come twice are dealt with at the end (json_unique).
static err_t entry_read(struct decode *decode, bytes_t bytes, const struct json_value *schema, struct json_value *map,
                        const struct place *place)
{
    static const bytes_t nothing = { (const uint8_t *)"", 0 };
    const struct value_kind *kind = value_kind_of(schema);
    struct wire_field field, value = { .type = kind == NULL ? WIRE_BYTES : kind->type, .bytes = nothing };
    struct reader reader = reader_of(bytes);
    bytes_t key = nothing;
    while (wire_next(&reader, &field)) {
        if (field.number == 1 && field.type == WIRE_BYTES)
            key = field.bytes;
        else if (field.number == 2)
            value = field;
    }
    if (reader.err != ERR_OK)
        return fail(decode, reader.err, place, err_text(reader.err));
    if (!bytes_is_utf8(key))
        return fail(decode, ERR_MALFORMED, place, "the key is not UTF-8");
    struct json_value *made = NULL;
    err_t err = single_read(decode, &value, schema, NULL, place, &made);
    if (err == ERR_OK) {
        made->name = key;
        json_append(map, made);
    }
    return err;
}

// --- messages

static struct json_value *inside(struct decode *decode, struct json_value *object, bytes_t name, enum json_type type)
{
    struct json_value *value = json_find(object, name);
    if (value == NULL) {
        value = json_new(decode->arena, type);
        json_set(object, name, value);
    }
    return value;
}

static err_t field_read(struct decode *decode, const struct wire_field *field, const struct json_value *schema,
                        struct json_value *object, const struct place *up)
{
    struct place place = { up, schema->name };
    const struct json_value *items = json_get(schema, "items"), *more = json_get(schema, "additionalProperties");
    const struct value_kind *kind = value_kind_of(schema);
    struct json_value *value = NULL;
    bool is_optional = false;
    if (items != NULL)
        return item_read(decode, field, items, inside(decode, object, schema->name, JSON_ARRAY), &place);
    if (more != NULL && more->type == JSON_OBJECT) {
        if (field->type != WIRE_BYTES)
            return fail(decode, ERR_MALFORMED, &place, "the field is of another type");
        return entry_read(decode, field->bytes, more, inside(decode, object, schema->name, JSON_OBJECT), &place);
    }
    (void)json_get_bool(json_get(schema, "x-eddy-protobuf-optional"), &is_optional);
    if (kind != NULL && field->type == kind->type && kind->is_zero(field) && !is_optional) {
        json_unset(object, schema->name);
        return ERR_OK;
    }
    err_t err = single_read(decode, field, schema, json_find(object, schema->name), &place, &value);
    if (err == ERR_OK && value->up == NULL)
        json_set(object, schema->name, value);
    return err;
}

static err_t message_read(struct decode *decode, bytes_t bytes, const struct json_value *properties, uint32_t outer,
                          struct json_value *object, const struct place *place)
{
    struct reader reader = reader_of(bytes);
    struct wire_field field;
    err_t err = ERR_OK;
    if (decode->depth == PROTO_DEPTH_MAX)
        return fail(decode, ERR_TOO_LARGE, place, "messages are nested too deeply");
    decode->depth++;
    while (err == ERR_OK && wire_next(&reader, &field)) {
        const struct json_value *schema = field_find(properties, outer, field.number);
        if (schema != NULL)
            err = field_read(decode, &field, schema, object, place);
        else if (outer == 0 && field.type == WIRE_BYTES && is_inlined(properties, field.number))
            err = message_read(decode, field.bytes, properties, field.number, object, place);
    }
    decode->depth--;
    return err == ERR_OK && reader.err != ERR_OK ? fail(decode, reader.err, place, err_text(reader.err)) : err;
}

// --- the envelope

struct envelope {
    bytes_t api_version, kind, raw, encoding, type;
};

static void type_meta_read(struct reader *outer, bytes_t bytes, struct envelope *envelope)
{
    struct reader reader = reader_of(bytes);
    struct wire_field field;
    while (wire_next(&reader, &field)) {
        if (field.number == 1)
            envelope->api_version = field.bytes;
        if (field.number == 2)
            envelope->kind = field.bytes;
    }
    if (reader.err != ERR_OK)
        reader_fail(outer, reader.err);
}

// runtime.Unknown.
static err_t envelope_read(const struct decode *decode, bytes_t bytes, struct envelope *ret_envelope)
{
    struct reader reader = reader_of(bytes);
    struct wire_field field;
    *ret_envelope = (struct envelope){ 0 };
    bytes_t *parts[] = { &ret_envelope->raw, &ret_envelope->encoding, &ret_envelope->type };
    while (wire_next(&reader, &field)) {
        if (field.number == 1)
            type_meta_read(&reader, field.bytes, ret_envelope);
        else if (field.number - 2 < ARRAY_COUNT(parts))
            *parts[field.number - 2] = field.bytes;
    }
    if (reader.err != ERR_OK)
        return fail(decode, reader.err, NULL, err_text(reader.err));
    if (ret_envelope->encoding.size > 0)
        return fail(decode, ERR_UNSUPPORTED, NULL, "the content is encoded: send it as it is");
    if (ret_envelope->type.size > 0 && !bytes_is(ret_envelope->type, PROTO_MEDIA_TYPE))
        return fail(decode, ERR_UNSUPPORTED, NULL, "the content is of another type than its envelope");
    if (!bytes_is_utf8(ret_envelope->api_version) || !bytes_is_utf8(ret_envelope->kind))
        return fail(decode, ERR_MALFORMED, NULL, "apiVersion and kind are not UTF-8");
    return ERR_OK;
}

// The properties, with metadata as number 1 unless they have one themselves.
static const struct json_value *with_metadata(const struct decode *decode, const struct json_value *schema)
{
    const struct json_value *properties = json_get(schema, "properties");
    if (field_find(properties, 0, 1) != NULL)
        return properties;
    struct json_value *all =
        properties == NULL ? json_new(decode->arena, JSON_OBJECT) : json_copy(decode->arena, properties);
    struct json_value *metadata = json_copy(decode->arena, proto_schema(proto_object_meta_text, decode->arena));
    json_set_int(metadata, decode->arena, "x-eddy-protobuf", 1);
    json_set(all, BYTES_LITERAL("metadata"), metadata);
    return all;
}

err_t proto_read(bytes_t body, const struct json_value *schema, struct arena *arena, struct json_value **ret_object,
                 diag_t *diag)
{
    static const char magic[] = { 'k', '8', 's', '\0' };
    struct decode decode = { .arena = arena, .diag = diag };
    struct envelope envelope;
    if (body.size < sizeof magic || memcmp(body.data, magic, sizeof magic) != 0)
        return fail(&decode, ERR_MALFORMED, NULL, "it does not begin with the bytes of Kubernetes' protocol buffers");
    if (!has_numbers(schema))
        return fail(&decode, ERR_UNSUPPORTED, NULL, "this kind cannot be read as protocol buffers: send JSON");
    err_t err = envelope_read(&decode, bytes_of(body.data + sizeof magic, body.size - sizeof magic), &envelope);
    if (err != ERR_OK)
        return err;
    struct json_value *object = json_new(arena, JSON_OBJECT);
    if (envelope.api_version.size > 0)
        json_set_bytes(object, arena, "apiVersion", envelope.api_version);
    if (envelope.kind.size > 0)
        json_set_bytes(object, arena, "kind", envelope.kind);
    err = message_read(&decode, envelope.raw, with_metadata(&decode, schema), 0, object, NULL);
    if (err != ERR_OK)
        return err;
    json_unique(object, NULL, NULL);
    *ret_object = object;
    return ERR_OK;
}
