// SPDX-License-Identifier: Apache-2.0
#include "kafka/schema.h"

#include "base/assert.h"

// What a generic array is in memory: KAFKA_ARRAY_OF without its type. Copied in and out, never aliased.
struct array {
    void *items;
    int32_t count;
};

struct decoder {
    struct reader *reader;
    struct arena *arena;
    size_t arena_limit;
    int version;
    bool is_flexible;
};

struct encoder {
    struct kafka_frame *frame;
    struct writer *writer; // the frame's, or a piece of its own while a tagged field's size is not known
    int version;
    bool is_flexible;
};

static const uint8_t empty[1];

static bool field_in_version(const struct kafka_field *field, int version)
{
    return version >= field->min && version <= field->max;
}

static size_t type_size(unsigned type, const struct kafka_schema *schema)
{
    static const uint8_t sizes[] = {
        [KAFKA_BOOL] = sizeof(bool),
        [KAFKA_INT8] = 1,
        [KAFKA_INT16] = 2,
        [KAFKA_UINT16] = 2,
        [KAFKA_INT32] = 4,
        [KAFKA_INT64] = 8,
        [KAFKA_FLOAT64] = 8,
        [KAFKA_UUID] = sizeof(struct kafka_uuid),
        [KAFKA_STRING] = sizeof(bytes_t),
        [KAFKA_BYTES] = sizeof(bytes_t),
        [KAFKA_RECORDS] = sizeof(struct kafka_records),
    };
    if (type == KAFKA_STRUCT)
        return schema->size;
    ASSERT(type < ARRAY_COUNT(sizes));
    return sizes[type];
}

// A struct that may be null is a pointer in memory.
static bool is_pointer(const struct kafka_field *field)
{
    return field->type == KAFKA_STRUCT && field->null_at != NEVER;
}

// --- defaults

static void zeroes_to_defaults(const struct kafka_schema *schema, char *out);

// OUT is zero, as most defaults are: every request has tens of fields.
static void zero_to_default(const struct kafka_field *field, void *out)
{
    if (field->type == KAFKA_STRUCT && !is_pointer(field))
        zeroes_to_defaults(field->schema, out);
    if ((field->type == KAFKA_STRING || field->type == KAFKA_BYTES) && field->null_at == NEVER)
        *(bytes_t *)out = bytes_of(empty, 0);
    if (field->fallback == 0)
        return;
    int16_t i16 = (int16_t)field->fallback;
    int32_t i32 = (int32_t)field->fallback;
    if (field->size == 1)
        *(int8_t *)out = (int8_t)field->fallback;
    else if (field->size == 2)
        memcpy(out, &i16, 2);
    else if (field->size == 4)
        memcpy(out, &i32, 4);
    else
        memcpy(out, &field->fallback, 8);
}

static void zeroes_to_defaults(const struct kafka_schema *schema, char *out)
{
    for (size_t i = 0; i < schema->field_count; i++)
        zero_to_default(&schema->fields[i], out + schema->fields[i].offset);
}

static void default_value(const struct kafka_field *field, void *out)
{
    memset(out, 0, field->size);
    zero_to_default(field, out);
}

void kafka_defaults(const struct kafka_schema *schema, void *out)
{
    for (size_t i = 0; i < schema->field_count; i++)
        default_value(&schema->fields[i], (char *)out + schema->fields[i].offset);
}

void *kafka_new(const struct kafka_schema *schema, size_t count, struct arena *arena)
{
    char *items = arena_array(arena, count, schema->size);
    for (size_t i = 0; i < count; i++)
        zeroes_to_defaults(schema, items + i * schema->size);
    return items;
}

static bool is_default(const struct kafka_field *field, const void *value)
{
    if (field->type == KAFKA_STRUCT && !is_pointer(field)) {
        for (size_t i = 0; i < field->schema->field_count; i++) {
            const struct kafka_field *inner = &field->schema->fields[i];
            if (!is_default(inner, (const char *)value + inner->offset))
                return false;
        }
        return true;
    }
    if (field->type >= KAFKA_ARRAY) {
        struct array array;
        memcpy(&array, value, sizeof(array));
        return array.count == 0;
    }
    if (field->type == KAFKA_STRING || field->type == KAFKA_BYTES) {
        const bytes_t *bytes = value;
        return field->null_at == NEVER ? bytes->size == 0 : bytes->data == NULL;
    }
    char expected[16];
    ASSERT(field->size <= sizeof(expected));
    default_value(field, expected);
    return memcmp(expected, value, field->size) == 0;
}

// --- decode

static void decode_struct(struct decoder *d, const struct kafka_schema *schema, void *out);

// Length of text, bytes or records, or the count of an array; -1 is null.
static int64_t decode_length(struct decoder *d, unsigned type, bool is_nullable)
{
    int64_t length;
    if (d->is_flexible)
        length = (int64_t)reader_uvarint(d->reader) - 1;
    else if (type == KAFKA_STRING)
        length = reader_i16(d->reader);
    else
        length = reader_i32(d->reader);
    if (d->reader->err != ERR_OK)
        return 0;
    if (length < 0 && !is_nullable)
        reader_fail(d->reader, ERR_MALFORMED);
    if (type == KAFKA_STRING && length > INT16_MAX)
        reader_fail(d->reader, ERR_MALFORMED);
    return length < 0 ? -1 : length;
}

static bytes_t decode_bytes(struct decoder *d, unsigned type, bool is_nullable)
{
    int64_t length = decode_length(d, type, is_nullable);
    if (length < 0)
        return BYTES_NULL;
    bytes_t bytes = reader_bytes(d->reader, (size_t)length);
    return bytes.data == NULL ? bytes_of(empty, 0) : bytes;
}

static void decode_scalar(struct decoder *d, unsigned type, bool is_nullable, const struct kafka_schema *schema,
                          void *out)
{
    struct reader *r = d->reader;
    switch ((enum kafka_type)type) {
    case KAFKA_BOOL:
        *(bool *)out = reader_u8(r) != 0;
        break;
    case KAFKA_INT8:
        *(int8_t *)out = reader_i8(r);
        break;
    case KAFKA_INT16:
        *(int16_t *)out = reader_i16(r);
        break;
    case KAFKA_UINT16:
        *(uint16_t *)out = reader_u16(r);
        break;
    case KAFKA_INT32:
        *(int32_t *)out = reader_i32(r);
        break;
    case KAFKA_INT64:
        *(int64_t *)out = reader_i64(r);
        break;
    case KAFKA_FLOAT64:
        *(double *)out = reader_f64(r);
        break;
    case KAFKA_UUID: {
        bytes_t id = reader_bytes(r, sizeof(struct kafka_uuid));
        if (id.size == sizeof(struct kafka_uuid))
            memcpy(out, id.data, id.size);
        break;
    }
    case KAFKA_STRING:
    case KAFKA_BYTES:
        *(bytes_t *)out = decode_bytes(d, type, is_nullable);
        break;
    case KAFKA_RECORDS:
        *(struct kafka_records *)out = (struct kafka_records){ .bytes = decode_bytes(d, type, is_nullable) };
        break;
    case KAFKA_STRUCT:
        decode_struct(d, schema, out);
        break;
    case KAFKA_ARRAY:
        ASSERT(type < KAFKA_ARRAY); // arrays have no arrays as elements
        break;
    }
}

// The fewest bytes an element takes, so that a count can be compared with what is left before anything is allocated.
static size_t element_min_size(const struct decoder *d, unsigned type, const struct kafka_schema *schema)
{
    if (type == KAFKA_STRING)
        return d->is_flexible ? 1 : 2;
    if (type == KAFKA_BYTES || type == KAFKA_RECORDS || type >= KAFKA_ARRAY)
        return d->is_flexible ? 1 : 4;
    if (type != KAFKA_STRUCT)
        return type == KAFKA_BOOL ? 1 : type_size(type, NULL);
    size_t size = d->is_flexible ? 1 : 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *field = &schema->fields[i];
        if (field_in_version(field, d->version) && field->tag == NONE)
            size += is_pointer(field) ? 1 : element_min_size(d, field->type, field->schema);
    }
    return size;
}

static void decode_array(struct decoder *d, const struct kafka_field *field, void *out)
{
    unsigned type = field->type & ~(unsigned)KAFKA_ARRAY;
    struct array array = { NULL, 0 };
    int64_t count = decode_length(d, field->type, d->version >= field->null_at);
    size_t size = type_size(type, field->schema);
    if (count < 0)
        array.count = KAFKA_NULL_ARRAY;
    if (count > 0) {
        size_t min_size = element_min_size(d, type, field->schema);
        if ((size_t)count > reader_left(d->reader) / (min_size == 0 ? 1 : min_size))
            reader_fail(d->reader, ERR_TRUNCATED);
        else if (d->arena->total > d->arena_limit || (size_t)count > (d->arena_limit - d->arena->total) / size)
            reader_fail(d->reader, ERR_TOO_LARGE);
        else
            array = (struct array){ arena_array(d->arena, (size_t)count, size), (int32_t)count };
    }
    for (int32_t i = 0; i < array.count && d->reader->err == ERR_OK; i++)
        decode_scalar(d, type, false, field->schema, (char *)array.items + (size_t)i * size);
    memcpy(out, &array, sizeof(array));
}

// A byte says whether the struct follows: negative for null, as Kafka's generated code reads it.
static void decode_pointer(struct decoder *d, const struct kafka_field *field, void *out)
{
    bool is_nullable = d->version >= field->null_at;
    void *value = NULL;
    if (!is_nullable || reader_i8(d->reader) >= 0) {
        if (d->arena->total + field->schema->size > d->arena_limit)
            reader_fail(d->reader, ERR_TOO_LARGE);
        else
            value = arena_array(d->arena, 1, field->schema->size);
    }
    if (value != NULL && d->reader->err == ERR_OK)
        decode_struct(d, field->schema, value);
    memcpy(out, &value, sizeof(value));
}

static void decode_field(struct decoder *d, const struct kafka_field *field, void *out)
{
    if (is_pointer(field))
        decode_pointer(d, field, out);
    else if (field->type >= KAFKA_ARRAY)
        decode_array(d, field, out);
    else
        decode_scalar(d, field->type, d->version >= field->null_at, field->schema, out);
}

static const struct kafka_field *find_tag(const struct kafka_schema *schema, int version, uint32_t tag)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *field = &schema->fields[i];
        if (field->tag != NONE && (uint32_t)field->tag == tag && field_in_version(field, version))
            return field;
    }
    return NULL;
}

static void decode_tags(struct decoder *d, const struct kafka_schema *schema, void *out)
{
    struct reader *r = d->reader;
    uint32_t count = reader_uvarint(r);
    for (uint32_t i = 0; i < count && r->err == ERR_OK; i++) {
        uint32_t tag = reader_uvarint(r);
        bytes_t value = reader_bytes(r, reader_uvarint(r));
        const struct kafka_field *field = find_tag(schema, d->version, tag);
        if (field == NULL || r->err != ERR_OK)
            continue;
        struct reader inner = reader_of(value);
        struct decoder tagged = *d;
        tagged.reader = &inner;
        decode_field(&tagged, field, (char *)out + field->offset);
        if (inner.err != ERR_OK || reader_left(&inner) != 0)
            reader_fail(r, inner.err != ERR_OK ? inner.err : ERR_MALFORMED);
    }
}

// OUT is zero.
static void decode_struct(struct decoder *d, const struct kafka_schema *schema, void *out)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *field = &schema->fields[i];
        void *place = (char *)out + field->offset;
        if (field->tag == NONE && field_in_version(field, d->version))
            decode_field(d, field, place);
        else
            zero_to_default(field, place);
    }
    if (d->is_flexible)
        decode_tags(d, schema, out);
}

void kafka_decode(const struct kafka_schema *schema, int version, bool is_flexible, struct reader *reader,
                  struct arena *arena, size_t arena_limit, void *out)
{
    struct decoder d = { reader, arena, arena_limit, version, is_flexible };
    memset(out, 0, schema->size);
    decode_struct(&d, schema, out);
}

void kafka_skip_tags(struct reader *reader)
{
    uint32_t count = reader_uvarint(reader);
    for (uint32_t i = 0; i < count && reader->err == ERR_OK; i++) {
        reader_uvarint(reader);
        reader_skip(reader, reader_uvarint(reader));
    }
}

// --- encode

static void encode_struct(struct encoder *e, const struct kafka_schema *schema, const void *value);

static void encode_length(struct encoder *e, unsigned type, int64_t length)
{
    if (length > INT32_MAX - 1 || (type == KAFKA_STRING && length > INT16_MAX))
        e->writer->err = e->writer->err != ERR_OK ? e->writer->err : ERR_TOO_LARGE;
    else if (e->is_flexible)
        writer_uvarint(e->writer, (uint32_t)(length + 1));
    else if (type == KAFKA_STRING)
        writer_i16(e->writer, (int16_t)length);
    else
        writer_i32(e->writer, (int32_t)length);
}

static void encode_bytes(struct encoder *e, unsigned type, bool is_nullable, bytes_t bytes)
{
    if (bytes.data == NULL && is_nullable) {
        encode_length(e, type, -1);
        return;
    }
    encode_length(e, type, (int64_t)bytes.size);
    writer_bytes(e->writer, bytes);
}

static void encode_records(struct encoder *e, bool is_nullable, const struct kafka_records *records)
{
    if (records->slice_count == 0) {
        encode_bytes(e, KAFKA_RECORDS, is_nullable, records->bytes);
        return;
    }
    // A tagged piece is copied into the frame later, so a reference could not keep its place.
    ASSERT(e->writer == &e->frame->writer);
    size_t size = 0;
    for (size_t i = 0; i < records->slice_count; i++)
        size += records->slices[i].bytes.size;
    encode_length(e, KAFKA_RECORDS, (int64_t)size);
    for (size_t i = 0; i < records->slice_count; i++)
        kafka_frame_splice(e->frame, records->slices[i]);
}

static void encode_scalar(struct encoder *e, unsigned type, bool is_nullable, const struct kafka_schema *schema,
                          const void *value)
{
    switch ((enum kafka_type)type) {
    case KAFKA_BOOL:
        writer_u8(e->writer, *(const bool *)value ? 1 : 0);
        break;
    case KAFKA_INT8:
        writer_i8(e->writer, *(const int8_t *)value);
        break;
    case KAFKA_INT16:
        writer_i16(e->writer, *(const int16_t *)value);
        break;
    case KAFKA_UINT16:
        writer_u16(e->writer, *(const uint16_t *)value);
        break;
    case KAFKA_INT32:
        writer_i32(e->writer, *(const int32_t *)value);
        break;
    case KAFKA_INT64:
        writer_i64(e->writer, *(const int64_t *)value);
        break;
    case KAFKA_FLOAT64:
        writer_f64(e->writer, *(const double *)value);
        break;
    case KAFKA_UUID:
        writer_bytes(e->writer, bytes_of(value, sizeof(struct kafka_uuid)));
        break;
    case KAFKA_STRING:
    case KAFKA_BYTES:
        encode_bytes(e, type, is_nullable, *(const bytes_t *)value);
        break;
    case KAFKA_RECORDS:
        encode_records(e, is_nullable, value);
        break;
    case KAFKA_STRUCT:
        encode_struct(e, schema, value);
        break;
    case KAFKA_ARRAY:
        ASSERT(type < KAFKA_ARRAY); // arrays have no arrays as elements
        break;
    }
}

static void encode_pointer(struct encoder *e, const struct kafka_field *field, const void *value)
{
    const void *target;
    memcpy(&target, value, sizeof(target));
    if (e->version >= field->null_at)
        writer_i8(e->writer, target == NULL ? -1 : 1);
    else
        ASSERT(target != NULL);
    if (target != NULL)
        encode_struct(e, field->schema, target);
}

static void encode_field(struct encoder *e, const struct kafka_field *field, const void *value)
{
    bool is_nullable = e->version >= field->null_at;
    if (is_pointer(field)) {
        encode_pointer(e, field, value);
        return;
    }
    if (field->type < KAFKA_ARRAY) {
        encode_scalar(e, field->type, is_nullable, field->schema, value);
        return;
    }
    struct array array;
    memcpy(&array, value, sizeof(array));
    unsigned type = field->type & ~(unsigned)KAFKA_ARRAY;
    size_t size = type_size(type, field->schema);
    encode_length(e, field->type, array.count < 0 && !is_nullable ? 0 : array.count);
    for (int32_t i = 0; i < array.count; i++)
        encode_scalar(e, type, false, field->schema, (const char *)array.items + (size_t)i * size);
}

static bool tag_is_written(const struct kafka_field *field, int version, const void *value)
{
    return field->tag != NONE && field_in_version(field, version) &&
           !is_default(field, (const char *)value + field->offset);
}

static void encode_tag(struct encoder *e, const struct kafka_field *field, const void *value)
{
    struct writer piece = WRITER_INIT;
    struct encoder inner = *e;
    inner.writer = &piece;
    encode_field(&inner, field, value);
    writer_uvarint(e->writer, (uint32_t)field->tag);
    writer_uvarint(e->writer, (uint32_t)piece.size);
    writer_bytes(e->writer, writer_view(&piece));
    if (piece.err != ERR_OK && e->writer->err == ERR_OK)
        e->writer->err = piece.err;
    writer_free(&piece);
}

static void encode_struct(struct encoder *e, const struct kafka_schema *schema, const void *value)
{
    uint32_t tag_count = 0;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *field = &schema->fields[i];
        if (field->tag == NONE && field_in_version(field, e->version))
            encode_field(e, field, (const char *)value + field->offset);
        if (tag_is_written(field, e->version, value))
            tag_count++;
    }
    if (!e->is_flexible)
        return;
    writer_uvarint(e->writer, tag_count);
    for (size_t i = 0; i < schema->field_count && tag_count > 0; i++) {
        const struct kafka_field *field = &schema->fields[i];
        if (tag_is_written(field, e->version, value))
            encode_tag(e, field, (const char *)value + field->offset);
    }
}

void kafka_encode(const struct kafka_schema *schema, int version, bool is_flexible, const void *value,
                  struct kafka_frame *frame)
{
    struct encoder e = { frame, &frame->writer, version, is_flexible };
    encode_struct(&e, schema, value);
}
