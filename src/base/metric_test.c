// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/metric.h"
#include "base/writer.h"

#include "base/test.h"

static void every_value_falls_into_the_bucket_that_covers_it(void **state)
{
    (void)state;
    for (int bit = 0; bit < 42; bit++) {
        for (int64_t offset = -2; offset <= 2; offset++) {
            int64_t value = (INT64_C(1) << bit) + offset;
            if (value < 0)
                continue;
            struct histogram histogram = { 0 };
            struct histogram_copy copy = { 0 };
            histogram_record(&histogram, value);
            histogram_copy_add(&copy, &histogram);
            size_t index = 0;
            while (copy.counts[index] == 0)
                index++;
            assert_true(histogram_bucket_max(index) >= value);
            assert_true(index == 0 || histogram_bucket_max(index - 1) < value);
            // No bucket is wider than a quarter of its smallest value.
            if (index > 4 && index < HISTOGRAM_BUCKETS - 1)
                assert_true(histogram_bucket_max(index) - histogram_bucket_max(index - 1) <=
                            (histogram_bucket_max(index - 1) + 1) / 4);
        }
    }
    for (size_t i = 1; i < HISTOGRAM_BUCKETS; i++)
        assert_true(histogram_bucket_max(i) > histogram_bucket_max(i - 1));
}

static void quantiles_name_the_bucket_they_are_in(void **state)
{
    (void)state;
    struct histogram histogram = { 0 };
    struct histogram_copy copy = { 0 };
    assert_int_equal(histogram_quantile(&copy, 0.5), 0);
    for (int64_t i = 1; i <= 1000; i++)
        histogram_record(&histogram, i);
    histogram_record(&histogram, -5);
    histogram_copy_add(&copy, &histogram);
    assert_int_equal(copy.count, 1001);
    assert_int_equal(copy.sum, 500500);
    assert_int_equal(histogram_quantile(&copy, 0), 0);
    assert_in_range(histogram_quantile(&copy, 0.5), 500, 625);
    assert_in_range(histogram_quantile(&copy, 0.99), 990, 1237);
    assert_in_range(histogram_quantile(&copy, 1), 1000, 1250);
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
        cmocka_unit_test(quantiles_name_the_bucket_they_are_in),
        cmocka_unit_test(walks_names_together_and_adds_up_shards),
        cmocka_unit_test(label_values_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
