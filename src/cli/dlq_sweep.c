// SPDX-License-Identifier: Apache-2.0
// Marks of letters that are gone: retention or somebody removed them, or their topic went.
#include "base/assert.h"
#include "base/mem.h"
#include "cli/dlq_ledger.h"
#include "cli/offsets.h"
#include "kafka/errors.h"

#include <stdlib.h>

// A topic that letters were in, as it is now.
struct ground {
    bytes_t name;
    struct cluster_topic *topic; // NULL: it is gone
    bytes_t id;
    int64_t *first;  // by the partition's index
    bool is_unknown; // who may not see it, or finds no leader, knows nothing of its letters
};

struct sweep {
    const struct dlq_ledger *ledger;
    struct arena *arena;
    struct ground *grounds;
    size_t count, capacity;
};

// Asked for by its name: of one that is hidden a server says so then.
static err_t ground_look(struct sweep *sweep, struct ground *ground, diag_t *diag)
{
    struct cluster *cluster = sweep->ledger->cluster;
    struct cluster_topic *topic;
    size_t count;
    err_t err =
        cluster_topics(cluster, arena_text(sweep->arena, ground->name), false, sweep->arena, &topic, &count, diag);
    if (err != ERR_OK)
        return err;
    ground->is_unknown = count != 1 || (topic->error != KAFKA_NONE && topic->error != KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    if (ground->is_unknown || topic->error != KAFKA_NONE)
        return ERR_OK;
    ground->topic = topic;
    ground->id = dlq_topic_id(topic, sweep->arena);
    ground->first = arena_array(sweep->arena, topic->partition_count, sizeof *ground->first);
    return cli_offsets_find(cluster, topic, CLI_EARLIEST, ground->first, diag);
}

static err_t ground_get(struct sweep *sweep, bytes_t name, const struct ground **ret_ground, diag_t *diag)
{
    for (size_t i = 0; i < sweep->count; i++) {
        if (bytes_equal(sweep->grounds[i].name, name)) {
            *ret_ground = &sweep->grounds[i];
            return ERR_OK;
        }
    }
    MEM_GROW(sweep->grounds, sweep->count, sweep->capacity);
    struct ground *ground = &sweep->grounds[sweep->count++];
    *ground = (struct ground){ .name = name };
    *ret_ground = ground;
    return ground_look(sweep, ground, diag);
}

static bool is_gone(const struct ground *ground, bytes_t topic_id, const struct mark_place *place)
{
    if (ground->is_unknown)
        return false;
    if (ground->topic == NULL || !bytes_equal(ground->id, topic_id))
        return true;
    for (size_t i = 0; i < ground->topic->partition_count; i++) {
        if (ground->topic->partitions[i].number == place->partition)
            return place->offset < ground->first[i];
    }
    return true;
}

static size_t marks_of(const struct dlq_entry *entry)
{
    size_t count = entry->done.state != DLQ_NEW;
    for (const struct dlq_begun *begun = entry->begun; begun != NULL; begun = begun->next)
        count++;
    return count;
}

static size_t marks_of_all(const struct dlq_ledger *ledger)
{
    const struct map *entries = &ledger->entries;
    size_t count = 0;
    for (const struct map_node *node = map_next(entries, NULL); node != NULL; node = map_next(entries, node))
        count += marks_of(CONTAINER_OF_CONST(node, struct dlq_entry, node));
    return count;
}

static struct dlq_mark forgetting(const struct dlq_mark *mark)
{
    return (struct dlq_mark){ .letter = mark->letter, .topic_id = mark->topic_id, .run = mark->run };
}

// Adds what forgets ENTRY to MARKS, which has room.
static err_t entry_sweep(struct sweep *sweep, const struct dlq_entry *entry, struct dlq_mark *marks, size_t *count,
                         diag_t *diag)
{
    const struct ground *ground = NULL;
    if (marks_of(entry) == 0)
        return ERR_OK;
    err_t err = ground_get(sweep, entry->place.topic, &ground, diag);
    if (err != ERR_OK || !is_gone(ground, entry->topic_id, &entry->place))
        return err;
    if (entry->done.state != DLQ_NEW)
        marks[(*count)++] = forgetting(&entry->done);
    for (const struct dlq_begun *begun = entry->begun; begun != NULL; begun = begun->next)
        marks[(*count)++] = forgetting(&begun->mark);
    return ERR_OK;
}

err_t dlq_ledger_gone(const struct dlq_ledger *ledger, struct arena *arena, struct dlq_mark **ret_marks,
                      size_t *ret_count, diag_t *diag)
{
    const struct map *entries = &ledger->entries;
    struct sweep sweep = { .ledger = ledger, .arena = arena };
    struct dlq_mark *marks = arena_array(arena, marks_of_all(ledger), sizeof *marks);
    size_t count = 0;
    err_t err = ERR_OK;
    for (struct map_node *node = map_next(entries, NULL); node != NULL && err == ERR_OK; node = map_next(entries, node))
        err = entry_sweep(&sweep, CONTAINER_OF(node, struct dlq_entry, node), marks, &count, diag);
    free(sweep.grounds);
    *ret_marks = marks;
    *ret_count = count;
    return err;
}
