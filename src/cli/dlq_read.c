// SPDX-License-Identifier: Apache-2.0
// Which dead letters a command is about, read from their topics.
#include "cli/dlq.h"
#include "cli/offsets.h"
#include "cli/records.h"
#include "eventing/topic_names.h"
#include "io/clock.h"
#include "kafka/errors.h"

#include <stdio.h>

// --- the command line

static err_t filter_read(const struct dlq_config *config, struct dlq_filter *filter, diag_t *diag)
{
    int64_t now_ms = clock_wall_ms();
    *filter = (struct dlq_filter){ .trigger = config->trigger,
                                   .name_space = config->link.name_space,
                                   .error = config->error,
                                   .since_ms = INT64_MIN,
                                   .until_ms = INT64_MAX };
    err_t err = ERR_OK;
    if (config->since != NULL)
        err = dlq_time_read("--since", config->since, now_ms, &filter->since_ms, diag);
    if (err == ERR_OK && config->until != NULL)
        err = dlq_time_read("--until", config->until, now_ms, &filter->until_ms, diag);
    if (err == ERR_OK && filter->since_ms > filter->until_ms)
        err = diag_fail(diag, ERR_INVALID, "--since", "is later than --until, so nothing can be between them");
    return err;
}

static bool has_filter(const struct dlq_config *config)
{
    return config->topics != NULL || config->trigger != NULL || config->link.name_space != NULL ||
           config->since != NULL || config->until != NULL || config->error != NULL || config->uncertain;
}

// "PARTITION/OFFSET" is enough where one topic is asked for.
static bool id_parse(const char *text, const char *topics, struct arena *arena, struct mark_place *ret_place)
{
    if (mark_place_parse(bytes_of_text(text), ret_place))
        return true;
    if (topics == NULL || strchr(topics, ' ') != NULL)
        return false;
    return mark_place_parse(bytes_of_text(arena_format(arena, "%s/%s", topics, text)), ret_place);
}

err_t dlq_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct dlq_config *config = CONTAINER_OF_CONST(common, struct dlq_config, common);
    struct arena arena = ARENA_INIT;
    struct dlq_filter filter;
    struct mark_place place;
    err_t err = filter_read(config, &filter, diag);
    for (int i = 0; i < arguments->rest_count && err == ERR_OK; i++) {
        if (!id_parse(arguments->rest[i], config->topics, &arena, &place))
            err = diag_fail(diag, ERR_INVALID, arguments->rest[i],
                            "is no id of a dead letter: TOPIC/PARTITION/OFFSET, as `eddy dlq list` shows it; "
                            "PARTITION/OFFSET with one --topic");
    }
    bool has_time = config->since != NULL || config->until != NULL;
    bool has_more = has_time || config->trigger != NULL || config->link.name_space != NULL || config->error != NULL ||
                    config->uncertain;
    if (err == ERR_OK && arguments->rest_count > 0 && has_more)
        err = diag_fail(diag, ERR_INVALID, arguments->rest[0], "ids and filters do not go together: give one of them");
    arena_free(&arena);
    return err;
}

err_t dlq_check_chosen(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct dlq_config *config = CONTAINER_OF_CONST(common, struct dlq_config, common);
    bool is_chosen = arguments->rest_count > 0 || has_filter(config);
    err_t err = dlq_check(common, arguments, diag);
    if (err != ERR_OK)
        return err;
    if (!is_chosen && !config->everything)
        return diag_fail(diag, ERR_INVALID, "which",
                         "no id and no filter is given; --all-of-them takes every dead letter there is");
    if (is_chosen && config->everything)
        return diag_fail(diag, ERR_INVALID, "--all-of-them", "does not go together with ids and filters");
    return ERR_OK;
}

// --- open and close

err_t dlq_open(struct dlq *dlq, struct cluster *cluster, const struct cli_common *common,
               const struct cli_arguments *arguments, diag_t *diag)
{
    const struct dlq_config *config = CONTAINER_OF_CONST(common, struct dlq_config, common);
    *dlq = (struct dlq){ .config = config,
                         .cluster = cluster,
                         .kube = { .options = &config->link, .set = &arguments->set } };
    dlq_ledger_init(&dlq->ledger, cluster);
    err_t err = filter_read(dlq->config, &dlq->filter, diag);
    if (err == ERR_OK)
        err = cli_groups_open(&dlq->groups, cluster, &dlq->arena, diag);
    if (err == ERR_OK)
        err = dlq_ledger_read(&dlq->ledger, diag);
    if (err == ERR_OK)
        err = dlq_ledger_settle(&dlq->ledger, dlq->groups.topics, dlq->groups.topic_count, diag);
    return err;
}

void dlq_close(struct dlq *dlq)
{
    dlq_kube_close(&dlq->kube);
    dlq_ledger_free(&dlq->ledger);
    arena_free(&dlq->arena);
}

// --- reading

static err_t topic_get(struct dlq *dlq, bytes_t name, const struct cluster_topic **ret_topic, diag_t *diag)
{
    const struct cluster_topic *topic = cli_groups_topic(&dlq->groups, name);
    const char *where = arena_format(&dlq->arena, "%.*s", BYTES_ARG(name));
    if (topic == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, where,
                         "there is no such topic: it never was, or it went, with all that was in it");
    if (topic->error != KAFKA_NONE)
        return cli_kafka_fail(diag, where, topic->error, BYTES_NULL);
    *ret_topic = topic;
    return ERR_OK;
}

struct scan {
    struct dlq *dlq;
    struct arena arena; // of the letters of one answer
    struct dlq_letter *letters;
    size_t count, capacity;
    bool takes_all;  // also what is no dead letter, or not what the filters ask for
    bool is_of_sink; // the topic may have any events
    err_t err;
};

// In the topic of a KafkaSink a replayed event that does not say whose it is may be one that was delivered there: it
// kept the error of its failure before.
static bool is_wanted(const struct scan *scan, const struct dlq_letter *letter)
{
    if (scan->is_of_sink && letter->from.data == NULL && dlq_letter_replays_before(letter) > 0)
        return false;
    return scan->takes_all || (dlq_letter_is_dead(letter) && dlq_filter_matches(&scan->dlq->filter, letter));
}

static bool on_record(struct cli_reader *reader, size_t at, const struct batch_header *batch,
                      const struct record *record)
{
    struct scan *scan = reader->owner;
    struct dlq_letter letter;
    if ((!scan->takes_all && !dlq_letter_is_likely(record)) || !dlq_letter_read(record, &scan->arena, &letter))
        return true;
    letter.topic = reader->topic;
    letter.place =
        (struct mark_place){ reader->topic->name, reader->topic->partitions[at].number, record_offset(batch, record) };
    letter.time_ms = record_timestamp(batch, record);
    letter.id = mark_place_text(&letter.place, &scan->arena);
    struct dlq_entry *entry = dlq_ledger_find(&scan->dlq->ledger, letter.id, reader->topic);
    const struct dlq_mark *last = entry == NULL ? NULL : dlq_entry_last(entry);
    if (last != NULL)
        letter.mark = *last;
    if (!is_wanted(scan, &letter))
        return true;
    if (scan->count == scan->capacity) {
        size_t capacity = scan->capacity == 0 ? 64 : 2 * scan->capacity;
        struct dlq_letter *letters = arena_array(&scan->arena, capacity, sizeof *letters);
        if (scan->count > 0)
            memcpy(letters, scan->letters, scan->count * sizeof *letters);
        scan->letters = letters;
        scan->capacity = capacity;
    }
    scan->letters[scan->count++] = letter;
    return true;
}

static bool on_round(struct cli_reader *reader)
{
    struct scan *scan = reader->owner;
    if (scan->count > 0)
        scan->err = scan->dlq->on_letters(scan->dlq, scan->letters, scan->count, reader->diag);
    arena_reset(&scan->arena);
    scan->letters = NULL;
    scan->count = scan->capacity = 0;
    return scan->err == ERR_OK;
}

static err_t range_read(struct scan *scan, const struct cluster_topic *topic, int64_t *positions, const int64_t *ends,
                        bool (*each)(struct cli_reader *reader), diag_t *diag)
{
    struct cli_reader reader = {
        .cluster = scan->dlq->cluster,
        .topic = topic,
        .positions = positions,
        .ends = ends,
        .on_record = on_record,
        .on_round = each,
        .owner = scan,
        .diag = diag,
    };
    err_t err = cli_records_read(&reader);
    return err == ERR_OK ? scan->err : err;
}

static err_t topic_read(struct dlq *dlq, const struct cluster_topic *topic, bool is_of_sink, diag_t *diag)
{
    struct scan scan = { .dlq = dlq, .is_of_sink = is_of_sink };
    struct arena arena = ARENA_INIT;
    int64_t *positions = arena_array(&arena, topic->partition_count, sizeof *positions);
    int64_t *ends = arena_array(&arena, topic->partition_count, sizeof *ends);
    int64_t since_ms = dlq->filter.since_ms;
    err_t err = cli_offsets_find(dlq->cluster, topic, since_ms < 0 ? CLI_EARLIEST : since_ms, positions, diag);
    if (err == ERR_OK)
        err = cli_offsets_find(dlq->cluster, topic, CLI_LATEST, ends, diag);
    if (err == ERR_OK)
        err = range_read(&scan, topic, positions, ends, on_round, diag);
    arena_free(&scan.arena);
    arena_free(&arena);
    return err;
}

// --- one record

static err_t place_find(struct dlq *dlq, const struct mark_place *place, const struct cluster_topic **ret_topic,
                        size_t *ret_at, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    bytes_t id = mark_place_text(place, &dlq->arena);
    const char *where = arena_format(&dlq->arena, "%.*s", BYTES_ARG(id));
    const struct cluster_topic *topic = NULL;
    err_t err = topic_get(dlq, place->topic, &topic, diag);
    if (err != ERR_OK)
        return err;
    size_t at = 0;
    while (at < topic->partition_count && topic->partitions[at].number != place->partition)
        at++;
    if (at == topic->partition_count)
        return diag_fail(diag, ERR_NOT_FOUND, where, "the topic has no partition %d", place->partition);
    int64_t *first = arena_array(&arena, topic->partition_count, sizeof *first);
    int64_t *end = arena_array(&arena, topic->partition_count, sizeof *end);
    err = cli_offsets_find(dlq->cluster, topic, CLI_EARLIEST, first, diag);
    if (err == ERR_OK)
        err = cli_offsets_find(dlq->cluster, topic, CLI_LATEST, end, diag);
    if (err == ERR_OK && place->offset < first[at])
        err = diag_fail(diag, ERR_NOT_FOUND, where, "is gone: the oldest that the partition still holds is %lld",
                        (long long)first[at]);
    else if (err == ERR_OK && place->offset >= end[at])
        err = diag_fail(diag, ERR_NOT_FOUND, where, "there is no such record: the partition ends before offset %lld",
                        (long long)end[at]);
    arena_free(&arena);
    *ret_topic = topic;
    *ret_at = at;
    return err;
}

err_t dlq_record_read(struct dlq *dlq, const struct mark_place *place, struct arena *arena,
                      struct dlq_letter *ret_letter, diag_t *diag)
{
    const struct cluster_topic *topic = NULL;
    size_t at = 0;
    err_t err = place_find(dlq, place, &topic, &at, diag);
    if (err != ERR_OK)
        return err;
    struct scan scan = { .dlq = dlq, .takes_all = true };
    int64_t *positions = arena_array(&scan.arena, topic->partition_count, sizeof *positions);
    int64_t *ends = arena_array(&scan.arena, topic->partition_count, sizeof *ends);
    positions[at] = place->offset;
    ends[at] = place->offset + 1;
    err = range_read(&scan, topic, positions, ends, NULL, diag);
    if (err == ERR_OK && scan.count == 0) {
        bytes_t id = mark_place_text(place, &dlq->arena);
        err = diag_fail(diag, ERR_NOT_FOUND, arena_text(&dlq->arena, id), "is no event");
    }
    if (err == ERR_OK) {
        *ret_letter = scan.letters[0];
        ret_letter->event = *cloudevent_copy(&scan.letters[0].event, arena);
        ret_letter->id = arena_copy(arena, ret_letter->id);
        ret_letter->from = arena_copy(arena, ret_letter->from);
        ret_letter->replay_of = arena_copy(arena, ret_letter->replay_of);
        ret_letter->origin.topic = arena_copy(arena, ret_letter->origin.topic);
        ret_letter->error_data = arena_copy(arena, ret_letter->error_data);
    }
    arena_free(&scan.arena);
    return err;
}

static err_t ids_read(struct dlq *dlq, const struct cli_arguments *arguments, diag_t *diag)
{
    err_t err = ERR_OK;
    struct arena arena = ARENA_INIT;
    struct dlq_letter *letters = arena_array(&arena, (size_t)arguments->rest_count, sizeof *letters);
    size_t count = 0;
    for (int i = 0; i < arguments->rest_count && err == ERR_OK; i++) {
        struct mark_place place = { 0 };
        (void)id_parse(arguments->rest[i], dlq->config->topics, &arena, &place); // it was checked
        struct dlq_letter *letter = &letters[count];
        err = dlq_record_read(dlq, &place, &arena, letter, diag);
        if (err == ERR_OK && !dlq_letter_is_dead(letter))
            err = diag_fail(diag, ERR_NOT_FOUND, arguments->rest[i], "is an event, but no dead letter");
        bool is_twice = false;
        for (size_t before = 0; before < count && err == ERR_OK; before++)
            is_twice = is_twice || bytes_equal(letters[before].id, letter->id);
        count += err == ERR_OK && !is_twice;
    }
    if (err == ERR_OK)
        err = dlq->on_letters(dlq, letters, count, diag);
    arena_free(&arena);
    return err;
}

// --- all of them

static err_t named_read(struct dlq *dlq, diag_t *diag)
{
    err_t err = ERR_OK;
    for (const char *at = dlq->config->topics; *at != '\0' && err == ERR_OK;) {
        const struct cluster_topic *topic = NULL;
        size_t size = strcspn(at, " ");
        err = topic_get(dlq, bytes_of(at, size), &topic, diag);
        if (err == ERR_OK)
            err = topic_read(dlq, topic, false, diag);
        at += size + (at[size] == ' ');
    }
    return err;
}

static err_t found_read(struct dlq *dlq, diag_t *diag)
{
    const struct cli_groups *groups = &dlq->groups;
    bool *is_of_sink = arena_array(&dlq->arena, groups->topic_count, sizeof *is_of_sink);
    diag_t hint = { 0 };
    err_t err = dlq_kube_sinks(&dlq->kube, groups, is_of_sink, &hint);
    if (err != ERR_OK)
        (void)cli_complain("dlq", &hint);
    err = ERR_OK;
    for (size_t i = 0; i < groups->topic_count && err == ERR_OK; i++) {
        bool is_named = bytes_ends_with(groups->topics[i].name, BYTES_LITERAL(DEAD_LETTERS));
        if (groups->topics[i].error == KAFKA_NONE && (is_named || is_of_sink[i]))
            err = topic_read(dlq, &groups->topics[i], !is_named, diag);
    }
    return err;
}

err_t dlq_read(struct dlq *dlq, const struct cli_arguments *arguments, diag_t *diag)
{
    if (arguments->rest_count > 0)
        return ids_read(dlq, arguments, diag);
    return dlq->config->topics != NULL ? named_read(dlq, diag) : found_read(dlq, diag);
}
