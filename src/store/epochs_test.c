// SPDX-License-Identifier: Apache-2.0
#include "store/epochs.h"

#include "base/test.h"

#include <stdlib.h>

static void setup(struct partition *partition)
{
    *partition = (struct partition){ .end = 100 };
    epochs_note(partition, 1, 0);
    epochs_note(partition, 1, 10);
    epochs_note(partition, 4, 30);
    epochs_note(partition, 7, 60);
}

static void an_epoch_ends_where_the_next_begins(void **state)
{
    (void)state;
    static const struct {
        int32_t asked, found;
        int64_t end;
    } table[] = { { 0, -1, -1 }, { 1, 1, 30 }, { 3, 1, 30 }, { 4, 4, 60 }, { 7, 7, 100 }, { 99, 7, 100 } };
    struct partition partition;
    setup(&partition);
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        int32_t epoch;
        int64_t end;
        epochs_end(&partition, table[i].asked, &epoch, &end);
        assert_int_equal(epoch, table[i].found);
        assert_int_equal(end, table[i].end);
    }
    assert_int_equal(epochs_at(&partition, 29), 1);
    assert_int_equal(epochs_at(&partition, 30), 4);
    free(partition.epochs);
}

static void cuts_and_trims(void **state)
{
    (void)state;
    struct partition partition;
    setup(&partition);
    epochs_cut(&partition, 60);
    assert_int_equal(partition.epoch_count, 2);
    epochs_trim(&partition, 45);
    assert_int_equal(partition.epoch_count, 1);
    assert_int_equal(partition.epochs[0].epoch, 4);
    assert_int_equal(partition.epochs[0].offset, 45);
    free(partition.epochs);
}

static void the_file_comes_back_as_it_was(void **state)
{
    (void)state;
    struct partition partition;
    setup(&partition);
    struct writer w = WRITER_INIT;
    epochs_encode(partition.epochs, partition.epoch_count, &w);
    assert_true(bytes_is(writer_view(&w), "0\n3\n1 0\n4 30\n7 60\n"));
    struct epoch_start *epochs;
    uint32_t count;
    assert_int_equal(epochs_decode(writer_view(&w), &epochs, &count), ERR_OK);
    assert_int_equal(count, 3);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(epochs[i].epoch, partition.epochs[i].epoch);
        assert_int_equal(epochs[i].offset, partition.epochs[i].offset);
    }
    free(epochs);
    free(partition.epochs);
    writer_free(&w);
}

static void refuses_what_kafka_would_not_write(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",          "0\n",           "1\n0\n",       "0\nx\n",      "0\n-1\n", "0\n2\n1 0\n",
        "0\n1\n1\n", "0\n1\n1 2 3\n", "0\n1\n-1 0\n", "0\n1\na b\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct epoch_start *epochs;
        uint32_t count;
        assert_int_not_equal(epochs_decode(bytes_of_text(texts[i]), &epochs, &count), ERR_OK);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_ends_where_the_next_begins),
        cmocka_unit_test(cuts_and_trims),
        cmocka_unit_test(the_file_comes_back_as_it_was),
        cmocka_unit_test(refuses_what_kafka_would_not_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
