// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms that any thread may write and any thread may read, and the tables that describe them
// so that one room can expose them all. Values are relaxed atomics: cheap, exact in the end, not a snapshot of one
// moment. Registering and walking belong to one loop; to avoid shared cache lines, each loop may have its own values
// (shards).
#pragma once

#include "base/bytes.h"
#include "base/list.h"
#include "base/writer.h"

#include <stdatomic.h>

// Only grows.
typedef struct counter {
    _Atomic uint64_t value;
} counter_t;

// Goes up and down.
typedef struct gauge {
    _Atomic int64_t value;
} gauge_t;

// The edges of the buckets are those that users of Prometheus know: 1, 2.5, 5 and so on from 100 microseconds to 10
// seconds, for durations, which are recorded in nanoseconds; and powers of four from 64 bytes to 1 GB, for sizes. A
// histogram has both kinds of edges, so that each is exact; the exposition shows those of its unit.
enum histogram_unit { HISTOGRAM_NANOSECONDS, HISTOGRAM_BYTES };
enum { HISTOGRAM_EDGES = 29, HISTOGRAM_BUCKETS = HISTOGRAM_EDGES + 1 };

struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum;
};

static inline void counter_add(counter_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(&counter->value, n, memory_order_relaxed);
}

static inline uint64_t counter_get(const counter_t *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

static inline void gauge_add(gauge_t *gauge, int64_t n)
{
    atomic_fetch_add_explicit(&gauge->value, n, memory_order_relaxed);
}

// Returns what it is then: a limit that several threads keep together.
static inline int64_t gauge_add_get(gauge_t *gauge, int64_t n)
{
    return atomic_fetch_add_explicit(&gauge->value, n, memory_order_relaxed) + n;
}

static inline void gauge_set(gauge_t *gauge, int64_t value)
{
    atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

static inline int64_t gauge_get(const gauge_t *gauge)
{
    return atomic_load_explicit(&gauge->value, memory_order_relaxed);
}

// Negative values count as 0.
void histogram_record(struct histogram *histogram, int64_t value);

// A copy of one or several histograms added up; start zeroed.
struct histogram_copy {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t sum;
};

void histogram_copy_add(struct histogram_copy *copy, const struct histogram *histogram);
// The largest value that falls into bucket INDEX; INT64_MAX for the last.
int64_t histogram_bucket_max(size_t index);
// The bucket ends at an edge of UNIT. False for the last.
bool histogram_bucket_is_of(size_t index, enum histogram_unit unit);

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

// One field of a struct of values. Rows with the same name (they differ in LABELS) stand together.
struct metric_row {
    const char *name; // as Prometheus sees it, with unit and _total: "eddy_flush_seconds"
    const char *help; // one sentence
    enum metric_type type;
    const char *labels; // constant labels in exposition syntax, `door="kafka"`, or NULL
    double scale;       // exposed value = recorded value * scale: 1e-9 for nanoseconds shown in seconds; 0 means 1
    size_t at;          // offset of the counter_t, gauge_t or struct histogram
};

// The values of one thing (a door, a topic, a loop's shard): the struct that a set's rows describe.
struct metric_values {
    struct list_node node;
    struct metric_values *shard; // further values to add to these: same labels, other loop
    void *values;
    const char *labels; // `topic="orders"`, or NULL; escaped by metric_label; outlives the registration
};

// A table of rows and everything that has such values.
struct metric_set {
    struct list_node node;
    const struct metric_row *rows;
    size_t row_count;
    struct list_node values;
};

struct metric_registry {
    struct list_node sets;
};

void metric_registry_init(struct metric_registry *registry);
// ROWS is a static table; SET is the caller's memory until it is removed.
void metric_set_add(struct metric_registry *registry, struct metric_set *set, const struct metric_row *rows,
                    size_t row_count);
void metric_set_remove(struct metric_set *set);
// Values with labels that are there already become a shard of those.
void metric_values_add(struct metric_set *set, struct metric_values *entry, void *values, const char *labels);
void metric_values_remove(struct metric_set *set, struct metric_values *entry);

// One value to expose; the pointers are valid during the call.
struct metric_sample {
    const struct metric_row *row;
    bool first;         // of its name: print HELP and TYPE
    const char *labels; // of the values, or NULL; row->labels come before
    uint64_t counter;
    int64_t gauge;
    const struct histogram_copy *histogram;
};

// Visits all samples, those of one name together.
void metric_walk(const struct metric_registry *registry,
                 void (*on_sample)(void *context, const struct metric_sample *sample), void *context);

// Appends name="value" to OUT, with a comma before it when OUT is not empty; the value escaped as the Prometheus text
// format wants it, bytes that are not UTF-8 as U+FFFD. For building metric_values.labels.
void metric_label(struct writer *out, const char *name, bytes_t value);
