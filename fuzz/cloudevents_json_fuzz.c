// SPDX-License-Identifier: Apache-2.0
// The JSON event format (cloudevents/json_format.h): the text as one event and as a batch. What is accepted is written
// and read again, and must be the same; a batch of it has the same events.
#include "cloudevents/json_format.h"

#include "base/assert.h"

static void check_same(const struct cloudevent *a, const struct cloudevent *b)
{
    for (size_t i = 0; i < CLOUDEVENT_CORE_COUNT; i++)
        ASSERT(bytes_equal(a->core[i], b->core[i]));
    ASSERT(a->extension_count == b->extension_count);
    for (size_t i = 0; i < a->extension_count; i++) {
        ASSERT(bytes_equal(a->extensions[i].name, b->extensions[i].name));
        ASSERT(a->extensions[i].value.type == b->extensions[i].value.type);
        ASSERT(bytes_equal(a->extensions[i].value.text, b->extensions[i].value.text));
        ASSERT(cloudevent_check(a->extensions[i].name, a->extensions[i].value, NULL) == ERR_OK);
    }
    ASSERT(bytes_equal(a->data, b->data) && (a->data.data == NULL) == (b->data.data == NULL));
    ASSERT(a->form == b->form || a->data.data == NULL);
}

static void check_batch(const struct cloudevent *events, size_t count, struct arena *arena)
{
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    struct cloudevent *again;
    size_t again_count;
    cloudevent_json_encode_batch(events, count, &json);
    ASSERT(cloudevent_json_decode_batch(writer_view(&text), arena, &again, &again_count, NULL) == ERR_OK);
    ASSERT(count == again_count);
    for (size_t i = 0; i < count; i++)
        check_same(&events[i], &again[i]);
    writer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct cloudevent event, *events;
    size_t count;
    diag_t diag = { 0 };
    bytes_t text = bytes_of(data, size);
    if (cloudevent_json_decode(text, &arena, &event, &diag) == ERR_OK)
        check_batch(&event, 1, &arena);
    else
        ASSERT(diag.where[0] != '\0' && diag.text[0] != '\0');
    if (cloudevent_json_decode_batch(text, &arena, &events, &count, &diag) == ERR_OK)
        check_batch(events, count, &arena);
    arena_free(&arena);
    return 0;
}
