// SPDX-License-Identifier: Apache-2.0
// eddy watch KIND [NAME]: eddy get -w with what each change was.
#include "cli/watch.h"

#include "cli/get.h"

static enum cli_exit run(struct kube_session *session, const struct kube_link_options *options,
                         const struct cli_arguments *arguments)
{
    struct get_config config = *(const struct get_config *)options;
    config.watch = config.watch_events = true;
    return get_run(session, &config.link, arguments);
}

enum cli_exit cli_watch(int count, const char *const *texts)
{
    const struct kube_command command = {
        { "watch", "KIND [NAME] [options]",
          "Shows what is there and then each change of Kubernetes resources, with what it was: ADDED, MODIFIED or "
          "DELETED. The same as eddy get --watch --output-watch-events.\n\n"
          "  eddy watch pods -l app=web\n"
          "  eddy watch configmap settings -o yaml",
          1, 2 },
        get_options,
        get_check,
        run,
    };
    struct get_config config;
    return kube_command_run(&command, &config.link, count, texts);
}
