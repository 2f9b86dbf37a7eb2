// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include "base/assert.h"
#include "base/mem.h"

static const char *const log_formats[] = { "text", "json", NULL };
static const char *const log_levels[] = { "trace", "debug", "info", "warn", "error", NULL };
static const char *const flush_modes[] = { "commit", "interval", "never", NULL };

#define AT(member)    .at = offsetof(struct app_config, member)
#define PLACE(group_) .group = group_
#define LIVE          .apply = OPTION_LIVE
#define KB            INT64_C(1024)
#define MB            (1024 * KB)
#define GB            (1024 * MB)
#define SECOND        INT64_C(1000)
#define DAY           (86400 * SECOND)

// Topic defaults are Kafka's.
// clang-format off
static const struct option_row own_rows[] = {
    { .flag = "--config", .letter = 'c', .env = "EDDY_CONFIG", PLACE("General"), .type = OPTION_PATH,
      .value_name = "FILE", .help = "YAML file with options; `eddy config --defaults` prints one", AT(file) },
    { .name = "data", .flag = "--data", .letter = 'd', .env = "EDDY_DATA", PLACE("General"), .type = OPTION_PATH,
      .default_text = "./eddy-data", .value_name = "DIR", .help = "folder for everything durable; made if absent", AT(data) },
    { .name = "insecure", .flag = "--insecure", .env = "EDDY_INSECURE", PLACE("General"), .type = OPTION_BOOL,
      .default_text = "false", .help = "allow doors beyond loopback although nobody has to prove who they are", AT(insecure) },
    { .name = "loops", .flag = "--loops", .env = "EDDY_LOOPS", PLACE("General"), .type = OPTION_INT, .default_text = "0",
      .max = 256, .help = "event loops, one thread each; 0: 1 up to 2 CPUs, else one for two CPUs, at most 16",
      .limit_reason = "a loop costs memory even when idle", AT(loops) },
    { .name = "memory", .flag = "--memory", .env = "EDDY_MEMORY", PLACE("General"), .type = OPTION_SIZE, .default_text = "64MB",
      .min = 4 * MB, .max = 1024 * GB, .help = "memory for the newest records of all partitions and for requests in flight; the page cache does the rest",
      .limit_reason = "the largest message must fit several times", AT(memory_size) },

    { .name = "kafka", .flag = "--kafka", .env = "EDDY_KAFKA", PLACE("Doors"), .type = OPTION_ADDRESS,
      .default_text = "localhost:9092", .help = "where Kafka clients knock; off closes the door, port 0 picks one", AT(kafka_address) },
    { .name = "nats", .flag = "--nats", .env = "EDDY_NATS", PLACE("Doors"), .type = OPTION_ADDRESS,
      .default_text = "localhost:4222", .help = "where NATS clients knock; off closes the door, port 0 picks one", AT(nats_address) },
    { .name = "nats-monitor", .flag = "--nats-monitor", .env = "EDDY_NATS_MONITOR", PLACE("Doors"), .type = OPTION_ADDRESS,
      .default_text = "localhost:8222", .help = "where /varz, /connz and the other pages of nats-server's monitoring are; off closes the door", AT(nats_monitor_address) },
    { .name = "kube", .flag = "--kube", .env = "EDDY_KUBE", PLACE("Doors"), .type = OPTION_ADDRESS,
      .default_text = "localhost:6443", .help = "where kubectl and other clients of the Kubernetes API knock; off closes the door, port 0 picks one", AT(kube_address) },
    { .name = "events", .flag = "--events", .env = "EDDY_EVENTS", PLACE("Doors"), .type = OPTION_ADDRESS,
      .default_text = "localhost:8080", .help = "where events are sent to brokers, as CloudEvents over HTTP; off closes the door, port 0 picks one", AT(events_address) },
    { .name = "events.body", .env = "EDDY_EVENTS_BODY", PLACE("Doors"), .type = OPTION_SIZE, .default_text = "1MB",
      .min = 65536, .max = 8 * MB, .help = "largest event that is taken; larger: 413",
      .limit_reason = "CloudEvents asks for 64 KB; a record of the log holds at most 8 MB, and its topic 1 MB by default", AT(events_body) },
    { .name = "events.drain", .env = "EDDY_EVENTS_DRAIN", PLACE("Doors"), .type = OPTION_DURATION, .default_text = "3s",
      .min = 0, .max = 60 * 1000, .help = "how long a stop waits for deliveries that are under way; the others come again after the start",
      .limit_reason = "whoever stops a server waits for it: systemd 90 seconds, Kubernetes 30", AT(events_drain_ms) },
    { .name = "console", .flag = "--console", .env = "EDDY_CONSOLE", PLACE("Doors"), .type = OPTION_ADDRESS,
      .default_text = "localhost:3000", .help = "where /metrics, /healthz and /readyz are; off closes the door", AT(console_address) },
    { .name = "console.hosts", .flag = "--console-hosts", .env = "EDDY_CONSOLE_HOSTS", PLACE("Doors"), .type = OPTION_TEXT,
      .value_name = "NAMES", .help = "host names besides localhost that the console, the Kubernetes API and the NATS monitoring answer to, with commas between; * for all", AT(console_hosts) },

    { .name = "log.format", .flag = "--log-format", .env = "EDDY_LOG_FORMAT", PLACE("Log"), .type = OPTION_ENUM,
      .default_text = "text", .choices = log_formats, .help = "how log lines on standard error look", AT(log_format) },
    { .name = "log.level", .flag = "--log-level", .env = "EDDY_LOG_LEVEL", PLACE("Log"), .type = OPTION_ENUM,
      .default_text = "info", .choices = log_levels, LIVE, .help = "lines below this level are dropped", AT(log_level) },

    { .name = "flush", .flag = "--flush", .env = "EDDY_FLUSH", PLACE("Durability"), .type = OPTION_ENUM,
      .default_text = "commit", .choices = flush_modes,
      .help = "commit: acknowledge after the flush. interval, never: a power loss may take what was acknowledged", AT(flush) },
    { .name = "flush.interval", .flag = "--flush-interval", .env = "EDDY_FLUSH_INTERVAL", PLACE("Durability"), .type = OPTION_DURATION,
      .default_text = "1s", .min = 1, .max = DAY, .help = "time between flushes with flush=interval", AT(flush_interval_ms) },
    { .name = "store.direct-flush", .env = "EDDY_STORE_DIRECT_FLUSH", PLACE("Store"), .type = OPTION_SIZE, .default_text = "100KB",
      .min = 1, .max = GB, .help = "bytes per dirty segment from which it is flushed itself instead of through the journal",
      .limit_reason = "measured: large appends gain nothing from the journal", AT(direct_flush_size) },
    { .name = "store.direct-io", .env = "EDDY_STORE_DIRECT_IO", PLACE("Store"), .type = OPTION_BOOL, .default_text = "true",
      .help = "write segments that are flushed themselves past the page cache: less than half the CPU time; readers behind the "
              "tail in memory then read from the disk",
      AT(direct_io) },
    { .name = "store.direct-read", .env = "EDDY_STORE_DIRECT_READ", PLACE("Store"), .type = OPTION_SIZE, .default_text = "256KB",
      .min = 4096, .max = GB, .help = "bytes from which a piece of such a segment is read past the page cache, and the next one ahead",
      .limit_reason = "measured: smaller reads are faster through the cache, which reads ahead by itself", AT(direct_read_size) },
    { .name = "store.journal", .env = "EDDY_STORE_JOURNAL", PLACE("Store"), .type = OPTION_SIZE, .default_text = "512MB",
      .max = 64 * GB, .help = "size of the journal, one ring file for small commits to many partitions; 0: none", AT(journal_size) },
    { .name = "store.checkpoint", .env = "EDDY_STORE_CHECKPOINT", PLACE("Store"), .type = OPTION_DURATION, .default_text = "5s",
      .min = 100, .max = 3600 * SECOND, .help = "time between checkpoints; recovery starts from the last one", AT(checkpoint_interval_ms) },
    { .name = "store.retention-check", .env = "EDDY_STORE_RETENTION_CHECK", PLACE("Store"), .type = OPTION_DURATION,
      .default_text = "5m", .min = 1, .max = DAY, .help = "how often retention and compaction look around (log.retention.check.interval.ms)",
      AT(retention_interval_ms) },
    { .name = "store.producer-expiration", .env = "EDDY_STORE_PRODUCER_EXPIRATION", PLACE("Store"), .type = OPTION_DURATION,
      .default_text = "1d", .min = 1, .max = INT64_MAX / 2,
      .help = "silence after which an idempotent producer is forgotten (producer.id.expiration.ms)", AT(producer_expiration_ms) },
    { .name = "store.open-segments", .env = "EDDY_STORE_OPEN_SEGMENTS", PLACE("Store"), .type = OPTION_INT, .default_text = "512",
      .min = 8, .max = 1000000, .help = "segment files kept open, all partitions together",
      .limit_reason = "each takes a file descriptor", AT(open_segments) },
    { .name = "store.reserve", .env = "EDDY_STORE_RESERVE", PLACE("Store"), .type = OPTION_SIZE, .default_text = "64MB",
      .max = 1024 * GB, .help = "disk space that only internal topics may use, so that a full disk can be dealt with", AT(reserve_size) },
    { .name = "disk.flush-threads", .env = "EDDY_DISK_FLUSH_THREADS", PLACE("Store"), .type = OPTION_INT, .default_text = "4",
      .min = 1, .max = 64, .help = "threads that write and flush", AT(flush_threads) },
    { .name = "disk.read-threads", .env = "EDDY_DISK_READ_THREADS", PLACE("Store"), .type = OPTION_INT, .default_text = "4",
      .min = 1, .max = 64, .help = "threads that read what is not in memory", AT(read_threads) },
    { .name = "disk.background-threads", .env = "EDDY_DISK_BACKGROUND_THREADS", PLACE("Store"), .type = OPTION_INT, .default_text = "1",
      .min = 1, .max = 16, .help = "threads that compact, remove and checkpoint", AT(background_threads) },

    { .name = "topic.retention", .env = "EDDY_TOPIC_RETENTION", PLACE("Topic defaults"), .type = OPTION_DURATION, .default_text = "7d",
      .min = -1, .max = INT64_MAX / 2, .help = "age at which records may go; -1: never (retention.ms)", AT(topic_retention_ms) },
    { .name = "topic.retention-size", .env = "EDDY_TOPIC_RETENTION_SIZE", PLACE("Topic defaults"), .type = OPTION_SIZE, .default_text = "-1",
      .min = -1, .max = INT64_MAX / 2, .help = "bytes of a partition beyond which the oldest may go; -1: no limit (retention.bytes)", AT(topic_retention_size) },
    { .name = "topic.segment-size", .env = "EDDY_TOPIC_SEGMENT_SIZE", PLACE("Topic defaults"), .type = OPTION_SIZE, .default_text = "1GB",
      .min = MB, .max = INT32_MAX, .help = "size at which a segment is sealed (segment.bytes)",
      .limit_reason = "Kafka's positions in a segment are 32-bit numbers", AT(topic_segment_size) },
    { .name = "topic.message-max", .env = "EDDY_TOPIC_MESSAGE_MAX", PLACE("Topic defaults"), .type = OPTION_SIZE, .default_text = "1048588",
      .min = 1024, .max = 100 * MB, .help = "largest record batch (max.message.bytes)",
      .limit_reason = "a batch is held in memory as one piece", AT(topic_message_max) },

    { .name = "http.line", .env = "EDDY_HTTP_LINE", PLACE("HTTP limits"), .type = OPTION_SIZE, .default_text = "8KB",
      .min = 128, .max = MB, LIVE, .help = "longest request line; longer: 414", AT(http_line_size) },
    { .name = "http.headers", .env = "EDDY_HTTP_HEADERS", PLACE("HTTP limits"), .type = OPTION_INT, .default_text = "100",
      .min = 8, .max = 10000, LIVE, .help = "most header fields; more: 431", AT(http_header_count) },
    { .name = "http.header-size", .env = "EDDY_HTTP_HEADER_SIZE", PLACE("HTTP limits"), .type = OPTION_SIZE, .default_text = "32KB",
      .min = 1024, .max = 16 * MB, LIVE, .help = "all header fields together; more: 431", AT(http_header_size) },
    { .name = "http.body", .env = "EDDY_HTTP_BODY", PLACE("HTTP limits"), .type = OPTION_SIZE, .default_text = "1MB",
      .max = GB, LIVE, .help = "largest request body; larger: 413", AT(http_body_size) },
    { .name = "http.header-timeout", .env = "EDDY_HTTP_HEADER_TIMEOUT", PLACE("HTTP limits"), .type = OPTION_DURATION, .default_text = "10s",
      .min = 10, .max = 3600 * SECOND, LIVE, .help = "for the header section to arrive; longer: 408", AT(http_header_timeout_ms) },
    { .name = "http.body-timeout", .env = "EDDY_HTTP_BODY_TIMEOUT", PLACE("HTTP limits"), .type = OPTION_DURATION, .default_text = "1m",
      .min = 10, .max = 3600 * SECOND, LIVE, .help = "for the body to arrive; longer: 408", AT(http_body_timeout_ms) },
    { .name = "http.idle-timeout", .env = "EDDY_HTTP_IDLE_TIMEOUT", PLACE("HTTP limits"), .type = OPTION_DURATION, .default_text = "1m",
      .min = 10, .max = DAY, LIVE, .help = "silence between requests after which a connection is closed", AT(http_idle_timeout_ms) },
    { .name = "http.connections", .env = "EDDY_HTTP_CONNECTIONS", PLACE("HTTP limits"), .type = OPTION_INT, .default_text = "1024",
      .min = 1, .max = 1000000, LIVE, .help = "open connections of a door; more: 503",
      .limit_reason = "each takes a file descriptor and about 5 KB", AT(http_connections) },
};
// clang-format on

// A door's own rows; BASE is where its struct is in struct app_config.
static struct option_row *add_rows(struct option_row *to, const struct option_row *rows, size_t count, size_t base)
{
    for (size_t i = 0; i < count; i++) {
        *to = rows[i];
        to++->at += base;
    }
    return to;
}

struct option_table app_option_table(void)
{
    static struct option_row *rows;
    size_t count = ARRAY_COUNT(own_rows) + kafka_option_row_count + nats_option_row_count + kube_option_row_count;
    if (rows != NULL)
        return (struct option_table){ rows, count };
    rows = mem_zalloc(count, sizeof *rows);
    struct option_row *to = add_rows(rows, own_rows, ARRAY_COUNT(own_rows), 0);
    to = add_rows(to, kafka_option_rows, kafka_option_row_count, offsetof(struct app_config, kafka));
    to = add_rows(to, nats_option_rows, nats_option_row_count, offsetof(struct app_config, nats));
    (void)add_rows(to, kube_option_rows, kube_option_row_count, offsetof(struct app_config, kube));
    return (struct option_table){ rows, count };
}
