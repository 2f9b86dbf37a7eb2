// SPDX-License-Identifier: Apache-2.0
#include "observe/exposition.h"

#include "base/assert.h"
#include "base/test.h"

struct values {
    counter_t events;
    gauge_t level;
    struct histogram took_ns;
    struct histogram held;
};

#define AT(member) .at = offsetof(struct values, member)
static const struct metric_row rows[] = {
    { .name = "x_events_total", .help = "Events.", .type = METRIC_COUNTER, .labels = "door=\"a\"", AT(events) },
    { .name = "x_level", .help = "Level.", .type = METRIC_GAUGE, AT(level) },
    { .name = "x_took_seconds", .help = "Time.", .type = METRIC_HISTOGRAM, .scale = 1e-9, AT(took_ns) },
    { .name = "x_held_bytes", .help = "Size.", .type = METRIC_HISTOGRAM, AT(held) },
};

static const char *text_of(struct writer *w)
{
    writer_u8(w, '\0');
    return (const char *)w->buf->data;
}

static void writes_counters_and_gauges_with_their_labels(void **state)
{
    (void)state;
    struct metric_registry registry;
    struct metric_set set;
    static struct values values;
    struct metric_values entry = { 0 };
    metric_registry_init(&registry);
    metric_set_add(&registry, &set, rows, 2);
    metric_values_add(&set, &entry, &values, "topic=\"t\"");
    counter_add(&values.events, 3);
    gauge_set(&values.level, -5);
    struct writer w = WRITER_INIT;
    exposition_registry(&registry, &w);
    assert_string_equal(text_of(&w), "# HELP x_events_total Events.\n# TYPE x_events_total counter\n"
                                     "x_events_total{door=\"a\",topic=\"t\"} 3\n"
                                     "# HELP x_level Level.\n# TYPE x_level gauge\n"
                                     "x_level{topic=\"t\"} -5\n");
    writer_free(&w);
}

// "LE:COUNT" of every bucket of NAME, separated by blanks.
static void buckets_of(const char *text, const char *name, char *to, size_t size)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s_bucket{le=\"", name);
    size_t used = 0;
    to[0] = '\0';
    while ((text = strstr(text, wanted)) != NULL) {
        text += strlen(wanted);
        size_t length = strcspn(text, "\"");
        int count = atoi(strstr(text, "} ") + 2);
        used += (size_t)snprintf(to + used, size - used, "%.*s:%d ", (int)length, text, count);
    }
}

static void writes_histograms_with_the_edges_of_their_unit(void **state)
{
    (void)state;
    struct metric_registry registry;
    struct metric_set set;
    static struct values values;
    struct metric_values entry = { 0 };
    metric_registry_init(&registry);
    metric_set_add(&registry, &set, rows, ARRAY_COUNT(rows));
    metric_values_add(&set, &entry, &values, NULL);
    histogram_record(&values.took_ns, 1000000); // le is "less or equal"
    histogram_record(&values.took_ns, 1000001);
    histogram_record(&values.took_ns, 2000000000);
    histogram_record(&values.took_ns, INT64_MAX);
    histogram_record(&values.held, 4096);
    histogram_record(&values.held, 5000);
    struct writer w = WRITER_INIT;
    exposition_registry(&registry, &w);
    char found[600];
    buckets_of(text_of(&w), "x_took_seconds", found, sizeof found);
    assert_string_equal(found, "0.0001:0 0.00025:0 0.0005:0 0.001:1 0.0025:2 0.005:2 0.01:2 0.025:2 0.05:2 0.1:2 "
                               "0.25:2 0.5:2 1:2 2.5:3 5:3 10:3 +Inf:4 ");
    buckets_of((const char *)w.buf->data, "x_held_bytes", found, sizeof found);
    assert_string_equal(found, "64:0 256:0 1024:0 4096:1 16384:2 65536:2 262144:2 1048576:2 4194304:2 16777216:2 "
                               "67108864:2 268435456:2 1073741824:2 +Inf:2 ");
    const char *end = strstr((const char *)w.buf->data, "le=\"+Inf\"} 4\nx_took_seconds_sum ");
    assert_non_null(end);
    assert_non_null(strstr(end, "\nx_took_seconds_count 4\n"));
    writer_free(&w);
}

static void escapes_label_values(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    exposition_label(&w, true, "k", BYTES_LITERAL("a\"b\\c\nd"));
    assert_string_equal(text_of(&w), ",k=\"a\\\"b\\\\c\\nd\"");
    writer_free(&w);
}

static void declares_gauges_that_are_called_counts_as_summaries(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    exposition_family(&w, "x_connection_count", "Open.", METRIC_GAUGE);
    assert_string_equal(text_of(&w), "# HELP x_connection Open.\n# TYPE x_connection summary\n");
    writer_free(&w);
}

static void writes_numbers_that_read_back(void **state)
{
    (void)state;
    static const double numbers[] = { 0, 1, -1, 0.1, 1e300, 1.0 / 3, 9007199254740993.0, 1e-9, 123456789.125 };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        struct writer w = WRITER_INIT;
        exposition_number(&w, numbers[i]);
        assert_true(strtod(text_of(&w), NULL) == numbers[i]);
        writer_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_counters_and_gauges_with_their_labels),
        cmocka_unit_test(writes_histograms_with_the_edges_of_their_unit),
        cmocka_unit_test(escapes_label_values),
        cmocka_unit_test(declares_gauges_that_are_called_counts_as_summaries),
        cmocka_unit_test(writes_numbers_that_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
