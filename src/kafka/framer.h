// SPDX-License-Identifier: Apache-2.0
// Cuts a byte stream into Kafka frames (four bytes of length, then as many bytes). Bytes are received into memory that
// the framer names: small frames arrive together in one block and are copied out of it, a large one gets a buf of
// exactly its size, so that a produced batch is stored from the memory it was received into (only the head that arrived
// before the length was known is moved). Pure, one owner. Between frames it holds no memory, so an idle connection
// costs none.
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct kafka_framer {
    struct buf *buf;   // the block or the large frame; NULL when nothing is pending
    size_t start, end; // received and not yet taken bytes of buf
    size_t limit;      // largest frame, without its length field
};

// LIMIT: socket.request.max.bytes, at most INT32_MAX.
void kafka_framer_init(struct kafka_framer *framer, size_t limit);
// Where the next bytes go; *ret_size > 0. Valid until kafka_framer_fill.
uint8_t *kafka_framer_room(struct kafka_framer *framer, size_t *ret_size);
// SIZE bytes arrived there.
void kafka_framer_fill(struct kafka_framer *framer, size_t size);
// The next complete frame without its length; the caller frees the slice. ERR_AGAIN: more bytes are needed;
// ERR_MALFORMED: a negative length (zero is a frame of no bytes); ERR_TOO_LARGE: above the limit. After those two the
// stream is lost.
err_t kafka_framer_next(struct kafka_framer *framer, struct slice *ret_frame) MUST_CHECK;
// Bytes of memory held for what is not taken yet.
size_t kafka_framer_held(const struct kafka_framer *framer);
// Bytes that the next frame takes with its length field; 0 while the length is not known.
size_t kafka_framer_wanted(const struct kafka_framer *framer);
void kafka_framer_deinit(struct kafka_framer *framer);
