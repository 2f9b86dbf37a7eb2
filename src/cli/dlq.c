// SPDX-License-Identifier: Apache-2.0
// eddy dlq list | show | replay | edit | drop
#include "cli/dlq.h"

enum cli_exit cli_dlq(int count, const char *const *arguments)
{
    static const struct cli_action *const actions[] = { &dlq_list_action, &dlq_show_action, &dlq_replay_action,
                                                        &dlq_edit_action, &dlq_drop_action };
    static const struct cli_family family = {
        "dlq",
        "Dead letters: events that could not be delivered, and were kept. What is replayed or dropped is remembered "
        "in\n"
        "the topic " DLQ_LEDGER_TOPIC ", so that nothing is replayed twice by accident.\n"
        "  eddy dlq list --trigger orders --since 1h\n"
        "  eddy dlq show knative-broker-default-default-dead-letters/0/3\n"
        "  eddy dlq replay --trigger orders --error 503 --rate 50/s",
        actions,
        ARRAY_COUNT(actions),
    };
    struct dlq_config config = { 0 }; // no action has all of its rows
    return cli_family_run(&family, &config.common, count, arguments);
}
