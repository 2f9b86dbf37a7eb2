// SPDX-License-Identifier: Apache-2.0
#include "nats/facts.h"

#include "base/mem.h"
#include "nats/door.h"

#include <stdlib.h>

// What is kept of the subscriptions of a closed connection.
enum { CLOSED_SUBS_MAX = 64, CLOSED_SUBS_SIZE_MAX = 4096 };

bytes_t nats_peer_ip(const char *peer)
{
    const char *colon = strrchr(peer, ':');
    size_t size = colon == NULL ? strlen(peer) : (size_t)(colon - peer);
    bool is_bracketed = size > 1 && peer[0] == '[';
    return is_bracketed ? bytes_of(peer + 1, size - 2) : bytes_of(peer, size);
}

uint16_t nats_peer_port(const char *peer)
{
    const char *colon = strrchr(peer, ':');
    return colon == NULL ? 0 : (uint16_t)strtoul(colon + 1, NULL, 10);
}

static bytes_t user_of(const struct nats_session *session)
{
    const struct principal *principal = session->principal;
    if (session->is_expected || principal == NULL)
        return BYTES_NULL;
    return principal->kind == PRINCIPAL_TOKEN ? BYTES_LITERAL("[REDACTED]") : principal->name;
}

void nats_conn_facts_of(struct nats_conn *conn, struct nats_conn_facts *ret_facts)
{
    struct nats_session *session = &conn->session;
    *ret_facts = (struct nats_conn_facts){
        .id = session->id,
        .start_ms = conn->start_ms,
        .last_ms = conn->last_ms,
        .round_trip_ns = conn->round_trip_ns,
        .pending = nats_out_look(&session->out),
        .stalls = session->stalls,
        .subscriptions = session->subscriptions.count,
        .counts = session->counts,
        .peer = conn->peer,
        .account = session->is_expected ? BYTES_NULL : nats_account_name(session->account),
        .user = user_of(session),
        .name = session->name,
        .lang = session->lang,
        .version = session->version,
        .tls_version = conn->tls_version,
        .tls_cipher = conn->tls_cipher,
    };
}

void nats_sub_facts_of(const struct nats_subscription *subscription, struct writer *subject,
                       struct nats_sub_facts *ret_facts)
{
    writer_reset(subject);
    nats_sub_subject(&subscription->sub, subject);
    bytes_t id = nats_subscription_id(subscription);
    const struct nats_queue *queue = subscription->sub.queue;
    *ret_facts = (struct nats_sub_facts){
        .subject = writer_view(subject),
        .queue = queue == NULL ? BYTES_NULL : queue->name,
        .id = bytes_of(id.data + 1, id.size - 1), // without the space before it
        .delivered = subscription->delivered,
        .max = subscription->max,
        .conn_id = subscription->session->id,
        .account = nats_account_name(subscription->session->account),
    };
}

// --- the ring

static void closed_free(struct nats_closed *closed)
{
    writer_free(&closed->text);
    free(closed->subs);
    free(closed);
}

static void keep_bytes(struct nats_closed *closed, bytes_t bytes)
{
    if (bytes.size > 0)
        writer_bytes(&closed->text, bytes);
}

static void keep_subs(struct nats_closed *closed, const struct nats_conn *conn)
{
    const struct map *map = &conn->session.subscriptions;
    struct writer subject = WRITER_INIT;
    size_t capacity = 0, start = closed->text.size;
    for (struct map_node *node = map_next(map, NULL);
         node != NULL && closed->sub_count < CLOSED_SUBS_MAX && closed->text.size - start < CLOSED_SUBS_SIZE_MAX;
         node = map_next(map, node)) {
        MEM_GROW(closed->subs, closed->sub_count, capacity);
        struct nats_sub_facts *sub = &closed->subs[closed->sub_count++];
        nats_sub_facts_of(CONTAINER_OF(node, struct nats_subscription, node), &subject, sub);
        keep_bytes(closed, sub->subject);
        keep_bytes(closed, sub->queue);
        keep_bytes(closed, sub->id);
    }
    writer_free(&subject);
}

static size_t keep_text(struct nats_closed *closed, const char *text)
{
    size_t at = closed->text.size;
    if (text != NULL)
        writer_bytes(&closed->text, bytes_of(text, strlen(text) + 1));
    return at;
}

enum { TEXT_COUNT = 6 };

static void texts_of(struct nats_conn_facts *facts, const char **ret_texts[TEXT_COUNT])
{
    ret_texts[0] = &facts->peer;
    ret_texts[1] = &facts->name;
    ret_texts[2] = &facts->lang;
    ret_texts[3] = &facts->version;
    ret_texts[4] = &facts->tls_version;
    ret_texts[5] = &facts->tls_cipher;
}

// The memory stays where it is from here on.
static void point_to_kept(struct nats_closed *closed, const size_t at[TEXT_COUNT], size_t subs_at)
{
    const uint8_t *data = writer_view(&closed->text).data;
    struct nats_conn_facts *facts = &closed->facts;
    const char **texts[TEXT_COUNT];
    texts_of(facts, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        *texts[i] = *texts[i] == NULL ? NULL : (const char *)data + at[i];
    facts->user.data = data + subs_at - facts->user.size;
    const uint8_t *next = data + subs_at;
    for (size_t i = 0; i < closed->sub_count; i++) {
        bytes_t *views[] = { &closed->subs[i].subject, &closed->subs[i].queue, &closed->subs[i].id };
        for (size_t k = 0; k < ARRAY_COUNT(views); k++) {
            views[k]->data = views[k]->data == NULL ? NULL : next;
            next += views[k]->size;
        }
    }
}

static struct nats_closed *closed_new(struct nats_conn *conn, const char *reason)
{
    struct nats_closed *closed = mem_zalloc(1, sizeof(*closed));
    struct nats_conn_facts *facts = &closed->facts;
    nats_conn_facts_of(conn, facts);
    facts->reason = reason;
    facts->stop_ms = loop_now_ms(conn->door->loop) + conn->door->wall_ahead_ms;
    const char **texts[TEXT_COUNT];
    size_t at[TEXT_COUNT];
    texts_of(facts, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        at[i] = keep_text(closed, *texts[i]);
    keep_bytes(closed, facts->user);
    size_t subs_at = closed->text.size;
    keep_subs(closed, conn);
    point_to_kept(closed, at, subs_at);
    return closed;
}

void nats_closed_add(struct nats_closed_ring *ring, struct nats_conn *conn, const char *reason)
{
    if (ring->max == 0)
        return;
    struct nats_closed *closed = closed_new(conn, reason);
    if (ring->count < ring->max) {
        MEM_GROW(ring->items, ring->count, ring->capacity);
        ring->items[ring->count++] = closed;
        return;
    }
    closed_free(ring->items[ring->next]);
    ring->items[ring->next] = closed;
    ring->next = (ring->next + 1) % ring->max;
}

const struct nats_closed *nats_closed_at(const struct nats_closed_ring *ring, size_t index)
{
    return ring->items[(ring->next + index) % ring->count];
}

void nats_closed_free(struct nats_closed_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++)
        closed_free(ring->items[i]);
    free(ring->items);
}
