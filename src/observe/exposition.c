// SPDX-License-Identifier: Apache-2.0
#include "observe/exposition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

// Kafka has gauges that end in "_count", a suffix that the format keeps for the counts of summaries and histograms:
// such a gauge is declared as a summary of which only the count is given, which every parser takes and queries do not
// notice.
static bool is_bare_count(const char *name, enum metric_type type)
{
    size_t size = strlen(name);
    return type == METRIC_GAUGE && size > strlen("_count") && strcmp(name + size - strlen("_count"), "_count") == 0;
}

void exposition_family(struct writer *out, const char *name, const char *help, enum metric_type type)
{
    if (is_bare_count(name, type)) {
        int size = (int)(strlen(name) - strlen("_count"));
        writer_format(out, "# HELP %.*s %s\n# TYPE %.*s summary\n", size, name, help, size, name);
        return;
    }
    writer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type_names[type]);
}

void exposition_label(struct writer *out, bool and, const char *key, bytes_t value)
{
    if (and)
        writer_u8(out, ',');
    writer_text(out, key);
    writer_text(out, "=\"");
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        if (c == '\n')
            writer_text(out, "\\n");
        else if (c == '"' || c == '\\')
            writer_bytes(out, bytes_of((const uint8_t[]){ '\\', c }, 2));
        else
            writer_u8(out, c);
    }
    writer_u8(out, '"');
}

void exposition_number(struct writer *out, double value)
{
    if (isnan(value) || isinf(value)) {
        writer_text(out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    if (value >= -9e15 && value <= 9e15 && value == (double)(int64_t)value) {
        writer_format(out, "%lld", (long long)value);
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    writer_text(out, text);
}

// {row labels, values' labels, LE}; nothing when there are none.
static void write_labels(struct writer *out, const struct metric_sample *sample, const char *le)
{
    const char *parts[3] = { sample->row->labels, sample->labels, NULL };
    bool any = false;
    for (size_t i = 0; i < 2; i++) {
        if (parts[i] == NULL || parts[i][0] == '\0')
            continue;
        writer_text(out, any ? "," : "{");
        writer_text(out, parts[i]);
        any = true;
    }
    if (le != NULL) {
        writer_text(out, any ? "," : "{");
        exposition_label(out, false, "le", bytes_of_text(le));
        any = true;
    }
    if (any)
        writer_u8(out, '}');
}

static double scaled(const struct metric_row *row, double value)
{
    return row->scale == 0 ? value : value * row->scale;
}

void exposition_histogram(struct writer *out, const struct metric_sample *sample)
{
    const struct metric_row *row = sample->row;
    const struct histogram_copy *h = sample->histogram;
    enum histogram_unit unit = row->scale == 0 ? HISTOGRAM_BYTES : HISTOGRAM_NANOSECONDS;
    uint64_t count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += h->counts[i];
        if (!histogram_bucket_is_of(i, unit))
            continue;
        char le[32];
        snprintf(le, sizeof le, "%.10g", scaled(row, (double)histogram_bucket_max(i)));
        writer_format(out, "%s_bucket", row->name);
        write_labels(out, sample, le);
        writer_format(out, " %llu\n", (unsigned long long)count);
    }
    writer_format(out, "%s_bucket", row->name);
    write_labels(out, sample, "+Inf");
    writer_format(out, " %llu\n%s_sum", (unsigned long long)h->count, row->name);
    write_labels(out, sample, NULL);
    writer_u8(out, ' ');
    exposition_number(out, scaled(row, (double)h->sum));
    writer_format(out, "\n%s_count", row->name);
    write_labels(out, sample, NULL);
    writer_format(out, " %llu\n", (unsigned long long)h->count);
}

static void on_sample(void *context, const struct metric_sample *sample)
{
    struct writer *out = context;
    const struct metric_row *row = sample->row;
    if (sample->first)
        exposition_family(out, row->name, row->help, row->type);
    if (row->type == METRIC_HISTOGRAM) {
        exposition_histogram(out, sample);
        return;
    }
    double value = row->type == METRIC_COUNTER ? (double)sample->counter : (double)sample->gauge;
    writer_text(out, row->name);
    write_labels(out, sample, NULL);
    writer_u8(out, ' ');
    exposition_number(out, scaled(row, value));
    writer_u8(out, '\n');
}

void exposition_registry(const struct metric_registry *registry, struct writer *out)
{
    metric_walk(registry, on_sample, out);
}
