// SPDX-License-Identifier: Apache-2.0
#include "kafka/framer.h"

#include "base/assert.h"
#include "base/test.h"
#include "base/writer.h"

#define LIMIT ((size_t)1 << 20)

// Feeds all of BYTES in reads of at most STEP and expects COUNT frames; each frame's bytes are all its size & 0xff.
static void feed(bytes_t bytes, size_t step, size_t expected_count)
{
    struct kafka_framer framer;
    kafka_framer_init(&framer, LIMIT);
    size_t at = 0, count = 0;
    while (at < bytes.size) {
        size_t room;
        uint8_t *to = kafka_framer_room(&framer, &room);
        size_t size = bytes.size - at < step ? bytes.size - at : step;
        size = size < room ? size : room;
        memcpy(to, bytes.data + at, size);
        kafka_framer_fill(&framer, size);
        at += size;
        struct slice frame;
        err_t err;
        while ((err = kafka_framer_next(&framer, &frame)) == ERR_OK) {
            for (size_t i = 0; i < frame.bytes.size; i++)
                assert_int_equal(frame.bytes.data[i], frame.bytes.size & 0xff);
            slice_free(&frame);
            count++;
        }
        assert_int_equal(err, ERR_AGAIN);
    }
    assert_int_equal(count, expected_count);
    assert_int_equal(kafka_framer_held(&framer), 0);
    kafka_framer_deinit(&framer);
}

static void cuts_frames_of_every_size_at_every_step(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 5, 65532, 65533, 3, 100000, 65531, 0, 140000, 7, 65536, 12 };
    struct writer w = WRITER_INIT;
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        writer_u32(&w, (uint32_t)sizes[i]);
        memset(writer_reserve(&w, sizes[i] + 1), (int)(sizes[i] & 0xff), sizes[i]);
        writer_advance(&w, sizes[i]);
    }
    static const size_t steps[] = { 1, 2, 3, 7, 1000, 65536, 1 << 20 };
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        feed(writer_view(&w), steps[i], ARRAY_COUNT(sizes));
    writer_free(&w);
}

static void a_large_frame_has_a_buf_of_its_own(void **state)
{
    (void)state;
    struct kafka_framer framer;
    kafka_framer_init(&framer, LIMIT);
    size_t room;
    put_u32(kafka_framer_room(&framer, &room), 100000);
    kafka_framer_fill(&framer, 4);
    struct slice frame;
    assert_int_equal(kafka_framer_next(&framer, &frame), ERR_AGAIN);
    uint8_t *to = kafka_framer_room(&framer, &room);
    assert_int_equal(room, 100000);
    memset(to, 1, room);
    kafka_framer_fill(&framer, room);
    assert_int_equal(kafka_framer_next(&framer, &frame), ERR_OK);
    assert_ptr_equal(frame.bytes.data, to);
    assert_int_equal(frame.buf->capacity, 100004);
    assert_int_equal(frame.buf->refs, 1);
    slice_free(&frame);
    kafka_framer_deinit(&framer);
}

static void a_small_frame_keeps_no_more_memory_than_it_has(void **state)
{
    (void)state;
    struct kafka_framer framer;
    kafka_framer_init(&framer, LIMIT);
    size_t room;
    uint8_t *to = kafka_framer_room(&framer, &room);
    put_u32(to, 100);
    memset(to + 4, 1, 100);
    put_u32(to + 104, 40000);
    memset(to + 108, 2, 40000);
    kafka_framer_fill(&framer, 40108);
    struct slice small, half;
    assert_int_equal(kafka_framer_next(&framer, &small), ERR_OK);
    assert_int_equal(kafka_framer_next(&framer, &half), ERR_OK);
    assert_int_equal(small.buf->capacity, 100);
    assert_int_equal(small.bytes.data[99], 1);
    assert_ptr_equal(half.bytes.data, to + 108); // more than a quarter of the block is worth no copy
    slice_free(&small);
    slice_free(&half);
    kafka_framer_deinit(&framer);
}

static err_t refusal_of(uint32_t length)
{
    struct kafka_framer framer;
    kafka_framer_init(&framer, LIMIT);
    size_t room;
    put_u32(kafka_framer_room(&framer, &room), length);
    kafka_framer_fill(&framer, 4);
    struct slice frame;
    err_t err = kafka_framer_next(&framer, &frame);
    kafka_framer_deinit(&framer);
    return err;
}

static void refuses_lengths_below_zero_and_above_the_limit(void **state)
{
    (void)state;
    assert_int_equal(refusal_of(0xffffffff), ERR_MALFORMED);
    assert_int_equal(refusal_of(0x80000000), ERR_MALFORMED);
    assert_int_equal(refusal_of(0x7fffffff), ERR_TOO_LARGE);
    assert_int_equal(refusal_of((uint32_t)LIMIT + 1), ERR_TOO_LARGE);
    assert_int_equal(refusal_of((uint32_t)LIMIT), ERR_AGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_frames_of_every_size_at_every_step),
        cmocka_unit_test(a_large_frame_has_a_buf_of_its_own),
        cmocka_unit_test(a_small_frame_keeps_no_more_memory_than_it_has),
        cmocka_unit_test(refuses_lengths_below_zero_and_above_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
