// SPDX-License-Identifier: Apache-2.0
#include "eventing/record_event.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/civil.h"
#include "base/endian.h"
#include "http/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TYPE   "dev.knative.kafka.event"
#define HEADER "kafkaheader" // before the names of headers

enum { NUMBER_SIZE = 32 }; // of a number as text

bool record_key_read(bytes_t label, enum record_key *ret_key)
{
    static const char *const names[] = {
        [RECORD_KEY_STRING] = "string",
        [RECORD_KEY_INT] = "int",
        [RECORD_KEY_FLOAT] = "float",
        [RECORD_KEY_BYTES] = "byte-array",
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (bytes_is(label, names[i]) || label.size == 0) {
            *ret_key = (enum record_key)i;
            return true;
        }
    }
    return false;
}

// --- values

static struct cloudevent_value base64_of(bytes_t bytes, struct arena *arena)
{
    char *text = arena_alloc(arena, BASE64_SIZE(bytes.size) + 1);
    size_t size = base64_encode(BASE64_STANDARD, bytes, text);
    return (struct cloudevent_value){ CLOUDEVENT_TYPE_BINARY, bytes_of((const uint8_t *)text, size) };
}

static struct cloudevent_value text_of(bytes_t bytes, struct arena *arena)
{
    bool is_text = cloudevent_type_problem(CLOUDEVENT_TYPE_STRING, bytes) == NULL;
    return is_text ? cloudevent_string(bytes) : base64_of(bytes, arena);
}

static struct cloudevent_value integer_of(int64_t number, struct arena *arena)
{
    bool fits = number >= INT32_MIN && number <= INT32_MAX; // else an event can only say it as a string
    bytes_t text = bytes_of_text(arena_format(arena, "%" PRId64, number));
    return (struct cloudevent_value){ fits ? CLOUDEVENT_TYPE_INTEGER : CLOUDEVENT_TYPE_STRING, text };
}

// The shortest digits that read back as the same number.
static struct cloudevent_value double_of(double number, struct arena *arena)
{
    char text[NUMBER_SIZE];
    int digits = 1;
    do
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
    while (strtod(text, NULL) != number && ++digits <= 17); // never equal: no number
    return cloudevent_string(arena_copy(arena, bytes_of_text(text)));
}

static struct cloudevent_value float_of(float number, struct arena *arena)
{
    char text[NUMBER_SIZE];
    int digits = 1;
    do
        (void)snprintf(text, sizeof text, "%.*g", digits, (double)number);
    while (strtof(text, NULL) != number && ++digits <= 9);
    return cloudevent_string(arena_copy(arena, bytes_of_text(text)));
}

// What is no number of either size is a string, as Knative has it.
static struct cloudevent_value key_of(enum record_key type, bytes_t key, struct arena *arena)
{
    bool is_int = type == RECORD_KEY_INT, is_float = type == RECORD_KEY_FLOAT;
    if (type == RECORD_KEY_BYTES)
        return base64_of(key, arena);
    if ((!is_int && !is_float) || (key.size != 4 && key.size != 8))
        return text_of(key, arena);
    union {
        uint32_t bits;
        float number;
    } small = { .bits = key.size == 4 ? get_u32(key.data) : 0 };
    union {
        uint64_t bits;
        double number;
    } large = { .bits = key.size == 8 ? get_u64(key.data) : 0 };
    if (is_int)
        return integer_of(key.size == 4 ? (int32_t)small.bits : (int64_t)large.bits, arena);
    return key.size == 4 ? float_of(small.number, arena) : double_of(large.number, arena);
}

// --- the event

struct making {
    struct cloudevent *event;
    struct arena *arena;
    struct cloudevent_extension *extensions; // the event's
    size_t capacity;
    size_t size; // of names and values
};

static struct making making_of(const struct engine_record *record, struct cloudevent *event, struct arena *arena)
{
    size_t most = record->header_count + 2; // and the key, twice
    struct making making = { .event = event, .arena = arena };
    making.capacity = most < CLOUDEVENT_EXTENSIONS_MAX ? most : CLOUDEVENT_EXTENSIONS_MAX;
    making.extensions = arena_array(arena, making.capacity, sizeof *making.extensions);
    event->extensions = making.extensions;
    return making;
}

// The last of a name counts.
static void add(struct making *making, bytes_t name, struct cloudevent_value value)
{
    struct cloudevent *event = making->event;
    size_t size = name.size + value.text.size, i = 0;
    while (i < event->extension_count && !bytes_equal(making->extensions[i].name, name))
        i++;
    bool is_full = i == making->capacity || making->size + size > CLOUDEVENT_ATTRIBUTES_SIZE_MAX / 2;
    if (is_full) // the other half is for what is added on the way
        return;
    making->extensions[i] = (struct cloudevent_extension){ name, value };
    event->extension_count += i == event->extension_count;
    making->size += size;
}

// The letters and digits of it, in lower case.
static bytes_t header_name(bytes_t name, struct arena *arena)
{
    size_t size = sizeof HEADER - 1;
    uint8_t *text = arena_alloc(arena, size + name.size);
    memcpy(text, HEADER, size);
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            text[size++] = c;
    }
    return bytes_of(text, size);
}

// The media type of a record that says it is an event, and is none, would say that again to whoever gets it.
static bool take_content_type(struct making *making, const struct record_header *header)
{
    bytes_t name = BYTES_LITERAL("datacontenttype");
    if (!http_text_equal(header->key, "content-type"))
        return false;
    bytes_t type = arena_lower(making->arena, header->value);
    return type.size > 0 && !bytes_starts_with(type, BYTES_LITERAL("application/cloudevents")) &&
           cloudevent_set(making->event, name, cloudevent_string(type), making->arena, NULL) == ERR_OK;
}

static void headers_take(struct making *making, const struct engine_record *record)
{
    for (size_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        if (header->value.data == NULL || take_content_type(making, header))
            continue;
        add(making, header_name(header->key, making->arena), text_of(header->value, making->arena));
    }
}

void record_event_make(const struct record_maker *maker, int32_t partition, const struct engine_record *record,
                       struct arena *arena, struct cloudevent *ret_event)
{
    char time[CIVIL_TEXT_SIZE];
    *ret_event = (struct cloudevent){ .data = record->value };
    struct making making = making_of(record, ret_event, arena);
    bytes_t *core = ret_event->core;
    core[CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0");
    core[CLOUDEVENT_TYPE] = BYTES_LITERAL(TYPE);
    core[CLOUDEVENT_SOURCE] = arena_copy(arena, maker->source);
    core[CLOUDEVENT_ID] =
        bytes_of_text(arena_format(arena, "partition:%" PRId32 "/offset:%" PRId64, partition, record->offset));
    core[CLOUDEVENT_SUBJECT] =
        bytes_of_text(arena_format(arena, "partition:%" PRId32 "#%" PRId64, partition, record->offset));
    if (record->timestamp_ms >= 0)
        core[CLOUDEVENT_TIME] = arena_copy(arena, bytes_of_text(civil_format(record->timestamp_ms, time)));
    if (record->key.size > 0) {
        struct cloudevent_value key = key_of(maker->key, record->key, arena);
        add(&making, BYTES_LITERAL("partitionkey"), key);
        add(&making, BYTES_LITERAL("key"), key);
    }
    headers_take(&making, record);
}

static void put(struct cloudevent *event, const char *name, struct cloudevent_value value, struct arena *arena)
{
    err_t err = cloudevent_set(event, bytes_of_text(name), value, arena, NULL);
    (void)err; // one that is full goes without
}

void record_event_mark(const struct record_maker *maker, int32_t partition, int64_t offset, struct arena *arena,
                       struct cloudevent *event)
{
    put(event, "knativekafkapartition", integer_of(partition, arena), arena);
    put(event, "knativekafkaoffset", integer_of(offset, arena), arena);
    for (size_t i = 0; i < maker->override_count; i++) {
        const struct cloudevent_extension *override = &maker->overrides[i];
        struct cloudevent_value value = { override->value.type, arena_copy(arena, override->value.text) };
        put(event, arena_text(arena, override->name), value, arena);
    }
}
