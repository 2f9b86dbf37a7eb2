// SPDX-License-Identifier: Apache-2.0
// A text in the user's editor.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/option.h"

struct editor_config {
    const char *command, *any_command, *folder;
};

// The rows that fill the member NAME, a struct editor_config, of a config struct.
// clang-format off
#define EDITOR_ROWS(config, name) \
    { .flag = "--editor", .env = "KUBE_EDITOR", .group = "Edit", .type = OPTION_TEXT, .value_name = "COMMAND", \
      .help = "the editor, a shell command that gets the file behind it; else $EDITOR, else vi", .at = offsetof(config, name.command) }, \
    { .env = "EDITOR", .group = "Edit", .type = OPTION_TEXT, .default_text = "vi", .help = "the editor", .at = offsetof(config, name.any_command) }, \
    { .env = "TMPDIR", .group = "Edit", .type = OPTION_PATH, .default_text = "/tmp", .help = "where the file is", .at = offsetof(config, name.folder) }
// clang-format on

struct editor {
    const struct editor_config *config;
    struct arena *arena;
    const char *folder, *path; // NULL: not open
};

// Makes a folder that nobody else can look into: what is edited may be a secret. The file in it is called NAME.
err_t editor_open(struct editor *editor, const struct editor_config *config, const char *name, struct arena *arena,
                  diag_t *diag) MUST_CHECK;
// PROBLEMS and CONTENT as edit_text_write. *RET_CONTENT: what the user made of it, without the comments, on the arena.
err_t editor_run(const struct editor *editor, bytes_t problems, bytes_t content, bytes_t *ret_content,
                 diag_t *diag) MUST_CHECK;
// In place of close, when what was edited came to nothing: says where it is. COMMAND is "edit".
void editor_keep(const struct editor *editor, const char *command);
// What an editor left beside the file stays, and with it the folder.
void editor_close(const struct editor *editor);
