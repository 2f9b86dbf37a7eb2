// SPDX-License-Identifier: Apache-2.0
#include "nats/account.h"

#include "auth/directory.h"
#include "base/assert.h"
#include "base/mem.h"
#include "nats/session.h"

#include <stdlib.h>

// Payloads from this size on are shared instead of copied, when they lie in memory of their own: below it the copy is
// cheaper than one more piece in the kernel's list.
enum { SHARE_SIZE = 8 << 10 };

// --- accounts

static bytes_t name_of(const struct map_node *node)
{
    return nats_account_name(CONTAINER_OF_CONST(node, struct nats_account, node));
}

static uint64_t next_random(uint64_t *random)
{
    uint64_t x = *random; // xorshift64*
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *random = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

// $G and $SYS live on the last loop, which has the least besides, the others from the one before it downwards, as they
// are configured: by a hash of the names, two of two busy accounts would share a loop half of the time.
static unsigned home_of(size_t index, unsigned doors)
{
    size_t place = index < 2 ? 0 : index - 1;
    return doors - 1 - (unsigned)(place % doors);
}

static void account_add(struct nats_accounts *accounts, bytes_t name)
{
    if (nats_account_find(accounts, name) != NULL)
        return;
    struct nats_account *account = mem_zalloc(1, sizeof(*account) + name.size);
    account->accounts = accounts;
    account->index = accounts->count++;
    account->home = home_of(account->index, accounts->doors);
    account->name_size = name.size;
    memcpy(account->name, name.data, name.size);
    account->list = NATS_SUBLIST_INIT;
    account->random = next_random(&accounts->random) | 1;
    map_insert(&accounts->by_name, &account->node);
    list_append(&accounts->items, &account->item_node);
}

void nats_accounts_init(struct nats_accounts *accounts, uint64_t random_seed, unsigned at, unsigned doors)
{
    ASSERT(at < doors);
    *accounts =
        (struct nats_accounts){ .by_name = MAP_INIT(name_of), .random = random_seed | 1, .at = at, .doors = doors };
    list_init(&accounts->items);
    list_init(&accounts->busy);
    account_add(accounts, bytes_of_text(NATS_ACCOUNT_GLOBAL));
    account_add(accounts, bytes_of_text(NATS_ACCOUNT_SYSTEM));
}

void nats_accounts_add(struct nats_accounts *accounts, const struct directory *directory)
{
    for (size_t i = 0; i < directory_account_count(directory); i++)
        account_add(accounts, directory_account_at(directory, i)->name);
}

void nats_accounts_deinit(struct nats_accounts *accounts)
{
    struct map_node *node;
    while ((node = map_next(&accounts->by_name, NULL)) != NULL) {
        struct nats_account *account = CONTAINER_OF(node, struct nats_account, node);
        map_remove(&accounts->by_name, node);
        nats_sublist_free(&account->list);
        nats_matches_free(&account->matches);
        free(account->spent);
        writer_free(&account->lines[0]);
        writer_free(&account->lines[1]);
        free(account);
    }
    map_free(&accounts->by_name);
}

struct nats_account *nats_account_find(const struct nats_accounts *accounts, bytes_t name)
{
    struct map_node *node = map_find(&accounts->by_name, name);
    return node == NULL ? NULL : CONTAINER_OF(node, struct nats_account, node);
}

void nats_accounts_count(struct nats_accounts *accounts, struct nats_metrics *metrics)
{
    struct list_node *node;
    while ((node = list_first(&accounts->busy)) != NULL) {
        struct nats_account *account = LIST_ITEM(node, struct nats_account, busy_node);
        struct nats_counts *counts = &account->counts, *totals = &account->totals;
        gauge_add(&metrics->in_msgs, counts->in_msgs);
        gauge_add(&metrics->in_bytes, counts->in_bytes);
        gauge_add(&metrics->out_msgs, counts->out_msgs);
        gauge_add(&metrics->out_bytes, counts->out_bytes);
        totals->in_msgs += counts->in_msgs;
        totals->in_bytes += counts->in_bytes;
        totals->out_msgs += counts->out_msgs;
        totals->out_bytes += counts->out_bytes;
        *counts = (struct nats_counts){ 0 };
        list_remove(node);
    }
}

// --- subscriptions

struct nats_subscription *nats_account_subscribe(struct nats_account *account, struct nats_session *session,
                                                 bytes_t subject, bytes_t queue, bytes_t id)
{
    struct nats_subscription *subscription = mem_alloc(sizeof(*subscription) + id.size + 1);
    *subscription = (struct nats_subscription){ .session = session, .sub.owners = (uint32_t)id.size + 1 };
    subscription->id[0] = ' ';
    memcpy(subscription->id + 1, id.data, id.size);
    nats_sublist_insert(&account->list, &subscription->sub, subject, queue);
    map_insert(&session->subscriptions, &subscription->node);
    gauge_add(&session->site->metrics->subscriptions, 1);
    return subscription;
}

void nats_account_unsubscribe(struct nats_account *account, struct nats_subscription *subscription)
{
    nats_sublist_remove(&account->list, &subscription->sub);
    map_remove(&subscription->session->subscriptions, &subscription->node);
    gauge_add(&subscription->session->site->metrics->subscriptions, -1);
    free(subscription);
}

// --- delivery

// One message as it goes out: verb, subject, the subscription's id, line, body.
struct form {
    bytes_t verb, line, body;
};

struct message {
    bytes_t subject, reply;
    size_t size; // headers and payload
    bool has_header;
    struct form whole, stripped; // for those that take headers and those that do not
    struct buf *buf;             // the body may be shared from it
};

static bytes_t line_write(struct writer *line, bytes_t reply, size_t header_size, size_t size)
{
    writer_reset(line);
    if (reply.data != NULL) {
        writer_u8(line, ' ');
        writer_bytes(line, reply);
    }
    if (header_size > 0)
        writer_format(line, " %zu", header_size);
    writer_format(line, " %zu\r\n", size);
    return writer_view(line);
}

// The body as it came has CR LF behind it.
static void message_init(struct nats_account *account, const struct nats_command *command, struct buf *buf,
                         struct message *message)
{
    message->subject = command->subject;
    message->reply = command->reply;
    message->size = command->body.size;
    message->has_header = command->header_size > 0; // HPUB without header bytes is PUB
    bytes_t body = bytes_of(command->body.data, command->body.size + 2);
    message->buf = body.size >= SHARE_SIZE ? buf : NULL;
    struct form *whole = &message->whole;
    whole->verb = message->has_header ? BYTES_LITERAL("HMSG ") : BYTES_LITERAL("MSG ");
    if (command->tail.data == NULL) {
        whole->line = line_write(&account->lines[0], command->reply, command->header_size, command->body.size);
        whole->body = body;
    } else if (message->buf == NULL) {
        whole->line = command->tail; // line and body in one piece
        whole->body = BYTES_NULL;
    } else {
        whole->line = bytes_of(command->tail.data, command->tail.size - body.size);
        whole->body = body;
    }
    message->stripped = *whole;
    if (!message->has_header)
        return;
    size_t size = command->body.size - command->header_size;
    message->stripped.verb = BYTES_LITERAL("MSG ");
    message->stripped.line = line_write(&account->lines[1], command->reply, 0, size);
    message->stripped.body = bytes_of(command->body.data + command->header_size, size + 2);
}

// A client that does not keep up: closed when too much waits for it, and before that who publishes is slowed down.
static bool may_take_more(struct nats_session *to, struct nats_session *from, size_t size)
{
    const struct nats_options *options = to->site->options;
    size_t most = (size_t)options->max_pending, pending = nats_out_look(&to->out) + size;
    if (pending > most) {
        nats_session_fail(to, NATS_ERROR_SLOW_PENDING);
        return false;
    }
    if (pending > most / 4 * 3 && options->producer_stall && !from->may_not_stall && !from->is_stalled) {
        from->is_stalled = true;
        from->stalls++;
        gauge_add(&to->site->metrics->stalled_clients, 1);
    }
    return true;
}

static inline uint8_t *put(uint8_t *to, const uint8_t *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static bool may_get(const struct nats_subscription *subscription, const struct message *message)
{
    const struct nats_queue *queue = subscription->sub.queue;
    return nats_admission_may_get(subscription->session, message->subject, queue == NULL ? BYTES_NULL : queue->name,
                                  message->reply);
}

static bool deliver(struct nats_account *account, struct nats_session *from, struct nats_subscription *subscription,
                    const struct message *message)
{
    struct nats_session *to = subscription->session;
    bool is_spent = subscription->max > 0 && subscription->delivered == subscription->max;
    if (to->is_closed || is_spent || (to == from && !to->echo))
        return false;
    if (to->is_watched && !may_get(subscription, message))
        return false;
    const struct form *form = message->has_header && !to->headers ? &message->stripped : &message->whole;
    bool shares = message->buf != NULL;
    size_t head_size = form->verb.size + message->subject.size + subscription->sub.owners + form->line.size;
    size_t size = head_size + form->body.size;
    if (nats_out_pending(&to->out) + size > to->out.mark && !may_take_more(to, from, size))
        return false;
    uint8_t *at = nats_out_room(&to->out, shares ? head_size : size);
    at = put(at, form->verb.data, form->verb.size);
    at = put(at, message->subject.data, message->subject.size);
    at = put(at, subscription->id, subscription->sub.owners);
    at = put(at, form->line.data, form->line.size);
    if (!shares && form->body.size > 0)
        at = put(at, form->body.data, form->body.size);
    to->out.at = at;
    if (shares)
        nats_out_share(&to->out,
                       slice_of(message->buf, (size_t)(form->body.data - message->buf->data), form->body.size));
    account->counts.out_msgs++;
    account->counts.out_bytes += (int64_t)message->size;
    to->counts.out_msgs++;
    to->counts.out_bytes += (int64_t)message->size;
    if (++subscription->delivered == subscription->max) {
        MEM_GROW(account->spent, account->spent_count, account->spent_capacity);
        account->spent[account->spent_count++] = subscription;
    }
    return true;
}

static size_t deliver_to_all(struct nats_account *account, struct nats_session *from, const struct nats_subs *subs,
                             const struct message *message)
{
    size_t count = 0;
    struct nats_sub *const *items = nats_subs_items(subs);
    for (uint32_t i = 0; i < subs->count; i++)
        count += deliver(account, from, CONTAINER_OF(items[i], struct nats_subscription, sub), message);
    return count;
}

// --- queues: one of each name gets the message, whatever subject its members subscribed with

static struct nats_queue *queue_at(const struct nats_place *place, bytes_t name)
{
    struct nats_queue *queue = place->queues;
    while (queue != NULL && !bytes_equal(queue->name, name))
        queue = queue->next;
    return queue;
}

static bool is_served(const struct nats_matches *matches, size_t before, bytes_t name)
{
    for (size_t i = 0; i < before; i++) {
        if (queue_at(matches->items[i], name) != NULL)
            return true;
    }
    return false;
}

static struct nats_sub *member(const struct nats_matches *matches, size_t from, bytes_t name, size_t at)
{
    for (size_t i = from; i < matches->count; i++) {
        const struct nats_queue *queue = queue_at(matches->items[i], name);
        if (queue != NULL && at < queue->subs.count)
            return nats_subs_items(&queue->subs)[at];
        at -= queue == NULL ? 0 : queue->subs.count;
    }
    ASSERT(false);
    return NULL;
}

// Begins with any member and goes on until one takes it.
static bool deliver_to_queue(struct nats_account *account, struct nats_session *from, size_t place, bytes_t name,
                             const struct message *message)
{
    const struct nats_matches *matches = &account->matches;
    size_t count = 0;
    for (size_t i = place; i < matches->count; i++) {
        const struct nats_queue *queue = queue_at(matches->items[i], name);
        count += queue == NULL ? 0 : queue->subs.count;
    }
    size_t first = (size_t)((next_random(&account->random) >> 32) * count >> 32);
    for (size_t i = 0; i < count; i++) {
        struct nats_sub *sub = member(matches, place, name, (first + i) % count);
        if (deliver(account, from, CONTAINER_OF(sub, struct nats_subscription, sub), message))
            return true;
    }
    return false;
}

static size_t deliver_to_queues(struct nats_account *account, struct nats_session *from, const struct message *message)
{
    size_t delivered = 0;
    const struct nats_matches *matches = &account->matches;
    for (size_t i = 0; i < matches->count; i++) {
        for (const struct nats_queue *queue = matches->items[i]->queues; queue != NULL; queue = queue->next) {
            if (!is_served(matches, i, queue->name))
                delivered += deliver_to_queue(account, from, i, queue->name, message);
        }
    }
    return delivered;
}

static void remove_spent(struct nats_account *account)
{
    for (size_t i = 0; i < account->spent_count; i++)
        nats_account_unsubscribe(account, account->spent[i]);
    account->spent_count = 0;
}

size_t nats_account_publish(struct nats_account *account, struct nats_session *from, const struct nats_command *command,
                            struct buf *buf)
{
    if (!list_linked(&account->busy_node))
        list_append(&account->accounts->busy, &account->busy_node);
    account->counts.in_msgs++;
    account->counts.in_bytes += (int64_t)command->body.size;
    from->counts.in_msgs++;
    from->counts.in_bytes += (int64_t)command->body.size;
    nats_sublist_match(&account->list, command->subject, &account->matches);
    if (account->matches.count == 0)
        return 0;
    struct message message;
    message_init(account, command, buf, &message);
    size_t delivered = 0;
    for (size_t i = 0; i < account->matches.count; i++)
        delivered += deliver_to_all(account, from, &account->matches.items[i]->subs, &message);
    delivered += deliver_to_queues(account, from, &message);
    remove_spent(account);
    return delivered;
}

struct nats_subscription *nats_account_own(struct nats_account *account, const struct nats_session *session,
                                           bytes_t subject)
{
    nats_sublist_match(&account->list, subject, &account->matches);
    for (size_t i = 0; i < account->matches.count; i++) {
        const struct nats_subs *subs = &account->matches.items[i]->subs;
        for (uint32_t k = 0; k < subs->count; k++) {
            struct nats_subscription *own = CONTAINER_OF(nats_subs_items(subs)[k], struct nats_subscription, sub);
            if (own->session == session)
                return own;
        }
    }
    return NULL;
}
