// SPDX-License-Identifier: Apache-2.0
// Event: something that happened to an object. Columns as kubectl shows those of kube-apiserver.
#include "base/assert.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/object.h"
#include "kube/schema/field_error.h"
#include "kube/table/age.h"
#include "kube/table/table.h"

EMBED(event_definition, "event");

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    bytes_t about = json_text_at(json_get(object, "involvedObject"), "namespace");
    (void)live;
    // Events of objects without a namespace are in the default one.
    bool fits = about.size == 0
                    ? bytes_is(object_namespace(object), "default") || bytes_is(object_namespace(object), "kube-system")
                    : bytes_equal(about, object_namespace(object));
    if (!fits)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("involvedObject.namespace"),
                        field_quoted(errors->arena, about), BYTES_LITERAL("does not match event.namespace"));
}

// --- cells

static bytes_t first_time(const struct json_value *object)
{
    bytes_t time = json_text_at(object, "firstTimestamp");
    return time.size > 0 ? time : json_text_at(object, "eventTime");
}

static bytes_t last_time(const struct json_value *object)
{
    bytes_t in_series = json_text_at(json_get(object, "series"), "lastObservedTime");
    bytes_t time = in_series.size > 0 ? in_series : json_text_at(object, "lastTimestamp");
    return time.size > 0 ? time : first_time(object);
}

static void age_write(struct writer *to, bytes_t time, int64_t now_ms)
{
    char text[AGE_TEXT_SIZE];
    writer_text(to, time.size == 0 ? "<unknown>" : age_of_timestamp(time, now_ms, text));
}

static void last_seen_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    age_write(to, last_time(object), now_ms);
}

static void first_seen_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    age_write(to, first_time(object), now_ms);
}

static void object_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *about = json_get(object, "involvedObject");
    bytes_t kind = json_text_at(about, "kind"), name = json_text_at(about, "name");
    (void)now_ms;
    for (size_t i = 0; i < kind.size; i++)
        writer_u8(to, kind.data[i] >= 'A' && kind.data[i] <= 'Z' ? kind.data[i] | 0x20 : kind.data[i]);
    if (name.size > 0)
        writer_format(to, "/%.*s", BYTES_ARG(name));
}

static void source_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *source = json_get(object, "source");
    bytes_t who = json_text_at(source, "component"), where = json_text_at(source, "host");
    (void)now_ms;
    if (who.size == 0)
        who = json_text_at(object, "reportingComponent");
    if (where.size == 0)
        where = json_text_at(object, "reportingInstance");
    writer_bytes(to, who);
    if (where.size > 0)
        writer_format(to, ", %.*s", BYTES_ARG(where));
}

static void message_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    bytes_t text = json_text_at(object, "message");
    (void)now_ms;
    while (text.size > 0 && text.data[text.size - 1] <= ' ')
        text.size--;
    while (text.size > 0 && text.data[0] <= ' ')
        text = bytes_of(text.data + 1, text.size - 1);
    writer_bytes(to, text);
}

static void count_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *series = json_get(object, "series");
    int64_t count = int_at(series == NULL ? object : series, "count");
    (void)now_ms;
    writer_format(to, "%lld", (long long)(count == 0 && series == NULL ? 1 : count));
}

static const struct table_cell cells[] = {
    { "Last Seen", last_seen_cell },
    { "Object", object_cell },
    { "Source", source_cell },
    { "Message", message_cell },
    { "First Seen", first_seen_cell },
    { "Count", count_cell },
    { NULL, NULL },
};

const struct kind_rules event_rules = {
    .definition = event_definition,
    .check = check,
    .cells = cells,
    .no_generation = true,
};
