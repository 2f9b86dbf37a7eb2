// SPDX-License-Identifier: Apache-2.0
#include "base/writer.h"

#include "base/test.h"

static void integers_are_big_endian(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    writer_u16(&w, 0x0102);
    writer_u32(&w, 0x03040506);
    writer_u64(&w, 0x0708090a0b0c0d0e);
    assert_memory_equal(writer_view(&w).data, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16", 14);
    writer_free(&w);
}

static void grows_over_many_doublings(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    for (uint32_t i = 0; i < 100000; i++)
        writer_u32(&w, i);
    assert_int_equal(w.size, 400000);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(get_u32(w.buf->data + (size_t)i * 4), i);
    writer_free(&w);
}

static void the_limit_is_exact_and_sticky(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 600; limit += 7) {
        struct writer w = { .limit = limit };
        for (size_t i = 0; i < limit; i++)
            writer_u8(&w, 1);
        assert_int_equal(w.err, ERR_OK);
        writer_u8(&w, 1);
        assert_int_equal(w.err, ERR_TOO_LARGE);
        assert_int_equal(w.size, limit);
        writer_bytes(&w, BYTES_LITERAL(""));
        writer_uvarint(&w, 1);
        assert_int_equal(w.size, limit);
        writer_reset(&w);
        writer_u8(&w, 1);
        assert_int_equal(w.err, ERR_OK);
        writer_free(&w);
    }
}

static void a_varint_that_fits_the_limit_is_written(void **state)
{
    (void)state;
    struct writer w = { .limit = 1 };
    writer_varlong(&w, -1);
    assert_int_equal(w.err, ERR_OK);
    assert_int_equal(w.size, 1);
    writer_free(&w);
}

static void patches_overwrite_in_place(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    writer_bytes(&w, BYTES_LITERAL("0123456789abcdef"));
    writer_patch_u16(&w, 0, 0x4142);
    writer_patch_u32(&w, 2, 0x43444546);
    writer_patch_u64(&w, 8, 0x4748494a4b4c4d4e);
    assert_true(bytes_is(writer_view(&w), "ABCDEF67GHIJKLMN"));
    writer_free(&w);
}

static void formats_of_any_length(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    writer_format(&w, "%d|", 5);
    writer_format(&w, "%2000d", 7);
    writer_text(&w, "|");
    assert_int_equal(w.size, 2003);
    assert_true(w.buf->data[2001] == '7' && w.buf->data[2002] == '|');
    writer_free(&w);
}

static void finish_hands_over_and_leaves_it_empty(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    writer_text(&w, "abc");
    struct slice slice = writer_finish(&w);
    assert_true(bytes_is(slice.bytes, "abc"));
    assert_null(w.buf);
    assert_int_equal(w.size, 0);
    writer_text(&w, "d"); // usable again, in memory of its own
    assert_true(bytes_is(slice.bytes, "abc"));
    slice_free(&slice);
    writer_free(&w);
}

static void finish_after_an_error_is_an_empty_slice(void **state)
{
    (void)state;
    struct writer w = { .limit = 2 };
    writer_text(&w, "a");
    writer_text(&w, "bc");
    struct slice slice = writer_finish(&w);
    assert_null(slice.buf);
    assert_int_equal(slice.bytes.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(grows_over_many_doublings),
        cmocka_unit_test(the_limit_is_exact_and_sticky),
        cmocka_unit_test(a_varint_that_fits_the_limit_is_written),
        cmocka_unit_test(patches_overwrite_in_place),
        cmocka_unit_test(formats_of_any_length),
        cmocka_unit_test(finish_hands_over_and_leaves_it_empty),
        cmocka_unit_test(finish_after_an_error_is_an_empty_slice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
