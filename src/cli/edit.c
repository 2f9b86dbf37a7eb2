// SPDX-License-Identifier: Apache-2.0
// eddy edit KIND NAME: the object as YAML in an editor; what was changed becomes a merge patch. What the server refuses
// comes back into the editor with its reasons as comments.
#include "cli/edit.h"

#include "base/json_edit.h"
#include "cli/edit_text.h"
#include "cli/editor.h"
#include "cli/kube_fetch.h"
#include "cli/kube_merge.h"
#include "cli/kube_target.h"
#include "cli/kube_url.h"
#include "io/system.h"
#include "kube/yaml/yaml_write.h"

#include <stdlib.h>

struct config {
    struct kube_link_options link;
    struct editor_config editor;
};

static const struct option_row rows[] = {
    EDITOR_ROWS(struct config, editor),
    KUBE_ROWS(struct config),
};

struct edit {
    struct kube_session *session;
    const struct config *config;
    const struct kube_kind *kind;
    const char *name, *name_space, *shown;
    struct editor editor;
    struct json_value *object; // as the server has it, without the books of field managers
    struct writer content;     // what the editor had last, without the comments
    struct writer problems;    // why that could not be saved, lines
};

enum outcome {
    EDIT_AGAIN, // problems say why
    EDIT_SAVED,
    EDIT_LEFT,   // the user wants no change
    EDIT_FAILED, // it was complained of
};

// --- what the server says

// Of the causes that it names, or its sentence. One line each.
static void problems_take(struct edit *edit, const struct kube_answer *answer)
{
    const struct json_value *causes = json_get(json_get(answer->tree, "details"), "causes");
    const struct json_value *cause = causes != NULL && causes->type == JSON_ARRAY ? causes->first : NULL;
    bool has_causes = cause != NULL;
    for (; cause != NULL; cause = cause->next) {
        bytes_t field = json_text_at(cause, "field"), message = json_text_at(cause, "message");
        const char *line = arena_format(&edit->session->arena, "%.*s%s%.*s", BYTES_ARG(field),
                                        field.size > 0 ? ": " : "", BYTES_ARG(message));
        writer_format(&edit->problems, "%s\n", cli_shown(&edit->session->arena, bytes_of_text(line)));
    }
    if (!has_causes)
        writer_format(&edit->problems, "%s\n", cli_shown(&edit->session->arena, bytes_of_text(answer->message)));
}

static enum outcome patch_send(struct edit *edit, const struct json_value *patch)
{
    struct writer url = WRITER_INIT, text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    struct kube_answer answer;
    kube_url_kind(&url, edit->kind, edit->name_space, edit->name);
    kube_url_parameter(&url, "fieldManager", BYTES_LITERAL("kubectl-edit"));
    kube_url_parameter(&url, "fieldValidation", BYTES_LITERAL("Strict"));
    json_value_write(&json, patch);
    const struct kube_request request = {
        .method = "PATCH",
        .path = kube_url_finish(&url, &edit->session->arena),
        .content_type = "application/merge-patch+json",
        .body = writer_view(&text),
    };
    err_t err = kube_link_call(edit->session->link, &request, &edit->session->arena, &answer);
    writer_free(&text);
    if (err == ERR_OK)
        return EDIT_SAVED;
    if (err != ERR_INVALID && err != ERR_CONFLICT) {
        (void)kube_complain(edit->session, edit->shown, &answer);
        return EDIT_FAILED;
    }
    problems_take(edit, &answer);
    return EDIT_AGAIN;
}

// --- one round

static void yaml_problem(struct edit *edit, const diag_t *diag)
{
    long line = strncmp(diag->where, "line ", 5) == 0 ? strtol(diag->where + 5, NULL, 10) : 0;
    if (line > 0)
        writer_format(&edit->problems, "line %zu: ", (size_t)line + edit_text_lines_above());
    writer_format(&edit->problems, "%s\n", diag->text);
}

static enum outcome leave(const char *why)
{
    struct writer text = WRITER_INIT;
    writer_format(&text, "Edit cancelled, %s.\n", why);
    (void)system_write_err(writer_view(&text));
    writer_free(&text);
    return EDIT_LEFT;
}

static enum outcome round_run(struct edit *edit)
{
    bytes_t content = BYTES_NULL;
    diag_t diag = { 0 };
    struct json_value *wanted = NULL;
    if (editor_run(&edit->editor, writer_view(&edit->problems), writer_view(&edit->content), &content, &diag) !=
        ERR_OK) {
        (void)cli_complain(edit->session->command, &diag);
        return EDIT_FAILED;
    }
    if (content.size == 0)
        return leave("the file is empty");
    bool is_again = edit->problems.size > 0;
    if (bytes_equal(content, writer_view(&edit->content)))
        return leave(is_again ? "nothing valid was saved" : "no changes made");
    writer_reset(&edit->content);
    writer_bytes(&edit->content, content);
    writer_reset(&edit->problems);
    if (edit_text_read(content, edit->object, &edit->session->arena, &wanted, &diag) != ERR_OK) {
        yaml_problem(edit, &diag);
        return EDIT_AGAIN;
    }
    const struct json_value *patch = kube_merge_patch(&edit->session->arena, edit->object, wanted, edit->object);
    return patch->count == 0 ? leave("no changes made") : patch_send(edit, patch);
}

// --- the command

static void say_edited(const struct edit *edit)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "%s edited\n", edit->shown);
    (void)cli_print(&out);
    writer_free(&out);
}

static enum cli_exit edit_run(struct edit *edit)
{
    diag_t diag = { 0 };
    enum outcome outcome = EDIT_AGAIN;
    bool was_refused = false;
    if (editor_open(&edit->editor, &edit->config->editor, "object.yaml", &edit->session->arena, &diag) != ERR_OK)
        return cli_complain(edit->session->command, &diag);
    yaml_write(&edit->content, edit->object);
    while (outcome == EDIT_AGAIN) {
        outcome = round_run(edit);
        was_refused = was_refused || outcome == EDIT_AGAIN;
    }
    bool is_lost = outcome == EDIT_FAILED || (outcome == EDIT_LEFT && was_refused);
    if (outcome == EDIT_SAVED)
        say_edited(edit);
    if (is_lost)
        editor_keep(&edit->editor, edit->session->command);
    else
        editor_close(&edit->editor);
    return is_lost ? CLI_FAILED : CLI_OK;
}

static err_t target_read(struct edit *edit, const struct cli_arguments *arguments, diag_t *diag)
{
    struct kube_session *session = edit->session;
    struct kube_targets targets = { 0 };
    err_t err = kube_targets_read(session, arguments, &targets, diag);
    if (err != ERR_OK)
        return err;
    if (targets.count != 1 || targets.items[0].name == NULL)
        return diag_fail(diag, ERR_INVALID, arguments->rest[0], "one object is edited: KIND NAME, or KIND/NAME");
    edit->kind = targets.items[0].kind;
    edit->name = targets.items[0].name;
    edit->name_space = edit->kind->is_namespaced ? session->name_space : NULL;
    edit->shown = arena_format(&session->arena, "%s/%s", kube_kind_shown(edit->kind, &session->arena), edit->name);
    return ERR_OK;
}

static enum cli_exit run(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments)
{
    struct edit edit = { .session = session, .config = (const struct config *)options };
    struct kube_answer answer;
    diag_t diag = { 0 };
    err_t err = target_read(&edit, arguments, &diag);
    if (err != ERR_OK) {
        (void)cli_complain(session->command, &diag);
        return err == ERR_INVALID ? CLI_USAGE : CLI_FAILED;
    }
    if (kube_fetch_one(session, edit.kind, edit.name_space, edit.name, &session->arena, &answer) != ERR_OK)
        return kube_complain(session, NULL, &answer);
    edit.object = answer.tree;
    struct json_value *metadata = json_set_object(edit.object, &session->arena, "metadata");
    (void)json_unset(metadata, BYTES_LITERAL("managedFields"));
    enum cli_exit code = edit_run(&edit);
    writer_free(&edit.content);
    writer_free(&edit.problems);
    return code;
}

enum cli_exit cli_edit(int count, const char *const *texts)
{
    static const struct kube_command command = {
        { "edit", "KIND NAME [options]",
          "Opens a Kubernetes resource as YAML in an editor and sends what was changed. What the server refuses comes "
          "back into the editor, with the reasons as comments.\n\n"
          "  eddy edit configmap settings\n"
          "  EDITOR=nano eddy edit job/nightly",
          1, 2 },
        { rows, ARRAY_COUNT(rows) },
        NULL,
        run,
    };
    struct config config;
    return kube_command_run(&command, &config.link, count, texts);
}
