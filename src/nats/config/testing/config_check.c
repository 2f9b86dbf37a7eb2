// SPDX-License-Identifier: Apache-2.0
// Reads a configuration file of nats-server and says what is wrong with it, for compare.py. Exit code 0: nothing is.
#include "base/writer.h"
#include "io/system.h"
#include "nats/config/config_file.h"

int main(int count, char **arguments)
{
    struct arena arena = ARENA_INIT;
    struct nats_config config;
    diag_t diag = { 0 };
    struct writer out = WRITER_INIT;
    nats_config_default(&config);
    err_t err = count == 2 ? ERR_OK : diag_fail(&diag, ERR_INVALID, "usage", "nats_config_check FILE");
    if (err == ERR_OK)
        err = nats_config_load(arguments[1], system_environment(), &arena, &config, &diag);
    if (err == ERR_OK)
        err = nats_config_check(&config, &diag);
    for (const struct nats_note *note = config.notes; note != NULL; note = note->next)
        writer_format(&out, "%s:%u: %s\n", note->place.file, note->place.line, note->text);
    if (err == ERR_OK)
        writer_text(&out, "valid\n");
    else
        writer_format(&out, "%s: %s\n", diag.where, diag.text);
    bool is_written = system_write_out(writer_view(&out)) == ERR_OK;
    writer_free(&out);
    arena_free(&arena);
    return err == ERR_OK && is_written ? 0 : 1;
}
