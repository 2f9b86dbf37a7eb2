// SPDX-License-Identifier: Apache-2.0
#include "cli/dlq_mark.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/json.h"
#include "base/json_write.h"

static const char *const names[] = { "new", "replaying", "replayed", "dropped" };
static const struct json_limits limits = { .size = 64 << 10, .values = 1000 };

const char *dlq_state_name(enum dlq_state state)
{
    return names[state];
}

// --- as records

bytes_t dlq_mark_about(bytes_t letter, bytes_t topic_id, struct arena *arena)
{
    return bytes_of_text(arena_format(arena, "%.*s %.*s", BYTES_ARG(letter), BYTES_ARG(topic_id)));
}

bytes_t dlq_mark_key(const struct dlq_mark *mark, struct arena *arena)
{
    bytes_t about = dlq_mark_about(mark->letter, mark->topic_id, arena);
    if (mark->run.size == 0)
        return about;
    return bytes_of_text(arena_format(arena, "%.*s %.*s", BYTES_ARG(about), BYTES_ARG(mark->run)));
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
    if (mark->to.size > 0)
        json_field_bytes(&json, "to", mark->to);
    if (mark->at.topic.size > 0)
        json_field_bytes(&json, "at", mark_place_text(&mark->at, &arena));
    if (mark->state == DLQ_REPLAYING)
        json_field_int(&json, "over", mark->over);
    if (mark->replays > 0)
        json_field_int(&json, "replays", mark->replays);
    if (mark->is_edited)
        json_field_bool(&json, "edited", true);
    json_object_end(&json);
    arena_free(&arena);
}

// The word of KEY behind *AT; BYTES_NULL: there is no more.
static bytes_t word_next(bytes_t key, size_t *at)
{
    if (*at >= key.size)
        return BYTES_NULL;
    const uint8_t *from = key.data + *at, *space = memchr(from, ' ', key.size - *at);
    size_t size = space == NULL ? key.size - *at : (size_t)(space - from);
    *at += size + 1;
    return bytes_of(from, size);
}

static bool key_read(bytes_t key, struct dlq_mark *mark)
{
    size_t at = 0;
    struct mark_place place;
    mark->letter = word_next(key, &at);
    mark->topic_id = word_next(key, &at);
    mark->run = word_next(key, &at);
    return mark->topic_id.size > 0 && at >= key.size && mark_place_parse(mark->letter, &place);
}

static bool state_read(bytes_t text, const struct dlq_mark *mark, enum dlq_state *ret_state)
{
    for (size_t i = DLQ_REPLAYING; i < ARRAY_COUNT(names); i++) {
        if (!bytes_is(text, names[i]))
            continue;
        *ret_state = (enum dlq_state)i;
        return (i == DLQ_REPLAYING) == (mark->run.size > 0);
    }
    return false;
}

static bool value_read(const struct json_value *tree, struct arena *arena, struct dlq_mark *mark)
{
    bytes_t at = arena_copy(arena, json_text_at(tree, "at"));
    mark->to = arena_copy(arena, json_text_at(tree, "to"));
    (void)json_get_bool(json_get(tree, "edited"), &mark->is_edited);
    (void)json_get_int(json_get(tree, "over"), &mark->over);
    (void)json_get_int(json_get(tree, "replays"), &mark->replays);
    return state_read(json_text_at(tree, "state"), mark, &mark->state) &&
           civil_parse(json_text_at(tree, "time"), &mark->time_ms) == ERR_OK && mark->replays >= 0 &&
           mark->replays < INT32_MAX && (at.size == 0 || mark_place_parse(at, &mark->at));
}

err_t dlq_mark_read(bytes_t key, bytes_t value, struct arena *arena, struct dlq_mark *ret_mark)
{
    struct dlq_mark mark = { .state = DLQ_NEW, .offset = -1, .over = -1 };
    struct arena scratch = ARENA_INIT;
    struct json_value *tree = NULL;
    bool is_valid = key_read(arena_copy(arena, key), &mark);
    if (is_valid && value.data != NULL)
        is_valid = json_parse(value, &limits, &scratch, &tree, NULL) == ERR_OK && value_read(tree, arena, &mark);
    arena_free(&scratch);
    if (!is_valid)
        return ERR_INVALID;
    *ret_mark = mark;
    return ERR_OK;
}

// --- what follows

int64_t dlq_mark_replays(const struct dlq_mark *mark)
{
    return mark->replays - (mark->state == DLQ_REPLAYING && mark->replays > 0);
}

struct dlq_mark *dlq_entry_last(struct dlq_entry *entry)
{
    if (entry->counts != NULL)
        return &entry->counts->mark;
    return entry->done.state == DLQ_NEW ? NULL : &entry->done;
}

static void begun_add(struct dlq_entry *entry, const struct dlq_mark *mark, struct arena *arena)
{
    const struct dlq_mark *last = dlq_entry_last(entry);
    struct dlq_begun *begun = arena_alloc(arena, sizeof *begun);
    *begun = (struct dlq_begun){ .next = entry->begun, .mark = *mark };
    entry->begun = begun;
    if (mark->over != (last == NULL ? -1 : last->offset))
        return;
    begun->before = entry->counts;
    entry->counts = begun;
}

// What it counted over counts again.
static void begun_remove(struct dlq_entry *entry, bytes_t run)
{
    struct dlq_begun **link = &entry->begun;
    while (*link != NULL && !bytes_equal((*link)->mark.run, run))
        link = &(*link)->next;
    struct dlq_begun *gone = *link;
    if (gone == NULL)
        return;
    *link = gone->next;
    for (struct dlq_begun *begun = entry->begun; begun != NULL; begun = begun->next) {
        if (begun->before == gone)
            begun->before = gone->before;
    }
    if (entry->counts == gone)
        entry->counts = gone->before;
}

void dlq_entry_take(struct dlq_entry *entry, const struct dlq_mark *mark, struct arena *arena)
{
    if (mark->run.size == 0) {
        entry->done = *mark;
        entry->counts = NULL;
    } else if (mark->state == DLQ_NEW) {
        begun_remove(entry, mark->run);
    } else {
        begun_add(entry, mark, arena);
    }
}
