// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/compress.h"

#include "base/test.h"

#define LARGE 200000

// Half text, half noise, so that every codec has something to find and something to copy.
static bytes_t sample(size_t size)
{
    static uint8_t data[LARGE];
    uint32_t seed = 1;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (i / 64) % 2 == 0 ? (uint8_t)("event driven "[i % 13]) : (uint8_t)(seed >> 24);
    }
    return bytes_of(data, size);
}

static void every_codec_gives_back_what_it_took(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 10, 1000, 32768, 32769, 65536, LARGE };
    for (unsigned codec = 0; codec < CODEC_COUNT; codec++) {
        for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
            struct writer packed = WRITER_INIT, plain = WRITER_INIT;
            bytes_t in = sample(sizes[i]);
            writer_text(&packed, "before"); // both append
            writer_text(&plain, "before");
            assert_int_equal(compress_bytes((enum codec)codec, in, &packed), ERR_OK);
            bytes_t body = bytes_of(packed.buf->data + 6, packed.size - 6);
            assert_int_equal(decompress_bytes((enum codec)codec, body, sizes[i], &plain), ERR_OK);
            assert_int_equal(plain.size, sizes[i] + 6);
            if (sizes[i] > 0)
                assert_memory_equal(plain.buf->data + 6, in.data, sizes[i]);
            writer_free(&packed);
            writer_free(&plain);
        }
    }
}

static size_t size_at_level(enum codec codec, int level, bytes_t in)
{
    struct writer packed = WRITER_INIT, plain = WRITER_INIT;
    assert_int_equal(compress_bytes_level(codec, level, in, &packed), ERR_OK);
    assert_int_equal(decompress_bytes(codec, writer_view(&packed), in.size, &plain), ERR_OK);
    assert_memory_equal(plain.buf->data, in.data, in.size);
    size_t size = packed.size;
    writer_free(&packed);
    writer_free(&plain);
    return size;
}

// Words in no order: matches of many lengths and distances, of which a higher level finds more.
static bytes_t prose(void)
{
    static const char *const words[] = { "event ",   "driven ",  "log ",     "offset ", "partition ", "leader ",
                                         "commit ",  "replica ", "segment ", "batch ",  "record ",    "consumer ",
                                         "producer", " topic ",  "group ",   "epoch " };
    static uint8_t data[LARGE];
    uint32_t seed = 7;
    for (size_t at = 0; at < LARGE;) {
        seed = seed * 1664525 + 1013904223;
        const char *word = words[seed >> 28];
        size_t size = strlen(word) < LARGE - at ? strlen(word) : LARGE - at;
        memcpy(data + at, word, size);
        at += size;
    }
    return bytes_of(data, LARGE);
}

static void a_higher_level_makes_less_of_it(void **state)
{
    (void)state;
    bytes_t in = prose();
    assert_true(size_at_level(CODEC_GZIP, 9, in) < size_at_level(CODEC_GZIP, 1, in));
    assert_true(size_at_level(CODEC_ZSTD, 19, in) < size_at_level(CODEC_ZSTD, 1, in));
    assert_true(size_at_level(CODEC_ZSTD, 1, in) < size_at_level(CODEC_ZSTD, -50, in));
    assert_true(size_at_level(CODEC_LZ4, 12, in) < size_at_level(CODEC_LZ4, 1, in));
    // Kafka's 9 is the fast compressor: even the lowest level of the high one does better.
    assert_true(size_at_level(CODEC_LZ4, 1, in) < size_at_level(CODEC_LZ4, 9, in));
    assert_int_equal(size_at_level(CODEC_LZ4, 17, in), size_at_level(CODEC_LZ4, 12, in));
    for (int codec = CODEC_NONE; codec < CODEC_COUNT; codec++) {
        struct writer packed = WRITER_INIT;
        assert_int_equal(compress_bytes((enum codec)codec, in, &packed), ERR_OK);
        int level = codec_level_default((enum codec)codec);
        assert_int_equal(packed.size, size_at_level((enum codec)codec, level, in));
        writer_free(&packed);
    }
}

static void the_output_limit_is_exact(void **state)
{
    (void)state;
    for (unsigned codec = 0; codec < CODEC_COUNT; codec++) {
        struct writer packed = WRITER_INIT, plain = WRITER_INIT;
        assert_int_equal(compress_bytes((enum codec)codec, sample(70000), &packed), ERR_OK);
        assert_int_equal(decompress_bytes((enum codec)codec, writer_view(&packed), 69999, &plain), ERR_TOO_LARGE);
        assert_int_equal(plain.size, 0);
        assert_int_equal(decompress_bytes((enum codec)codec, writer_view(&packed), 0, &plain), ERR_TOO_LARGE);
        assert_int_equal(decompress_bytes((enum codec)codec, writer_view(&packed), 70000, &plain), ERR_OK);
        writer_free(&plain);
        struct writer limited = { .limit = 69999 };
        assert_int_equal(decompress_bytes((enum codec)codec, writer_view(&packed), 70000, &limited), ERR_TOO_LARGE);
        writer_free(&limited);
        writer_free(&packed);
    }
}

static void a_bomb_does_not_grow_past_the_limit(void **state)
{
    (void)state;
    uint8_t *zeros = calloc(1, 8 << 20);
    for (unsigned codec = CODEC_GZIP; codec < CODEC_COUNT; codec++) {
        struct writer packed = WRITER_INIT, plain = WRITER_INIT;
        assert_int_equal(compress_bytes((enum codec)codec, bytes_of(zeros, 8 << 20), &packed), ERR_OK);
        assert_int_equal(decompress_bytes((enum codec)codec, writer_view(&packed), 100000, &plain), ERR_TOO_LARGE);
        assert_true(plain.buf == NULL || plain.buf->capacity < 400000);
        writer_free(&packed);
        writer_free(&plain);
    }
    free(zeros);
}

static void every_truncation_is_corrupt(void **state)
{
    (void)state;
    for (unsigned codec = CODEC_GZIP; codec < CODEC_COUNT; codec++) {
        struct writer packed = WRITER_INIT;
        assert_int_equal(compress_bytes((enum codec)codec, sample(300), &packed), ERR_OK);
        for (size_t size = 0; size < packed.size; size++) {
            struct writer plain = WRITER_INIT;
            // The snappy framing has no end mark: cut behind its head it is an empty stream.
            err_t expected = codec == CODEC_SNAPPY && size == 16 ? ERR_OK : ERR_CORRUPT;
            assert_int_equal(decompress_bytes((enum codec)codec, bytes_of(packed.buf->data, size), 1000, &plain),
                             expected);
            assert_int_equal(plain.size, 0);
            writer_free(&plain);
        }
        writer_free(&packed);
    }
}

static void damage_never_does_harm(void **state)
{
    (void)state;
    for (unsigned codec = CODEC_GZIP; codec < CODEC_COUNT; codec++) {
        struct writer packed = WRITER_INIT;
        assert_int_equal(compress_bytes((enum codec)codec, sample(300), &packed), ERR_OK);
        for (size_t bit = 0; bit < packed.size * 8; bit += 3) {
            struct writer plain = WRITER_INIT;
            packed.buf->data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            err_t err = decompress_bytes((enum codec)codec, writer_view(&packed), 1000, &plain);
            assert_true(err == ERR_OK || err == ERR_CORRUPT || err == ERR_TOO_LARGE);
            assert_true(plain.size <= 1000);
            packed.buf->data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            writer_free(&plain);
        }
        writer_free(&packed);
    }
}

static void joined_members_are_read_as_one(void **state)
{
    (void)state;
    for (unsigned codec = CODEC_GZIP; codec < CODEC_COUNT; codec++) {
        struct writer packed = WRITER_INIT, plain = WRITER_INIT;
        assert_int_equal(compress_bytes((enum codec)codec, BYTES_LITERAL("one "), &packed), ERR_OK);
        assert_int_equal(compress_bytes((enum codec)codec, BYTES_LITERAL("two"), &packed), ERR_OK);
        assert_int_equal(decompress_bytes((enum codec)codec, writer_view(&packed), 100, &plain), ERR_OK);
        assert_true(bytes_is(writer_view(&plain), "one two"));
        writer_free(&packed);
        writer_free(&plain);
    }
}

static void raw_snappy_is_read_and_its_claims_are_checked(void **state)
{
    (void)state;
    struct writer plain = WRITER_INIT;
    assert_int_equal(decompress_bytes(CODEC_SNAPPY, BYTES_LITERAL("\x05\x10hello"), 100, &plain), ERR_OK);
    assert_true(bytes_is(writer_view(&plain), "hello"));
    // Claims 4 GB in five bytes.
    assert_int_equal(decompress_bytes(CODEC_SNAPPY, BYTES_LITERAL("\xff\xff\xff\xff\x0f"), SIZE_MAX, &plain),
                     ERR_CORRUPT);
    writer_free(&plain);
}

static void unknown_codecs_are_unsupported(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    enum codec codec = CODEC_NONE;
    assert_int_equal(compress_bytes((enum codec)5, BYTES_LITERAL("x"), &out), ERR_UNSUPPORTED);
    assert_int_equal(decompress_bytes((enum codec)7, BYTES_LITERAL("x"), 10, &out), ERR_UNSUPPORTED);
    assert_true(codec_from_name(BYTES_LITERAL("zstd"), &codec));
    assert_int_equal(codec, CODEC_ZSTD);
    assert_false(codec_from_name(BYTES_LITERAL("brotli"), &codec));
    assert_string_equal(codec_name(CODEC_LZ4), "lz4");
    writer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_gives_back_what_it_took),
        cmocka_unit_test(a_higher_level_makes_less_of_it),
        cmocka_unit_test(the_output_limit_is_exact),
        cmocka_unit_test(a_bomb_does_not_grow_past_the_limit),
        cmocka_unit_test(every_truncation_is_corrupt),
        cmocka_unit_test(damage_never_does_harm),
        cmocka_unit_test(joined_members_are_read_as_one),
        cmocka_unit_test(raw_snappy_is_read_and_its_claims_are_checked),
        cmocka_unit_test(unknown_codecs_are_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
