// SPDX-License-Identifier: Apache-2.0
#include "cli/action.h"

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
