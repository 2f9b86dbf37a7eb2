// SPDX-License-Identifier: Apache-2.0
#include "observe/topics.h"

#include "base/assert.h"
#include "base/mem.h"
#include "observe/exposition.h"
#include "store/log.h"
#include "store/store.h"
#include "store/topic.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STATS_IN_FLIGHT = 64,
    LINES_PER_TURN = 2000,
};

struct partition_figures {
    const struct topic *topic; // a reference for each topic, held by its first partition
    int32_t partition;
    bool known; // false: deleted meanwhile
    int64_t log_start_offset, high_watermark;
    uint64_t size;
};

struct stat_slot {
    struct stat_op stat;
    struct topics_gather *gather;
    size_t row;
};

// What one page needs; lives while it is made.
struct topics_gather {
    struct topics_collector *topics;
    struct scraper *scraper;
    struct writer *out;
    struct partition_figures *rows;
    size_t count, capacity;
    size_t asked; // rows whose figures were asked for
    size_t in_flight;
    struct stat_slot slots[STATS_IN_FLIGHT];
    size_t family, line; // where writing goes on
    struct message resume;
};

// ---- families

typedef double figure_fn(const struct topics_gather *gather, const struct partition_figures *row);

static double one(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)gather;
    (void)row;
    return 1;
}

static double zero(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)gather;
    (void)row;
    return 0;
}

static double node_id(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)row;
    return (double)gather->topics->node_id;
}

static double partition_count(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)gather;
    return row->topic->partition_count;
}

static double all_partitions(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)row;
    return (double)gather->count;
}

static double current_offset(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)gather;
    return (double)row->high_watermark;
}

static double oldest_offset(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)gather;
    return (double)row->log_start_offset;
}

static double log_size(const struct topics_gather *gather, const struct partition_figures *row)
{
    (void)gather;
    return (double)row->size;
}

enum family_scope { PER_BROKER, PER_TOPIC, PER_PARTITION };

// The first part is kafka_exporter's, the second Strimzi's.
static const struct family {
    const char *name, *help;
    enum family_scope scope;
    enum metric_type type;
    figure_fn *value;
} families[] = {
    { "kafka_brokers", "Number of brokers in the cluster.", PER_BROKER, METRIC_GAUGE, one },
    { "kafka_topic_partitions", "Number of partitions of the topic.", PER_TOPIC, METRIC_GAUGE, partition_count },
    { "kafka_topic_partition_current_offset", "Offset that the next durable record gets.", PER_PARTITION, METRIC_GAUGE,
      current_offset },
    { "kafka_topic_partition_oldest_offset", "First offset that can be read.", PER_PARTITION, METRIC_GAUGE,
      oldest_offset },
    { "kafka_topic_partition_in_sync_replica", "Number of in-sync replicas.", PER_PARTITION, METRIC_GAUGE, one },
    { "kafka_topic_partition_leader", "Broker id of the leader.", PER_PARTITION, METRIC_GAUGE, node_id },
    { "kafka_topic_partition_leader_is_preferred", "1 if the preferred broker leads.", PER_PARTITION, METRIC_GAUGE,
      one },
    { "kafka_topic_partition_replicas", "Number of replicas.", PER_PARTITION, METRIC_GAUGE, one },
    { "kafka_topic_partition_under_replicated_partition", "1 if replicas are missing.", PER_PARTITION, METRIC_GAUGE,
      zero },
    { "kafka_server_replicamanager_leadercount", "Partitions that this broker leads.", PER_BROKER, METRIC_GAUGE,
      all_partitions },
    { "kafka_server_replicamanager_partitioncount", "Partitions of this broker.", PER_BROKER, METRIC_GAUGE,
      all_partitions },
    { "kafka_server_replicamanager_underreplicatedpartitions", "Partitions with missing replicas.", PER_BROKER,
      METRIC_GAUGE, zero },
    { "kafka_cluster_partition_atminisr", "1 if the in-sync replicas are just enough.", PER_PARTITION, METRIC_GAUGE,
      one },
    { "kafka_cluster_partition_underminisr", "1 if the in-sync replicas are too few.", PER_PARTITION, METRIC_GAUGE,
      zero },
    { "kafka_cluster_partition_replicascount", "Number of replicas.", PER_PARTITION, METRIC_GAUGE, one },
    { "kafka_controller_kafkacontroller_activecontrollercount", "1 if this broker is the controller.", PER_BROKER,
      METRIC_GAUGE, one },
    { "kafka_controller_kafkacontroller_offlinepartitionscount", "Partitions without a leader.", PER_BROKER,
      METRIC_GAUGE, zero },
    { "kafka_controller_controllerstats_uncleanleaderelections_total",
      "Leaders elected from replicas that were behind.", PER_BROKER, METRIC_COUNTER, zero },
    { "kafka_log_log_size", "Bytes of the partition's segments.", PER_PARTITION, METRIC_GAUGE, log_size },
};

static void write_value(struct topics_gather *g, const struct family *family, const struct partition_figures *row)
{
    writer_u8(g->out, ' ');
    exposition_number(g->out, family->value(g, row));
    writer_u8(g->out, '\n');
}

// A line about a topic or a partition.
static void write_line(struct topics_gather *g, const struct family *family, const struct partition_figures *row)
{
    writer_text(g->out, family->name);
    writer_u8(g->out, '{');
    exposition_label(g->out, false, "topic", row->topic->name);
    if (family->scope == PER_PARTITION) {
        char number[16];
        snprintf(number, sizeof number, "%d", (int)row->partition);
        exposition_label(g->out, true, "partition", bytes_of_text(number));
    }
    writer_u8(g->out, '}');
    write_value(g, family, row);
}

static bool in_scope(const struct family *family, const struct partition_figures *row)
{
    return row->known && (family->scope == PER_PARTITION || row->partition == 0);
}

static void write_broker_info(struct topics_gather *g)
{
    exposition_family(g->out, "kafka_broker_info", "The broker and its address; always 1.", METRIC_GAUGE);
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)g->topics->node_id);
    writer_text(g->out, "kafka_broker_info{");
    exposition_label(g->out, false, "id", bytes_of_text(id));
    exposition_label(g->out, true, "address", bytes_of_text(g->topics->address));
    writer_text(g->out, "} 1\n");
}

// ---- writing, a part per turn

static void gather_free(struct topics_gather *g)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->rows[i].partition == 0)
            topic_unref(g->rows[i].topic);
    free(g->rows);
    g->topics->gather = NULL;
    free(g);
}

static void write_some(struct topics_gather *g)
{
    size_t lines = 0;
    while (g->family < ARRAY_COUNT(families) && lines < LINES_PER_TURN) {
        const struct family *family = &families[g->family];
        if (g->line == 0)
            exposition_family(g->out, family->name, family->help, family->type);
        if (family->scope == PER_BROKER) {
            writer_text(g->out, family->name);
            write_value(g, family, NULL);
            g->line = g->count;
        }
        for (; g->line < g->count && lines < LINES_PER_TURN; g->line++, lines++)
            if (in_scope(family, &g->rows[g->line]))
                write_line(g, family, &g->rows[g->line]);
        if (g->line == g->count) {
            g->line = 0;
            g->family++;
        }
    }
    if (g->family < ARRAY_COUNT(families)) {
        loop_post(g->scraper->loop, &g->resume);
        return;
    }
    write_broker_info(g);
    struct scraper *scraper = g->scraper;
    gather_free(g);
    scraper_collected(scraper);
}

static void on_resume(struct message *message)
{
    write_some(CONTAINER_OF(message, struct topics_gather, resume));
}

// ---- asking the owners

static void ask(struct stat_slot *slot);

static void on_stat(struct log_op *op)
{
    struct stat_slot *slot = CONTAINER_OF(op, struct stat_slot, stat.op);
    struct topics_gather *g = slot->gather;
    struct partition_figures *row = &g->rows[slot->row];
    if (op->err == ERR_OK) {
        row->known = true;
        row->log_start_offset = slot->stat.log_start_offset;
        row->high_watermark = slot->stat.high_watermark;
        row->size = slot->stat.size;
    }
    g->in_flight--;
    if (g->asked < g->count)
        ask(slot);
    else if (g->in_flight == 0)
        write_some(g);
}

static void ask(struct stat_slot *slot)
{
    struct topics_gather *g = slot->gather;
    slot->row = g->asked++;
    g->in_flight++;
    const struct partition_figures *row = &g->rows[slot->row];
    slot->stat = (struct stat_op){
        .op = { .partition = row->topic->partitions[row->partition], .on_done = on_stat },
        .epoch = -1,
    };
    log_stat(&slot->stat);
}

static void collect(struct collector *collector, struct scraper *scraper, struct writer *out)
{
    struct topics_collector *topics = CONTAINER_OF(collector, struct topics_collector, collector);
    ASSERT(topics->gather == NULL);
    struct topics_gather *g = mem_zalloc(1, sizeof *g);
    topics->gather = g;
    g->topics = topics;
    g->scraper = scraper;
    g->out = out;
    g->resume.on_message = on_resume;
    for (const struct topic *t = topic_next(topics->store, NULL); t != NULL; t = topic_next(topics->store, t)) {
        topic_ref(t);
        for (int32_t i = 0; i < t->partition_count; i++) {
            MEM_GROW(g->rows, g->count, g->capacity);
            g->rows[g->count++] = (struct partition_figures){ .topic = t, .partition = i };
        }
    }
    for (size_t i = 0; i < STATS_IN_FLIGHT && g->asked < g->count; i++) {
        g->slots[i].gather = g;
        ask(&g->slots[i]);
    }
    if (g->count == 0)
        write_some(g);
}

void topics_collector_init(struct topics_collector *topics, struct store *store, int64_t node, const char *address)
{
    *topics = (struct topics_collector){
        .collector.collect = collect,
        .store = store,
        .node_id = node,
        .address = address,
    };
}
