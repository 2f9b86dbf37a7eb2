// SPDX-License-Identifier: Apache-2.0
// What a user may do with NATS subjects: lists of rules that allow and deny publishing and subscribing. Read from
// configuration once, immutable then. Source: docs.nats.io, "Authorization"; where nats-server 2.15 lets a wildcard
// subscription through that receives more than its rule allows ("foo.>" under "foo.*"), this does not.
#pragma once

#include "base/arena.h"
#include "base/err.h"

// As configured: each rule is a subject, which may have wildcards, or "subject queue" (subscriptions only), whose queue
// may have wildcards too. A list that is not given allows everything or denies nothing; one that is given and empty
// allows nothing (nats-server takes an empty one of its configuration for one that is not given).
struct permission_list {
    const bytes_t *rules;
    size_t count;
    bool given;
};

enum {
    RESPONSES_MAX_DEFAULT = 1,
    RESPONSES_EXPIRE_DEFAULT_MS = 120000,
};

struct permission_config {
    struct permission_list publish_allow, publish_deny, subscribe_allow, subscribe_deny;
    bool allow_responses;        // to the reply subjects of what the session was sent; what else is published needs
                                 // publish_allow then, whose absence allows nothing
    int64_t responses_max;       // for each such message; 0: the default, below 0: any number
    int64_t responses_expire_ms; // 0: the default, below 0: never
};

struct permissions;

// In ARENA, with copies of all texts. ERR_INVALID with the rule and what is wrong with it.
err_t permissions_new(struct arena *arena, const struct permission_config *config, struct permissions **ret_permissions,
                      diag_t *diag) MUST_CHECK;

// SUBJECT is literal.
bool permissions_publish(const struct permissions *permissions, bytes_t subject);
// SUBJECT may have wildcards; QUEUE is empty for a plain subscription.
bool permissions_subscribe(const struct permissions *permissions, bytes_t subject, bytes_t queue);
// A denied subject can be among those of an allowed subscription to SUBJECT (by QUEUE; empty: none): its messages need
// permissions_deliver.
bool permissions_filters(const struct permissions *permissions, bytes_t subject, bytes_t queue);
// A message with the literal SUBJECT may reach a subscription of the session, by QUEUE or (empty) by none.
bool permissions_deliver(const struct permissions *permissions, bytes_t subject, bytes_t queue);

struct response_limits {
    bool allowed;
    int64_t max;       // below 0: any number
    int64_t expire_ms; // below 0: never
};
struct response_limits permissions_responses(const struct permissions *permissions);
