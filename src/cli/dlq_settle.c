// SPDX-License-Identifier: Apache-2.0
// Replays that were interrupted: those whose record is where it was to go were sent.
#include "base/assert.h"
#include "cli/dlq_ledger.h"
#include "cli/offsets.h"
#include "cli/records.h"
#include "kafka/errors.h"

struct settle {
    struct dlq_ledger *ledger;
    const struct cluster_topic *topics;
    size_t topic_count;
    struct arena arena;
    struct dlq_mark **open; // beginnings that count, of letters that are there
    size_t count;
};

static bool is_there(const struct settle *settle, const struct dlq_entry *entry)
{
    for (size_t i = 0; i < settle->topic_count; i++) {
        if (bytes_equal(settle->topics[i].name, entry->place.topic))
            return dlq_ledger_find(settle->ledger, entry->counts->mark.letter, &settle->topics[i]) == entry;
    }
    return false;
}

static void open_find(struct settle *settle)
{
    const struct map *entries = &settle->ledger->entries;
    settle->open = arena_array(&settle->arena, entries->count, sizeof(struct dlq_mark *));
    for (struct map_node *node = map_next(entries, NULL); node != NULL; node = map_next(entries, node)) {
        struct dlq_entry *entry = CONTAINER_OF(node, struct dlq_entry, node);
        if (entry->counts != NULL && is_there(settle, entry))
            settle->open[settle->count++] = &entry->counts->mark;
    }
}

static bool goes_to(const struct dlq_mark *mark, const struct cluster_topic *topic, size_t at)
{
    return mark->state == DLQ_REPLAYING && bytes_equal(mark->at.topic, topic->name) &&
           mark->at.partition == topic->partitions[at].number;
}

static bool on_candidate(struct cli_reader *reader, size_t at, const struct batch_header *batch,
                         const struct record *record)
{
    const struct settle *settle = reader->owner;
    struct reader headers = reader_of(record->headers);
    struct record_header header;
    int64_t offset = record_offset(batch, record);
    while (record_header_next(&headers, &header)) {
        for (size_t i = 0; i < settle->count && bytes_is(header.key, MARK_REPLAY_OF); i++) {
            struct dlq_mark *mark = settle->open[i];
            if (!bytes_equal(mark->letter, header.value) || !goes_to(mark, reader->topic, at) ||
                mark->at.offset > offset)
                continue;
            mark->state = DLQ_REPLAYED;
            mark->at.offset = offset;
        }
    }
    return true;
}

// Where to search each partition of TOPIC from, in FROM. False: nothing was interrupted on its way there.
static bool search_begin(const struct settle *settle, const struct cluster_topic *topic, const int64_t *ends,
                         int64_t *from)
{
    bool is_any = false;
    for (size_t at = 0; at < topic->partition_count; at++) {
        from[at] = ends[at];
        for (size_t i = 0; i < settle->count; i++) {
            const struct dlq_mark *mark = settle->open[i];
            if (!goes_to(mark, topic, at) || mark->at.offset >= from[at])
                continue;
            from[at] = mark->at.offset;
            is_any = true;
        }
    }
    return is_any;
}

static err_t topic_search(struct settle *settle, const struct cluster_topic *topic, diag_t *diag)
{
    struct cluster *cluster = settle->ledger->cluster;
    int64_t *from = arena_array(&settle->arena, topic->partition_count, sizeof *from);
    int64_t *first = arena_array(&settle->arena, topic->partition_count, sizeof *first);
    int64_t *ends = arena_array(&settle->arena, topic->partition_count, sizeof *ends);
    err_t err = cli_offsets_find(cluster, topic, CLI_EARLIEST, first, diag);
    if (err == ERR_OK)
        err = cli_offsets_find(cluster, topic, CLI_LATEST, ends, diag);
    if (err != ERR_OK || !search_begin(settle, topic, ends, from))
        return err;
    for (size_t i = 0; i < topic->partition_count; i++)
        from[i] = from[i] < first[i] ? first[i] : from[i];
    struct cli_reader reader = {
        .cluster = cluster,
        .topic = topic,
        .positions = from,
        .ends = ends,
        .on_record = on_candidate,
        .owner = settle,
        .diag = diag,
    };
    return cli_records_read(&reader);
}

static bool is_destination(const struct settle *settle, const struct cluster_topic *topic)
{
    for (size_t i = 0; i < settle->count; i++) {
        if (bytes_equal(settle->open[i]->at.topic, topic->name))
            return true;
    }
    return false;
}

err_t dlq_ledger_settle(struct dlq_ledger *ledger, const struct cluster_topic *topics, size_t count, diag_t *diag)
{
    struct settle settle = { .ledger = ledger, .topics = topics, .topic_count = count };
    err_t err = ERR_OK;
    open_find(&settle);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (topics[i].error == KAFKA_NONE && is_destination(&settle, &topics[i]))
            err = topic_search(&settle, &topics[i], diag);
    }
    arena_free(&settle.arena);
    return err;
}
