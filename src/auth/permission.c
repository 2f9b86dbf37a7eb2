// SPDX-License-Identifier: Apache-2.0
// Rules are scanned in their order. One that does not match costs a comparison of what stands before its first
// wildcard: a few nanoseconds, so that lists of ordinary length need no cache.
#include "auth/permission.h"

#include "base/subject.h"

#include <stdio.h>

struct rule {
    bytes_t subject;
    bytes_t queue; // null: not about queues
    size_t fixed;  // bytes of the subject that stand before its first wildcard, up to a '.'; all of a literal one
};

struct rules {
    struct rule *items;
    size_t count;
    bool given;
};

struct permissions {
    struct rules publish_allow, publish_deny, subscribe_allow, subscribe_deny;
    struct response_limits responses;
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

// Takes the next word off *REST; empty when there is none.
static bytes_t next_word(bytes_t *rest)
{
    size_t from = 0, to;
    while (from < rest->size && is_space(rest->data[from]))
        from++;
    for (to = from; to < rest->size && !is_space(rest->data[to]);)
        to++;
    bytes_t word = bytes_of(rest->data + from, to - from);
    *rest = bytes_of(rest->data + to, rest->size - to);
    return word;
}

static size_t fixed_size(bytes_t subject)
{
    bytes_t rest = subject, token;
    while (subject_next(&rest, &token))
        if (subject_token_is_one(token) || subject_token_is_rest(token))
            return (size_t)(token.data - subject.data);
    return subject.size;
}

// SUBJECT is taken as it is: in a pattern, wildcards are ordinary tokens here.
static bool rule_matches(const struct rule *rule, bytes_t subject)
{
    size_t fixed = rule->fixed;
    if (subject.size < fixed || memcmp(subject.data, rule->subject.data, fixed) != 0)
        return false;
    if (fixed == rule->subject.size)
        return subject.size == fixed;
    return subject_matches(bytes_of(subject.data + fixed, subject.size - fixed),
                           bytes_of(rule->subject.data + fixed, rule->subject.size - fixed));
}

static err_t rule_parse(struct arena *arena, bytes_t text, bool takes_queue, const char *where, struct rule *ret_rule,
                        diag_t *diag)
{
    bytes_t rest = text;
    bytes_t subject = next_word(&rest), queue = next_word(&rest);
    if (!subject_is_valid(subject))
        return diag_fail(diag, ERR_INVALID, where, "\"%.*s\" is not a subject", BYTES_ARG(text));
    if (next_word(&rest).size > 0 || (queue.size > 0 && !subject_is_valid(queue)))
        return diag_fail(diag, ERR_INVALID, where, "\"%.*s\" is not a subject, or a subject and a queue",
                         BYTES_ARG(text));
    if (queue.size > 0 && !takes_queue)
        return diag_fail(diag, ERR_INVALID, where, "\"%.*s\" has a queue, but one publishes to a subject only",
                         BYTES_ARG(text));
    *ret_rule = (struct rule){ .subject = arena_copy(arena, subject), .fixed = fixed_size(subject) };
    if (queue.size > 0)
        ret_rule->queue = arena_copy(arena, queue);
    return ERR_OK;
}

static err_t rules_parse(struct arena *arena, const struct permission_list *list, bool takes_queue, const char *name,
                         struct rules *ret_rules, diag_t *diag)
{
    struct rules rules = { .count = list->count, .given = list->given };
    rules.items = arena_array(arena, list->count, sizeof(*rules.items));
    for (size_t i = 0; i < list->count; i++) {
        char where[64];
        snprintf(where, sizeof(where), "%s[%zu]", name, i);
        err_t err = rule_parse(arena, list->rules[i], takes_queue, where, &rules.items[i], diag);
        if (err != ERR_OK)
            return err;
    }
    *ret_rules = rules;
    return ERR_OK;
}

err_t permissions_new(struct arena *arena, const struct permission_config *config, struct permissions **ret_permissions,
                      diag_t *diag)
{
    struct permissions *made = arena_alloc(arena, sizeof(*made));
    const struct {
        const struct permission_list *from;
        bool takes_queue;
        const char *name;
        struct rules *to;
    } lists[] = {
        { &config->publish_allow, false, "publish.allow", &made->publish_allow },
        { &config->publish_deny, false, "publish.deny", &made->publish_deny },
        { &config->subscribe_allow, true, "subscribe.allow", &made->subscribe_allow },
        { &config->subscribe_deny, true, "subscribe.deny", &made->subscribe_deny },
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        err_t err = rules_parse(arena, lists[i].from, lists[i].takes_queue, lists[i].name, lists[i].to, diag);
        if (err != ERR_OK)
            return err;
    }
    if (config->allow_responses) {
        made->publish_allow.given = true;
        made->responses.allowed = true;
        made->responses.max = config->responses_max == 0 ? RESPONSES_MAX_DEFAULT : config->responses_max;
        made->responses.expire_ms =
            config->responses_expire_ms == 0 ? RESPONSES_EXPIRE_DEFAULT_MS : config->responses_expire_ms;
    }
    *ret_permissions = made;
    return ERR_OK;
}

bool permissions_publish(const struct permissions *permissions, bytes_t subject)
{
    const struct rules *allow = &permissions->publish_allow, *deny = &permissions->publish_deny;
    bool allowed = !allow->given;
    for (size_t i = 0; i < allow->count && !allowed; i++)
        allowed = rule_matches(&allow->items[i], subject);
    for (size_t i = 0; i < deny->count && allowed; i++)
        allowed = !rule_matches(&deny->items[i], subject);
    return allowed;
}

// Of the rules that say something about a subject: is there one for everybody, one for queues, one for this queue?
struct found {
    bool plain, queues, queue;
};

static void found_add(struct found *found, const struct rule *rule, bytes_t queue)
{
    if (rule->queue.data == NULL) {
        found->plain = true;
        return;
    }
    found->queues = true;
    found->queue = found->queue || subject_is_subset(queue, rule->queue);
}

bool permissions_subscribe(const struct permissions *permissions, bytes_t subject, bytes_t queue)
{
    const struct rules *allow = &permissions->subscribe_allow, *deny = &permissions->subscribe_deny;
    struct found allows = { 0 }, denies = { 0 };
    for (size_t i = 0; i < allow->count; i++)
        if (subject_is_subset(subject, allow->items[i].subject))
            found_add(&allows, &allow->items[i], queue);
    // A pattern counts as one of the subjects here: "foo.>" is denied by "foo.*".
    for (size_t i = 0; i < deny->count; i++)
        if (rule_matches(&deny->items[i], subject))
            found_add(&denies, &deny->items[i], queue);
    // Where rules name queues for the subject, they alone decide about a queue subscription.
    bool allowed = queue.size > 0 && allows.queues ? allows.queue : allows.plain;
    if (allow->given && !allowed)
        return false;
    return !denies.plain && !(queue.size > 0 && denies.queue);
}

// A rule about queues concerns only those who come by one of them.
static bool rule_concerns(const struct rule *rule, bytes_t queue)
{
    return rule->queue.data == NULL || (queue.size > 0 && subject_is_subset(queue, rule->queue));
}

bool permissions_filters(const struct permissions *permissions, bytes_t subject, bytes_t queue)
{
    const struct rules *deny = &permissions->subscribe_deny;
    for (size_t i = 0; i < deny->count; i++)
        if (rule_concerns(&deny->items[i], queue) && subject_overlaps(subject, deny->items[i].subject))
            return true;
    return false;
}

bool permissions_deliver(const struct permissions *permissions, bytes_t subject, bytes_t queue)
{
    const struct rules *deny = &permissions->subscribe_deny;
    for (size_t i = 0; i < deny->count; i++)
        if (rule_matches(&deny->items[i], subject) && rule_concerns(&deny->items[i], queue))
            return false;
    return true;
}

struct response_limits permissions_responses(const struct permissions *permissions)
{
    return permissions->responses;
}
