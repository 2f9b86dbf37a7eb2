// SPDX-License-Identifier: Apache-2.0
#include "base/metric.h"

#include "base/assert.h"

#include <assert.h>

#define NS INT64_C(1)
#define US (1000 * NS)
#define MS (1000 * US)
#define S  (1000 * MS)
#define KB INT64_C(1024)
#define MB (1024 * KB)
#define GB (1024 * MB)

static const struct {
    int64_t max;
    enum histogram_unit unit;
} edges[] = {
    { 64, HISTOGRAM_BYTES },
    { 256, HISTOGRAM_BYTES },
    { 1 * KB, HISTOGRAM_BYTES },
    { 4 * KB, HISTOGRAM_BYTES },
    { 16 * KB, HISTOGRAM_BYTES },
    { 64 * KB, HISTOGRAM_BYTES },
    { 100 * US, HISTOGRAM_NANOSECONDS },
    { 250 * US, HISTOGRAM_NANOSECONDS },
    { 256 * KB, HISTOGRAM_BYTES },
    { 500 * US, HISTOGRAM_NANOSECONDS },
    { 1 * MS, HISTOGRAM_NANOSECONDS },
    { 1 * MB, HISTOGRAM_BYTES },
    { 2500 * US, HISTOGRAM_NANOSECONDS },
    { 4 * MB, HISTOGRAM_BYTES },
    { 5 * MS, HISTOGRAM_NANOSECONDS },
    { 10 * MS, HISTOGRAM_NANOSECONDS },
    { 16 * MB, HISTOGRAM_BYTES },
    { 25 * MS, HISTOGRAM_NANOSECONDS },
    { 50 * MS, HISTOGRAM_NANOSECONDS },
    { 64 * MB, HISTOGRAM_BYTES },
    { 100 * MS, HISTOGRAM_NANOSECONDS },
    { 250 * MS, HISTOGRAM_NANOSECONDS },
    { 256 * MB, HISTOGRAM_BYTES },
    { 500 * MS, HISTOGRAM_NANOSECONDS },
    { 1 * S, HISTOGRAM_NANOSECONDS },
    { 1 * GB, HISTOGRAM_BYTES },
    { 2500 * MS, HISTOGRAM_NANOSECONDS },
    { 5 * S, HISTOGRAM_NANOSECONDS },
    { 10 * S, HISTOGRAM_NANOSECONDS },
};
static_assert(ARRAY_COUNT(edges) == HISTOGRAM_EDGES, "one bucket for each edge, and one above");

// The first bucket whose edge is not below VALUE.
static size_t bucket_of(int64_t value)
{
    size_t low = 0, high = HISTOGRAM_EDGES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (edges[middle].max < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t histogram_bucket_max(size_t index)
{
    ASSERT(index < HISTOGRAM_BUCKETS);
    return index == HISTOGRAM_EDGES ? INT64_MAX : edges[index].max;
}

bool histogram_bucket_is_of(size_t index, enum histogram_unit unit)
{
    ASSERT(index < HISTOGRAM_BUCKETS);
    return index < HISTOGRAM_EDGES && edges[index].unit == unit;
}

void histogram_record(struct histogram *histogram, int64_t value)
{
    if (value < 0)
        value = 0;
    atomic_fetch_add_explicit(&histogram->counts[bucket_of(value)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, (uint64_t)value, memory_order_relaxed);
}

void histogram_copy_add(struct histogram_copy *copy, const struct histogram *histogram)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t count = atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        copy->counts[i] += count;
        copy->count += count; // not a counter of its own, so that it always equals the sum of the buckets
    }
    copy->sum += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}

void metric_registry_init(struct metric_registry *registry)
{
    list_init(&registry->sets);
}

void metric_set_add(struct metric_registry *registry, struct metric_set *set, const struct metric_row *rows,
                    size_t row_count)
{
    *set = (struct metric_set){ .rows = rows, .row_count = row_count };
    list_init(&set->values);
    list_append(&registry->sets, &set->node);
}

void metric_set_remove(struct metric_set *set)
{
    list_remove(&set->node);
}

static bool labels_equal(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static struct metric_values *find(const struct metric_set *set, const char *labels)
{
    LIST_EACH(&set->values, node)
    {
        struct metric_values *entry = LIST_ITEM(node, struct metric_values, node);
        if (labels_equal(entry->labels, labels))
            return entry;
    }
    return NULL;
}

void metric_values_add(struct metric_set *set, struct metric_values *entry, void *values, const char *labels)
{
    *entry = (struct metric_values){ .values = values, .labels = labels };
    struct metric_values *same = find(set, labels);
    if (same == NULL) {
        list_append(&set->values, &entry->node);
        return;
    }
    entry->shard = same->shard;
    same->shard = entry;
}

void metric_values_remove(struct metric_set *set, struct metric_values *entry)
{
    struct metric_values *head = find(set, entry->labels);
    ASSERT(head != NULL);
    if (head != entry) {
        while (head->shard != entry) {
            head = head->shard;
            ASSERT(head != NULL);
        }
        head->shard = entry->shard;
        return;
    }
    if (entry->shard != NULL) // the next shard takes the place in the list
        list_insert_before(&entry->node, &entry->shard->node);
    list_remove(&entry->node);
}

static void sample_add(struct metric_sample *sample, struct histogram_copy *histogram, const void *values)
{
    const char *field = (const char *)values + sample->row->at;
    switch (sample->row->type) {
    case METRIC_COUNTER:
        sample->counter += counter_get((const counter_t *)(const void *)field);
        return;
    case METRIC_GAUGE:
        sample->gauge += gauge_get((const gauge_t *)(const void *)field);
        return;
    case METRIC_HISTOGRAM:
        histogram_copy_add(histogram, (const struct histogram *)(const void *)field);
        return;
    }
}

void metric_walk(const struct metric_registry *registry,
                 void (*on_sample)(void *context, const struct metric_sample *sample), void *context)
{
    LIST_EACH(&registry->sets, set_node)
    {
        const struct metric_set *set = LIST_ITEM(set_node, struct metric_set, node);
        const char *name = "";
        for (size_t i = 0; i < set->row_count; i++) {
            LIST_EACH(&set->values, node)
            {
                struct histogram_copy histogram = { 0 };
                const struct metric_values *entry = LIST_ITEM(node, struct metric_values, node);
                struct metric_sample sample = {
                    .row = &set->rows[i],
                    .first = strcmp(name, set->rows[i].name) != 0,
                    .labels = entry->labels,
                    .histogram = &histogram,
                };
                for (; entry != NULL; entry = entry->shard)
                    sample_add(&sample, &histogram, entry->values);
                name = set->rows[i].name;
                on_sample(context, &sample);
            }
        }
    }
}

void metric_label(struct writer *out, const char *name, bytes_t value)
{
    writer_format(out, "%s%s=\"", out->size == 0 ? "" : ",", name);
    while (value.size > 0) {
        size_t size = bytes_utf8_size(value);
        uint8_t c = value.data[0];
        if (size == 0)
            writer_text(out, "\xef\xbf\xbd");
        else if (c == '\n')
            writer_text(out, "\\n");
        else if (c == '"' || c == '\\')
            writer_format(out, "\\%c", c);
        else
            writer_bytes(out, bytes_of(value.data, size));
        size_t used = size == 0 ? 1 : size;
        value = bytes_of(value.data + used, value.size - used);
    }
    writer_u8(out, '"');
}
