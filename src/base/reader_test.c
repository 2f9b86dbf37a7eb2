// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/reader.h"
#include "base/writer.h"

#include "base/test.h"

static void write_everything(struct writer *w)
{
    writer_u8(w, 0xfe);
    writer_i8(w, -2);
    writer_u16(w, 0xfedc);
    writer_i16(w, -300);
    writer_u32(w, 0xfedcba98);
    writer_i32(w, INT32_MIN);
    writer_u64(w, 0xfedcba9876543210);
    writer_i64(w, INT64_MIN);
    writer_f64(w, -1.5);
    writer_uvarint(w, UINT32_MAX);
    writer_uvarlong(w, UINT64_MAX);
    writer_varint(w, INT32_MIN);
    writer_varlong(w, INT64_MAX);
    writer_bytes(w, BYTES_LITERAL("tail"));
}

static err_t read_everything(bytes_t bytes)
{
    struct reader r = reader_of(bytes);
    bool same = reader_u8(&r) == 0xfe;
    same &= reader_i8(&r) == -2;
    same &= reader_u16(&r) == 0xfedc;
    same &= reader_i16(&r) == -300;
    same &= reader_u32(&r) == 0xfedcba98;
    same &= reader_i32(&r) == INT32_MIN;
    same &= reader_u64(&r) == 0xfedcba9876543210;
    same &= reader_i64(&r) == INT64_MIN;
    same &= reader_f64(&r) == -1.5;
    same &= reader_uvarint(&r) == UINT32_MAX;
    same &= reader_uvarlong(&r) == UINT64_MAX;
    same &= reader_varint(&r) == INT32_MIN;
    same &= reader_varlong(&r) == INT64_MAX;
    same &= bytes_is(reader_bytes(&r, 4), "tail");
    if (r.err == ERR_OK)
        assert_true(same);
    assert_int_equal(reader_left(&r), 0);
    return r.err;
}

static void reads_back_what_the_writer_wrote(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    write_everything(&w);
    assert_int_equal(read_everything(writer_view(&w)), ERR_OK);
    writer_free(&w);
}

static void rejects_every_truncation(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    write_everything(&w);
    for (size_t size = 0; size < w.size; size++) {
        uint8_t *exact = malloc(size + 1); // so that the sanitizer sees the end
        memcpy(exact, w.buf->data, size);
        exact = realloc(exact, size == 0 ? 1 : size);
        assert_int_equal(read_everything(bytes_of(exact, size)), ERR_TRUNCATED);
        free(exact);
    }
    assert_int_equal(read_everything(BYTES_NULL), ERR_TRUNCATED);
    writer_free(&w);
}

static void varints_have_one_longest_form(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        err_t err32, err64;
    } rows[] = {
        { "\x00", 1, ERR_OK, ERR_OK },
        { "\x7f", 1, ERR_OK, ERR_OK },
        { "\x80", 1, ERR_TRUNCATED, ERR_TRUNCATED },
        { "\xff\xff\xff\xff\x0f", 5, ERR_OK, ERR_OK },
        { "\xff\xff\xff\xff\x10", 5, ERR_MALFORMED, ERR_OK },
        { "\xff\xff\xff\xff\xff\x01", 6, ERR_MALFORMED, ERR_OK },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, ERR_MALFORMED, ERR_OK },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, ERR_MALFORMED, ERR_MALFORMED },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, ERR_MALFORMED, ERR_MALFORMED },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct reader narrow = reader_of(bytes_of(rows[i].bytes, rows[i].size)), wide = narrow;
        (void)reader_uvarint(&narrow);
        (void)reader_uvarlong(&wide);
        assert_int_equal(narrow.err, rows[i].err32);
        assert_int_equal(wide.err, rows[i].err64);
    }
}

static void zigzag_round_trips_at_every_width(void **state)
{
    (void)state;
    for (int bit = 0; bit < 64; bit++) {
        int64_t edge = (int64_t)((uint64_t)1 << bit);
        int64_t values[] = { edge, (int64_t)((uint64_t)edge - 1), (int64_t)(0 - (uint64_t)edge) };
        for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
            struct writer w = WRITER_INIT;
            writer_varlong(&w, values[i]);
            assert_int_equal(w.size, varlong_size(values[i]));
            struct reader r = reader_of(writer_view(&w));
            assert_true(reader_varlong(&r) == values[i]);
            assert_int_equal(reader_left(&r), 0);
            writer_free(&w);
        }
    }
    assert_int_equal(varlong_size(0), 1);
    assert_int_equal(varlong_size(-64), 1);
    assert_int_equal(varlong_size(64), 2);
    assert_int_equal(varlong_size(INT64_MIN), 10);
}

static void the_first_error_stays(void **state)
{
    (void)state;
    struct reader r = reader_of(BYTES_LITERAL("\xff\xff\xff\xff\xff\x01rest"));
    (void)reader_uvarint(&r);
    assert_int_equal(r.err, ERR_MALFORMED);
    assert_int_equal(reader_u32(&r), 0);
    assert_null(reader_bytes(&r, 0).data);
    reader_skip(&r, SIZE_MAX);
    assert_int_equal(r.err, ERR_MALFORMED);
}

static void a_size_beyond_the_end_is_not_followed(void **state)
{
    (void)state;
    struct reader r = reader_of(BYTES_LITERAL("abc"));
    assert_null(reader_bytes(&r, SIZE_MAX).data);
    assert_int_equal(r.err, ERR_TRUNCATED);
    r = reader_of(BYTES_NULL);
    assert_int_equal(reader_bytes(&r, 0).size, 0);
    assert_int_equal(r.err, ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_the_writer_wrote),
        cmocka_unit_test(rejects_every_truncation),
        cmocka_unit_test(varints_have_one_longest_form),
        cmocka_unit_test(zigzag_round_trips_at_every_width),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(a_size_beyond_the_end_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
