// SPDX-License-Identifier: Apache-2.0
// eddy dlq show ID: one dead letter, and what happened to it before.
#include "base/civil.h"
#include "base/json_write.h"
#include "cli/dlq.h"
#include "cli/dlq_text.h"

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--topic", .letter = 't', .group = "Which", .type = OPTION_TEXT, .value_name = "TOPIC",
      .help = "the ids are PARTITION/OFFSET of this topic", .at = offsetof(struct dlq_config, topics) },
    CLI_ROWS(struct dlq_config),
};
// clang-format on

enum { HISTORY_MAX = 20 };

// What a letter was before: each dead letter that it is a replay of, the last one first. As far as the log still has
// it.
struct history {
    struct dlq_letter items[HISTORY_MAX];
    size_t count;
    bool is_whole;
};

// The dead letter whose replay became LETTER. False: there is none, or it is gone (*RET_IS_GONE).
static bool before(struct dlq *dlq, const struct dlq_letter *letter, struct dlq_letter *ret_letter, bool *ret_is_gone)
{
    struct dlq_letter delivered;
    struct mark_place place;
    diag_t diag = { 0 };
    *ret_is_gone = dlq_letter_replays_before(letter) > 0;
    if (letter->origin.topic.data == NULL ||
        dlq_record_read(dlq, &letter->origin, &dlq->arena, &delivered, &diag) != ERR_OK)
        return false;
    *ret_is_gone = *ret_is_gone && delivered.replay_of.data != NULL;
    return mark_place_parse(delivered.replay_of, &place) &&
           dlq_record_read(dlq, &place, &dlq->arena, ret_letter, &diag) == ERR_OK;
}

static void history_read(struct dlq *dlq, const struct dlq_letter *letter, struct history *history)
{
    bool is_gone = false;
    while (history->count < HISTORY_MAX && before(dlq, letter, &history->items[history->count], &is_gone))
        letter = &history->items[history->count++];
    history->is_whole = !is_gone;
}

static void show_json(const struct dlq_letter *letter, const struct history *history, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    dlq_letter_json(letter, &json);
    json_key(&json, "history");
    json_array_begin(&json);
    for (size_t i = 0; i < history->count; i++) {
        json_object_begin(&json);
        dlq_letter_json(&history->items[i], &json);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    writer_text(out, "\n");
}

static void line(struct writer *out, const char *name, bytes_t text)
{
    struct arena arena = ARENA_INIT;
    writer_format(out, "%-10s %s\n", name, cli_shown(&arena, text));
    arena_free(&arena);
}

static void error_text(const struct dlq_letter *letter, struct arena *arena, struct writer *out)
{
    bytes_t code = cloudevent_extension_text(&letter->event, "knativeerrorcode");
    bytes_t at = cloudevent_extension_text(&letter->event, "knativeerrordest");
    line(out, "Error:",
         bytes_of_text(arena_format(arena, "%.*s from %.*s", BYTES_ARG(code.size == 0 ? BYTES_LITERAL("?") : code),
                                    BYTES_ARG(at.size == 0 ? BYTES_LITERAL("?") : at))));
    for (bytes_t rest = letter->error_data; rest.size > 0;) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        size_t size = end == NULL ? rest.size : (size_t)(end - rest.data);
        line(out, "", bytes_of(rest.data, size));
        size += end != NULL;
        rest = bytes_of(rest.data + size, rest.size - size);
    }
}

static void history_text(const struct history *history, struct arena *arena, struct writer *out)
{
    char time[CIVIL_TEXT_SIZE];
    if (history->count > 0 || !history->is_whole)
        writer_text(out, "\nBefore:\n");
    for (size_t i = 0; i < history->count; i++) {
        const struct dlq_letter *item = &history->items[i];
        bytes_t code = cloudevent_extension_text(&item->event, "knativeerrorcode");
        const char *text =
            arena_format(arena, "  failed at %s with %.*s: %.*s", civil_format_seconds(item->time_ms, time),
                         BYTES_ARG(code), BYTES_ARG(item->error_data));
        writer_format(out, "%s\n  it was %s", cli_shown(arena, bytes_of_text(text)), cli_shown(arena, item->id));
        if (item->mark.state != DLQ_NEW) {
            writer_text(out, ", ");
            dlq_mark_tell(&item->mark, out);
        }
        writer_text(out, "\n");
    }
    if (!history->is_whole)
        writer_text(out, "  what was before that is not in the log any more\n");
}

static void show_text(const struct dlq_letter *letter, const struct history *history, struct writer *out)
{
    char time[CIVIL_TEXT_SIZE];
    struct arena arena = ARENA_INIT;
    struct writer state = WRITER_INIT;
    if (letter->mark.state == DLQ_NEW)
        writer_text(&state, "new");
    else
        dlq_mark_tell(&letter->mark, &state);
    line(out, "Id:", letter->id);
    line(out, "Failed:", bytes_of_text(civil_format_seconds(letter->time_ms, time)));
    line(out, "State:", writer_view(&state));
    line(out, "From:", letter->from.data == NULL ? BYTES_LITERAL("it does not say whose it was") : letter->from);
    if (letter->origin.topic.data != NULL)
        line(out, "Record:", mark_place_text(&letter->origin, &arena));
    line(out, "Replays:", bytes_of_text(arena_format(&arena, "%lld", (long long)dlq_letter_replays(letter))));
    error_text(letter, &arena, out);
    history_text(history, &arena, out);
    writer_text(out, "\nEvent:\n");
    dlq_event_write(&letter->event, out);
    writer_free(&state);
    arena_free(&arena);
}

static err_t on_letters(struct dlq *dlq, struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct writer out = WRITER_INIT;
    (void)diag;
    for (size_t i = 0; i < count; i++) {
        struct history history = { .is_whole = true };
        history_read(dlq, &letters[i], &history);
        if (i > 0 && !dlq->config->common.json)
            writer_text(&out, "\n---\n");
        if (dlq->config->common.json)
            show_json(&letters[i], &history, &out);
        else
            show_text(&letters[i], &history, &out);
    }
    (void)cli_print(&out);
    writer_free(&out);
    return ERR_OK;
}

static enum cli_exit show_run(struct cluster *cluster, const struct cli_common *common,
                              const struct cli_arguments *arguments)
{
    struct dlq dlq;
    diag_t diag = { 0 };
    err_t err = dlq_open(&dlq, cluster, common, arguments, &diag);
    dlq.on_letters = on_letters;
    if (err == ERR_OK)
        err = dlq_read(&dlq, arguments, &diag);
    dlq_close(&dlq);
    return err == ERR_OK ? CLI_OK : cli_complain("dlq show", &diag);
}

const struct cli_action dlq_show_action = {
    { "dlq show", "ID ... [options]",
      "Shows a dead letter: the event, why it failed and whose it was, what was done with it, and what happened "
      "before.\n"
      "  eddy dlq show knative-broker-default-default-dead-letters/0/3",
      1, CLI_REST_MAX },
    { rows, ARRAY_COUNT(rows) },
    dlq_check,
    show_run,
};
