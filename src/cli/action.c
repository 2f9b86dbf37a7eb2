// SPDX-License-Identifier: Apache-2.0
#include "cli/action.h"

#include "base/nearest.h"

enum cli_exit cli_action_run(const struct cli_action *action, struct cli_common *config, int count,
                             const char *const *texts)
{
    struct cli_arguments arguments;
    enum cli_exit code;
    if (!cli_arguments_read(&arguments, &action->usage, action->table, config, count, texts, &code))
        return code;
    struct cluster *cluster;
    diag_t diag = { 0 };
    err_t err = cluster_bootstrap_check(config->bootstrap, &diag);
    if (err == ERR_OK && action->check != NULL)
        err = action->check(config, &arguments, &diag);
    if (err != ERR_OK) {
        (void)cli_complain(action->usage.name, &diag);
        code = CLI_USAGE;
    } else if (cluster_open(config->bootstrap, &cluster, &diag) == ERR_OK) {
        code = action->run(cluster, config, &arguments);
        cluster_close(cluster);
    } else {
        code = cli_complain(action->usage.name, &diag);
    }
    cli_arguments_free(&arguments);
    return code;
}

// The word of the action behind its family's.
static const char *action_name(const struct cli_action *action)
{
    return strrchr(action->usage.name, ' ') + 1;
}

static void names_write(const struct cli_family *family, const char *between, struct writer *out)
{
    for (size_t i = 0; i < family->count; i++)
        writer_format(out, "%s%s", i == 0 ? "" : between, action_name(family->actions[i]));
}

static void family_help(const struct cli_family *family)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "usage: eddy %s ", family->name);
    names_write(family, "|", &out);
    writer_format(&out, " [options]\n\n%s\n", family->text);
    for (size_t i = 0; i < family->count; i++) {
        const struct cli_usage *usage = &family->actions[i]->usage;
        writer_format(&out, "\n  eddy %s %s\n      %.*s\n", usage->name, usage->pattern,
                      (int)strcspn(usage->text, "\n"), usage->text);
    }
    writer_format(&out, "\n`eddy %s %s --help` shows the options of one of them.\n", family->name,
                  action_name(family->actions[0]));
    (void)cli_print(&out);
    writer_free(&out);
}

static enum cli_exit unknown_action(const struct cli_family *family, const char *name)
{
    struct nearest nearest = nearest_to(bytes_of_text(name));
    for (size_t i = 0; i < family->count; i++)
        nearest_offer(&nearest, action_name(family->actions[i]));
    struct writer names = WRITER_INIT;
    names_write(family, ", ", &names);
    diag_t diag = { 0 };
    if (nearest.best != NULL)
        (void)diag_fail(&diag, ERR_INVALID, name, "no such action; did you mean \"%s\"? There are %.*s", nearest.best,
                        BYTES_ARG(writer_view(&names)));
    else
        (void)diag_fail(&diag, ERR_INVALID, name, "no such action; there are %.*s", BYTES_ARG(writer_view(&names)));
    writer_free(&names);
    (void)cli_complain(family->name, &diag);
    return CLI_USAGE;
}

enum cli_exit cli_family_run(const struct cli_family *family, struct cli_common *config, int count,
                             const char *const *arguments)
{
    const char *name = count > 0 ? arguments[0] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        family_help(family);
        return count > 0 ? CLI_OK : CLI_USAGE;
    }
    for (size_t i = 0; i < family->count; i++) {
        if (strcmp(action_name(family->actions[i]), name) == 0)
            return cli_action_run(family->actions[i], config, count - 1, arguments + 1);
    }
    return unknown_action(family, name);
}
