// SPDX-License-Identifier: Apache-2.0
#include "nats/sublist.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/writer.h"

#include <stdlib.h>

enum { SLOTS_MIN = 16 };

// --- the set of subscriptions at one place

static void subs_add(struct nats_subs *subs, struct nats_sub *sub)
{
    if (subs->capacity == 0 && subs->count == 1) {
        struct nats_sub *first = subs->one;
        subs->capacity = 4;
        subs->many = mem_alloc(subs->capacity * sizeof(*subs->many));
        subs->many[0] = first;
    } else if (subs->capacity > 0 && subs->count == subs->capacity) {
        subs->capacity *= 2;
        subs->many = mem_realloc(subs->many, subs->capacity * sizeof(*subs->many));
    }
    sub->at = subs->count;
    if (subs->capacity == 0)
        subs->one = sub;
    else
        subs->many[subs->count] = sub;
    subs->count++;
}

// The last one takes the place of the one that goes.
static void subs_remove(struct nats_subs *subs, const struct nats_sub *sub)
{
    ASSERT(subs->count > 0);
    subs->count--;
    if (subs->capacity == 0)
        return;
    struct nats_sub *last = subs->many[subs->count];
    subs->many[sub->at] = last;
    last->at = sub->at;
    if (subs->count > 0)
        return;
    free(subs->many);
    subs->many = NULL;
    subs->capacity = 0;
}

// --- tables of places

static struct nats_place **slot_of(const struct nats_table *table, uint64_t hash)
{
    return &table->slots[hash & (table->slot_count - 1)];
}

static void table_grow(struct nats_table *table)
{
    struct nats_place **old = table->slots;
    size_t old_count = table->slot_count;
    table->slot_count = old_count == 0 ? SLOTS_MIN : old_count * 2;
    table->slots = mem_zalloc(table->slot_count, sizeof(*table->slots));
    for (size_t i = 0; i < old_count; i++) {
        for (struct nats_place *place = old[i], *next; place != NULL; place = next) {
            next = place->next;
            struct nats_place **slot = slot_of(table, place->hash);
            place->next = *slot;
            *slot = place;
        }
    }
    free(old);
}

// Nodes are told apart by what they stand behind, too.
static uint64_t hash_of(const struct nats_place *up, bytes_t text)
{
    return bytes_hash(text) ^ (up == NULL ? 0 : up->hash * UINT64_C(0x9e3779b97f4a7c15));
}

static struct nats_place *table_find(const struct nats_table *table, const struct nats_place *up, bytes_t text)
{
    if (table->count == 0)
        return NULL;
    uint64_t hash = hash_of(up, text);
    struct nats_place *place = *slot_of(table, hash);
    while (place != NULL && (place->hash != hash || place->up != up || place->size != text.size ||
                             memcmp(place + 1, text.data, text.size) != 0))
        place = place->next;
    return place;
}

static struct nats_place *table_add(struct nats_table *table, struct nats_place *up, bytes_t text)
{
    struct nats_place *place = table_find(table, up, text);
    if (place != NULL)
        return place;
    if (table->count >= table->slot_count)
        table_grow(table);
    place = mem_alloc(sizeof(*place) + text.size);
    *place = (struct nats_place){ .up = up, .hash = hash_of(up, text), .size = (uint32_t)text.size };
    memcpy(place + 1, text.data, text.size);
    struct nats_place **slot = slot_of(table, place->hash);
    place->next = *slot;
    *slot = place;
    table->count++;
    if (up != NULL)
        up->below++;
    return place;
}

static void table_remove(struct nats_table *table, struct nats_place *place)
{
    struct nats_place **link = slot_of(table, place->hash);
    while (*link != place)
        link = &(*link)->next;
    *link = place->next;
    table->count--;
    free(place);
}

static void table_free(struct nats_table *table)
{
    ASSERT(table->count == 0);
    free(table->slots);
    *table = (struct nats_table){ 0 };
}

// --- insert and remove

static struct nats_place *place_add(struct nats_sublist *list, bytes_t subject)
{
    if (!subject_has_wildcard(subject))
        return table_add(&list->literals, NULL, subject);
    if (list->root == NULL)
        list->root = mem_zalloc(1, sizeof(*list->root));
    struct nats_place *place = list->root;
    bytes_t rest = subject, token;
    while (subject_next(&rest, &token))
        place = table_add(&list->nodes, place, token);
    return place;
}

static struct nats_queue *queue_add(struct nats_place *place, bytes_t name)
{
    struct nats_queue *queue = place->queues;
    while (queue != NULL && !bytes_equal(queue->name, name))
        queue = queue->next;
    if (queue != NULL)
        return queue;
    queue = mem_alloc(sizeof(*queue) + name.size);
    uint8_t *copy = (uint8_t *)(queue + 1);
    memcpy(copy, name.data, name.size);
    *queue = (struct nats_queue){ .next = place->queues, .name = bytes_of(copy, name.size) };
    place->queues = queue;
    return queue;
}

void nats_sublist_insert(struct nats_sublist *list, struct nats_sub *sub, bytes_t subject, bytes_t queue)
{
    sub->place = place_add(list, subject);
    sub->queue = queue.data == NULL ? NULL : queue_add(sub->place, queue);
    subs_add(sub->queue == NULL ? &sub->place->subs : &sub->queue->subs, sub);
    list->count++;
    list->inserts++;
}

static void queue_drop(struct nats_place *place, struct nats_queue *queue)
{
    struct nats_queue **link = &place->queues;
    while (*link != queue)
        link = &(*link)->next;
    *link = queue->next;
    free(queue);
}

// Also the nodes before it that only led here.
static void place_drop(struct nats_sublist *list, struct nats_place *place)
{
    while (place != list->root && place->subs.count == 0 && place->queues == NULL && place->below == 0) {
        struct nats_place *up = place->up;
        table_remove(up == NULL ? &list->literals : &list->nodes, place);
        if (up == NULL)
            return;
        up->below--;
        place = up;
    }
    if (list->root == NULL || list->root->below > 0)
        return;
    free(list->root);
    list->root = NULL;
}

void nats_sublist_remove(struct nats_sublist *list, struct nats_sub *sub)
{
    struct nats_place *place = sub->place;
    if (sub->queue == NULL) {
        subs_remove(&place->subs, sub);
    } else {
        subs_remove(&sub->queue->subs, sub);
        if (sub->queue->subs.count == 0)
            queue_drop(place, sub->queue);
    }
    sub->place = NULL;
    list->count--;
    list->removes++;
    place_drop(list, place);
}

// A place has a text, but for the root of the trie.
static bool has_text(const struct nats_place *place)
{
    return place != NULL && place->size > 0;
}

// From the last token to the first.
void nats_sub_subject(const struct nats_sub *sub, struct writer *out)
{
    size_t size = 0;
    for (const struct nats_place *place = sub->place; has_text(place); place = place->up)
        size += place->size + (size > 0);
    uint8_t *at = writer_reserve(out, size);
    if (at == NULL)
        return;
    size_t end = size;
    for (const struct nats_place *place = sub->place; has_text(place); place = place->up) {
        if (end < size)
            at[--end] = '.';
        end -= place->size;
        memcpy(at + end, place + 1, place->size);
    }
    writer_advance(out, size);
}

void nats_sublist_free(struct nats_sublist *list)
{
    ASSERT(list->count == 0);
    table_free(&list->literals);
    table_free(&list->nodes);
}

// --- match

static void found(struct nats_matches *matches, struct nats_place *place)
{
    if (place == NULL || (place->subs.count == 0 && place->queues == NULL))
        return;
    MEM_GROW(matches->items, matches->count, matches->capacity);
    matches->items[matches->count++] = place;
}

// No token is empty. A subject that is subscribed to has none; only the trie has to ask.
static bool is_walkable(bytes_t subject)
{
    const uint8_t *at = subject.data, *end = at + subject.size;
    if (subject.size == 0 || *at == '.' || end[-1] == '.')
        return false;
    while ((at = memchr(at, '.', (size_t)(end - at))) != NULL) {
        if (*++at == '.')
            return false;
    }
    return true;
}

// Each node is reached by one way only, so that a walk never costs more than there are nodes. It goes as deep as the
// subject has tokens; the other ways wait in a list.
struct walk {
    struct nats_place *node;
    bytes_t rest; // of the subject
};

static void walk_trie(const struct nats_sublist *list, bytes_t subject, struct nats_matches *matches)
{
    struct walk room[32], *ways = room;
    size_t count = 0, capacity = ARRAY_COUNT(room);
    ways[count++] = (struct walk){ list->root, subject };
    while (count > 0) {
        struct walk way = ways[--count];
        bytes_t token;
        if (!subject_next(&way.rest, &token)) {
            found(matches, way.node);
            continue;
        }
        found(matches, table_find(&list->nodes, way.node, BYTES_LITERAL(">")));
        struct nats_place *next[2] = { table_find(&list->nodes, way.node, BYTES_LITERAL("*")), NULL };
        // In what is published, wildcards are no wildcards: a token `*` is not the node of `*` once more.
        if (!subject_token_is_one(token) && !subject_token_is_rest(token))
            next[1] = table_find(&list->nodes, way.node, token);
        if (count + 2 > capacity) {
            struct walk *more = mem_alloc(2 * capacity * sizeof(*more));
            memcpy(more, ways, count * sizeof(*more));
            if (ways != room)
                free(ways);
            ways = more;
            capacity *= 2;
        }
        for (size_t i = 0; i < 2; i++) {
            if (next[i] != NULL)
                ways[count++] = (struct walk){ next[i], way.rest };
        }
    }
    if (ways != room)
        free(ways);
}

void nats_sublist_match(const struct nats_sublist *list, bytes_t subject, struct nats_matches *matches)
{
    matches->count = 0;
    found(matches, table_find(&list->literals, NULL, subject));
    if (list->root != NULL && is_walkable(subject))
        walk_trie(list, subject, matches);
}

void nats_matches_free(struct nats_matches *matches)
{
    free(matches->items);
    *matches = (struct nats_matches){ 0 };
}
