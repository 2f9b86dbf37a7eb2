// SPDX-License-Identifier: Apache-2.0
#include "eventing/luggage.h"

#include "base/assert.h"

enum { NAME_MAX_SIZE = 64 };

struct name_rule {
    const char *text;
    bool is_prefix;
};

static const struct name_rule rules[] = {
    { "knative-", true }, { "traceparent", false },  { "tracestate", false },
    { "x-b3-", true },    { "x-request-id", false },
};

static bool travels(bytes_t name)
{
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
        bytes_t text = bytes_of_text(rules[i].text);
        if (rules[i].is_prefix ? name.size > text.size && bytes_starts_with(name, text) : bytes_equal(name, text))
            return true;
    }
    return false;
}

// Asked for each header of each event: most begin with another letter.
static bool may_travel(bytes_t name)
{
    if (name.size == 0 || name.size > NAME_MAX_SIZE)
        return false;
    uint8_t first = name.data[0] | 0x20;
    return first == 'x' || first == 't' || first == 'k';
}

// A record of some Kafka client may have anything there; as a field of HTTP it has to be text.
static bool is_text(bytes_t value)
{
    if (value.size == 0 || value.size > LUGGAGE_VALUE_MAX)
        return false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e)
            return false;
    }
    return true;
}

static bool name_is_text(bytes_t name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

static void take(struct luggage *luggage, bytes_t name, bytes_t value, struct arena *arena)
{
    if (luggage->count == LUGGAGE_MAX || !travels(name) || !name_is_text(name) || !is_text(value))
        return;
    if (luggage->items == NULL)
        luggage->items = arena_array(arena, LUGGAGE_MAX, sizeof *luggage->items);
    luggage->items[luggage->count++] = (struct record_header){ name, value };
}

struct luggage luggage_of_request(const struct http_header *headers, size_t count, struct arena *arena)
{
    struct luggage luggage = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (may_travel(headers[i].name))
            take(&luggage, arena_lower(arena, headers[i].name), headers[i].value, arena);
    }
    return luggage;
}

struct luggage luggage_of_record(const struct record_header *headers, size_t count, struct arena *arena)
{
    struct luggage luggage = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (may_travel(headers[i].key))
            take(&luggage, headers[i].key, headers[i].value, arena);
    }
    return luggage;
}

struct luggage luggage_copy(struct luggage luggage, struct arena *arena)
{
    if (luggage.count == 0)
        return luggage;
    struct record_header *items = arena_array(arena, luggage.count, sizeof *items);
    for (size_t i = 0; i < luggage.count; i++)
        items[i] = (struct record_header){ arena_copy(arena, luggage.items[i].key),
                                           arena_copy(arena, luggage.items[i].value) };
    return (struct luggage){ items, luggage.count };
}
