// SPDX-License-Identifier: Apache-2.0
// The metadata of a committed offset (eventing/held.h), which any Kafka client may write: the offset in a line, then
// the metadata. What is read is in order and bounded; it is written, and is the same when it is read again.
#include "eventing/held.h"

#include "base/assert.h"

#define TOPIC_ID "uYlhXw8ZQ7mCcnGlPq0aBg"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(const struct held *held, int64_t offset)
{
    ASSERT(held->count > 0 && held->count <= HELD_COUNT_MAX);
    ASSERT(held_floor(held) == offset && offset >= 0);
    for (size_t i = 0; i < held->count; i++) {
        ASSERT(held->offsets[i] < (i + 1 < held->count ? held->offsets[i + 1] : held->position));
        ASSERT(!held_has_done(held, held->offsets[i]));
    }
    ASSERT(!held_has_done(held, held->position));
}

// But for those behind the last that is done, of which nothing has to be said.
static void check_same(const struct held *held)
{
    struct writer room = WRITER_INIT;
    struct held again;
    held_write(&room, held, TOPIC_ID);
    bytes_t text = writer_view(&room);
    ASSERT(text.size <= HELD_TEXT_MAX && bytes_printable_size(text) == text.size);
    bool is_said = held_read(text, TOPIC_ID, held_floor(held), &again);
    ASSERT(is_said == (text.size > 0));
    for (int64_t offset = held->position; offset-- > held_floor(held) && held->position - offset < 4 * HELD_COUNT_MAX;)
        ASSERT(held_has_done(held, offset) == (is_said && held_has_done(&again, offset)));
    writer_free(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct held held;
    int64_t offset;
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    if (end == NULL || !bytes_to_int64(bytes_of(data, (size_t)(end - data)), &offset))
        return 0;
    if (!held_read(bytes_of(end + 1, size - (size_t)(end + 1 - data)), TOPIC_ID, offset, &held))
        return 0;
    check_order(&held, offset);
    check_same(&held);
    return 0;
}
