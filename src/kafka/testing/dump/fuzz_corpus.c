// SPDX-License-Identifier: Apache-2.0
// Writes the seeds of fuzz/kafka_frame_fuzz.c: usage: kafka_fuzz_corpus FOLDER. For each API the oldest version, the
// first flexible one and the newest, as request, response and whole frame.
#include "base/assert.h"
#include "io/file.h"
#include "kafka/api.h"
#include "kafka/testing/fill.h"

static void write_seed(const char *folder, const struct kafka_api *api, int version, uint8_t bits)
{
    const struct kafka_schema *schema = (bits & 1) != 0 ? api->response : api->request;
    struct arena arena = ARENA_INIT;
    uint64_t seed = (uint64_t)api->key * 1000 + (uint64_t)version * 10 + bits;
    void *value = arena_alloc(&arena, schema->size);
    kafka_fill(schema, version, &seed, &arena, value);
    struct kafka_frame frame;
    kafka_frame_start(&frame);
    if ((bits & 2) != 0) {
        struct kafka_request_header header = { .api_version = (int16_t)version, .client_id = BYTES_LITERAL("seed") };
        kafka_request_header_encode(api, &header, &frame);
    }
    kafka_encode(schema, version, kafka_api_is_flexible(api, version), value, &frame);
    ASSERT(kafka_frame_finish(&frame) == ERR_OK);
    struct writer out = WRITER_INIT;
    bytes_t view = writer_view(&frame.writer);
    writer_u8(&out, (uint8_t)api->key);
    writer_u8(&out, (uint8_t)(version - api->advertised_min));
    writer_u8(&out, bits);
    writer_bytes(&out, bytes_of(view.data + 4, view.size - 4));
    const char *path = arena_format(&arena, "%s/%s-%d-%s", folder, api->name, version,
                                    bits == 0   ? "request"
                                    : bits == 1 ? "response"
                                                : "frame");
    ASSERT(file_replace(path, writer_view(&out)) == ERR_OK);
    writer_free(&out);
    kafka_frame_free(&frame);
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    for (size_t i = 0; i < kafka_api_count; i++) {
        const struct kafka_api *api = kafka_apis[i];
        const int versions[] = { api->min, api->flexible_from, api->max };
        for (size_t j = 0; j < ARRAY_COUNT(versions); j++)
            for (uint8_t bits = 0; bits < 3 && versions[j] <= api->max; bits++)
                write_seed(argv[1], api, versions[j], bits);
    }
    return 0;
}
