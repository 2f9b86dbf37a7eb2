// SPDX-License-Identifier: Apache-2.0
// One mark of the ledger as text.
#include "base/assert.h"
#include "base/civil.h"
#include "base/json.h"
#include "base/json_write.h"
#include "cli/dlq_ledger.h"

static const char *const names[] = { "new", "replaying", "replayed", "dropped" };
static const struct json_limits limits = { .size = 64 << 10, .values = 1000 };

const char *dlq_state_name(enum dlq_state state)
{
    return names[state];
}

void dlq_mark_write(const struct dlq_mark *mark, struct writer *out)
{
    char time[CIVIL_TEXT_SIZE];
    struct arena arena = ARENA_INIT;
    struct json_writer json = json_writer_of(out);
    if (mark->state == DLQ_NEW)
        return;
    json_object_begin(&json);
    json_field_text(&json, "state", names[mark->state]);
    json_field_text(&json, "time", civil_format(mark->time_ms, time));
    json_field_bytes(&json, "topic_id", mark->topic_id);
    json_field_bytes(&json, "run", mark->run);
    if (mark->to.size > 0)
        json_field_bytes(&json, "to", mark->to);
    if (mark->at.topic.size > 0)
        json_field_bytes(&json, "at", mark_place_text(&mark->at, &arena));
    if (mark->state == DLQ_REPLAYING)
        json_field_int(&json, "over", mark->over);
    if (mark->is_edited)
        json_field_bool(&json, "edited", true);
    json_object_end(&json);
    arena_free(&arena);
}

static bool state_read(bytes_t text, enum dlq_state *ret_state)
{
    for (size_t i = DLQ_REPLAYING; i < ARRAY_COUNT(names); i++) {
        if (bytes_is(text, names[i])) {
            *ret_state = (enum dlq_state)i;
            return true;
        }
    }
    return false;
}

err_t dlq_mark_read(bytes_t key, bytes_t value, struct arena *arena, struct dlq_mark *ret_mark)
{
    struct dlq_mark mark = { .key = arena_copy(arena, key), .state = DLQ_NEW, .offset = -1, .over = -1 };
    struct arena scratch = ARENA_INIT;
    struct json_value *tree = NULL;
    err_t err = value.data == NULL ? ERR_OK : json_parse(value, &limits, &scratch, &tree, NULL);
    if (err == ERR_OK && value.data != NULL) {
        bytes_t at = json_text_at(tree, "at");
        bool is_valid = state_read(json_text_at(tree, "state"), &mark.state) &&
                        civil_parse(json_text_at(tree, "time"), &mark.time_ms) == ERR_OK &&
                        (at.size == 0 || mark_place_parse(arena_copy(arena, at), &mark.at));
        err = is_valid ? ERR_OK : ERR_INVALID;
        mark.topic_id = arena_copy(arena, json_text_at(tree, "topic_id"));
        mark.run = arena_copy(arena, json_text_at(tree, "run"));
        mark.to = arena_copy(arena, json_text_at(tree, "to"));
        (void)json_get_bool(json_get(tree, "edited"), &mark.is_edited);
        (void)json_get_int(json_get(tree, "over"), &mark.over);
    }
    arena_free(&scratch);
    if (err != ERR_OK)
        return ERR_INVALID;
    *ret_mark = mark;
    return ERR_OK;
}

bool dlq_mark_counts(const struct dlq_mark *mark, const struct dlq_mark *next)
{
    return next->state != DLQ_REPLAYING || next->over == mark->offset;
}
