// SPDX-License-Identifier: Apache-2.0
#include "kafka/kafka.h"

#include "base/assert.h"
#include "io/net.h"

#define AT(member) .at = offsetof(struct kafka_options, member)
#define GROUP      .group = "Kafka"

// In the order of enum kafka_acks_one.
static const char *const acks_one_choices[] = { "flushed", "written", NULL };

// Defaults are Kafka's own unless the help says otherwise.
// clang-format off
const struct option_row kafka_option_rows[] = {
    { .name = "kafka.advertise", .flag = "--kafka-advertise", .env = "EDDY_KAFKA_ADVERTISE", GROUP, .type = OPTION_TEXT,
      .value_name = "HOST:PORT", .help = "the address that Kafka clients are told; default: the one that is listened on", AT(advertise) },
    { .name = "kafka.node-id", .env = "EDDY_KAFKA_NODE_ID", GROUP, .type = OPTION_INT, .default_text = "1",
      .max = INT32_MAX, .help = "the broker id in metadata", AT(node_id) },
    { .name = "kafka.request-max", .env = "EDDY_KAFKA_REQUEST_MAX", GROUP, .type = OPTION_SIZE, .default_text = "100MB",
      .min = 65536, .max = INT32_MAX, .help = "largest request (socket.request.max.bytes)",
      .limit_reason = "a frame's length is a 32-bit number", AT(request_max_size) },
    { .name = "kafka.in-flight", .env = "EDDY_KAFKA_IN_FLIGHT", GROUP, .type = OPTION_SIZE, .default_text = "8MB",
      .min = 65536, .max = INT32_MAX, .help = "unanswered requests of one connection, after which it is read no further", AT(in_flight_size) },
    { .name = "kafka.queued", .env = "EDDY_KAFKA_QUEUED", GROUP, .type = OPTION_SIZE, .default_text = "0",
      .max = INT64_MAX, .help = "unanswered requests of one loop, after which large ones wait (queued.max.request.bytes); 0: half of its part of memory", AT(queued_request_size) },
    { .name = "kafka.idle", .env = "EDDY_KAFKA_IDLE", GROUP, .type = OPTION_DURATION, .default_text = "10m",
      .min = 1, .max = INT64_MAX / 2, .help = "silence after which a connection is closed (connections.max.idle.ms)", AT(idle_ms) },
    { .name = "kafka.fetch-max", .env = "EDDY_KAFKA_FETCH_MAX", GROUP, .type = OPTION_SIZE, .default_text = "4MB",
      .min = 1024, .max = INT32_MAX, .help = "largest answer to a Fetch (fetch.max.bytes); one batch may be larger; Kafka's default is 55MB, ours bounds what slow readers hold", AT(fetch_max_size) },
    { .name = "kafka.fetch-sessions", .env = "EDDY_KAFKA_FETCH_SESSIONS", GROUP, .type = OPTION_INT, .default_text = "1000",
      .max = 1000000, .help = "fetch sessions of one loop (max.incremental.fetch.session.cache.slots)", AT(fetch_session_slots) },
    { .name = "kafka.partitions", .flag = "--kafka-partitions", .env = "EDDY_KAFKA_PARTITIONS", GROUP, .type = OPTION_INT, .default_text = "1",
      .min = 1, .max = 100000, .help = "partitions of a topic that is created without a number (num.partitions)", AT(topic_partitions) },
    { .name = "kafka.partitions-max", .env = "EDDY_KAFKA_PARTITIONS_MAX", GROUP, .type = OPTION_INT, .default_text = "10000",
      .min = 1, .max = 100000, .help = "most partitions of one topic", AT(partitions_max) },
    { .name = "kafka.auto-create", .flag = "--kafka-auto-create", .env = "EDDY_KAFKA_AUTO_CREATE", GROUP, .type = OPTION_BOOL, .default_text = "true",
      .help = "create a topic when a client asks for it (auto.create.topics.enable)", AT(auto_create_topics) },
    { .name = "kafka.strict-replication", .env = "EDDY_KAFKA_STRICT_REPLICATION", GROUP, .type = OPTION_BOOL, .default_text = "false",
      .help = "refuse topics with a replication factor above 1 instead of warning", AT(strict_replication) },
    { .name = "kafka.group-session-min", .env = "EDDY_KAFKA_GROUP_SESSION_MIN", GROUP, .type = OPTION_DURATION, .default_text = "6s",
      .min = 1, .max = INT32_MAX, .help = "shortest session timeout of a group member (group.min.session.timeout.ms)", AT(groups.session_min_ms) },
    { .name = "kafka.group-session-max", .env = "EDDY_KAFKA_GROUP_SESSION_MAX", GROUP, .type = OPTION_DURATION, .default_text = "30m",
      .min = 1, .max = INT32_MAX, .help = "longest session timeout of a group member (group.max.session.timeout.ms)", AT(groups.session_max_ms) },
    { .name = "kafka.group-initial-delay", .env = "EDDY_KAFKA_GROUP_INITIAL_DELAY", GROUP, .type = OPTION_DURATION, .default_text = "0",
      .max = INT32_MAX, .help = "how long an empty group waits for more members (group.initial.rebalance.delay.ms); Kafka's built-in default is 3s, the configuration it comes with says 0", AT(groups.initial_delay_ms) },
    { .name = "kafka.group-size-max", .env = "EDDY_KAFKA_GROUP_SIZE_MAX", GROUP, .type = OPTION_INT, .default_text = "2147483647",
      .min = 1, .max = INT32_MAX, .help = "most members of one group (group.max.size)", AT(groups.size_max) },
    { .name = "kafka.offsets-retention", .env = "EDDY_KAFKA_OFFSETS_RETENTION", GROUP, .type = OPTION_DURATION, .default_text = "7d",
      .min = 1, .max = INT64_MAX / 2, .help = "how long the offsets of a group without members are kept (offsets.retention.minutes)", AT(groups.retention_ms) },
    { .name = "kafka.offsets-retention-check", .env = "EDDY_KAFKA_OFFSETS_RETENTION_CHECK", GROUP, .type = OPTION_DURATION, .default_text = "10m",
      .min = 1, .max = INT64_MAX / 2, .help = "how often old offsets are looked for (offsets.retention.check.interval.ms)", AT(groups.retention_interval_ms) },
    { .name = "kafka.offset-metadata-max", .env = "EDDY_KAFKA_OFFSET_METADATA_MAX", GROUP, .type = OPTION_SIZE, .default_text = "4096",
      .max = 32767, .help = "largest metadata of a committed offset (offset.metadata.max.bytes)",
      .limit_reason = "it is a Kafka string", AT(groups.metadata_max_size) },
    { .name = "acks.one", .flag = "--acks-one", .env = "EDDY_ACKS_ONE", GROUP, .type = OPTION_ENUM, .default_text = "flushed",
      .choices = acks_one_choices,
      .help = "what acks=1 waits for; written: a power loss may take what was acknowledged", AT(acks_one) },
};
// clang-format on
const size_t kafka_option_row_count = ARRAY_COUNT(kafka_option_rows);

err_t kafka_options_check(const struct kafka_options *options, diag_t *diag)
{
    static const char flag[] = "--kafka-advertise";
    const char *text = options->advertise;
    struct address address;
    if (text == NULL || text[0] == '\0')
        return ERR_OK;
    // With a default of port 0 what has no port is refused too; ":9092" and "9092" name no host.
    bool is_address = address_parse(text, 0, &address, NULL) == ERR_OK && address.port != 0;
    if (!is_address || text[0] == ':' || strchr(text, ':') == NULL || strchr(text, ',') != NULL)
        return diag_fail(diag, ERR_INVALID, flag,
                         "\"%s\" is not of the form HOST:PORT, one address as clients reach this server, such as "
                         "broker.example.com:9092",
                         text);
    if (strcmp(address.host, "0.0.0.0") == 0 || strcmp(address.host, "::") == 0)
        return diag_fail(diag, ERR_INVALID, flag,
                         "no client can connect to %s; write HOST:PORT with the name or address of this machine",
                         address.host);
    return ERR_OK;
}

#undef AT
#define AT(member) .at = offsetof(struct kafka_metrics, member)

// Names as Strimzi's dashboards query them (JMX exporter spelling).
// clang-format off
const struct metric_row kafka_metric_rows[] = {
    { .name = "kafka_server_brokertopicmetrics_messagesin_total", .help = "Records appended by Produce requests.", .type = METRIC_COUNTER, AT(messages_in) },
    { .name = "kafka_server_brokertopicmetrics_bytesin_total", .help = "Bytes of batches appended by Produce requests.", .type = METRIC_COUNTER, AT(bytes_in) },
    { .name = "kafka_server_brokertopicmetrics_bytesout_total", .help = "Bytes of batches in answers to Fetch requests.", .type = METRIC_COUNTER, AT(bytes_out) },
    { .name = "kafka_server_brokertopicmetrics_totalproducerequests_total", .help = "Partitions in Produce requests.", .type = METRIC_COUNTER, AT(produce_requests) },
    { .name = "kafka_server_brokertopicmetrics_totalfetchrequests_total", .help = "Partitions read for Fetch requests.", .type = METRIC_COUNTER, AT(fetch_requests) },
    { .name = "kafka_server_brokertopicmetrics_failedproducerequests_total", .help = "Partitions in Produce requests that were refused.", .type = METRIC_COUNTER, AT(failed_produce_requests) },
    { .name = "kafka_server_brokertopicmetrics_failedfetchrequests_total", .help = "Partitions in Fetch requests that were answered with an error.", .type = METRIC_COUNTER, AT(failed_fetch_requests) },
    { .name = "eddy_kafka_request_bytes_total", .help = "Bytes of requests.", .type = METRIC_COUNTER, AT(request_bytes) },
    { .name = "eddy_kafka_answer_bytes_total", .help = "Bytes of answers.", .type = METRIC_COUNTER, AT(answer_bytes) },
    { .name = "eddy_kafka_bad_requests_total", .help = "Connections closed because of what they sent.", .type = METRIC_COUNTER, AT(bad_requests) },
    { .name = "kafka_server_socket_server_metrics_connection_count", .help = "Open connections.", .type = METRIC_GAUGE, AT(connections) },
    { .name = "kafka_server_fetchsessioncache_numincrementalfetchsessions", .help = "Fetch sessions held.", .type = METRIC_GAUGE, AT(fetch_sessions) },
    { .name = "kafka_server_fetchsessioncache_numincrementalfetchpartitionscached", .help = "Partitions in fetch sessions.", .type = METRIC_GAUGE, AT(fetch_session_partitions) },
    { .name = "eddy_kafka_request_seconds", .help = "Time from the last byte of a request to its answer, long polls included.", .type = METRIC_HISTOGRAM, .scale = 1e-9, AT(request_ns) },
};
// clang-format on
const size_t kafka_metric_row_count = ARRAY_COUNT(kafka_metric_rows);
