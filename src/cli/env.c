// SPDX-License-Identifier: Apache-2.0
// eddy env: shell text after which kubectl and other clients of the Kubernetes API find the server of a data folder.
#include "cli/env.h"

#include "base/json_write.h"
#include "io/file.h"

static const char file_name[] = "kubeconfig"; // in the data folder; `eddy serve` writes it

struct config {
    const char *data;
    bool json;
};

static const struct option_row rows[] = {
    { .flag = "--data",
      .letter = 'd',
      .env = "EDDY_DATA",
      .group = "Common",
      .type = OPTION_PATH,
      .default_text = "./eddy-data",
      .value_name = "DIR",
      .help = "the data folder of the server, as `eddy serve` has it",
      .at = offsetof(struct config, data) },
    { .flag = "--json",
      .group = "Common",
      .type = OPTION_BOOL,
      .help = "print JSON; the path is as it was given",
      .at = offsetof(struct config, json) },
};

// In single quotes nothing but the quote itself means anything to a shell (POSIX 2.2.2).
static void quoted_write(bytes_t text, struct writer *out)
{
    writer_u8(out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'')
            writer_text(out, "'\\''");
        else
            writer_u8(out, text.data[i]);
    }
    writer_u8(out, '\'');
}

// The shell that evaluates this stands where the command was started, so it knows what a relative path begins with; the
// variable holds a whole path and stays right when the shell moves on.
static void shell_write(bytes_t path, struct writer *out)
{
    writer_text(out, "export KUBECONFIG=");
    if (path.data[0] != '/')
        writer_text(out, "\"$PWD\"/");
    if (path.size > 2 && memcmp(path.data, "./", 2) == 0)
        path = bytes_of(path.data + 2, path.size - 2);
    quoted_write(path, out);
    writer_text(out, "\n");
}

static void json_write(bytes_t path, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_data(&json, "KUBECONFIG", path);
    json_object_end(&json);
    writer_text(out, "\n");
}

static enum cli_exit env_print(const struct config *config)
{
    struct writer path = WRITER_INIT, out = WRITER_INIT;
    enum cli_exit code = CLI_FAILED;
    writer_format(&path, "%s/%s", config->data, file_name);
    writer_u8(&path, '\0'); // for file_exists; no part of what is shown
    bytes_t shown = bytes_of(writer_view(&path).data, writer_view(&path).size - 1);
    if (file_exists((const char *)shown.data)) {
        (config->json ? json_write : shell_write)(shown, &out);
        code = cli_print(&out) ? CLI_OK : CLI_FAILED;
    } else {
        diag_t diag = { 0 };
        (void)diag_fail(&diag, ERR_NOT_FOUND, config->data,
                        "no %s is there; `eddy serve` writes it unless its --kube is off. --data names another folder",
                        file_name);
        (void)cli_complain("env", &diag);
    }
    writer_free(&out);
    writer_free(&path);
    return code;
}

enum cli_exit cli_env(int count, const char *const *texts)
{
    static const struct cli_usage usage = {
        "env", "[options]",
        "Prints what a shell evaluates so that kubectl and others talk to the server of a data folder.\n\n"
        "  eval \"$(eddy env)\"\n"
        "  kubectl get namespaces",
        0, 0
    };
    struct config config;
    struct cli_arguments arguments;
    enum cli_exit code;
    if (!cli_arguments_read(&arguments, &usage, (struct option_table){ rows, ARRAY_COUNT(rows) }, &config, count, texts,
                            &code))
        return code;
    code = env_print(&config);
    cli_arguments_free(&arguments);
    return code;
}
