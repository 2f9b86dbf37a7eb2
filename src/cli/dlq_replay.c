// SPDX-License-Identifier: Apache-2.0
// eddy dlq replay: dead letters go to whoever could not take them, to their broker, or into a topic.
#include "base/json_write.h"
#include "cli/dlq.h"
#include "cli/dlq_send.h"

// clang-format off
static const struct option_row rows[] = {
    DLQ_ROWS,
    { .flag = "--all-of-them", .group = "Which", .type = OPTION_BOOL, .help = "every dead letter there is, without a filter", .at = offsetof(struct dlq_config, everything) },
    { .flag = "--again", .group = "Replay", .type = OPTION_BOOL, .help = "also what was replayed, dropped, or is uncertain", .at = offsetof(struct dlq_config, again) },
    { .flag = "--to", .group = "Replay", .type = OPTION_TEXT, .value_name = "WHERE",
      .help = "trigger (the one that failed, nobody else; the default), broker (all that want it), topic:NAME", .at = offsetof(struct dlq_config, to) },
    { .flag = "--rate", .group = "Replay", .type = OPTION_TEXT, .value_name = "N/s", .help = "not faster than this: 10/s, 100/m, 5/h", .at = offsetof(struct dlq_config, rate) },
    { .flag = "--dry-run", .group = "Replay", .type = OPTION_BOOL, .help = "only say what would be replayed", .at = offsetof(struct dlq_config, dry_run) },
    CLI_ROWS(struct dlq_config),
    KUBE_SERVER_ROWS(struct dlq_config),
};
// clang-format on

enum { MS_PER_HOUR = 60 * 60 * 1000, PARTS_PER_SECOND = 10 };

struct replay {
    struct dlq_send send;
    struct writer out;
    int64_t per_hour; // 0: as fast as it goes
    size_t done;      // skipped, because something was done with them
};

static err_t check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct dlq_config *config = CONTAINER_OF_CONST(common, struct dlq_config, common);
    struct dlq_send send = { 0 };
    int64_t per_hour;
    err_t err = dlq_check_chosen(common, arguments, diag);
    if (err == ERR_OK)
        err = dlq_send_to(config->to, &send, diag);
    if (err == ERR_OK && config->rate != NULL)
        err = dlq_rate_read(config->rate, &per_hour, diag);
    return err;
}

static bool is_meant(const struct dlq_config *config, enum dlq_state state)
{
    if (config->uncertain)
        return state == DLQ_REPLAYING && config->again;
    return config->again || state == DLQ_NEW;
}

static void tell(struct replay *replay, const struct dlq_letter *letter, const struct dlq_mark *mark)
{
    struct arena arena = ARENA_INIT;
    bool is_json = replay->send.dlq->config->common.json;
    bytes_t as = mark == NULL ? BYTES_NULL : mark_place_text(&mark->at, &arena);
    if (is_json) {
        struct json_writer json = json_writer_of(&replay->out);
        json_object_begin(&json);
        json_field_bytes(&json, "id", letter->id);
        if (mark != NULL)
            json_field_bytes(&json, "to", mark->to);
        if (mark != NULL)
            json_field_bytes(&json, "as", as);
        json_object_end(&json);
        writer_text(&replay->out, "\n");
    } else if (mark == NULL) {
        writer_format(&replay->out, "would replay %s\n", cli_shown(&arena, letter->id));
    } else {
        writer_format(&replay->out, "replayed %s", cli_shown(&arena, letter->id));
        writer_format(&replay->out, " to %s", cli_shown(&arena, mark->to));
        writer_format(&replay->out, " as %s\n", cli_shown(&arena, as));
    }
    (void)cli_print(&replay->out);
    arena_free(&arena);
}

static void on_sent(struct dlq_send *send, const struct dlq_letter *letter, const struct dlq_mark *mark)
{
    tell(send->owner, letter, mark);
}

// How many at a time, so that a rate is kept without a command for each of them.
static size_t part_max(const struct replay *replay)
{
    int64_t per_part = replay->per_hour / (3600 * PARTS_PER_SECOND);
    if (replay->per_hour == 0 || per_part > DLQ_SEND_MAX)
        return DLQ_SEND_MAX;
    return per_part < 1 ? 1 : (size_t)per_part;
}

static err_t part_send(struct replay *replay, const struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct dlq *dlq = replay->send.dlq;
    if (dlq->config->dry_run) {
        err_t err = dlq_send_check(&replay->send, letters, count, diag);
        if (err != ERR_OK)
            return err;
        for (size_t i = 0; i < count; i++)
            tell(replay, &letters[i], NULL);
        replay->send.sent += count;
        return ERR_OK;
    }
    if (replay->per_hour > 0 && replay->send.sent > 0)
        cluster_sleep(dlq->cluster, (int64_t)count * MS_PER_HOUR / replay->per_hour);
    return dlq_send(&replay->send, letters, count, diag);
}

static err_t on_letters(struct dlq *dlq, struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct replay *replay = dlq->owner;
    size_t meant = 0, max = part_max(replay);
    err_t err = ERR_OK;
    for (size_t i = 0; i < count; i++) {
        if (is_meant(dlq->config, letters[i].mark.state))
            letters[meant++] = letters[i];
        else
            replay->done++;
    }
    for (size_t at = 0; at < meant && err == ERR_OK; at += max)
        err = part_send(replay, letters + at, meant - at < max ? meant - at : max, diag);
    return err;
}

static void summary(struct replay *replay)
{
    const struct dlq_config *config = replay->send.dlq->config;
    struct writer *out = &replay->out;
    if (config->common.json)
        return;
    writer_format(out, "%zu %s", replay->send.sent, config->dry_run ? "would be replayed" : "replayed");
    dlq_send_tell_shared(&replay->send, out);
    writer_text(out, ".");
    if (replay->done > 0)
        writer_format(out, " %zu skipped: something was done with %s before, or is uncertain; --again replays %s.",
                      replay->done, replay->done == 1 ? "it" : "them", replay->done == 1 ? "it" : "them");
    if (replay->send.taken > 0)
        writer_format(out, " %zu left to another command that is at it.", replay->send.taken);
    writer_text(out, "\n");
    (void)cli_print(out);
}

static enum cli_exit run(struct cluster *cluster, const struct cli_common *common,
                         const struct cli_arguments *arguments)
{
    struct dlq dlq;
    struct replay replay = { .send = { .on_sent = on_sent, .owner = &replay }, .out = WRITER_INIT };
    diag_t diag = { 0 };
    err_t err = dlq_open(&dlq, cluster, common, arguments, &diag);
    dlq.on_letters = on_letters;
    dlq.owner = &replay;
    if (err == ERR_OK)
        err = dlq_send_open(&replay.send, &dlq, &diag);
    if (err == ERR_OK && dlq.config->rate != NULL)
        err = dlq_rate_read(dlq.config->rate, &replay.per_hour, &diag);
    if (err == ERR_OK)
        err = dlq_read(&dlq, arguments, &diag);
    if (err == ERR_OK || replay.send.sent > 0)
        summary(&replay);
    writer_free(&replay.out);
    dlq_send_close(&replay.send);
    dlq_close(&dlq);
    return err == ERR_OK ? CLI_OK : cli_complain("dlq replay", &diag);
}

const struct cli_action dlq_replay_action = {
    { "dlq replay", "[ID ...] [options]",
      "Sends dead letters on their way again, durably: they are delivered, tried again and may become dead letters "
      "again\n"
      "as any event. What was replayed or dropped before is skipped. Whether the one who failed is still there is\n"
      "asked before: of Kafka, and of the Kubernetes API (--kubeconfig, --data).\n"
      "  eddy dlq replay --trigger orders --error 503 --rate 50/s\n"
      "  eddy dlq replay knative-broker-default-default-dead-letters/0/3 --to broker",
      0, CLI_REST_MAX },
    { rows, ARRAY_COUNT(rows) },
    check,
    run,
};
