// SPDX-License-Identifier: Apache-2.0
#include "kafka/fetch_session.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/random.h"
#include "kafka/api/fetch.h"
#include "kafka/errors.h"
#include "kafka/kafka.h"

#include <assert.h>
#include <stdlib.h>

// A session that was used (or, against a larger one, made) this recently is not evicted: min.incremental.fetch.session.
// eviction.ms.
#define EVICTION_MS 120000
// How long a vain look for one that can be evicted stands.
#define VAIN_MS 1000
// Of all sessions of a door together; a slot takes about 200 bytes.
#define PARTITIONS_MAX 200000
#define KEY_SIZE_MAX   (249 + 4)

static_assert(offsetof(struct kafka_fetch_slot, map_node) == 0, "the map's node stands first");
static_assert(offsetof(struct kafka_fetch_session, map_node) == 0, "the map's node stands first");

static bytes_t slot_key(const struct map_node *node)
{
    const struct kafka_fetch_slot *slot = (const void *)node; // the node stands first
    return slot->key;
}

static bytes_t session_key(const struct map_node *node)
{
    const struct kafka_fetch_session *session = (const void *)node; // the node stands first
    return bytes_of(&session->id, sizeof(session->id));
}

// Writes the key to TO; a name that no topic can have gives an empty one.
static bytes_t make_key(uint8_t to[KEY_SIZE_MAX], bool by_id, bytes_t name, const struct kafka_uuid *id,
                        int32_t partition)
{
    bytes_t topic = by_id ? bytes_of(id, sizeof(*id)) : name;
    if (topic.size > KEY_SIZE_MAX - 4)
        return bytes_of(to, 0);
    put_u32(to, (uint32_t)partition);
    if (topic.size > 0)
        memcpy(to + 4, topic.data, topic.size);
    return bytes_of(to, topic.size + 4);
}

// --- slots

struct kafka_fetch_slot *kafka_fetch_session_find(struct kafka_fetch_session *session, bytes_t name,
                                                  const struct kafka_uuid *id, int32_t partition)
{
    uint8_t memory[KEY_SIZE_MAX];
    struct map_node *node = map_find(&session->slots, make_key(memory, session->by_id, name, id, partition));
    return node == NULL ? NULL : CONTAINER_OF(node, struct kafka_fetch_slot, map_node);
}

void kafka_fetch_session_served(struct kafka_fetch_session *session, struct kafka_fetch_slot *slot)
{
    list_remove(&slot->node);
    list_append(&session->order, &slot->node);
}

static void slot_remove(struct kafka_fetch_session *session, struct kafka_fetch_slot *slot)
{
    map_remove(&session->slots, &slot->map_node);
    list_remove(&slot->node);
    free(slot);
}

static void slot_set(struct kafka_fetch_session *session, const struct kafka_fetch_topic *topic,
                     const struct kafka_fetch_partition *partition)
{
    struct kafka_fetch_slot *slot =
        kafka_fetch_session_find(session, topic->topic, &topic->topic_id, partition->partition);
    if (slot == NULL) {
        uint8_t memory[KEY_SIZE_MAX];
        bytes_t key = make_key(memory, session->by_id, topic->topic, &topic->topic_id, partition->partition);
        slot = mem_zalloc(1, sizeof(*slot) + key.size);
        memcpy(slot + 1, key.data, key.size);
        slot->key = bytes_of(slot + 1, key.size);
        if (!session->by_id && key.size > 4)
            slot->name = bytes_of(slot->key.data + 4, key.size - 4);
        slot->id = topic->topic_id;
        slot->partition = partition->partition;
        slot->sent_high_watermark = slot->sent_log_start = -1;
        map_insert(&session->slots, &slot->map_node);
        list_append(&session->order, &slot->node);
    }
    slot->max_size = partition->partition_max_bytes;
    slot->offset = partition->fetch_offset;
    slot->leader_epoch = partition->current_leader_epoch;
    slot->last_fetched_epoch = partition->last_fetched_epoch;
}

static void session_update(struct kafka_fetch_session *session, const struct kafka_fetch_request *request)
{
    for (int32_t i = 0; i < request->topics.count; i++)
        for (int32_t j = 0; j < request->topics.items[i].partitions.count; j++)
            slot_set(session, &request->topics.items[i], &request->topics.items[i].partitions.items[j]);
    for (int32_t i = 0; i < request->forgotten_topics_data.count; i++) {
        const struct kafka_forgotten_topic *topic = &request->forgotten_topics_data.items[i];
        for (int32_t j = 0; j < topic->partitions.count; j++) {
            struct kafka_fetch_slot *slot =
                kafka_fetch_session_find(session, topic->topic, &topic->topic_id, topic->partitions.items[j]);
            if (slot != NULL)
                slot_remove(session, slot);
        }
    }
}

// --- sessions

void kafka_fetch_session_unref(struct kafka_fetch_session *session)
{
    if (session == NULL || --session->refs > 0)
        return;
    LIST_EACH(&session->order, node)
    slot_remove(session, LIST_ITEM(node, struct kafka_fetch_slot, node));
    map_free(&session->slots);
    free(session);
}

static void cache_count(struct kafka_fetch_cache *cache, size_t before, size_t after)
{
    cache->partition_count = cache->partition_count - before + after;
    gauge_set(&cache->metrics->fetch_session_partitions, (int64_t)cache->partition_count);
    gauge_set(&cache->metrics->fetch_sessions, (int64_t)cache->sessions.count);
}

static void cache_remove(struct kafka_fetch_cache *cache, struct kafka_fetch_session *session)
{
    map_remove(&cache->sessions, &session->map_node);
    list_remove(&session->node);
    cache_count(cache, session->slots.count, 0);
    kafka_fetch_session_unref(session);
}

static struct kafka_fetch_session *cache_find(struct kafka_fetch_cache *cache, int32_t id)
{
    struct map_node *node = map_find(&cache->sessions, bytes_of(&id, sizeof(id)));
    return node == NULL ? NULL : CONTAINER_OF(node, struct kafka_fetch_session, map_node);
}

// A session of fewer than COUNT partitions that is not new, or NULL. Clients without a session ask for one with every
// request: when there was none, it takes a while until all are looked at again for as many partitions.
static struct kafka_fetch_session *cache_find_smaller(struct kafka_fetch_cache *cache, size_t count, int64_t now_ms)
{
    if (count <= cache->vain_count && now_ms < cache->vain_until_ms)
        return NULL;
    struct kafka_fetch_session *smallest = NULL;
    LIST_EACH(&cache->by_use, node)
    {
        struct kafka_fetch_session *session = LIST_ITEM(node, struct kafka_fetch_session, node);
        if (session->slots.count < count && now_ms - session->created_ms > EVICTION_MS &&
            (smallest == NULL || session->slots.count < smallest->slots.count))
            smallest = session;
    }
    if (smallest == NULL) {
        cache->vain_count = count;
        cache->vain_until_ms = now_ms + VAIN_MS;
    }
    return smallest;
}

// Makes room for a session of COUNT partitions, if that is fair: the one unused for longest goes if it was unused for
// long, else one that is smaller and not new.
static bool cache_make_room(struct kafka_fetch_cache *cache, size_t count, int64_t now_ms)
{
    if (cache->slots == 0 || cache->partition_count + count > PARTITIONS_MAX)
        return false;
    if (cache->sessions.count < cache->slots)
        return true;
    struct list_node *oldest = list_first(&cache->by_use);
    ASSERT(oldest != NULL);
    struct kafka_fetch_session *victim = LIST_ITEM(oldest, struct kafka_fetch_session, node);
    if (now_ms - victim->used_ms <= EVICTION_MS)
        victim = cache_find_smaller(cache, count, now_ms);
    if (victim == NULL)
        return false;
    cache_remove(cache, victim);
    return true;
}

static size_t partitions_of(const struct kafka_fetch_request *request)
{
    size_t count = 0;
    for (int32_t i = 0; i < request->topics.count; i++)
        count +=
            (size_t)(request->topics.items[i].partitions.count < 0 ? 0 : request->topics.items[i].partitions.count);
    return count;
}

static struct kafka_fetch_session *cache_add(struct kafka_fetch_cache *cache, const struct kafka_fetch_request *request,
                                             bool by_id, int64_t now_ms)
{
    size_t count = partitions_of(request);
    if (count == 0 || !cache_make_room(cache, count, now_ms))
        return NULL;
    struct kafka_fetch_session *session = mem_zalloc(1, sizeof(*session));
    do
        session->id = (int32_t)(random_below(INT32_MAX) + 1);
    while (cache_find(cache, session->id) != NULL);
    session->refs = 1;
    session->epoch = 1;
    session->by_id = by_id;
    session->created_ms = session->used_ms = now_ms;
    session->slots = MAP_INIT(slot_key);
    list_init(&session->order);
    session_update(session, request);
    map_insert(&cache->sessions, &session->map_node);
    list_append(&cache->by_use, &session->node);
    cache_count(cache, 0, session->slots.count);
    return session;
}

static int16_t cache_continue(struct kafka_fetch_cache *cache, const struct kafka_fetch_request *request, bool by_id,
                              int64_t now_ms, struct kafka_fetch_session **ret_session)
{
    struct kafka_fetch_session *session = cache_find(cache, request->session_id);
    if (session == NULL)
        return KAFKA_FETCH_SESSION_ID_NOT_FOUND;
    if (session->by_id != by_id)
        return KAFKA_FETCH_SESSION_TOPIC_ID_ERROR;
    if (session->epoch != request->session_epoch)
        return KAFKA_INVALID_FETCH_SESSION_EPOCH;
    size_t before = session->slots.count;
    session->refs++;
    session_update(session, request);
    cache_count(cache, before, session->slots.count);
    if (session->slots.count == 0 || cache->partition_count > PARTITIONS_MAX) {
        cache_remove(cache, session);
    } else {
        session->epoch = session->epoch == INT32_MAX ? 1 : session->epoch + 1;
        session->used_ms = now_ms;
        list_remove(&session->node);
        list_append(&cache->by_use, &session->node);
    }
    *ret_session = session;
    return KAFKA_NONE;
}

int16_t kafka_fetch_cache_take(struct kafka_fetch_cache *cache, const struct kafka_fetch_request *request, bool by_id,
                               int64_t now_ms, struct kafka_fetch_session **ret_session, bool *ret_incremental)
{
    *ret_session = NULL;
    *ret_incremental = request->session_epoch > 0;
    if (*ret_incremental)
        return cache_continue(cache, request, by_id, now_ms, ret_session);
    if (request->session_epoch < KAFKA_FETCH_EPOCH_FINAL)
        return KAFKA_INVALID_FETCH_SESSION_EPOCH;
    struct kafka_fetch_session *old = cache_find(cache, request->session_id);
    if (request->session_id != 0 && old != NULL)
        cache_remove(cache, old);
    if (request->session_epoch == KAFKA_FETCH_EPOCH_FINAL)
        return KAFKA_NONE;
    *ret_session = cache_add(cache, request, by_id, now_ms);
    if (*ret_session != NULL)
        (*ret_session)->refs++;
    return KAFKA_NONE;
}

void kafka_fetch_cache_init(struct kafka_fetch_cache *cache, size_t slots, struct kafka_metrics *metrics)
{
    *cache = (struct kafka_fetch_cache){ .sessions = MAP_INIT(session_key), .slots = slots, .metrics = metrics };
    list_init(&cache->by_use);
}

void kafka_fetch_cache_deinit(struct kafka_fetch_cache *cache)
{
    LIST_EACH(&cache->by_use, node)
    cache_remove(cache, LIST_ITEM(node, struct kafka_fetch_session, node));
    map_free(&cache->sessions);
}
