// SPDX-License-Identifier: Apache-2.0
// eddy dlq drop: nothing is to be done with these any more. They stay in their topic, for as long as it keeps them.
#include "cli/dlq.h"
#include "cli/dlq_text.h"
#include "io/clock.h"

// clang-format off
static const struct option_row rows[] = {
    DLQ_ROWS,
    { .flag = "--all-of-them", .group = "Which", .type = OPTION_BOOL, .help = "every dead letter there is, without a filter", .at = offsetof(struct dlq_config, everything) },
    { .flag = "--dry-run", .group = "Drop", .type = OPTION_BOOL, .help = "only say what would be dropped", .at = offsetof(struct dlq_config, dry_run) },
    CLI_ROWS(struct dlq_config),
    KUBE_SERVER_ROWS(struct dlq_config),
};
// clang-format on

struct drop {
    struct writer out;
    size_t count, done; // dropped; skipped
};

static err_t on_letters(struct dlq *dlq, struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct drop *drop = dlq->owner;
    struct dlq_mark *marks = arena_array(&dlq->arena, count, sizeof *marks);
    size_t marked = 0;
    for (size_t i = 0; i < count; i++) {
        enum dlq_state state = letters[i].mark.state;
        if (state == DLQ_REPLAYED || state == DLQ_DROPPED || (dlq->config->uncertain && state != DLQ_REPLAYING)) {
            drop->done++;
            continue;
        }
        marks[marked++] = (struct dlq_mark){ .letter = letters[i].id,
                                             .state = DLQ_DROPPED,
                                             .topic_id = dlq_topic_id(letters[i].topic, &dlq->arena),
                                             .time_ms = clock_wall_ms(),
                                             .replays = dlq_mark_replays(&letters[i].mark) };
        if (!dlq->config->common.json)
            writer_format(&drop->out, "%s %.*s\n", dlq->config->dry_run ? "would drop" : "dropped",
                          BYTES_ARG(letters[i].id));
    }
    drop->count += marked;
    return dlq->config->dry_run ? ERR_OK : dlq_ledger_append(&dlq->ledger, marks, marked, diag);
}

static enum cli_exit run(struct cluster *cluster, const struct cli_common *common,
                         const struct cli_arguments *arguments)
{
    struct drop drop = { .out = WRITER_INIT };
    struct dlq dlq;
    diag_t diag = { 0 };
    err_t err = dlq_open(&dlq, cluster, common, arguments, &diag);
    dlq.on_letters = on_letters;
    dlq.owner = &drop;
    if (err == ERR_OK)
        err = dlq_read(&dlq, arguments, &diag);
    if (err == ERR_OK && common->json)
        writer_format(&drop.out, "{\"dropped\":%zu,\"skipped\":%zu}\n", drop.count, drop.done);
    else if (err == ERR_OK)
        writer_format(&drop.out, "%zu %s, %zu skipped.\n", drop.count,
                      dlq.config->dry_run ? "would be dropped" : "dropped", drop.done);
    if (err == ERR_OK)
        (void)cli_print(&drop.out);
    writer_free(&drop.out);
    dlq_close(&dlq);
    return err == ERR_OK ? CLI_OK : cli_complain("dlq drop", &diag);
}

const struct cli_action dlq_drop_action = {
    { "dlq drop", "[ID ...] [options]",
      "Nothing is to be done with these dead letters any more: list leaves them out, replay skips them.\n"
      "  eddy dlq drop --trigger orders --until 24h",
      0, CLI_REST_MAX },
    { rows, ARRAY_COUNT(rows) },
    dlq_check_chosen,
    run,
};
