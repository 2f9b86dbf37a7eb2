// SPDX-License-Identifier: Apache-2.0
// Paths and queries (http/target.h). What was decoded is encoded again and must decode to the same; the segments of a
// path make up the path.
#include "http/target.h"

#include "base/assert.h"
#include "base/writer.h"

static void encode(bytes_t text, struct writer *to)
{
    for (size_t i = 0; i < text.size; i++)
        writer_format(to, "%%%02X", text.data[i]);
}

static void check_path(bytes_t path, struct arena *arena)
{
    struct writer w = WRITER_INIT;
    bytes_t rest = path, segment, text, again;
    while (http_path_next(&rest, &segment)) {
        ASSERT(segment.size == 0 || memchr(segment.data, '/', segment.size) == NULL);
        writer_u8(&w, '/');
        writer_bytes(&w, segment);
        if (http_segment_decode(segment, arena, &text) != ERR_OK)
            continue;
        struct writer encoded = WRITER_INIT;
        encode(text, &encoded);
        ASSERT(http_segment_decode(writer_view(&encoded), arena, &again) == ERR_OK);
        ASSERT(bytes_equal(text, again));
        writer_free(&encoded);
    }
    if (path.size > 0 && path.data[0] == '/')
        ASSERT(bytes_equal(writer_view(&w), path));
    writer_free(&w);
}

static void check_query(bytes_t text, struct arena *arena)
{
    struct http_query query = http_query_of(text, arena);
    struct http_parameter parameter, again;
    while (http_query_next(&query, &parameter)) {
        struct writer w = WRITER_INIT;
        encode(parameter.name, &w);
        if (parameter.value.data != NULL)
            writer_u8(&w, '=');
        encode(parameter.value, &w);
        if (w.size > 0) {
            struct http_query one = http_query_of(writer_view(&w), arena);
            ASSERT(http_query_next(&one, &again));
            ASSERT(bytes_equal(parameter.name, again.name));
            ASSERT(bytes_equal(parameter.value, again.value));
            ASSERT((parameter.value.data == NULL) == (again.value.data == NULL));
            ASSERT(!http_query_next(&one, &again));
            ASSERT(one.err == ERR_OK);
        }
        writer_free(&w);
    }
    ASSERT(query.err == ERR_OK || query.err == ERR_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    bytes_t text = bytes_of(data, size);
    check_path(text, &arena);
    check_query(text, &arena);
    arena_free(&arena);
    return 0;
}
