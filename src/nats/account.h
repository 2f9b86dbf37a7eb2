// SPDX-License-Identifier: Apache-2.0
// An account: subscriptions, and the delivery of what is published to them. Messages of one account are never seen by
// another. Lives on one loop with the sessions in it. The doors of the other loops have it by name only, empty, so that
// they know where it lives.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/writer.h"
#include "nats/sublist.h"

struct buf;
struct nats_command;
struct nats_metrics;
struct nats_session;

struct nats_subscription {
    struct nats_sub sub;  // its `owners`: size of the id, with the space
    struct map_node node; // of the session's, by id
    struct nats_session *session;
    uint64_t delivered, max; // max 0: no limit; when it is reached, it is removed behind that message
    uint8_t id[];            // with a space before it, as it stands in MSG
};

static inline bytes_t nats_subscription_id(const struct nats_subscription *subscription)
{
    return bytes_of(subscription->id, subscription->sub.owners);
}

// Counted plainly, and added to the metrics now and then: an atomic for each message costs more than delivering it.
struct nats_counts {
    int64_t in_msgs, in_bytes, out_msgs, out_bytes;
};

struct nats_account {
    struct map_node node;       // by name
    struct list_node item_node; // as they came
    struct list_node busy_node; // has counts
    struct nats_sublist list;
    struct nats_matches matches; // of the message that is delivered
    struct nats_subscription **spent;
    size_t spent_count, spent_capacity;
    struct writer lines[2]; // lines of MSG that had to be written anew
    uint64_t random;
    struct nats_counts counts, totals; // since the last nats_accounts_count, and before that
    uint64_t slow_consumers;
    struct nats_accounts *accounts;
    size_t index;  // the same at all doors
    unsigned home; // the loop that it lives on, by the index of its door
    size_t name_size;
    uint8_t name[];
};

static inline bytes_t nats_account_name(const struct nats_account *account)
{
    return bytes_of(account->name, account->name_size);
}

// Those of one door.
struct nats_accounts {
    struct map by_name;
    struct list_node items, busy;
    uint64_t random;
    unsigned at, doors; // which of how many doors it is
    size_t count;
};

struct directory;
// Makes $G and $SYS. AT: which of DOORS doors it is.
void nats_accounts_init(struct nats_accounts *accounts, uint64_t random_seed, unsigned at, unsigned doors);
// Makes those of the directory that are not there yet. All doors are given the same directories in the same order, so
// that they agree where each account lives, and it stays there when others come.
void nats_accounts_add(struct nats_accounts *accounts, const struct directory *directory);
void nats_accounts_deinit(struct nats_accounts *accounts);
// NULL if there is none of that name.
struct nats_account *nats_account_find(const struct nats_accounts *accounts, bytes_t name);
// Adds what was counted since the last time, to the accounts' totals too.
void nats_accounts_count(struct nats_accounts *accounts, struct nats_metrics *metrics);

// SUBJECT is valid; no subscription of the session has that id. QUEUE: BYTES_NULL for none.
struct nats_subscription *nats_account_subscribe(struct nats_account *account, struct nats_session *session,
                                                 bytes_t subject, bytes_t queue, bytes_t id);
void nats_account_unsubscribe(struct nats_account *account, struct nats_subscription *subscription);
// Delivers a PUB or HPUB. BUF as in nats_session_data. Returns to how many.
size_t nats_account_publish(struct nats_account *account, struct nats_session *from, const struct nats_command *command,
                            struct buf *buf);
// A subscription of SESSION itself, without a queue, that SUBJECT would be delivered to; NULL if there is none.
struct nats_subscription *nats_account_own(struct nats_account *account, const struct nats_session *session,
                                           bytes_t subject);
