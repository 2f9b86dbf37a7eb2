// SPDX-License-Identifier: Apache-2.0
// eddy dlq edit: a dead letter in an editor, as JSON; what comes of it is replayed instead.
#include "cli/dlq.h"
#include "cli/dlq_send.h"
#include "cli/dlq_text.h"
#include "cli/edit_text.h"
#include "cli/editor.h"
#include "cloudevents/json_format.h"

#include <stdlib.h>

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

struct edit {
    struct dlq_send send;
    struct editor editor; // open: there is something to edit
    bool is_changed;
};

// Where the content that the editor left is wrong, as it stands in the file then.
static void problem_write(bytes_t content, const diag_t *wrong, struct writer *problems)
{
    static const char place[] = "offset ";
    size_t line = 1 + edit_text_lines_above();
    if (strncmp(wrong->where, place, strlen(place)) == 0) {
        size_t offset = strtoul(wrong->where + strlen(place), NULL, 10);
        for (size_t i = 0; i < offset && i < content.size; i++)
            line += content.data[i] == '\n';
        writer_format(problems, "line %zu: %s", line, wrong->text);
    } else {
        writer_format(problems, "%s: %s", wrong->where, wrong->text);
    }
}

// What the editor makes of TEXT, until it is an event, or the same as before: ERR_INVALID if that is none.
static err_t event_edit(struct edit *edit, bytes_t text, struct cloudevent *ret_event, diag_t *diag)
{
    struct arena *arena = &edit->send.dlq->arena;
    struct writer problems = WRITER_INIT;
    bytes_t content = text;
    err_t err = editor_open(&edit->editor, &edit->send.dlq->config->editor, "event.json", arena, diag);
    bool is_again = err == ERR_OK;
    while (is_again) {
        bytes_t before = content;
        diag_t wrong = { 0 };
        err = editor_run(&edit->editor, writer_view(&problems), before, &content, diag);
        edit->is_changed = err == ERR_OK && content.size > 0 && !bytes_equal(content, before);
        if (edit->is_changed)
            writer_reset(&problems);
        is_again = edit->is_changed && cloudevent_json_decode(content, arena, ret_event, &wrong) != ERR_OK;
        if (is_again)
            problem_write(content, &wrong, &problems);
    }
    if (err == ERR_OK && problems.size > 0)
        err = diag_fail(diag, ERR_INVALID, "no event", "%.*s", BYTES_ARG(writer_view(&problems)));
    writer_free(&problems);
    return err;
}

static err_t on_letters(struct dlq *dlq, struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct edit *edit = dlq->owner;
    struct writer text = WRITER_INIT;
    struct cloudevent event;
    (void)count; // one: the command line has one id
    if (letters[0].mark.state != DLQ_NEW && !dlq->config->again)
        return diag_fail(diag, ERR_CONFLICT, arena_text(&dlq->arena, letters[0].id),
                         "is %s: --again edits and replays it nevertheless", dlq_state_shown(letters[0].mark.state));
    err_t err = dlq_send_check(&edit->send, letters, 1, diag);
    if (err != ERR_OK)
        return err;
    dlq_event_write(&letters[0].event, &text);
    err = event_edit(edit, writer_view(&text), &event, diag);
    if (err == ERR_OK && edit->is_changed) {
        letters[0].event = event;
        err = dlq_send(&edit->send, letters, 1, diag);
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

static enum cli_exit edit_end(struct edit *edit, err_t err, const diag_t *diag)
{
    struct writer out = WRITER_INIT;
    bool is_sent = edit->send.sent > 0;
    if (err == ERR_OK && !is_sent)
        writer_text(&out, edit->is_changed ? "Another command is at it.\n" : "Edit cancelled, no changes made.\n");
    (void)cli_print(&out);
    writer_free(&out);
    if (err != ERR_OK)
        (void)cli_complain("dlq edit", diag);
    if (is_sent || (err == ERR_OK && !edit->is_changed))
        editor_close(&edit->editor);
    else if (edit->editor.folder != NULL)
        editor_keep(&edit->editor, "dlq edit");
    return err == ERR_OK ? CLI_OK : CLI_FAILED;
}

static enum cli_exit run(struct cluster *cluster, const struct cli_common *common,
                         const struct cli_arguments *arguments)
{
    struct dlq dlq;
    struct edit edit = { .send = { .is_edited = true, .on_sent = on_sent } };
    diag_t diag = { 0 };
    err_t err = dlq_open(&dlq, cluster, common, arguments, &diag);
    dlq.on_letters = on_letters;
    dlq.owner = &edit;
    if (err == ERR_OK)
        err = dlq_send_open(&edit.send, &dlq, &diag);
    if (err == ERR_OK)
        err = dlq_read(&dlq, arguments, &diag);
    enum cli_exit code = edit_end(&edit, err, &diag);
    dlq_send_close(&edit.send);
    dlq_close(&dlq);
    return code;
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
