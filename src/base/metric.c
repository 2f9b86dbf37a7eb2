// SPDX-License-Identifier: Apache-2.0
#include "base/metric.h"

#include "base/assert.h"

#include <math.h>

#define EXPONENT_MAX 39 // values from 2^40 on share the last bucket

// Values below 4 have a bucket each; above, the two bits behind the leading one choose among four.
static size_t bucket_of(uint64_t value)
{
    if (value < 4)
        return (size_t)value;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(value);
    if (exponent > EXPONENT_MAX)
        return HISTOGRAM_BUCKETS - 1;
    return (size_t)(exponent - 1) * 4 + ((value >> (exponent - 2)) & 3);
}

int64_t histogram_bucket_max(size_t index)
{
    ASSERT(index < HISTOGRAM_BUCKETS);
    if (index == HISTOGRAM_BUCKETS - 1)
        return INT64_MAX;
    if (index < 4)
        return (int64_t)index;
    size_t exponent = index / 4 + 1;
    return (int64_t)(((4 + index % 4 + 1) << (exponent - 2)) - 1);
}

void histogram_record(struct histogram *histogram, int64_t value)
{
    uint64_t v = value < 0 ? 0 : (uint64_t)value;
    atomic_fetch_add_explicit(&histogram->counts[bucket_of(v)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, v, memory_order_relaxed);
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

int64_t histogram_quantile(const struct histogram_copy *copy, double q)
{
    if (copy->count == 0)
        return 0;
    uint64_t wanted = (uint64_t)ceil(q * (double)copy->count);
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += copy->counts[i];
        if (seen > 0 && seen >= wanted)
            return histogram_bucket_max(i);
    }
    return INT64_MAX;
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
