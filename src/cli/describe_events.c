// SPDX-License-Identifier: Apache-2.0
#include "cli/describe_events.h"

#include "base/mem.h"
#include "kube/table/age.h"

#include <stdlib.h>

static bytes_t time_of(const struct json_value *event)
{
    bytes_t last = json_text_at(event, "lastTimestamp");
    return last.size > 0 ? last : json_text_at(event, "eventTime");
}

static int by_time(const void *a, const void *b)
{
    const struct json_value *const *left = a, *const *right = b;
    return bytes_compare(time_of(*left), time_of(*right)); // RFC 3339 in UTC is in the order of time
}

static const char *age(const struct json_value *object, const char *field, int64_t now_ms, char room[AGE_TEXT_SIZE])
{
    return age_of_timestamp(json_text_at(object, field), now_ms, room);
}

// "5s", or "5s (x3 over 9h)" of an event that came again.
static void put_age(struct writer *text, const struct json_value *event, int64_t now_ms)
{
    char first[AGE_TEXT_SIZE], last[AGE_TEXT_SIZE];
    const struct json_value *series = json_get(event, "series");
    int64_t count = 0;
    bool has_time = json_text_at(event, "eventTime").size > 0;
    (void)age(event, has_time ? "eventTime" : "firstTimestamp", now_ms, first);
    (void)json_get_int(json_get(series != NULL ? series : event, "count"), &count);
    bool is_series = series != NULL && series->type == JSON_OBJECT;
    if (!is_series && count <= 1) {
        writer_text(text, first);
        return;
    }
    (void)(is_series ? age(series, "lastObservedTime", now_ms, last) : age(event, "lastTimestamp", now_ms, last));
    writer_format(text, "%s (x%lld over %s)", last, (long long)count, first);
}

static void put_cell(struct writer *text, bytes_t cell, const char *end)
{
    while (cell.size > 0 && (cell.data[cell.size - 1] <= ' '))
        cell.size--;
    for (size_t i = 0; i < cell.size; i++)
        writer_u8(text, cell.data[i] < ' ' || cell.data[i] == 0x7f ? ' ' : cell.data[i]);
    writer_text(text, end);
}

static void put_event(struct writer *text, const struct json_value *event, int64_t now_ms)
{
    bytes_t source = json_text_at(json_get(event, "source"), "component");
    writer_text(text, "  ");
    put_cell(text, json_text_at(event, "type"), "\t");
    put_cell(text, json_text_at(event, "reason"), "\t");
    put_age(text, event, now_ms);
    writer_text(text, "\t");
    put_cell(text, source.size > 0 ? source : json_text_at(event, "reportingComponent"), "\t");
    put_cell(text, json_text_at(event, "message"), "\n");
}

void describe_events(const struct json_value *events, int64_t now_ms, struct writer *text)
{
    const struct json_value *items = json_get(events, "items");
    if (items == NULL || items->type != JSON_ARRAY || items->count == 0) {
        writer_text(text, "Events:\t<none>\n");
        return;
    }
    const struct json_value **sorted = mem_zalloc(items->count, sizeof(const struct json_value *));
    size_t count = 0;
    for (const struct json_value *event = items->first; event != NULL; event = event->next)
        sorted[count++] = event;
    qsort(sorted, count, sizeof *sorted, by_time);
    writer_text(text, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------\n");
    for (size_t i = 0; i < count; i++)
        put_event(text, sorted[i], now_ms);
    free(sorted);
}
