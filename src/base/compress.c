// SPDX-License-Identifier: Apache-2.0
#include "base/compress.h"

#include "base/assert.h"
#include "base/endian.h"

#define ZLIB_CONST
#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#define OUT_CHUNK    65536
#define SNAPPY_BLOCK 32768 // what Java's clients write
#define XERIAL_SIZE  16
// A snappy element of 3 bytes gives at most 64: a claim beyond that ratio is a lie, refused before it costs memory.
#define SNAPPY_RATIO_MAX 32
#define LZ4_FAST         9         // Kafka's default level, and its name for the fast compressor
#define LZ4_HIGH_LEAST   3         // below, the library would not take its high compressor
#define GZIP_WINDOW      (15 + 16) // zlib's way to say: with gzip header

// xerial's snappy-java framing: magic, version 1, compatible from 1; then blocks with a 4-byte size each.
static const uint8_t xerial_head[XERIAL_SIZE] = { 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1 };

// Where decompressed bytes go. At the limit one spare byte is offered instead, so that a decoder that still has output
// shows it there.
struct sink {
    struct writer *out;
    size_t left;
    uint8_t spare;
};

static uint8_t *sink_room(struct sink *sink, size_t *ret_size)
{
    if (sink->left == 0) {
        *ret_size = 1;
        return &sink->spare;
    }
    *ret_size = sink->left < OUT_CHUNK ? sink->left : OUT_CHUNK;
    return writer_reserve(sink->out, *ret_size);
}

static bool sink_take(struct sink *sink, size_t size)
{
    if (size > sink->left)
        return false;
    writer_advance(sink->out, size);
    sink->left -= size;
    return true;
}

static err_t none_compress(bytes_t in, int level, struct writer *out)
{
    (void)level;
    writer_bytes(out, in);
    return out->err;
}

static err_t none_decompress(bytes_t in, struct sink *sink)
{
    if (in.size > sink->left)
        return ERR_TOO_LARGE;
    writer_bytes(sink->out, in);
    return sink->out->err;
}

static err_t gzip_compress(bytes_t in, int level, struct writer *out)
{
    z_stream stream = { .next_in = in.data, .avail_in = (uInt)in.size };
    int result = deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY);
    ASSERT(result == Z_OK);
    size_t bound = deflateBound(&stream, (uLong)in.size);
    stream.next_out = writer_reserve(out, bound);
    stream.avail_out = (uInt)bound;
    if (stream.next_out != NULL) {
        result = deflate(&stream, Z_FINISH);
        ASSERT(result == Z_STREAM_END);
        writer_advance(out, bound - stream.avail_out);
    }
    (void)deflateEnd(&stream);
    return out->err;
}

// The next step of a stream that may have several members. *RET_DONE after the last one.
static err_t gzip_step(z_stream *stream, struct sink *sink, bool *ret_done)
{
    size_t size;
    uint8_t *room = sink_room(sink, &size);
    stream->next_out = room;
    stream->avail_out = (uInt)size;
    int result = inflate(stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END)
        return ERR_CORRUPT; // Z_BUF_ERROR as well: no input left, no end seen
    if (!sink_take(sink, size - stream->avail_out))
        return ERR_TOO_LARGE;
    *ret_done = result == Z_STREAM_END && stream->avail_in == 0;
    if (result == Z_STREAM_END && !*ret_done && inflateReset(stream) != Z_OK)
        return ERR_CORRUPT;
    return ERR_OK;
}

static err_t gzip_decompress(bytes_t in, struct sink *sink)
{
    z_stream stream = { .next_in = in.data, .avail_in = (uInt)in.size };
    int result = inflateInit2(&stream, GZIP_WINDOW);
    ASSERT(result == Z_OK);
    err_t err = ERR_OK;
    for (bool done = false; err == ERR_OK && !done;)
        err = gzip_step(&stream, sink, &done);
    (void)inflateEnd(&stream);
    return err;
}

static err_t snappy_block_compress(bytes_t in, struct writer *out)
{
    size_t size = snappy_max_compressed_length(in.size);
    size_t size_at = out->size;
    writer_u32(out, 0);
    uint8_t *room = writer_reserve(out, size);
    if (room == NULL)
        return out->err;
    snappy_status status = snappy_compress((const char *)in.data, in.size, (char *)room, &size);
    ASSERT(status == SNAPPY_OK);
    writer_advance(out, size);
    writer_patch_u32(out, size_at, (uint32_t)size);
    return out->err;
}

static err_t snappy_compress_blocks(bytes_t in, int level, struct writer *out)
{
    (void)level;
    writer_bytes(out, bytes_of(xerial_head, XERIAL_SIZE));
    err_t err = out->err;
    for (size_t at = 0; at < in.size && err == ERR_OK; at += SNAPPY_BLOCK) {
        size_t size = in.size - at < SNAPPY_BLOCK ? in.size - at : SNAPPY_BLOCK;
        err = snappy_block_compress(bytes_of(in.data + at, size), out);
    }
    return err;
}

static err_t snappy_block_decompress(bytes_t in, struct sink *sink)
{
    size_t size;
    if (in.size == 0 || snappy_uncompressed_length((const char *)in.data, in.size, &size) != SNAPPY_OK)
        return ERR_CORRUPT;
    if (size > in.size * SNAPPY_RATIO_MAX)
        return ERR_CORRUPT;
    if (size > sink->left)
        return ERR_TOO_LARGE;
    uint8_t *room = writer_reserve(sink->out, size);
    if (snappy_uncompress((const char *)in.data, in.size, (char *)room, &size) != SNAPPY_OK)
        return ERR_CORRUPT;
    return sink_take(sink, size) ? ERR_OK : ERR_TOO_LARGE;
}

static err_t snappy_decompress_blocks(bytes_t in, struct sink *sink)
{
    // Only the magic counts: versions other than 1 were never written.
    if (in.size < XERIAL_SIZE || memcmp(in.data, xerial_head, 8) != 0)
        return snappy_block_decompress(in, sink);
    err_t err = ERR_OK;
    for (size_t at = XERIAL_SIZE; at < in.size && err == ERR_OK;) {
        size_t left = in.size - at;
        if (left >= XERIAL_SIZE && memcmp(in.data + at, xerial_head, 8) == 0) {
            at += XERIAL_SIZE; // streams that were joined
            continue;
        }
        size_t size = left < 4 ? SIZE_MAX : get_u32(in.data + at);
        if (left < 4 || size > left - 4)
            return ERR_CORRUPT;
        err = snappy_block_decompress(bytes_of(in.data + at + 4, size), sink);
        at += 4 + size;
    }
    return err;
}

static err_t lz4_compress(bytes_t in, int level, struct writer *out)
{
    int high = level < LZ4_HIGH_LEAST ? LZ4_HIGH_LEAST : level;
    // Java's reader knows only independent blocks.
    const LZ4F_preferences_t preferences = {
        .frameInfo = { .blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent },
        .compressionLevel = level == LZ4_FAST ? 0 : high,
    };
    size_t bound = LZ4F_compressFrameBound(in.size, &preferences);
    uint8_t *room = writer_reserve(out, bound);
    if (room == NULL)
        return out->err;
    size_t size = LZ4F_compressFrame(room, bound, in.data, in.size, &preferences);
    ASSERT(!LZ4F_isError(size));
    writer_advance(out, size);
    return ERR_OK;
}

static err_t lz4_decompress(bytes_t in, struct sink *sink)
{
    LZ4F_dctx *context;
    LZ4F_errorCode_t created = LZ4F_createDecompressionContext(&context, LZ4F_VERSION);
    ASSERT(!LZ4F_isError(created));
    err_t err = ERR_OK;
    for (size_t at = 0, hint = 1; err == ERR_OK && (at < in.size || hint != 0);) {
        size_t room_size, read = in.size - at;
        uint8_t *room = sink_room(sink, &room_size);
        size_t written = room_size;
        hint = LZ4F_decompress(context, room, &written, at < in.size ? in.data + at : (const uint8_t *)"", &read, NULL);
        if (LZ4F_isError(hint))
            err = ERR_CORRUPT;
        else if (!sink_take(sink, written))
            err = ERR_TOO_LARGE;
        else if (read == 0 && written == 0 && hint != 0)
            err = ERR_CORRUPT; // it waits for input that is not there
        at += read;
    }
    (void)LZ4F_freeDecompressionContext(context);
    return err;
}

static err_t zstd_compress(bytes_t in, int level, struct writer *out)
{
    size_t bound = ZSTD_compressBound(in.size);
    uint8_t *room = writer_reserve(out, bound);
    if (room == NULL)
        return out->err;
    size_t size = ZSTD_compress(room, bound, in.data, in.size, level);
    ASSERT(!ZSTD_isError(size));
    writer_advance(out, size);
    return ERR_OK;
}

static err_t zstd_decompress(bytes_t in, struct sink *sink)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ASSERT(context != NULL);
    ZSTD_inBuffer source = { in.data, in.size, 0 };
    err_t err = ERR_OK;
    for (size_t hint = 1; err == ERR_OK && (source.pos < source.size || hint != 0);) {
        size_t room_size, before = source.pos;
        uint8_t *room = sink_room(sink, &room_size);
        ZSTD_outBuffer target = { room, room_size, 0 };
        hint = ZSTD_decompressStream(context, &target, &source);
        if (ZSTD_isError(hint))
            err = ERR_CORRUPT;
        else if (!sink_take(sink, target.pos))
            err = ERR_TOO_LARGE;
        else if (source.pos == before && target.pos == 0 && hint != 0)
            err = ERR_CORRUPT; // it waits for input that is not there
    }
    (void)ZSTD_freeDCtx(context);
    return err;
}

static const struct {
    const char *name;
    err_t (*compress)(bytes_t in, int level, struct writer *out);
    err_t (*decompress)(bytes_t in, struct sink *sink);
    int level; // when nobody names one
} codecs[CODEC_COUNT] = {
    [CODEC_NONE] = { "none", none_compress, none_decompress, 0 },
    [CODEC_GZIP] = { "gzip", gzip_compress, gzip_decompress, Z_DEFAULT_COMPRESSION },
    [CODEC_SNAPPY] = { "snappy", snappy_compress_blocks, snappy_decompress_blocks, 0 },
    [CODEC_LZ4] = { "lz4", lz4_compress, lz4_decompress, LZ4_FAST },
    [CODEC_ZSTD] = { "zstd", zstd_compress, zstd_decompress, ZSTD_CLEVEL_DEFAULT },
};

const char *codec_name(enum codec codec)
{
    return (unsigned)codec < CODEC_COUNT ? codecs[codec].name : "unknown";
}

bool codec_from_name(bytes_t name, enum codec *ret_codec)
{
    for (unsigned i = 0; i < CODEC_COUNT; i++) {
        if (bytes_is(name, codecs[i].name)) {
            *ret_codec = (enum codec)i;
            return true;
        }
    }
    return false;
}

int codec_level_default(enum codec codec)
{
    return (unsigned)codec < CODEC_COUNT ? codecs[codec].level : 0;
}

err_t compress_bytes(enum codec codec, bytes_t in, struct writer *out)
{
    return compress_bytes_level(codec, codec_level_default(codec), in, out);
}

err_t compress_bytes_level(enum codec codec, int level, bytes_t in, struct writer *out)
{
    if ((unsigned)codec >= CODEC_COUNT)
        return ERR_UNSUPPORTED;
    if (out->err != ERR_OK)
        return out->err;
    if (in.size > INT32_MAX / 2) // the bound on the result must stay below 2 GiB
        return ERR_TOO_LARGE;
    if (in.data == NULL)
        in = BYTES_LITERAL("");
    size_t before = out->size;
    err_t err = codecs[codec].compress(in, level, out);
    if (err != ERR_OK)
        out->size = before;
    return err;
}

err_t decompress_bytes(enum codec codec, bytes_t in, size_t max_size, struct writer *out)
{
    if ((unsigned)codec >= CODEC_COUNT)
        return ERR_UNSUPPORTED;
    if (out->err != ERR_OK)
        return out->err;
    size_t before = out->size;
    size_t room = (out->limit == 0 ? (size_t)INT32_MAX : out->limit) - before;
    struct sink sink = { .out = out, .left = max_size < room ? max_size : room };
    if (in.data == NULL)
        in = BYTES_LITERAL("");
    err_t err = in.size > INT32_MAX ? ERR_TOO_LARGE : codecs[codec].decompress(in, &sink);
    if (err != ERR_OK)
        out->size = before;
    return err;
}
