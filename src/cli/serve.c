// SPDX-License-Identifier: Apache-2.0
#include "cli/serve.h"

#include "app/app.h"

#include <stdio.h>

static void print_help(void)
{
    struct writer out = WRITER_INIT;
    writer_text(&out,
                "usage: eddy serve [options]\n\n"
                "Opens the data folder, then all doors, prints one line for each and \"ready\", and serves until\n"
                "SIGTERM or SIGINT (a second one ends it at once). SIGHUP reads the configuration again.\n\n"
                "  eddy serve --data /var/lib/eddy\n"
                "  eddy serve --data /tmp/try --kafka 127.0.0.1:0 --console off\n\n"
                "Every option can also be set in the file (--config) and by its EDDY_... variable; a flag wins\n"
                "over the environment, the environment over the file. `eddy config` shows all of them.\n\n");
    option_write_help(app_option_table(), &out);
    writer_text(&out, "\nexit codes: 0 stopped cleanly, 1 failed, 2 wrong options, 3 the disk failed while it ran\n");
    (void)cli_print(&out);
    writer_free(&out);
}

static bool wants_help(int count, const char *const *texts)
{
    for (int i = 0; i < count; i++)
        if (strcmp(texts[i], "--help") == 0 || strcmp(texts[i], "-h") == 0)
            return true;
    return false;
}

enum cli_exit cli_serve(int count, const char *const *texts)
{
    if (wants_help(count, texts)) {
        print_help();
        return CLI_OK;
    }
    struct app_config config = { 0 };
    struct option_set set;
    diag_t diag = { 0 };
    if (app_config_read(&set, &config, count, texts, NULL, NULL, &diag) != ERR_OK) {
        (void)cli_complain("serve", &diag);
        return CLI_USAGE;
    }
    const struct app_arguments arguments = { count, texts };
    enum app_end end = app_run(&set, &config, &arguments, &diag);
    app_config_free(&set, &config);
    if (diag.text[0] != '\0')
        (void)cli_complain("serve", &diag);
    _Static_assert((int)APP_STORE_FAILED == (int)CLI_DISK, "the codes are the same");
    return (enum cli_exit)end;
}
