// SPDX-License-Identifier: Apache-2.0
#include "cli/dlq_letter.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/civil.h"
#include "base/option.h"
#include "cloudevents/kafka_binding.h"

#include <stdlib.h>

#define ERROR_PREFIX "knativeerror" // of the extensions that say why

// --- one letter

static void marks_read(const struct record *record, struct arena *arena, struct dlq_letter *letter)
{
    struct reader at = reader_of(record->headers);
    struct record_header header;
    while (record_header_next(&at, &header)) {
        if (bytes_is(header.key, MARK_FROM))
            letter->from = arena_copy(arena, header.value);
        else if (bytes_is(header.key, MARK_REPLAY_OF))
            letter->replay_of = arena_copy(arena, header.value);
        else if (bytes_is(header.key, MARK_TOPIC) &&
                 !mark_place_parse(arena_copy(arena, header.value), &letter->origin))
            letter->origin.topic = BYTES_NULL;
    }
}

// What is no base64, as of a dispatcher that does not encode it, is text.
static bytes_t error_data_of(const struct cloudevent *event, struct arena *arena)
{
    bytes_t text = cloudevent_extension_text(event, "knativeerrordata");
    uint8_t *data = arena_alloc(arena, text.size + 2);
    size_t size = 0;
    return text.size > 0 && base64_decode(BASE64_STANDARD, text, data, &size) ? bytes_of(data, size) : text;
}

bool dlq_letter_read(const struct record *record, struct arena *arena, struct dlq_letter *ret_letter)
{
    struct arena scratch = ARENA_INIT;
    struct cloudevent event;
    bool is_event = cloudevent_kafka_decode(record, &scratch, &event, NULL) == ERR_OK;
    if (is_event) {
        struct dlq_letter letter = { .event = *cloudevent_copy(&event, arena) };
        marks_read(record, arena, &letter);
        letter.error_data = error_data_of(&letter.event, arena);
        *ret_letter = letter;
    }
    arena_free(&scratch);
    return is_event;
}

static bool has_text(bytes_t in, const char *text)
{
    return in.size > 0 && memmem(in.data, in.size, text, strlen(text)) != NULL;
}

bool dlq_letter_is_likely(const struct record *record)
{
    return has_text(record->headers, MARK_FROM) || has_text(record->headers, ERROR_PREFIX) ||
           has_text(record->value, ERROR_PREFIX); // structured
}

bool dlq_letter_is_dead(const struct dlq_letter *letter)
{
    bool has_error = cloudevent_extension_text(&letter->event, "knativeerrorcode").data != NULL ||
                     cloudevent_extension_text(&letter->event, "knativeerrordest").data != NULL;
    return letter->from.data != NULL || (has_error && letter->replay_of.data == NULL);
}

bool dlq_letter_is_of(const struct dlq_letter *letter, const char *kind)
{
    size_t size = strlen(kind);
    return letter->from.size > size && memcmp(letter->from.data, kind, size) == 0 && letter->from.data[size] == '/';
}

int64_t dlq_letter_replays_before(const struct dlq_letter *letter)
{
    int64_t count = 0;
    bool is_number = bytes_to_int64(cloudevent_extension_text(&letter->event, MARK_REPLAYS), &count);
    return is_number && count > 0 && count < INT32_MAX ? count : 0;
}

int64_t dlq_letter_replays(const struct dlq_letter *letter)
{
    return dlq_letter_replays_before(letter) + dlq_mark_replays(&letter->mark);
}

// --- which are meant

// Does FROM, "KIND/NAMESPACE/NAME", end in what was asked for? A name alone, and one with its namespace, mean triggers.
static bool is_from(bytes_t from, const char *wanted)
{
    size_t size = strlen(wanted), slashes = 0;
    for (size_t i = 0; i < size; i++)
        slashes += wanted[i] == '/';
    if (slashes >= 2)
        return bytes_is(from, wanted);
    if (from.size < size + 1 || memcmp(from.data, "trigger/", from.size < 8 ? from.size : 8) != 0)
        return false;
    size_t before = from.size - size;
    return from.data[before - 1] == '/' && memcmp(from.data + before, wanted, size) == 0;
}

static bool is_in(bytes_t from, const char *name_space)
{
    const uint8_t *slash = from.size == 0 ? NULL : memchr(from.data, '/', from.size);
    size_t size = strlen(name_space), at = slash == NULL ? from.size : (size_t)(slash - from.data) + 1;
    return from.size > at + size && memcmp(from.data + at, name_space, size) == 0 && from.data[at + size] == '/';
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

// What eddy says where no answer came (http/client.c, http/client_link.c), behind EDDY_SAYS, by the words for it.
#define EDDY_SAYS "dispatch error: "
static const struct {
    const char *word, *text;
} spoken[] = {
    { "timeout", " did not answer within " }, { "timeout", " could not be reached within " },
    { "timeout", " became free within " },    { "refused", " refuses connections" },
    { "reset", " closed the connection " },   { "dns", " has no address" },
};

static bool is_spoken_of(const char *text, const char *wanted)
{
    bool is_any = false;
    for (size_t i = 0; i < ARRAY_COUNT(spoken) && strncmp(text, EDDY_SAYS, strlen(EDDY_SAYS)) == 0; i++)
        is_any = is_any || (strcasecmp(spoken[i].word, wanted) == 0 && strstr(text, spoken[i].text) != NULL);
    return is_any;
}

static bool has_error(const struct dlq_letter *letter, const char *wanted)
{
    if (is_number(wanted))
        return bytes_is(cloudevent_extension_text(&letter->event, "knativeerrorcode"), wanted);
    char *text = bytes_to_text(letter->error_data);
    bool is_there = strcasestr(text, wanted) != NULL || is_spoken_of(text, wanted);
    free(text);
    return is_there;
}

bool dlq_filter_matches(const struct dlq_filter *filter, const struct dlq_letter *letter)
{
    return letter->time_ms >= filter->since_ms && letter->time_ms <= filter->until_ms &&
           (filter->trigger == NULL || is_from(letter->from, filter->trigger)) &&
           (filter->name_space == NULL || is_in(letter->from, filter->name_space)) &&
           (filter->error == NULL || has_error(letter, filter->error));
}

err_t dlq_time_read(const char *flag, const char *text, int64_t now_ms, int64_t *ret_ms, diag_t *diag)
{
    int64_t ms;
    if (option_parse_duration(bytes_of_text(text), &ms)) {
        *ret_ms = now_ms - ms;
        return ERR_OK;
    }
    if (civil_parse(bytes_of_text(text), ret_ms) == ERR_OK)
        return ERR_OK;
    return diag_fail(diag, ERR_INVALID, flag,
                     "expected how long ago, such as 90s, 1h or 7d, or a time with its zone such as "
                     "2026-01-31T12:00:00Z, not \"%s\"",
                     text);
}

err_t dlq_rate_read(const char *text, int64_t *ret_per_hour, diag_t *diag)
{
    static const struct {
        const char *unit;
        int64_t per_hour;
    } units[] = { { "", 3600 }, { "/s", 3600 }, { "/m", 60 }, { "/h", 1 } };
    size_t digits = strspn(text, "0123456789");
    int64_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (strcmp(text + digits, units[i].unit) == 0 && bytes_to_int64(bytes_of(text, digits), &count) && count > 0 &&
            count <= 1000000) {
            *ret_per_hour = count * units[i].per_hour;
            return ERR_OK;
        }
    }
    return diag_fail(
        diag, ERR_INVALID, "--rate",
        "expected a number of events from 1 to 1000000, for each second, minute or hour: 10/s, 100/m, 5/h; "
        "not \"%s\"",
        text);
}
