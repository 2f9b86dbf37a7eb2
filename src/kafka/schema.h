// SPDX-License-Identifier: Apache-2.0
// One table row per field of a Kafka message, and one codec for all of them, in both directions: the door decodes
// requests and encodes responses, the client does the opposite. Pure; no loop.
// Sources: the message definitions of Apache Kafka (clients/src/main/resources/common/message), KIP-482.
#pragma once

#include "base/arena.h"
#include "base/reader.h"
#include "kafka/wire.h"

enum kafka_type {
    KAFKA_BOOL,
    KAFKA_INT8,
    KAFKA_INT16,
    KAFKA_UINT16,
    KAFKA_INT32,
    KAFKA_INT64,
    KAFKA_FLOAT64, // default is always 0
    KAFKA_UUID,
    KAFKA_STRING,
    KAFKA_BYTES,
    KAFKA_RECORDS,
    KAFKA_STRUCT,
    KAFKA_ARRAY = 32, // a flag: KAFKA_ARRAY | element type
};

struct kafka_field {
    const char *name; // as the spec spells it
    uint8_t type;
    int8_t min, max;  // versions that carry it
    int8_t null_at;   // first version in which it may be null; a struct that may be null is a pointer
    int8_t tag;       // tagged field of flexible versions, rows in ascending order of tags
    int64_t fallback; // value of an integer that is absent; text falls back to null where it may be null, else ""
    uint16_t offset;  // place in the struct
    uint16_t size;
    const struct kafka_schema *schema; // of a struct, or of an array's elements
};

struct kafka_schema {
    const char *name; // as the spec spells it
    const struct kafka_field *fields;
    uint16_t field_count;
    uint16_t size; // of the C struct
};

// The words of the rows. A table defines ROW as its struct, lists x_fields, and closes with KAFKA_SCHEMA(x, "X").
#define ANY                       INT8_MAX
#define NEVER                     INT8_MAX
#define NONE                      (-1)
#define AT(member)                offsetof(ROW, member), sizeof(((ROW *)NULL)->member), NULL
#define AT_STRUCT(member, schema) offsetof(ROW, member), sizeof(((ROW *)NULL)->member), &(schema)
#define KAFKA_SCHEMA(x, text)                                                                                          \
    const struct kafka_schema x##_schema = { text, x##_fields, ARRAY_COUNT(x##_fields), sizeof(ROW) }

// Reads one struct of VERSION at the cursor into OUT (schema->size bytes, any content before). Text, bytes and records
// are views of the reader's memory; arrays come from ARENA, which may not grow past ARENA_LIMIT. Sticky in the reader:
// ERR_TRUNCATED, ERR_MALFORMED, ERR_TOO_LARGE; OUT is then unspecified but for views that are valid. Unknown tagged
// fields are skipped. Bytes behind the struct stay unread.
void kafka_decode(const struct kafka_schema *schema, int version, bool is_flexible, struct reader *reader,
                  struct arena *arena, size_t arena_limit, void *out);
// Appends one struct; errors stick in the frame's writer.
void kafka_encode(const struct kafka_schema *schema, int version, bool is_flexible, const void *value,
                  struct kafka_frame *frame);
// Sets every field to its default.
void kafka_defaults(const struct kafka_schema *schema, void *out);
// COUNT structs with defaults.
void *kafka_new(const struct kafka_schema *schema, size_t count, struct arena *arena);

// Skips the tagged fields at the cursor, for headers.
void kafka_skip_tags(struct reader *reader);
