// SPDX-License-Identifier: Apache-2.0
// Takes nats-server's flags, reads the configuration file and says what is wrong with them, for compare.py. Exit codes
// are nats-server's: 0 also for flags that it does not understand.
#include "io/system.h"
#include "nats/config/config_file.h"
#include "nats/config/flags.h"

static err_t read_config(const struct nats_flags *flags, struct arena *arena, struct nats_config *config, diag_t *diag)
{
    err_t err = ERR_OK;
    if (flags->action != NATS_RUN && flags->action != NATS_TEST)
        return ERR_OK;
    if (flags->config_file != NULL)
        err = nats_config_load(flags->config_file, system_environment(), arena, config, NULL, diag);
    if (err != ERR_OK)
        return err;
    nats_flags_apply(flags, arena, config);
    return nats_config_check(config, diag);
}

int main(int count, char **arguments)
{
    struct arena arena = ARENA_INIT;
    struct nats_config config;
    struct nats_flags flags;
    diag_t diag = { 0 };
    struct writer out = WRITER_INIT;
    nats_config_default(&config);
    err_t err = nats_flags_parse(count - 1, (const char *const *)arguments + 1, &arena, &flags, &diag);
    bool is_usage = err == ERR_MALFORMED;
    if (err == ERR_OK)
        err = read_config(&flags, &arena, &config, &diag);
    for (const struct nats_note *note = config.notes; note != NULL; note = note->next)
        writer_format(&out, "%s:%u: %s\n", note->place.file, note->place.line, note->text);
    if (err != ERR_OK)
        writer_format(&out, "%s: %s\n", diag.where, diag.text);
    else if (flags.action == NATS_SHOW_HELP)
        nats_flags_write_help(&out);
    else if (flags.action == NATS_SHOW_HELP_TLS)
        nats_flags_write_help_tls(&out);
    else
        writer_text(&out, "valid\n");
    bool is_written = system_write_out(writer_view(&out)) == ERR_OK;
    writer_free(&out);
    arena_free(&arena);
    return (err == ERR_OK || is_usage) && is_written ? 0 : 1;
}
