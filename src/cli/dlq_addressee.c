// SPDX-License-Identifier: Apache-2.0
#include "cli/dlq_addressee.h"

#include "base/assert.h"
#include "cli/kube_fetch.h"

#define ELSEWHERE "--to topic:NAME sends it elsewhere; eddy dlq drop gives it up"

// Who has dead letters, as marks name them (eventing/mark.h).
static const struct addressee_kind {
    const char *name, *resource;
    bool is_source;      // its group is what its object says
    const char *instead; // what to do when it is not there
} kinds[] = {
    { "trigger", "triggers.eventing.knative.dev", false, "--to broker (all that want it) or " ELSEWHERE },
    { "subscription", "subscriptions.messaging.knative.dev", false, ELSEWHERE },
    { "kafkasource", "kafkasources.sources.knative.dev", true, ELSEWHERE },
};

// One that is asked for.
struct addressee {
    const struct addressee_kind *kind; // NULL: of no kind that we know
    const char *name_space, *name;
    const char *shown; // "trigger/NAMESPACE/NAME"
    bytes_t topic;     // that it has to read
    enum { THERE, GONE, UNKNOWN } state;
    const struct json_value *object; // NULL: it was not found
    const char *why;                 // UNKNOWN
    struct arena arena;
};

static struct addressee addressee_of(const struct dlq_letter *letter)
{
    struct addressee this = { .topic = letter->origin.topic };
    char *text = arena_text(&this.arena, letter->from), *rest = NULL;
    this.shown = cli_shown(&this.arena, letter->from);
    const char *kind = strtok_r(text, "/", &rest);
    this.name_space = strtok_r(NULL, "/", &rest);
    this.name = strtok_r(NULL, "/", &rest);
    for (size_t i = 0; this.name != NULL && i < ARRAY_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, kind) == 0)
            this.kind = &kinds[i];
    }
    return this;
}

// --- its object

static void object_find(const struct dlq_addressees *addressees, struct addressee *this)
{
    struct kube_session *session = dlq_kube_reach(addressees->kube, &this->arena, &this->why);
    struct kube_answer answer = { 0 };
    this->state = UNKNOWN;
    if (session == NULL)
        return;
    const struct kube_kind *kind = kube_kinds_find(&session->kinds, bytes_of_text(this->kind->resource));
    if (kind == NULL) {
        this->why = arena_format(&this->arena, "%s has no %s", session->server, this->kind->resource);
        return;
    }
    err_t err = kube_fetch_one(session, kind, this->name_space, this->name, &this->arena, &answer);
    if (err == ERR_OK) {
        this->state = THERE;
        this->object = answer.tree;
    } else if (err == ERR_NOT_FOUND) {
        this->state = GONE;
    } else {
        this->why = cli_shown(&this->arena, bytes_of_text(answer.message));
    }
}

// --- its group

static const char *group_of(struct addressee *this)
{
    if (this->kind->is_source)
        return arena_text(&this->arena, json_text_at(json_get(this->object, "spec"), "consumerGroup"));
    return arena_format(&this->arena, "knative-%s-%s-%s", this->kind->name, this->name_space, this->name);
}

// A source whose topics were changed has left its place in those that it does not read any more.
static bool names_topic(const struct addressee *this)
{
    const struct json_value *topics = json_get(json_get(this->object, "spec"), "topics");
    for (const struct json_value *one = topics == NULL ? NULL : topics->first; one != NULL; one = one->next) {
        if (bytes_equal(one->text, this->topic))
            return true;
    }
    return !this->kind->is_source;
}

static err_t reads_topic(const struct dlq_addressees *addressees, struct addressee *this, const char *group,
                         bool *ret_reads, diag_t *diag)
{
    struct cli_group one = { .name = bytes_of_text(group) };
    struct cli_groups groups = *addressees->groups;
    groups.arena = &this->arena;
    groups.groups = &one;
    groups.count = 1;
    err_t err = cluster_coordinator(groups.cluster, group, &one.coordinator, diag);
    if (err == ERR_OK)
        err = cli_groups_offsets(&groups, diag);
    *ret_reads = false;
    for (size_t i = 0; i < one.place_count && err == ERR_OK; i++)
        *ret_reads = *ret_reads || (bytes_equal(one.places[i].topic, this->topic) && one.places[i].committed >= 0);
    *ret_reads = *ret_reads && names_topic(this);
    return err;
}

// --- both

static err_t check(const struct dlq_addressees *addressees, struct addressee *this, diag_t *diag)
{
    bool reads;
    if (this->kind == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, this->shown, "is nobody whom events are delivered to. " ELSEWHERE);
    object_find(addressees, this);
    if (this->state == GONE)
        return diag_fail(diag, ERR_NOT_FOUND, this->shown, "does not exist any more at %s: nobody would get it. %s",
                         addressees->kube->session.server, this->kind->instead);
    if (this->state == UNKNOWN && this->kind->is_source)
        return diag_fail(diag, ERR_NOT_FOUND, this->shown,
                         "whether it exists is not known. %s. The Kubernetes API cannot be asked: %s",
                         this->kind->instead, this->why);
    const char *group = group_of(this);
    err_t err = reads_topic(addressees, this, group, &reads, diag);
    if (err == ERR_OK && !reads)
        return diag_fail(diag, ERR_NOT_FOUND, this->shown,
                         "does not read the topic %.*s (the group %s has no place in it): nobody would get it. %s",
                         BYTES_ARG(this->topic), group, this->kind->instead);
    return err;
}

err_t dlq_addressee_check(const struct dlq_addressees *addressees, const struct dlq_letter *letter, diag_t *diag)
{
    struct addressee this = addressee_of(letter);
    err_t err = check(addressees, &this, diag);
    arena_free(&this.arena);
    return err;
}
