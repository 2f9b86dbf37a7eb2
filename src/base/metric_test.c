// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/metric.h"
#include "base/writer.h"

#include "base/test.h"

static size_t bucket_of(int64_t value)
{
    struct histogram histogram = { 0 };
    struct histogram_copy copy = { 0 };
    histogram_record(&histogram, value);
    histogram_copy_add(&copy, &histogram);
    assert_int_equal(copy.count, 1);
    assert_int_equal(copy.sum, value < 0 ? 0 : value);
    size_t index = 0;
    while (copy.counts[index] == 0)
        index++;
    return index;
}

static void every_value_falls_into_the_bucket_that_covers_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < HISTOGRAM_EDGES; i++) {
        int64_t edge = histogram_bucket_max(i);
        assert_true(i == 0 || edge > histogram_bucket_max(i - 1));
        assert_int_equal(bucket_of(edge), i);
        assert_int_equal(bucket_of(edge + 1), i + 1);
        assert_true(histogram_bucket_is_of(i, HISTOGRAM_NANOSECONDS) != histogram_bucket_is_of(i, HISTOGRAM_BYTES));
    }
    assert_int_equal(bucket_of(-5), 0);
    assert_int_equal(bucket_of(0), 0);
    assert_int_equal(bucket_of(INT64_MAX), HISTOGRAM_EDGES);
    assert_int_equal(histogram_bucket_max(HISTOGRAM_EDGES), INT64_MAX);
}

struct door {
    counter_t bytes_in, bytes_out;
    gauge_t open;
    struct histogram seconds;
};

static const struct metric_row rows[] = {
    { "bytes_total", "Bytes.", METRIC_COUNTER, "way=\"in\"", 0, offsetof(struct door, bytes_in) },
    { "bytes_total", "Bytes.", METRIC_COUNTER, "way=\"out\"", 0, offsetof(struct door, bytes_out) },
    { "open", "Connections.", METRIC_GAUGE, NULL, 0, offsetof(struct door, open) },
    { "seconds", "Time.", METRIC_HISTOGRAM, NULL, 1e-9, offsetof(struct door, seconds) },
};

static void print(void *context, const struct metric_sample *sample)
{
    writer_format(context, "%s%s{%s,%s}=%d,%d,%d\n", sample->first ? "# " : "", sample->row->name,
                  sample->row->labels == NULL ? "" : sample->row->labels, sample->labels == NULL ? "" : sample->labels,
                  (int)sample->counter, (int)sample->gauge, (int)sample->histogram->count);
}

static void assert_walk(const struct metric_registry *registry, const char *expected)
{
    struct writer out = WRITER_INIT;
    metric_walk(registry, print, &out);
    writer_u8(&out, 0);
    assert_string_equal((const char *)out.buf->data, expected);
    writer_free(&out);
}

static void walks_names_together_and_adds_up_shards(void **state)
{
    (void)state;
    struct door doors[3];
    struct metric_registry registry;
    struct metric_set set;
    struct metric_values values[3];
    memset(doors, 0, sizeof doors);
    metric_registry_init(&registry);
    metric_set_add(&registry, &set, rows, ARRAY_COUNT(rows));
    assert_walk(&registry, "");
    metric_values_add(&set, &values[0], &doors[0], "door=\"a\"");
    metric_values_add(&set, &values[1], &doors[1], "door=\"b\"");
    metric_values_add(&set, &values[2], &doors[2], "door=\"a\"");
    counter_add(&doors[0].bytes_in, 5);
    counter_add(&doors[1].bytes_out, 7);
    counter_add(&doors[2].bytes_in, 10);
    gauge_set(&doors[0].open, 3);
    gauge_add(&doors[2].open, -1);
    histogram_record(&doors[0].seconds, 1);
    histogram_record(&doors[2].seconds, 2);
    assert_walk(&registry, "# bytes_total{way=\"in\",door=\"a\"}=15,0,0\n"
                           "bytes_total{way=\"in\",door=\"b\"}=0,0,0\n"
                           "bytes_total{way=\"out\",door=\"a\"}=0,0,0\n"
                           "bytes_total{way=\"out\",door=\"b\"}=7,0,0\n"
                           "# open{,door=\"a\"}=0,2,0\n"
                           "open{,door=\"b\"}=0,0,0\n"
                           "# seconds{,door=\"a\"}=0,0,2\n"
                           "seconds{,door=\"b\"}=0,0,0\n");
    metric_values_remove(&set, &values[0]); // its shard stays
    metric_values_remove(&set, &values[1]);
    assert_walk(&registry, "# bytes_total{way=\"in\",door=\"a\"}=10,0,0\n"
                           "bytes_total{way=\"out\",door=\"a\"}=0,0,0\n"
                           "# open{,door=\"a\"}=0,-1,0\n"
                           "# seconds{,door=\"a\"}=0,0,1\n");
    metric_values_remove(&set, &values[2]);
    metric_set_remove(&set);
    assert_walk(&registry, "");
}

static void label_values_are_escaped(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    metric_label(&out, "topic", BYTES_LITERAL("a\"b\\c\nd\xff"));
    metric_label(&out, "partition", BYTES_LITERAL("0"));
    writer_u8(&out, 0);
    assert_string_equal((const char *)out.buf->data, "topic=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\",partition=\"0\"");
    writer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_falls_into_the_bucket_that_covers_it),
        cmocka_unit_test(walks_names_together_and_adds_up_shards),
        cmocka_unit_test(label_values_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
