// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/intent.h"

#include "base/batch.h"
#include "base/reader.h"
#include "store/log.h"

enum { FORM = 1 }; // version byte: it is raised when an older eddy would do something else with the rest
enum { SEQUENCE_BITS = 31 };

void intent_write(struct writer *w, const struct intent *intent)
{
    writer_u8(w, FORM);
    writer_i64(w, intent->producer_id);
    writer_u32(w, (uint32_t)intent->part_count);
    for (size_t i = 0; i < intent->part_count; i++) {
        const struct intent_part *part = &intent->parts[i];
        writer_u16(w, (uint16_t)part->topic.size);
        writer_bytes(w, part->topic);
        writer_bytes(w, bytes_of(part->id.bytes, TOPIC_ID_SIZE));
        writer_i32(w, part->partition);
        writer_u32(w, (uint32_t)part->batch.size);
        writer_bytes(w, part->batch);
    }
}

static void part_read(struct reader *r, struct intent_part *ret_part)
{
    struct batch_header header;
    ret_part->topic = reader_bytes(r, reader_u16(r));
    bytes_t id = reader_bytes(r, TOPIC_ID_SIZE);
    if (id.data != NULL)
        memcpy(ret_part->id.bytes, id.data, TOPIC_ID_SIZE);
    ret_part->partition = reader_i32(r);
    ret_part->batch = reader_bytes(r, reader_u32(r));
    if (r->err != ERR_OK)
        return;
    err_t err = batch_check(ret_part->batch, BATCH_FROM_CLIENT, &header, NULL);
    if (err != ERR_OK || batch_codec(&header) != CODEC_NONE || ret_part->partition < 0)
        reader_fail(r, ERR_MALFORMED);
}

err_t intent_read(bytes_t value, struct arena *arena, struct intent *ret_intent)
{
    struct reader r = reader_of(value);
    uint8_t form = reader_u8(&r);
    if (r.err == ERR_OK && form != FORM)
        return form > FORM ? ERR_UNSUPPORTED : ERR_MALFORMED;
    struct intent intent = { .producer_id = reader_i64(&r) };
    uint32_t count = reader_u32(&r);
    if (r.err == ERR_OK && (count > reader_left(&r) / TOPIC_ID_SIZE || intent.producer_id < LOG_DECIDED_PRODUCER_ID))
        return ERR_MALFORMED;
    intent.part_count = count;
    intent.parts = arena_array(arena, (size_t)count + 1, sizeof *intent.parts);
    for (uint32_t i = 0; i < count && r.err == ERR_OK; i++)
        part_read(&r, &intent.parts[i]);
    if (r.err == ERR_OK && reader_left(&r) > 0)
        return ERR_MALFORMED;
    if (r.err == ERR_OK)
        *ret_intent = intent;
    return r.err;
}

struct slice intent_batch(const struct intent *intent, const struct intent_part *part, int64_t number)
{
    struct buf *buf = buf_copy(part->batch);
    put_u64(buf->data + BATCH_PRODUCER_ID_AT, (uint64_t)intent->producer_id);
    put_u16(buf->data + BATCH_PRODUCER_EPOCH_AT, (uint16_t)(number >> SEQUENCE_BITS));
    put_u32(buf->data + BATCH_BASE_SEQUENCE_AT, (uint32_t)number & INT32_MAX);
    batch_seal(buf->data, part->batch.size);
    return (struct slice){ buf, bytes_of(buf->data, part->batch.size) };
}
