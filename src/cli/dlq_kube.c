// SPDX-License-Identifier: Apache-2.0
#include "cli/dlq_kube.h"

#include "cli/kube_fetch.h"

void dlq_kube_close(struct dlq_kube *kube)
{
    kube_session_close(&kube->session);
}

struct kube_session *dlq_kube_reach(struct dlq_kube *kube, struct arena *arena, const char **ret_why)
{
    const diag_t *why = &kube->why;
    if (!kube->is_asked) {
        kube->session.command = "dlq";
        kube->is_reachable = kube_session_open(&kube->session, kube->options, kube->set, &kube->why) == ERR_OK;
    }
    kube->is_asked = true;
    if (kube->is_reachable)
        return &kube->session;
    *ret_why = arena_format(arena, "%s%s%s", why->where, why->where[0] == '\0' ? "" : ": ", why->text);
    return NULL;
}

static err_t sinks_fail(const char *why, diag_t *diag)
{
    return diag_fail(diag, ERR_NOT_FOUND, "KafkaSinks",
                     "their topics were not looked into; --topic names one. The Kubernetes API cannot be asked: %s",
                     why);
}

static void sinks_take(const struct json_value *items, const struct cli_groups *groups, bool *is_of_sink)
{
    for (const struct json_value *one = items == NULL ? NULL : items->first; one != NULL; one = one->next) {
        const struct cluster_topic *topic = cli_groups_topic(groups, json_text_at(json_get(one, "spec"), "topic"));
        if (topic != NULL)
            is_of_sink[topic - groups->topics] = true;
    }
}

err_t dlq_kube_sinks(struct dlq_kube *kube, const struct cli_groups *groups, bool *is_of_sink, diag_t *diag)
{
    static const char kind[] = "kafkasinks.eventing.knative.dev";
    struct arena arena = ARENA_INIT;
    struct kube_query query = { 0 };
    struct kube_answer answer = { 0 };
    err_t err = ERR_OK;
    const char *why = NULL;
    struct kube_session *session = dlq_kube_reach(kube, &arena, &why);
    if (session == NULL)
        err = sinks_fail(why, diag);
    else
        query.kind = kube_kinds_find(&session->kinds, bytes_of_text(kind)); // none: there are no KafkaSinks
    if (query.kind != NULL && kube_fetch(session, &query, &arena, &answer) != ERR_OK)
        err = sinks_fail(cli_shown(&arena, bytes_of_text(answer.message)), diag);
    else if (query.kind != NULL)
        sinks_take(json_get(answer.tree, "items"), groups, is_of_sink);
    arena_free(&arena);
    return err;
}
