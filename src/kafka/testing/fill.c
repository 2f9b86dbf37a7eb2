// SPDX-License-Identifier: Apache-2.0
#include "kafka/testing/fill.h"

#include "base/assert.h"

struct array {
    void *items;
    int32_t count;
};

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 16;
}

static unsigned element_of(const struct kafka_field *field)
{
    return field->type & ~(unsigned)KAFKA_ARRAY;
}

static size_t size_of(const struct kafka_field *field)
{
    static const uint8_t sizes[] = { 1, 1, 2, 2, 4, 8, 8, 16, sizeof(bytes_t), sizeof(bytes_t) };
    unsigned type = element_of(field);
    if (type == KAFKA_STRUCT)
        return field->schema->size;
    return type == KAFKA_RECORDS ? sizeof(struct kafka_records) : sizes[type];
}

static bytes_t fill_bytes(uint64_t *seed, struct arena *arena)
{
    return bytes_of_text(arena_format(arena, "v%llu", (unsigned long long)next(seed) % 1000));
}

static void fill_value(const struct kafka_field *field, int version, uint64_t *seed, struct arena *arena, char *out)
{
    unsigned type = element_of(field);
    bool is_null = field->type < KAFKA_ARRAY && field->tag == NONE && version >= field->null_at && next(seed) % 4 == 0;
    if (field->type == KAFKA_STRUCT && field->null_at != NEVER) {
        void *target = is_null ? NULL : kafka_new(field->schema, 1, arena);
        if (target != NULL)
            kafka_fill(field->schema, version, seed, arena, target);
        memcpy(out, &target, sizeof(target));
    } else if (type == KAFKA_STRUCT) {
        kafka_fill(field->schema, version, seed, arena, out);
    } else if (type == KAFKA_STRING || type == KAFKA_BYTES) {
        *(bytes_t *)(void *)out = is_null ? BYTES_NULL : fill_bytes(seed, arena);
    } else if (type == KAFKA_RECORDS) {
        bytes_t bytes = is_null ? BYTES_NULL : fill_bytes(seed, arena);
        *(struct kafka_records *)(void *)out = (struct kafka_records){ .bytes = bytes };
    } else if (type == KAFKA_BOOL) {
        *(bool *)(void *)out = field->fallback == 0;
    } else {
        for (size_t i = 0; i < size_of(field); i++)
            out[i] = (char)(next(seed) % 100 + 1);
    }
}

static void fill_array(const struct kafka_field *field, int version, uint64_t *seed, struct arena *arena, void *out)
{
    struct array array = { .count = (int32_t)(next(seed) % 3) };
    if (field->tag != NONE)
        array.count++;
    else if (version >= field->null_at && next(seed) % 4 == 0)
        array.count = KAFKA_NULL_ARRAY;
    if (array.count > 0)
        array.items = arena_array(arena, (size_t)array.count, size_of(field));
    for (int32_t i = 0; i < array.count; i++)
        fill_value(field, version, seed, arena, (char *)array.items + (size_t)i * size_of(field));
    memcpy(out, &array, sizeof(array));
}

void kafka_fill(const struct kafka_schema *schema, int version, uint64_t *seed, struct arena *arena, void *out)
{
    kafka_defaults(schema, out);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *field = &schema->fields[i];
        char *place = (char *)out + field->offset;
        if (version < field->min || version > field->max)
            continue;
        if (field->type >= KAFKA_ARRAY)
            fill_array(field, version, seed, arena, place);
        else
            fill_value(field, version, seed, arena, place);
    }
}

static const char *value_difference(const struct kafka_field *field, int version, const char *a, const char *b)
{
    unsigned type = element_of(field);
    if (field->type == KAFKA_STRUCT && field->null_at != NEVER) {
        const void *left, *right;
        memcpy(&left, a, sizeof(left));
        memcpy(&right, b, sizeof(right));
        if (left == NULL || right == NULL)
            return left == right ? NULL : field->name;
        return kafka_difference(field->schema, version, left, right);
    }
    if (type == KAFKA_STRUCT)
        return kafka_difference(field->schema, version, a, b);
    if (type != KAFKA_STRING && type != KAFKA_BYTES && type != KAFKA_RECORDS)
        return memcmp(a, b, size_of(field)) == 0 ? NULL : field->name;
    // Records begin with their bytes.
    const bytes_t *left = (const void *)a, *right = (const void *)b;
    bool is_same_null = (left->data == NULL) == (right->data == NULL);
    return is_same_null && bytes_equal(*left, *right) ? NULL : field->name;
}

static const char *field_difference(const struct kafka_field *field, int version, const char *a, const char *b)
{
    if (field->type < KAFKA_ARRAY)
        return value_difference(field, version, a, b);
    struct array left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    if (left.count != right.count)
        return field->name;
    for (int32_t i = 0; i < left.count; i++) {
        size_t at = (size_t)i * size_of(field);
        const char *name = value_difference(field, version, (char *)left.items + at, (char *)right.items + at);
        if (name != NULL)
            return name;
    }
    return NULL;
}

const char *kafka_difference(const struct kafka_schema *schema, int version, const void *a, const void *b)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *field = &schema->fields[i];
        if (version < field->min || version > field->max)
            continue;
        const char *name =
            field_difference(field, version, (const char *)a + field->offset, (const char *)b + field->offset);
        if (name != NULL)
            return name;
    }
    return NULL;
}
