// SPDX-License-Identifier: Apache-2.0
#include "store/producers.h"

#include "base/test.h"
#include "store/log.h"

static struct batch_header batch(int64_t id, int16_t epoch, int32_t sequence, int32_t count, int64_t offset)
{
    return (struct batch_header){ .producer_id = id,
                                  .producer_epoch = epoch,
                                  .base_sequence = sequence,
                                  .last_offset_delta = count - 1,
                                  .record_count = count,
                                  .base_offset = offset,
                                  .max_timestamp = 1000 + offset };
}

static err_t check(const struct producers *producers, struct batch_header header, int64_t *ret_offset)
{
    return producers_check(producers, &header, ret_offset);
}

static void add(struct producers *producers, struct batch_header header)
{
    producers_add(producers, &header, header.max_timestamp);
}

static void remembers_five_batches(void **state)
{
    (void)state;
    struct producers *producers = producers_new();
    int64_t offset = -1;
    for (int32_t i = 0; i < 7; i++)
        add(producers, batch(9, 0, i * 3, 3, 100 + i * 3));
    assert_int_equal(check(producers, batch(9, 0, 18, 3, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(offset, 118);
    assert_int_equal(check(producers, batch(9, 0, 6, 3, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(offset, 106);
    assert_int_equal(check(producers, batch(9, 0, 3, 3, 0), &offset), ERR_BAD_SEQUENCE);
    assert_int_equal(check(producers, batch(9, 0, 21, 1, 0), &offset), ERR_OK);
    assert_int_equal(check(producers, batch(9, 0, 22, 1, 0), &offset), ERR_BAD_SEQUENCE);
    producers_free(producers);
}

static void epochs_rise_and_begin_at_zero(void **state)
{
    (void)state;
    struct producers *producers = producers_new();
    int64_t offset;
    assert_int_equal(check(producers, batch(9, 4, 17, 1, 0), &offset), ERR_OK); // nobody knows it
    add(producers, batch(9, 4, 17, 1, 0));
    assert_int_equal(check(producers, batch(9, 3, 18, 1, 0), &offset), ERR_STALE_EPOCH);
    assert_int_equal(check(producers, batch(9, 5, 1, 1, 0), &offset), ERR_BAD_SEQUENCE);
    assert_int_equal(check(producers, batch(9, 5, 0, 1, 0), &offset), ERR_OK);
    producers_free(producers);
}

static void sequences_wrap(void **state)
{
    (void)state;
    struct producers *producers = producers_new();
    int64_t offset;
    add(producers, batch(9, 0, INT32_MAX - 1, 2, 0));
    assert_int_equal(check(producers, batch(9, 0, 0, 1, 0), &offset), ERR_OK);
    assert_int_equal(check(producers, batch(9, 0, 1, 1, 0), &offset), ERR_BAD_SEQUENCE);
    producers_free(producers);
}

static void a_cut_takes_batches_back(void **state)
{
    (void)state;
    struct producers *producers = producers_new();
    int64_t offset;
    add(producers, batch(9, 0, 0, 2, 10));
    add(producers, batch(9, 0, 2, 2, 12));
    add(producers, batch(9, 0, 4, 2, 14));
    add(producers, batch(8, 0, 0, 1, 16));
    producers_cut(producers, 12);
    assert_int_equal(producers_count(producers), 1);
    assert_int_equal(check(producers, batch(9, 0, 2, 2, 0), &offset), ERR_OK);
    assert_int_equal(check(producers, batch(9, 0, 4, 2, 0), &offset), ERR_BAD_SEQUENCE);
    producers_free(producers);
}

static void a_snapshot_keeps_the_last_batch(void **state)
{
    (void)state;
    struct producers *producers = producers_new(), *loaded = producers_new();
    struct writer w = WRITER_INIT;
    int64_t offset = -1;
    add(producers, batch(9, 2, 0, 3, 10));
    add(producers, batch(9, 2, 3, 3, 13));
    add(producers, batch(7, 0, 0, 1, 16));
    producers_encode(producers, INT64_MAX, &w);
    assert_int_equal(producers_decode(loaded, writer_view(&w)), ERR_OK);
    assert_int_equal(producers_count(loaded), 2);
    assert_int_equal(check(loaded, batch(9, 2, 3, 3, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(offset, 13);
    assert_int_equal(check(loaded, batch(9, 2, 6, 1, 0), &offset), ERR_OK);
    producers_free(loaded);
    producers_free(producers);
    writer_free(&w);
}

// After a clean stop a client sends again all that was in flight, up to five batches: each must be known.
static void a_snapshot_keeps_five_batches(void **state)
{
    (void)state;
    struct producers *producers = producers_new(), *loaded = producers_new();
    struct writer w = WRITER_INIT;
    int64_t offset = -1;
    for (int32_t i = 0; i < 7; i++)
        add(producers, batch(9, 2, 3 * i, 3, 100 + 3 * i));
    producers_encode(producers, INT64_MAX, &w);
    for (int again = 0; again < 2; again++) { // reading it twice makes no difference
        assert_int_equal(producers_decode(loaded, writer_view(&w)), ERR_OK);
        assert_int_equal(producers_count(loaded), 1);
        for (int32_t i = 2; i < 7; i++) {
            assert_int_equal(check(loaded, batch(9, 2, 3 * i, 3, 0), &offset), ERR_DUPLICATE);
            assert_int_equal(offset, 100 + 3 * i);
        }
        assert_int_equal(check(loaded, batch(9, 2, 3, 3, 0), &offset), ERR_BAD_SEQUENCE);
        assert_int_equal(check(loaded, batch(9, 2, 21, 3, 0), &offset), ERR_OK);
    }
    producers_free(loaded);
    producers_free(producers);
    writer_free(&w);
}

static void rejects_every_changed_byte_of_a_snapshot(void **state)
{
    (void)state;
    struct producers *producers = producers_new();
    struct writer w = WRITER_INIT;
    add(producers, batch(9, 2, 0, 3, 10));
    producers_encode(producers, INT64_MAX, &w);
    for (size_t i = 0; i < w.size; i++) {
        struct producers *loaded = producers_new();
        w.buf->data[i] ^= 1;
        assert_int_not_equal(producers_decode(loaded, writer_view(&w)), ERR_OK);
        w.buf->data[i] ^= 1;
        assert_int_not_equal(producers_decode(loaded, bytes_of(w.buf->data, i)), ERR_OK);
        producers_free(loaded);
    }
    producers_free(producers);
    writer_free(&w);
}

static void old_producers_are_forgotten(void **state)
{
    (void)state;
    struct producers *producers = producers_new();
    add(producers, batch(9, 2, 0, 3, 10));
    add(producers, batch(8, 2, 0, 3, 20));
    producers_expire(producers, 1015);
    assert_int_equal(producers_count(producers), 1);
    producers_free(producers);
}

static void what_was_decided_is_told_by_the_newest(void **state)
{
    (void)state;
    const int64_t id = LOG_DECIDED_PRODUCER_ID + 3, next_id = LOG_DECIDED_PRODUCER_ID + 1;
    struct producers *producers = producers_new(), *loaded = producers_new();
    struct writer w = WRITER_INIT;
    int64_t offset = -1;
    for (int32_t i = 0; i < 7; i++)
        add(producers, batch(id, 1, 10 * i, 30, 100 * i)); // sequences overlap: only the first counts
    assert_int_equal(check(producers, batch(id, 1, 0, 30, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(check(producers, batch(id, 1, 60, 30, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(offset, 600);
    assert_int_equal(check(producers, batch(id, 0, 2000, 1, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(check(producers, batch(id, 1, 61, 1, 0), &offset), ERR_OK);
    assert_int_equal(check(producers, batch(id, 2, 0, 1, 0), &offset), ERR_OK);
    producers_expire(producers, INT64_MAX);
    producers_encode(producers, INT64_MAX, &w);
    assert_int_equal(producers_decode(loaded, writer_view(&w)), ERR_OK);
    assert_int_equal(check(loaded, batch(id, 1, 60, 30, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(check(loaded, batch(id, 1, 61, 1, 0), &offset), ERR_OK);
    producers_cut(producers, 200); // all that are remembered, and what came before them stays
    assert_int_equal(check(producers, batch(id, 1, 10, 30, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(check(producers, batch(id, 1, 20, 30, 0), &offset), ERR_OK);
    add(producers, batch(id, 1, 20, 30, 300));
    add(producers, batch(id, 1, 21, 1, 330));
    producers_cut(producers, 330);
    writer_reset(&w);
    producers_encode(producers, INT64_MAX, &w);
    assert_int_equal(producers_decode(loaded, writer_view(&w)), ERR_OK);
    assert_int_equal(check(loaded, batch(id, 1, 20, 30, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(check(loaded, batch(id, 1, 21, 1, 0), &offset), ERR_OK);
    add(producers, batch(9, 0, 0, 1, 330));
    add(producers, batch(next_id, 0, 0, 1, 331)); // another run: nothing of the last one comes any more
    assert_int_equal(producers_count(producers), 2);
    producers_free(loaded);
    producers_free(producers);
    writer_free(&w);
}

static void a_snapshot_speaks_of_what_came_before_its_offset(void **state)
{
    (void)state;
    struct producers *producers = producers_new(), *loaded = producers_new();
    struct writer w = WRITER_INIT;
    int64_t offset = -1;
    add(producers, batch(9, 2, 0, 3, 10));
    add(producers, batch(9, 2, 3, 3, 13));
    add(producers, batch(7, 0, 0, 1, 16)); // nobody knew it
    for (int32_t i = 0; i < 7; i++)
        add(producers, batch(5, 0, i, 1, 20 + i)); // nobody remembers what it was
    producers_encode(producers, 13, &w);
    assert_int_equal(producers_decode(loaded, writer_view(&w)), ERR_OK);
    assert_int_equal(producers_count(loaded), 2);
    assert_int_equal(check(loaded, batch(9, 2, 0, 3, 0), &offset), ERR_DUPLICATE);
    assert_int_equal(offset, 10);
    assert_int_equal(check(loaded, batch(9, 2, 3, 3, 0), &offset), ERR_OK);
    assert_int_equal(check(loaded, batch(5, 0, 2, 1, 0), &offset), ERR_OK);
    assert_int_equal(check(loaded, batch(5, 0, 3, 1, 0), &offset), ERR_BAD_SEQUENCE);
    producers_free(loaded);
    producers_free(producers);
    writer_free(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_five_batches),
        cmocka_unit_test(epochs_rise_and_begin_at_zero),
        cmocka_unit_test(sequences_wrap),
        cmocka_unit_test(a_cut_takes_batches_back),
        cmocka_unit_test(a_snapshot_keeps_the_last_batch),
        cmocka_unit_test(a_snapshot_keeps_five_batches),
        cmocka_unit_test(rejects_every_changed_byte_of_a_snapshot),
        cmocka_unit_test(old_producers_are_forgotten),
        cmocka_unit_test(what_was_decided_is_told_by_the_newest),
        cmocka_unit_test(a_snapshot_speaks_of_what_came_before_its_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
