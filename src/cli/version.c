// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include "base/json_write.h"
#include "base/version.h"

struct config {
    bool json;
};

static const struct option_row rows[] = {
    { .flag = "--json",
      .group = "Common",
      .type = OPTION_BOOL,
      .help = "print JSON",
      .at = offsetof(struct config, json) },
};

enum cli_exit cli_version(int count, const char *const *texts)
{
    static const struct cli_usage usage = { "version", "[options]", "Prints the version.", 0, 0 };
    struct config config;
    struct cli_arguments arguments;
    enum cli_exit code;
    if (!cli_arguments_read(&arguments, &usage, (struct option_table){ rows, 1 }, &config, count, texts, &code))
        return code;
    struct writer out = WRITER_INIT;
    if (config.json) {
        struct json_writer json = json_writer_of(&out);
        json_object_begin(&json);
        json_field_text(&json, "version", EDDY_VERSION);
        json_object_end(&json);
        writer_text(&out, "\n");
    } else {
        writer_text(&out, "eddy " EDDY_VERSION "\n");
    }
    code = cli_print(&out) ? CLI_OK : CLI_FAILED;
    writer_free(&out);
    cli_arguments_free(&arguments);
    return code;
}
