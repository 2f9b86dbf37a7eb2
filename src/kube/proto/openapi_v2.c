// SPDX-License-Identifier: Apache-2.0
#include "kube/proto/openapi_v2.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/proto/wire.h"

// The messages are tables: which member of the JSON object is which field. Source: gnostic, openapiv2/OpenAPIv2.proto.
struct row;
struct message {
    const struct row *rows;
    size_t count;
    uint32_t extensions; // number of the field for members that begin with "x-"; 0: none
    // A message whose fields are names of the document: every other member goes into field NAMED, as name and value.
    uint32_t named;
    void (*write_named)(struct writer *out, uint32_t number, const struct json_value *value,
                        const struct message *message);
    const struct message *named_message;
};

struct row {
    const char *name;
    uint32_t number;
    void (*write)(struct writer *out, uint32_t number, const struct json_value *value, const struct message *message);
    const struct message *message;
};

#define WRITE_ARGUMENTS                                                                                                \
    struct writer *out, uint32_t number, const struct json_value *value, const struct message *message

static const struct message schema_message;

// --- the wire

static void bytes_write(struct writer *out, uint32_t number, bytes_t bytes)
{
    writer_uvarlong(out, (uint64_t)number << 3 | WIRE_BYTES);
    writer_uvarlong(out, bytes.size);
    writer_bytes(out, bytes);
}

static void integer_write(struct writer *out, uint32_t number, uint64_t integer)
{
    writer_uvarlong(out, (uint64_t)number << 3 | WIRE_VARINT);
    writer_uvarlong(out, integer);
}

// INNER becomes field NUMBER, and is free then.
static void inner_write(struct writer *out, uint32_t number, struct writer *inner)
{
    bytes_write(out, number, writer_view(inner));
    writer_free(inner);
}

// --- values

static void write_text(WRITE_ARGUMENTS)
{
    (void)message;
    if (value->type == JSON_STRING)
        bytes_write(out, number, value->text);
}

static void write_flag(WRITE_ARGUMENTS)
{
    bool is = false;
    (void)message;
    if (json_get_bool(value, &is) && is)
        integer_write(out, number, 1);
}

static void write_count(WRITE_ARGUMENTS)
{
    int64_t count = 0;
    (void)message;
    if (json_get_int(value, &count) && count != 0)
        integer_write(out, number, (uint64_t)count);
}

static void write_real(WRITE_ARGUMENTS)
{
    double real = 0;
    uint64_t bits;
    (void)message;
    if (!json_get_double(value, &real) || real == 0)
        return;
    memcpy(&bits, &real, sizeof bits);
    writer_uvarlong(out, (uint64_t)number << 3 | WIRE_FIXED64);
    for (int i = 0; i < 8; i++)
        writer_u8(out, (uint8_t)(bits >> (8 * i)));
}

// Any: a text in YAML, which JSON is, too.
static void write_any(WRITE_ARGUMENTS)
{
    struct writer text = WRITER_INIT, any = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    (void)message;
    json_value_write(&json, value);
    writer_text(&text, "\n");
    inner_write(&any, 2, &text);
    inner_write(out, number, &any);
}

static void write_texts(WRITE_ARGUMENTS)
{
    for (const struct json_value *item = value->type == JSON_ARRAY ? value->first : NULL; item != NULL;
         item = item->next)
        write_text(out, number, item, message);
}

static void write_anys(WRITE_ARGUMENTS)
{
    for (const struct json_value *item = value->type == JSON_ARRAY ? value->first : NULL; item != NULL;
         item = item->next)
        write_any(out, number, item, message);
}

// --- messages

static bool is_extension(bytes_t name)
{
    return name.size > 2 && memcmp(name.data, "x-", 2) == 0;
}

// NamedAny, NamedSchema ...: name and value.
static void named_write(struct writer *out, uint32_t number, const struct json_value *value,
                        void (*write_value)(WRITE_ARGUMENTS), const struct message *message)
{
    struct writer named = WRITER_INIT;
    bytes_write(&named, 1, value->name);
    write_value(&named, 2, value, message);
    inner_write(out, number, &named);
}

static void members_write(struct writer *out, const struct json_value *object, const struct message *message)
{
    for (const struct json_value *member = object->first; member != NULL; member = member->next) {
        size_t i = 0;
        while (i < message->count && !bytes_is(member->name, message->rows[i].name))
            i++;
        if (i < message->count)
            message->rows[i].write(out, message->rows[i].number, member, message->rows[i].message);
        else if (message->extensions != 0 && is_extension(member->name))
            named_write(out, message->extensions, member, write_any, NULL);
        else if (message->named != 0)
            named_write(out, message->named, member, message->write_named, message->named_message);
    }
}

static void write_message(WRITE_ARGUMENTS)
{
    struct writer inner = WRITER_INIT;
    if (value->type != JSON_OBJECT)
        return;
    members_write(&inner, value, message);
    inner_write(out, number, &inner);
}

static void write_messages(WRITE_ARGUMENTS)
{
    for (const struct json_value *item = value->type == JSON_ARRAY ? value->first : NULL; item != NULL;
         item = item->next)
        write_message(out, number, item, message);
}

// A message of one field: TypeItem of texts, ItemsItem and SchemaItem of a schema.
static void write_type(WRITE_ARGUMENTS)
{
    struct writer inner = WRITER_INIT;
    if (value->type == JSON_ARRAY)
        write_texts(&inner, 1, value, message);
    else
        write_text(&inner, 1, value, message);
    inner_write(out, number, &inner);
}

static void write_schema_item(WRITE_ARGUMENTS)
{
    struct writer inner = WRITER_INIT;
    if (value->type != JSON_OBJECT)
        return;
    write_message(&inner, 1, value, message);
    inner_write(out, number, &inner);
}

// AdditionalPropertiesItem: a schema, or whether there may be any. In a oneof even false is written.
static void write_additional(WRITE_ARGUMENTS)
{
    struct writer inner = WRITER_INIT;
    if (value->type == JSON_BOOL)
        integer_write(&inner, 2, value->is_true);
    else
        write_message(&inner, 1, value, message);
    inner_write(out, number, &inner);
}

// --- tables

// clang-format off
#define MESSAGE(list) .rows = (list), .count = ARRAY_COUNT(list)

static const struct message properties_message = { .named = 1, .write_named = write_message, .named_message = &schema_message };
static const struct row docs_rows[] = {
    { "description", 1, write_text, NULL },
    { "url", 2, write_text, NULL },
};
static const struct message docs_message = { MESSAGE(docs_rows), .extensions = 3 };
static const struct row schema_rows[] = {
    { "$ref", 1, write_text, NULL },
    { "format", 2, write_text, NULL },
    { "title", 3, write_text, NULL },
    { "description", 4, write_text, NULL },
    { "default", 5, write_any, NULL },
    { "multipleOf", 6, write_real, NULL },
    { "maximum", 7, write_real, NULL },
    { "exclusiveMaximum", 8, write_flag, NULL },
    { "minimum", 9, write_real, NULL },
    { "exclusiveMinimum", 10, write_flag, NULL },
    { "maxLength", 11, write_count, NULL },
    { "minLength", 12, write_count, NULL },
    { "pattern", 13, write_text, NULL },
    { "maxItems", 14, write_count, NULL },
    { "minItems", 15, write_count, NULL },
    { "uniqueItems", 16, write_flag, NULL },
    { "maxProperties", 17, write_count, NULL },
    { "minProperties", 18, write_count, NULL },
    { "required", 19, write_texts, NULL },
    { "enum", 20, write_anys, NULL },
    { "additionalProperties", 21, write_additional, &schema_message },
    { "type", 22, write_type, NULL },
    { "items", 23, write_schema_item, &schema_message },
    { "allOf", 24, write_messages, &schema_message },
    { "properties", 25, write_message, &properties_message },
    { "discriminator", 26, write_text, NULL },
    { "readOnly", 27, write_flag, NULL },
    { "externalDocs", 29, write_message, &docs_message },
    { "example", 30, write_any, NULL },
};
static const struct message schema_message = { MESSAGE(schema_rows), .extensions = 31 };

static const struct row body_parameter_rows[] = {
    { "description", 1, write_text, NULL },
    { "name", 2, write_text, NULL },
    { "in", 3, write_text, NULL },
    { "required", 4, write_flag, NULL },
    { "schema", 5, write_message, &schema_message },
};
static const struct message body_parameter_message = { MESSAGE(body_parameter_rows), .extensions = 6 };
static const struct row query_parameter_rows[] = {
    { "required", 1, write_flag, NULL },
    { "in", 2, write_text, NULL },
    { "description", 3, write_text, NULL },
    { "name", 4, write_text, NULL },
    { "allowEmptyValue", 5, write_flag, NULL },
    { "type", 6, write_text, NULL },
    { "format", 7, write_text, NULL },
    { "uniqueItems", 20, write_flag, NULL },
};
static const struct message query_parameter_message = { MESSAGE(query_parameter_rows), .extensions = 23 };
// Of headers and paths.
static const struct row other_parameter_rows[] = {
    { "required", 1, write_flag, NULL },
    { "in", 2, write_text, NULL },
    { "description", 3, write_text, NULL },
    { "name", 4, write_text, NULL },
    { "type", 5, write_text, NULL },
    { "format", 6, write_text, NULL },
    { "uniqueItems", 19, write_flag, NULL },
};
static const struct message other_parameter_message = { MESSAGE(other_parameter_rows), .extensions = 22 };
static const struct row reference_rows[] = {
    { "$ref", 1, write_text, NULL },
    { "description", 2, write_text, NULL },
};
static const struct message reference_message = { MESSAGE(reference_rows) };
// clang-format on

// ParametersItem: a reference, or a Parameter: of the body, or a NonBodyParameter: of the header, the query, the path.
static const struct {
    const char *in;
    uint32_t number; // in NonBodyParameter
    const struct message *message;
} parameter_places[] = {
    { "header", 1, &other_parameter_message },
    { "query", 3, &query_parameter_message },
    { "path", 4, &other_parameter_message },
};

static void parameter_write(struct writer *out, const struct json_value *value)
{
    struct writer non_body = WRITER_INIT, parameter = WRITER_INIT;
    bytes_t in = BYTES_LITERAL("");
    (void)json_get_text(json_get(value, "in"), &in);
    if (bytes_is(in, "body"))
        write_message(&parameter, 1, value, &body_parameter_message);
    for (size_t i = 0; i < ARRAY_COUNT(parameter_places); i++) {
        if (!bytes_is(in, parameter_places[i].in))
            continue;
        write_message(&non_body, parameter_places[i].number, value, parameter_places[i].message);
        inner_write(&parameter, 2, &non_body);
    }
    inner_write(out, 1, &parameter);
}

static void write_parameters(WRITE_ARGUMENTS)
{
    (void)message;
    for (const struct json_value *item = value->type == JSON_ARRAY ? value->first : NULL; item != NULL;
         item = item->next) {
        struct writer inner = WRITER_INIT;
        if (json_get(item, "$ref") != NULL)
            write_message(&inner, 2, item, &reference_message);
        else
            parameter_write(&inner, item);
        inner_write(out, number, &inner);
    }
}

// ResponseValue: a reference, or a Response.
static const struct row response_rows[] = {
    { "description", 1, write_text, NULL },
    { "schema", 2, write_schema_item, &schema_message },
};
static const struct message response_message = { MESSAGE(response_rows), .extensions = 5 };

static void write_response(WRITE_ARGUMENTS)
{
    struct writer inner = WRITER_INIT;
    (void)message;
    if (json_get(value, "$ref") != NULL)
        write_message(&inner, 2, value, &reference_message);
    else
        write_message(&inner, 1, value, &response_message);
    inner_write(out, number, &inner);
}

// clang-format off
static const struct message responses_message = { .extensions = 2, .named = 1, .write_named = write_response };
static const struct row operation_rows[] = {
    { "tags", 1, write_texts, NULL },
    { "summary", 2, write_text, NULL },
    { "description", 3, write_text, NULL },
    { "externalDocs", 4, write_message, &docs_message },
    { "operationId", 5, write_text, NULL },
    { "produces", 6, write_texts, NULL },
    { "consumes", 7, write_texts, NULL },
    { "parameters", 8, write_parameters, NULL },
    { "responses", 9, write_message, &responses_message },
    { "schemes", 10, write_texts, NULL },
    { "deprecated", 11, write_flag, NULL },
};
static const struct message operation_message = { MESSAGE(operation_rows), .extensions = 13 };
static const struct row path_rows[] = {
    { "$ref", 1, write_text, NULL },
    { "get", 2, write_message, &operation_message },
    { "put", 3, write_message, &operation_message },
    { "post", 4, write_message, &operation_message },
    { "delete", 5, write_message, &operation_message },
    { "options", 6, write_message, &operation_message },
    { "head", 7, write_message, &operation_message },
    { "patch", 8, write_message, &operation_message },
    { "parameters", 9, write_parameters, NULL },
};
static const struct message path_message = { MESSAGE(path_rows), .extensions = 10 };
static const struct message paths_message = { .extensions = 1, .named = 2, .write_named = write_message, .named_message = &path_message };
static const struct row info_rows[] = {
    { "title", 1, write_text, NULL },
    { "version", 2, write_text, NULL },
    { "description", 3, write_text, NULL },
};
static const struct message info_message = { MESSAGE(info_rows), .extensions = 7 };
static const struct message definitions_message = { .named = 1, .write_named = write_message, .named_message = &schema_message };
static const struct row document_rows[] = {
    { "swagger", 1, write_text, NULL },
    { "info", 2, write_message, &info_message },
    { "host", 3, write_text, NULL },
    { "basePath", 4, write_text, NULL },
    { "schemes", 5, write_texts, NULL },
    { "consumes", 6, write_texts, NULL },
    { "produces", 7, write_texts, NULL },
    { "paths", 8, write_message, &paths_message },
    { "definitions", 9, write_message, &definitions_message },
    { "externalDocs", 15, write_message, &docs_message },
};
static const struct message document_message = { MESSAGE(document_rows), .extensions = 16 };
// clang-format on

void openapi_v2_write(struct writer *out, const struct json_value *document)
{
    members_write(out, document, &document_message);
}
