// SPDX-License-Identifier: Apache-2.0
// eddy dlq list
#include "base/civil.h"
#include "base/json_write.h"
#include "cli/dlq.h"
#include "cli/dlq_text.h"

// clang-format off
static const struct option_row rows[] = {
    DLQ_ROWS,
    { .flag = "--all", .letter = 'a', .group = "Which", .type = OPTION_BOOL, .help = "also what was replayed or dropped", .at = offsetof(struct dlq_config, all) },
    CLI_ROWS(struct dlq_config),
    KUBE_SERVER_ROWS(struct dlq_config),
};
// clang-format on

enum { ERROR_SHOWN = 60 };

struct list {
    struct cli_table table;
    struct writer out;
    size_t count, done; // listed; left out because something was done with them
};

static bool is_listed(const struct dlq_config *config, enum dlq_state state)
{
    if (config->uncertain)
        return state == DLQ_REPLAYING;
    return config->all || state == DLQ_NEW || state == DLQ_REPLAYING;
}

static void row_text(struct cli_table *table, const struct dlq_letter *letter)
{
    char time[CIVIL_TEXT_SIZE];
    bytes_t code = cloudevent_extension_text(&letter->event, "knativeerrorcode"), error = letter->error_data;
    const uint8_t *line_end = error.size == 0 ? NULL : memchr(error.data, '\n', error.size);
    error.size = line_end == NULL ? error.size : (size_t)(line_end - error.data);
    error.size = error.size > ERROR_SHOWN ? ERROR_SHOWN : error.size;
    cli_table_add(table, "%.*s", BYTES_ARG(letter->id));
    cli_table_add(table, "%s", civil_format_seconds(letter->time_ms, time));
    cli_table_add(table, "%s", dlq_state_shown(letter->mark.state));
    cli_table_add(table, "%.*s", BYTES_ARG(letter->from.size == 0 ? BYTES_LITERAL("-") : letter->from));
    cli_table_add(table, "%.*s", BYTES_ARG(letter->event.core[CLOUDEVENT_TYPE]));
    cli_table_add(table, "%.*s", BYTES_ARG(letter->event.core[CLOUDEVENT_ID]));
    cli_table_add(table, "%lld", (long long)dlq_letter_replays(letter));
    cli_table_add(table, "%.*s", BYTES_ARG(code.size == 0 ? BYTES_LITERAL("-") : code));
    cli_table_add(table, "%.*s", BYTES_ARG(error.size == 0 ? BYTES_LITERAL("-") : error));
}

static err_t on_letters(struct dlq *dlq, struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct list *list = dlq->owner;
    (void)diag;
    for (size_t i = 0; i < count; i++) {
        if (!is_listed(dlq->config, letters[i].mark.state)) {
            list->done++;
            continue;
        }
        list->count++;
        if (!dlq->config->common.json) {
            row_text(&list->table, &letters[i]);
            continue;
        }
        struct json_writer json = json_writer_of(&list->out);
        json_object_begin(&json);
        dlq_letter_json(&letters[i], &json);
        json_object_end(&json);
        writer_text(&list->out, "\n");
    }
    return ERR_OK;
}

static void list_end(struct list *list, bool is_json, bool is_good)
{
    bool has_table = is_good && !is_json && list->count > 0;
    cli_table_print(&list->table, has_table ? &list->out : NULL);
    if (is_good && !is_json && list->count == 0)
        writer_text(&list->out, "No dead letters.");
    if (is_good && !is_json && list->done > 0)
        writer_format(&list->out, "%s%zu that %s replayed or dropped %s not shown; --all shows them.\n",
                      list->count == 0 ? " " : "\n", list->done, list->done == 1 ? "was" : "were",
                      list->done == 1 ? "is" : "are");
    else if (is_good && !is_json && list->count == 0)
        writer_text(&list->out, "\n");
    (void)cli_print(&list->out);
    writer_free(&list->out);
}

static enum cli_exit list_run(struct cluster *cluster, const struct cli_common *common,
                              const struct cli_arguments *arguments)
{
    static const char *const titles[] = {
        "ID", "FAILED", "STATE", "FROM", "TYPE", "EVENT", "REPLAYS", "CODE", "ERROR"
    };
    struct list list = { .table = { .titles = titles, .columns = ARRAY_COUNT(titles) }, .out = WRITER_INIT };
    struct dlq dlq;
    diag_t diag = { 0 };
    err_t err = dlq_open(&dlq, cluster, common, arguments, &diag);
    dlq.on_letters = on_letters;
    dlq.owner = &list;
    if (err == ERR_OK)
        err = dlq_read(&dlq, arguments, &diag);
    list_end(&list, common->json, err == ERR_OK);
    dlq_close(&dlq);
    return err == ERR_OK ? CLI_OK : cli_complain("dlq list", &diag);
}

const struct cli_action dlq_list_action = {
    { "dlq list", "[ID ...] [options]",
      "Lists dead letters that nothing was done with yet: what failed, whose it was, and why.\n"
      "  eddy dlq list\n"
      "  eddy dlq list --trigger orders --since 1h --error timeout\n"
      "  eddy dlq list --topic dead-letter-queue --all",
      0, CLI_REST_MAX },
    { rows, ARRAY_COUNT(rows) },
    dlq_check,
    list_run,
};
