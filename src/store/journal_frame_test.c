// SPDX-License-Identifier: Apache-2.0
#include "store/journal_frame.h"

#include "base/test.h"

enum { GENERATION = 77, SEQUENCE = 5 };

struct seen {
    unsigned count;
    int64_t segment_base;
    uint64_t position;
    uint8_t first;
};

static err_t on_entry(void *owner, const struct journal_entry *entry)
{
    struct seen *seen = owner;
    seen->count++;
    seen->segment_base = entry->segment_base;
    seen->position = entry->position;
    seen->first = entry->bytes.data[0];
    return ERR_OK;
}

// Two entries; returns the padded size, *ret_size the unpadded one.
static size_t build(uint8_t *memory, size_t *ret_size)
{
    struct journal_frame_writer writer;
    uint8_t bytes[100];
    memset(bytes, 'a', sizeof bytes);
    journal_frame_begin(&writer, memory);
    struct journal_entry entry = { .partition = 3, .segment_base = 10, .position = 20, .bytes = bytes_of(bytes, 100) };
    journal_frame_add(&writer, &entry);
    bytes[0] = 'z';
    entry.segment_base = 11;
    entry.position = 1u << 31;
    journal_frame_add(&writer, &entry);
    *ret_size = writer.size;
    return journal_frame_end(&writer, GENERATION, SEQUENCE);
}

static void a_frame_comes_back_as_it_was(void **state)
{
    (void)state;
    static uint8_t memory[JOURNAL_BLOCK_SIZE];
    size_t size;
    assert_int_equal(build(memory, &size), JOURNAL_BLOCK_SIZE);
    assert_int_equal(journal_frame_size(bytes_of(memory, sizeof memory), GENERATION, SEQUENCE), size);
    struct seen seen = { 0 };
    assert_int_equal(journal_frame_read(bytes_of(memory, size), on_entry, &seen), ERR_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.segment_base, 11);
    assert_int_equal(seen.position, 1u << 31);
    assert_int_equal(seen.first, 'z');
}

static void another_generation_or_sequence_is_no_frame(void **state)
{
    (void)state;
    static uint8_t memory[JOURNAL_BLOCK_SIZE];
    size_t size;
    build(memory, &size);
    bytes_t block = bytes_of(memory, sizeof memory);
    assert_int_equal(journal_frame_size(block, GENERATION + 1, SEQUENCE), 0);
    assert_int_equal(journal_frame_size(block, GENERATION, SEQUENCE - 1), 0);
    assert_int_equal(journal_frame_size(block, GENERATION, SEQUENCE + 1), 0);
    static const uint8_t zeros[JOURNAL_BLOCK_SIZE];
    assert_int_equal(journal_frame_size(bytes_of(zeros, sizeof zeros), 0, 0), 0);
}

static void rejects_every_changed_byte_and_applies_nothing(void **state)
{
    (void)state;
    static uint8_t memory[JOURNAL_BLOCK_SIZE];
    size_t size;
    build(memory, &size);
    for (size_t i = 4; i < size; i++) {
        struct seen seen = { 0 };
        memory[i] ^= 0x40;
        assert_int_not_equal(journal_frame_read(bytes_of(memory, size), on_entry, &seen), ERR_OK);
        assert_int_equal(seen.count, 0);
        memory[i] ^= 0x40;
    }
}

static void rejects_every_truncation(void **state)
{
    (void)state;
    static uint8_t memory[JOURNAL_BLOCK_SIZE];
    size_t size;
    build(memory, &size);
    struct seen seen = { 0 };
    for (size_t i = 0; i < size; i++)
        assert_int_not_equal(journal_frame_read(bytes_of(memory, i), on_entry, &seen), ERR_OK);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_comes_back_as_it_was),
        cmocka_unit_test(another_generation_or_sequence_is_no_frame),
        cmocka_unit_test(rejects_every_changed_byte_and_applies_nothing),
        cmocka_unit_test(rejects_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
