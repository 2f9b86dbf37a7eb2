// SPDX-License-Identifier: Apache-2.0
#include "eventing/held.h"

#include "base/assert.h"

#include <assert.h>

#define TAG "held/1 "

static_assert(sizeof TAG - 1 + HELD_TOPIC_ID_SIZE + (HELD_COUNT_MAX + 1) * BYTES_DECIMAL_SIZE == HELD_TEXT_MAX,
              "each number has a mark before it");

int64_t held_floor(const struct held *held)
{
    return held->count > 0 ? held->offsets[0] : held->position;
}

bool held_has_done(const struct held *held, int64_t offset)
{
    if (offset >= held->position)
        return false;
    for (size_t i = 0; i < held->count; i++) {
        if (held->offsets[i] == offset)
            return false;
    }
    return true;
}

// --- written

void held_write(struct writer *w, const struct held *held, const char *topic_id)
{
    int64_t position = held->position;
    size_t count = held->count;
    ASSERT(strlen(topic_id) == HELD_TOPIC_ID_SIZE);
    for (size_t i = 0; i < count; i++)
        ASSERT(held->offsets[i] < (i + 1 < count ? held->offsets[i + 1] : position));
    for (; count > 0 && held->offsets[count - 1] == position - 1; count--)
        position--; // behind these nothing is done
    if (count == 0)
        return;
    int64_t floor = held->offsets[0];
    writer_text(w, TAG);
    writer_text(w, topic_id);
    writer_u8(w, ' ');
    writer_decimal(w, (uint64_t)floor);
    for (size_t i = 1; i < count; i++) {
        writer_u8(w, '+');
        writer_decimal(w, (uint64_t)(held->offsets[i] - floor));
    }
    writer_u8(w, ' ');
    writer_decimal(w, (uint64_t)position);
}

// --- read

// What is before the next MARK, which goes too. REST is null behind the last one.
static bytes_t word_take(bytes_t *rest, char mark)
{
    bytes_t all = *rest;
    const uint8_t *end = all.size == 0 ? NULL : memchr(all.data, mark, all.size);
    if (end == NULL) {
        *rest = BYTES_NULL;
        return all;
    }
    size_t size = (size_t)(end - all.data);
    *rest = bytes_of(end + 1, all.size - size - 1);
    return bytes_of(all.data, size);
}

// As it is written: without a sign, and without zeros before it.
static bool number_read(bytes_t word, int64_t *ret_number)
{
    bool is_strange = word.size == 0 || word.data[0] == '-' || (word.data[0] == '0' && word.size > 1);
    return !is_strange && bytes_to_int64(word, ret_number);
}

// The floor, then the others as what they are more than it.
static bool offsets_read(bytes_t words, struct held *held)
{
    int64_t floor, before = 0, more;
    if (!number_read(word_take(&words, '+'), &floor) || floor >= held->position)
        return false;
    held->offsets[held->count++] = floor;
    for (; words.data != NULL; before = more) {
        if (held->count == HELD_COUNT_MAX || !number_read(word_take(&words, '+'), &more) || more <= before ||
            more >= held->position - floor)
            return false;
        held->offsets[held->count++] = floor + more;
    }
    return true;
}

static bool tag_take(bytes_t *rest)
{
    size_t size = strlen(TAG);
    if (rest->size < size || memcmp(rest->data, TAG, size) != 0)
        return false;
    *rest = bytes_of(rest->data + size, rest->size - size);
    return true;
}

bool held_read(bytes_t metadata, const char *topic_id, int64_t offset, struct held *ret_held)
{
    struct held held = { .count = 0 };
    bytes_t rest = metadata;
    if (!tag_take(&rest) || !bytes_is(word_take(&rest, ' '), topic_id))
        return false;
    bytes_t offsets = word_take(&rest, ' ');
    if (!number_read(rest, &held.position) || !offsets_read(offsets, &held) || held_floor(&held) != offset)
        return false;
    *ret_held = held;
    return true;
}
