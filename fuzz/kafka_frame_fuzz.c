// SPDX-License-Identifier: Apache-2.0
// Every message of every API and version through decode, encode and decode again, and request frames through the
// headers. Input: API key, version, bits (1: response, 2: a whole request frame), then the bytes. Seeds:
// kafka_fuzz_corpus.
#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/testing/fill.h"

#define ARENA_LIMIT ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct kafka_api *api, const struct kafka_schema *schema, int version, bytes_t bytes)
{
    struct arena arena = ARENA_INIT;
    struct kafka_frame frame;
    bool is_flexible = kafka_api_is_flexible(api, version);
    void *first = arena_alloc(&arena, schema->size), *second = arena_alloc(&arena, schema->size);
    struct reader reader = reader_of(bytes);
    kafka_decode(schema, version, is_flexible, &reader, &arena, ARENA_LIMIT, first);
    if (reader.err == ERR_OK) {
        kafka_frame_start(&frame);
        kafka_encode(schema, version, is_flexible, first, &frame);
        ASSERT(kafka_frame_finish(&frame) == ERR_OK);
        bytes_t view = writer_view(&frame.writer);
        reader = reader_of(bytes_of(view.data + 4, view.size - 4));
        kafka_decode(schema, version, is_flexible, &reader, &arena, 2 * ARENA_LIMIT, second);
        ASSERT(reader.err == ERR_OK && reader_left(&reader) == 0);
        ASSERT(kafka_difference(schema, version, first, second) == NULL);
        kafka_frame_free(&frame);
    }
    arena_free(&arena);
}

static void check_frame(bytes_t bytes)
{
    struct reader reader = reader_of(bytes);
    struct kafka_request_header header;
    kafka_request_header_decode(&reader, &header);
    const struct kafka_api *api = kafka_api_find(header.api_key);
    if (reader.err != ERR_OK || api == NULL || header.api_version < api->advertised_min ||
        header.api_version > api->max)
        return;
    check_message(api, api->request, header.api_version, bytes_of(reader.at, reader_left(&reader)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    bytes_t bytes = bytes_of(data + 3, size - 3);
    const struct kafka_api *api = kafka_api_find(data[0]);
    if (api == NULL)
        api = kafka_apis[data[0] % kafka_api_count];
    int version = api->advertised_min + data[1] % (api->max - api->advertised_min + 1);
    if ((data[2] & 2) != 0)
        check_frame(bytes);
    else
        check_message(api, (data[2] & 1) != 0 ? api->response : api->request, version, bytes);
    return 0;
}
