// SPDX-License-Identifier: Apache-2.0
#include "store/slot.h"

#include "base/test.h"

#include <stdlib.h>

static char name[] = "orders-3";

static void encode(struct writer *w)
{
    static struct segment segments[3] = { { 5, 9, 1000, 8, 500, false },
                                          { 10, 19, 2000, 19, 700, false },
                                          { 20, 29, 3000, 25, 900, false } };
    static struct epoch_start epochs[2] = { { 1, 5 }, { 2, 12 } };
    static struct quarantine quarantine = { 5, 100, 200, 6, 8 };
    static struct index_pending rest = { .segment_base = 10, .offsets_filed = 3, .times_filed = 4 };
    struct partition partition = { .name = name,
                                   .index = &rest,
                                   .log_start = 6,
                                   .synced = { 15, 10, 350 },
                                   .first_timestamp = 1,
                                   .indexed_timestamp = 2,
                                   .offsets_filed = 1, // of the third segment
                                   .times_filed = 1,
                                   .segments = segments,
                                   .segment_count = 3,
                                   .epochs = epochs,
                                   .epoch_count = 2,
                                   .quarantines = &quarantine,
                                   .quarantine_count = 1 };
    struct writer entry = WRITER_INIT;
    slot_encode_partition(&partition, &entry);
    struct slot_header header = { .sequence = 12, .clean = true, .epoch = 3, .journal_sequence = 99 };
    bytes_t view = writer_view(&entry);
    slot_encode(&header, &view, 1, 1, w);
    writer_free(&entry);
}

static void holds_what_is_synced_and_no_more(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    struct slot slot;
    encode(&w);
    assert_int_equal(slot_decode(writer_view(&w), &slot), ERR_OK);
    assert_true(slot.header.clean);
    assert_int_equal(slot.header.sequence, 12);
    assert_int_equal(slot.header.journal_sequence, 99);
    const struct slot_partition *partition = slot_find(&slot, bytes_of_text(name));
    assert_non_null(partition);
    assert_int_equal(partition->log_start, 6);
    assert_int_equal(partition->segment_count, 2); // the third began behind the synced place
    assert_int_equal(partition->segments[0].last_offset, 9);
    assert_int_equal(partition->segments[1].last_offset, 14);
    assert_int_equal(partition->segments[1].size, 350);
    assert_int_equal(partition->first_timestamp, -1); // that of the third is not theirs
    assert_int_equal(partition->offsets_filed, 3);
    assert_int_equal(partition->times_filed, 4);
    assert_int_equal(partition->epoch_count, 2);
    assert_int_equal(partition->quarantine_count, 1);
    assert_int_equal(partition->quarantines[0].next_offset, 8);
    assert_null(slot_find(&slot, bytes_of_text("orders-4")));
    slot_free(&slot);
    writer_free(&w);
}

static void rejects_every_changed_byte_and_truncation(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    encode(&w);
    for (size_t i = 0; i < w.size; i++) {
        struct slot slot;
        w.buf->data[i] ^= 0x10;
        assert_int_not_equal(slot_decode(writer_view(&w), &slot), ERR_OK);
        slot_free(&slot);
        w.buf->data[i] ^= 0x10;
        assert_int_not_equal(slot_decode(bytes_of(w.buf->data, i), &slot), ERR_OK);
        slot_free(&slot);
    }
    writer_free(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_is_synced_and_no_more),
        cmocka_unit_test(rejects_every_changed_byte_and_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
