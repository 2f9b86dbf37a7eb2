// SPDX-License-Identifier: Apache-2.0
// The compressions that record batches know, over whole byte strings. Pure, any loop; large inputs belong off the loop.
#pragma once

#include "base/bytes.h"
#include "base/err.h"
#include "base/writer.h"

// The numbers of a batch's attribute bits 0 to 2.
enum codec { CODEC_NONE, CODEC_GZIP, CODEC_SNAPPY, CODEC_LZ4, CODEC_ZSTD, CODEC_COUNT };

// "none", "gzip", "snappy", "lz4", "zstd": Kafka's values of compression.type.
const char *codec_name(enum codec codec);
// False when there is no codec of that name.
bool codec_from_name(bytes_t name, enum codec *ret_codec);

// The level that Kafka's clients and brokers use when nobody names one: gzip -1, lz4 9, zstd 3; 0 of those without
// levels.
int codec_level_default(enum codec codec);

// Appends IN, compressed, to OUT: gzip (RFC 1952), snappy in the block framing of Java's clients, LZ4 frames of
// independent blocks, zstd (RFC 8878); CODEC_NONE copies. ERR_UNSUPPORTED for an unknown codec, ERR_TOO_LARGE when OUT
// has a limit.
MUST_CHECK err_t compress_bytes(enum codec codec, bytes_t in, struct writer *out);
// The same at LEVEL, by Kafka's numbers (KIP-390): gzip -1 (zlib's choice), 1 to 9; zstd -131072 to 22; lz4 1 to 17, of
// which 9 means the fast compressor, any other the high one (its highest is 12). Other codecs have no levels.
MUST_CHECK err_t compress_bytes_level(enum codec codec, int level, bytes_t in, struct writer *out);

// Appends IN, decompressed, to OUT, at most MAX_SIZE bytes: more is ERR_TOO_LARGE, found before it is allocated.
// Snappy is read framed and raw, gzip and zstd may be several members. ERR_CORRUPT when IN is not what the codec writes
// or ends too early; ERR_UNSUPPORTED for an unknown codec. On failure OUT has its former size.
MUST_CHECK err_t decompress_bytes(enum codec codec, bytes_t in, size_t max_size, struct writer *out);
