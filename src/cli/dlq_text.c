// SPDX-License-Identifier: Apache-2.0
#include "cli/dlq_text.h"

#include "base/civil.h"
#include "base/json_edit.h"
#include "cloudevents/json_format.h"

const char *dlq_state_shown(enum dlq_state state)
{
    return state == DLQ_REPLAYING ? "uncertain" : dlq_state_name(state);
}

static void place_json(struct json_writer *json, const char *key, const struct mark_place *place)
{
    struct arena arena = ARENA_INIT;
    if (place->topic.data != NULL)
        json_field_bytes(json, key, mark_place_text(place, &arena));
    arena_free(&arena);
}

static void mark_json(const struct dlq_mark *mark, struct json_writer *json)
{
    char time[CIVIL_TEXT_SIZE];
    json_key(json, "done");
    json_object_begin(json);
    json_field_text(json, "time", civil_format(mark->time_ms, time));
    if (mark->to.size > 0)
        json_field_bytes(json, "to", mark->to);
    if (mark->state == DLQ_REPLAYED)
        place_json(json, "as", &mark->at);
    json_field_bool(json, "edited", mark->is_edited);
    json_object_end(json);
}

static void error_json(const struct dlq_letter *letter, struct json_writer *json)
{
    json_key(json, "error");
    json_object_begin(json);
    json_field_bytes(json, "code", cloudevent_extension_text(&letter->event, "knativeerrorcode"));
    json_field_bytes(json, "destination", cloudevent_extension_text(&letter->event, "knativeerrordest"));
    json_field_data(json, "data", letter->error_data.data == NULL ? BYTES_LITERAL("") : letter->error_data);
    json_object_end(json);
}

void dlq_letter_json(const struct dlq_letter *letter, struct json_writer *json)
{
    char time[CIVIL_TEXT_SIZE];
    json_field_bytes(json, "id", letter->id);
    json_field_text(json, "time", civil_format(letter->time_ms, time));
    json_field_text(json, "state", dlq_state_shown(letter->mark.state));
    if (letter->mark.state != DLQ_NEW)
        mark_json(&letter->mark, json);
    if (letter->from.data != NULL)
        json_field_bytes(json, "from", letter->from);
    place_json(json, "record", &letter->origin);
    json_field_int(json, "replays", dlq_letter_replays(letter));
    error_json(letter, json);
    json_key(json, "event");
    cloudevent_json_encode(&letter->event, json);
}

// In the order that it has. The texts are as they are: kubectl's way, go_text.h, escapes what HTML would take for its
// own.
static void lines_write(const struct json_value *value, int level, struct writer *out)
{
    enum { INDENT = 4 };
    bool is_object = value->type == JSON_OBJECT;
    struct json_writer json = json_writer_of(out);
    if ((!is_object && value->type != JSON_ARRAY) || value->first == NULL) {
        json_value_write(&json, value);
        return;
    }
    writer_u8(out, is_object ? '{' : '[');
    for (const struct json_value *one = value->first; one != NULL; one = one->next) {
        struct json_writer name = json_writer_of(out);
        writer_format(out, "%s\n%*s", one == value->first ? "" : ",", INDENT * (level + 1), "");
        if (is_object) {
            json_bytes(&name, one->name);
            writer_text(out, ": ");
        }
        lines_write(one, level + 1, out);
    }
    writer_format(out, "\n%*s%c", INDENT * level, "", is_object ? '}' : ']');
}

void dlq_event_write(const struct cloudevent *event, struct writer *out)
{
    static const struct json_limits limits = { .size = SIZE_MAX, .values = SIZE_MAX };
    struct arena arena = ARENA_INIT;
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    struct json_value *tree;
    cloudevent_json_encode(event, &json);
    if (json_parse(writer_view(&text), &limits, &arena, &tree, NULL) == ERR_OK)
        lines_write(tree, 0, out);
    else // data that is nested as deep as an event may be
        writer_bytes(out, writer_view(&text));
    writer_text(out, "\n");
    writer_free(&text);
    arena_free(&arena);
}

void dlq_mark_tell(const struct dlq_mark *mark, struct writer *out)
{
    char time[CIVIL_TEXT_SIZE];
    struct arena arena = ARENA_INIT;
    civil_format_seconds(mark->time_ms, time);
    bytes_t at = mark->at.topic.data == NULL ? BYTES_NULL : mark_place_text(&mark->at, &arena);
    if (mark->state == DLQ_DROPPED)
        writer_format(out, "dropped at %s", time);
    else if (mark->state == DLQ_REPLAYED)
        writer_format(out, "%sreplayed to %.*s at %s, as %.*s", mark->is_edited ? "edited and " : "",
                      BYTES_ARG(mark->to), time, BYTES_ARG(at));
    else
        writer_format(
            out,
            "uncertain: a replay to %.*s began at %s and did not end, or goes on; from %.*s on no record of it "
            "stands there. --uncertain chooses what is so, --again replays it",
            BYTES_ARG(mark->to), time, BYTES_ARG(at));
    arena_free(&arena);
}
