// SPDX-License-Identifier: Apache-2.0
#include "cli/editor.h"

#include "cli/edit_text.h"
#include "io/file.h"
#include "io/random.h"
#include "io/system.h"

enum { TEXT_SIZE_MAX = 16 << 20 };

err_t editor_open(struct editor *editor, const struct editor_config *config, const char *name, struct arena *arena,
                  diag_t *diag)
{
    *editor = (struct editor){ .config = config, .arena = arena };
    const char *folder = arena_format(arena, "%s/eddy-edit-%016llx", config->folder, (unsigned long long)random_u64());
    err_t err = dir_make(folder);
    if (err != ERR_OK)
        return diag_fail(diag, err, folder, "cannot be made: %s", err_text(err));
    editor->folder = folder;
    editor->path = arena_format(arena, "%s/%s", folder, name);
    return ERR_OK;
}

void editor_close(const struct editor *editor)
{
    if (editor->folder == NULL || file_remove(editor->path) != ERR_OK || dir_remove(editor->folder) != ERR_OK)
        return;
}

void editor_keep(const struct editor *editor, const char *command)
{
    struct writer text = WRITER_INIT;
    writer_format(&text, "eddy %s: what was edited is kept in %s\n", command, editor->path);
    (void)system_write_err(writer_view(&text));
    writer_free(&text);
}

static err_t command_run(const struct editor *editor, diag_t *diag)
{
    const struct editor_config *config = editor->config;
    const char *name = config->command == NULL ? config->any_command : config->command;
    const char *command = arena_format(editor->arena, "%s \"$1\"", name);
    const char *const argv[] = { "sh", "-c", command, "sh", editor->path, NULL };
    int code = 0;
    err_t err = system_run_program(argv, &code);
    if (err == ERR_OK && code == 0)
        return ERR_OK;
    return diag_fail(diag, ERR_INVALID, name,
                     "the editor ended with %d; --editor, $KUBE_EDITOR and $EDITOR name another",
                     err == ERR_OK ? code : 127);
}

err_t editor_run(const struct editor *editor, bytes_t problems, bytes_t content, bytes_t *ret_content, diag_t *diag)
{
    struct writer text = WRITER_INIT;
    struct buf *buf = NULL;
    (void)edit_text_write(&text, problems, content);
    err_t err = file_replace(editor->path, writer_view(&text));
    writer_free(&text);
    if (err != ERR_OK)
        return diag_fail(diag, err, editor->path, "%s", err_text(err));
    err = command_run(editor, diag);
    if (err != ERR_OK)
        return err;
    err = file_read_whole(editor->path, TEXT_SIZE_MAX, &buf);
    if (err != ERR_OK)
        return diag_fail(diag, err, editor->path, "%s", err_text(err));
    *ret_content = edit_text_content(arena_copy(editor->arena, bytes_of(buf->data, buf->capacity)));
    buf_unref(buf);
    return ERR_OK;
}
