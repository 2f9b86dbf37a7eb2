// SPDX-License-Identifier: Apache-2.0
// The subscriptions of one account, found by subject: those without wildcards by one probe of a hash table, the others
// by a walk over a trie of tokens. Nothing is cached, so that many subjects are as fast as few. Pure; one owner.
//
// A subscription without a queue takes about 180 bytes with its subject: itself, its place, and a slot in each table.
#pragma once

#include "base/map.h"
#include "base/subject.h"

struct nats_sub;
struct writer;

// Unordered; one is held in place, more on the heap.
struct nats_subs {
    union {
        struct nats_sub *one;
        struct nats_sub **many;
    };
    uint32_t count, capacity; // capacity 0: `one`
};

static inline struct nats_sub *const *nats_subs_items(const struct nats_subs *subs)
{
    return subs->capacity == 0 ? &subs->one : subs->many;
}

// The subscriptions of one queue at one place.
struct nats_queue {
    struct nats_queue *next;
    struct nats_subs subs;
    bytes_t name; // behind the struct
};

// Where subscriptions of one subject are: a row of the hash table, or a node of the trie.
struct nats_place {
    struct nats_place *next; // of the same slot
    struct nats_place *up;   // trie: the node of the tokens before; NULL for the hash table
    uint64_t hash;
    struct nats_subs subs; // without a queue
    struct nats_queue *queues;
    uint32_t size;  // of the text behind the struct: the subject, or the last token of it
    uint32_t below; // nodes behind this one
};

// One subscription; embedded by its owner (struct nats_subscription), who sets what is not `private`.
struct nats_sub {
    struct nats_place *place; // private
    struct nats_queue *queue; // private; NULL: none
    uint32_t at;              // private
    uint32_t owners;          // whatever the owner wants: it would be a hole
};

struct nats_table {
    struct nats_place **slots;
    size_t slot_count, count; // power of two, or 0
};

struct nats_sublist {
    struct nats_table literals, nodes;
    struct nats_place *root; // of the trie; NULL: no wildcards
    size_t count;            // of subscriptions
    uint64_t inserts, removes;
};

#define NATS_SUBLIST_INIT ((struct nats_sublist){ 0 })

// SUBJECT is valid and is copied. QUEUE: BYTES_NULL for none.
void nats_sublist_insert(struct nats_sublist *list, struct nats_sub *sub, bytes_t subject, bytes_t queue);
void nats_sublist_remove(struct nats_sublist *list, struct nats_sub *sub);
// What SUB was inserted with, as text.
void nats_sub_subject(const struct nats_sub *sub, struct writer *out);
// Everything was removed before.
void nats_sublist_free(struct nats_sublist *list);

// Places whose subject matches, in no order. The memory is used again for the next match; starts zeroed.
struct nats_matches {
    struct nats_place **items;
    size_t count, capacity;
};
// SUBJECT as a publisher sent it: what is not valid matches nothing, and wildcards in it stand for themselves.
void nats_sublist_match(const struct nats_sublist *list, bytes_t subject, struct nats_matches *matches);
void nats_matches_free(struct nats_matches *matches);
