// SPDX-License-Identifier: Apache-2.0
// eddy dlq edit: a dead letter in an editor, as JSON; what comes of it is replayed instead.
#include "cli/dlq.h"
#include "cli/dlq_send.h"
#include "cli/dlq_text.h"
#include "cli/edit_text.h"
#include "cli/editor.h"
#include "cloudevents/json_format.h"

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--topic", .letter = 't', .group = "Which", .type = OPTION_TEXT, .value_name = "TOPIC",
      .help = "the id is PARTITION/OFFSET of this topic", .at = offsetof(struct dlq_config, topics) },
    { .flag = "--again", .group = "Replay", .type = OPTION_BOOL, .help = "although it was replayed, dropped, or is uncertain", .at = offsetof(struct dlq_config, again) },
    { .flag = "--to", .group = "Replay", .type = OPTION_TEXT, .value_name = "WHERE",
      .help = "trigger (the one that failed, nobody else; the default), broker (all that want it), topic:NAME", .at = offsetof(struct dlq_config, to) },
    EDITOR_ROWS(struct dlq_config, editor),
    CLI_ROWS(struct dlq_config),
    KUBE_SERVER_ROWS(struct dlq_config),
};
// clang-format on

static err_t check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct dlq_config *config = CONTAINER_OF_CONST(common, struct dlq_config, common);
    struct dlq_send send = { 0 };
    err_t err = dlq_check(common, arguments, diag);
    return err == ERR_OK ? dlq_send_to(config->to, &send, diag) : err;
}

// What the editor made of TEXT, until it is an event, or the same as before. *RET_CHANGED: it is another one.
static err_t event_edit(struct dlq *dlq, bytes_t text, struct cloudevent *ret_event, bool *ret_changed, diag_t *diag)
{
    struct editor editor;
    struct writer problems = WRITER_INIT;
    bytes_t content = text, before;
    diag_t wrong = { 0 };
    err_t err = editor_open(&editor, &dlq->config->editor, "event.json", &dlq->arena, diag);
    *ret_changed = false;
    do {
        before = content;
        if (err == ERR_OK)
            err = editor_run(&editor, writer_view(&problems), before, &content, diag);
        *ret_changed = err == ERR_OK && content.size > 0 && !bytes_equal(content, before);
        if (!*ret_changed)
            break;
        writer_reset(&problems);
        wrong = (diag_t){ 0 };
        if (cloudevent_json_decode(content, &dlq->arena, ret_event, &wrong) == ERR_OK)
            break;
        writer_format(&problems, "This is no event: %s: %s\n", wrong.where, wrong.text);
    } while (err == ERR_OK);
    if (err == ERR_OK && !*ret_changed && wrong.text[0] != '\0')
        err = diag_fail(diag, ERR_INVALID, wrong.where, "%s", wrong.text);
    writer_free(&problems);
    editor_close(&editor);
    return err;
}

static err_t on_letters(struct dlq *dlq, struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct dlq_send *send = dlq->owner;
    struct writer text = WRITER_INIT;
    struct cloudevent event;
    bool is_changed;
    (void)count; // one: the command line has one id
    if (letters[0].mark.state != DLQ_NEW && !dlq->config->again)
        return diag_fail(diag, ERR_CONFLICT, arena_text(&dlq->arena, letters[0].id),
                         "is %s: --again edits and replays it nevertheless", dlq_state_shown(letters[0].mark.state));
    err_t err = dlq_send_check(send, letters, 1, diag);
    if (err != ERR_OK)
        return err;
    dlq_event_write(&letters[0].event, &text);
    err = event_edit(dlq, writer_view(&text), &event, &is_changed, diag);
    if (err == ERR_OK && is_changed) {
        letters[0].event = event;
        err = dlq_send(send, letters, 1, diag);
    }
    writer_free(&text);
    return err;
}

static void on_sent(struct dlq_send *send, const struct dlq_letter *letter, const struct dlq_mark *mark)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "%.*s was ", BYTES_ARG(letter->id));
    dlq_mark_tell(mark, &out);
    dlq_send_tell_shared(send, &out);
    writer_text(&out, "\n");
    (void)cli_print(&out);
    writer_free(&out);
}

static enum cli_exit run(struct cluster *cluster, const struct cli_common *common,
                         const struct cli_arguments *arguments)
{
    struct dlq dlq;
    struct dlq_send send = { .is_edited = true, .on_sent = on_sent };
    struct writer out = WRITER_INIT;
    diag_t diag = { 0 };
    err_t err = dlq_open(&dlq, cluster, common, arguments, &diag);
    dlq.on_letters = on_letters;
    dlq.owner = &send;
    if (err == ERR_OK)
        err = dlq_send_open(&send, &dlq, &diag);
    if (err == ERR_OK)
        err = dlq_read(&dlq, arguments, &diag);
    if (err == ERR_OK && send.sent == 0)
        writer_text(&out, send.taken > 0 ? "Another command is at it.\n" : "Edit cancelled, no changes made.\n");
    (void)cli_print(&out);
    writer_free(&out);
    dlq_send_close(&send);
    dlq_close(&dlq);
    return err == ERR_OK ? CLI_OK : cli_complain("dlq edit", &diag);
}

const struct cli_action dlq_edit_action = {
    { "dlq edit", "ID [options]",
      "A dead letter in an editor, as JSON; the event that comes of it is replayed in its place.\n"
      "  eddy dlq edit knative-broker-default-default-dead-letters/0/3",
      1, 1 },
    { rows, ARRAY_COUNT(rows) },
    check,
    run,
};
