// SPDX-License-Identifier: Apache-2.0
#include "kafka/schema.h"

#include "base/test.h"
#include "kafka/api.h"
#include "kafka/api/api_versions.h"
#include "kafka/api/fetch.h"
#include "kafka/api/metadata.h"
#include "kafka/api/produce.h"
#include "kafka/testing/fill.h"

#include <stdlib.h>

#define ARENA_LIMIT ((size_t)1 << 20)

// Each message of each API in each version.
struct message_case {
    const struct kafka_api *api;
    const struct kafka_schema *schema;
    int version;
    bool is_flexible;
};

static void each_message(void (*check)(const struct message_case *c))
{
    for (size_t i = 0; i < kafka_known_api_count; i++) {
        const struct kafka_api *api = kafka_apis[i];
        for (int version = api->min; version <= api->max; version++) {
            bool is_flexible = kafka_api_is_flexible(api, version);
            check(&(struct message_case){ api, api->request, version, is_flexible });
            check(&(struct message_case){ api, api->response, version, is_flexible });
        }
    }
}

static bytes_t encoded(const struct message_case *c, const void *value, struct kafka_frame *frame)
{
    kafka_frame_start(frame);
    kafka_encode(c->schema, c->version, c->is_flexible, value, frame);
    assert_int_equal(kafka_frame_finish(frame), ERR_OK);
    bytes_t view = writer_view(&frame->writer);
    return bytes_of(view.data + 4, view.size - 4);
}

static void check_round_trip(const struct message_case *c)
{
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct arena arena = ARENA_INIT;
        uint64_t state = seed * 7919;
        void *before = arena_alloc(&arena, c->schema->size), *after = arena_alloc(&arena, c->schema->size);
        kafka_fill(c->schema, c->version, &state, &arena, before);
        struct kafka_frame frame;
        struct reader reader = reader_of(encoded(c, before, &frame));
        kafka_decode(c->schema, c->version, c->is_flexible, &reader, &arena, ARENA_LIMIT, after);
        assert_int_equal(reader.err, ERR_OK);
        assert_int_equal(reader_left(&reader), 0);
        const char *difference = kafka_difference(c->schema, c->version, before, after);
        if (difference != NULL)
            fail_msg("%s version %d: %s differs", c->schema->name, c->version, difference);
        kafka_frame_free(&frame);
        arena_free(&arena);
    }
}

static void every_message_survives_encode_and_decode(void **state)
{
    (void)state;
    each_message(check_round_trip);
}

static void check_truncations(const struct message_case *c)
{
    struct arena arena = ARENA_INIT;
    uint64_t seed = 42;
    void *value = arena_alloc(&arena, c->schema->size), *out = arena_alloc(&arena, c->schema->size);
    kafka_fill(c->schema, c->version, &seed, &arena, value);
    struct kafka_frame frame;
    bytes_t bytes = encoded(c, value, &frame);
    for (size_t size = 0; size < bytes.size; size++) {
        // On the heap, so that a read beyond the end is seen by the sanitizer.
        uint8_t *part = malloc(size + 1);
        memcpy(part, bytes.data, size);
        part = realloc(part, size == 0 ? 1 : size);
        struct reader reader = reader_of(bytes_of(part, size));
        kafka_decode(c->schema, c->version, c->is_flexible, &reader, &arena, ARENA_LIMIT, out);
        assert_int_not_equal(reader.err, ERR_OK);
        free(part);
    }
    kafka_frame_free(&frame);
    arena_free(&arena);
}

static void rejects_every_truncation(void **state)
{
    (void)state;
    each_message(check_truncations);
}

static void check_schema(const struct kafka_schema *schema)
{
    static const uint8_t sizes[] = { 1, 1, 2, 2, 4, 8, 8, 16, sizeof(bytes_t), sizeof(bytes_t) };
    int last_tag = -1;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct kafka_field *field = &schema->fields[i];
        size_t size = field->type >= KAFKA_ARRAY                               ? sizeof(void *) * 2
                      : field->type == KAFKA_STRUCT && field->null_at != NEVER ? sizeof(void *)
                      : field->type == KAFKA_STRUCT                            ? field->schema->size
                      : field->type == KAFKA_RECORDS                           ? sizeof(struct kafka_records)
                                                                               : sizes[field->type];
        if (field->size != size || field->offset + field->size > schema->size)
            fail_msg("%s.%s does not fit its member", schema->name, field->name);
        for (size_t j = 0; j < i; j++) {
            const struct kafka_field *other = &schema->fields[j];
            if (other->offset == field->offset)
                fail_msg("%s.%s shares its member with %s", schema->name, field->name, other->name);
        }
        if (field->tag != NONE)
            assert_true(field->tag > last_tag);
        last_tag = field->tag != NONE ? field->tag : last_tag;
        if (field->schema != NULL)
            check_schema(field->schema);
    }
}

static void every_row_fits_its_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < kafka_known_api_count; i++) {
        check_schema(kafka_apis[i]->request);
        check_schema(kafka_apis[i]->response);
        bool is_served = i < kafka_api_count;
        assert_ptr_equal(kafka_api_find(kafka_apis[i]->key), is_served ? kafka_apis[i] : NULL);
        assert_true((kafka_apis[i]->handle != NULL) == is_served);
        assert_true(i == 0 || !is_served || kafka_apis[i]->key > kafka_apis[i - 1]->key);
    }
}

static err_t decode(const struct kafka_schema *schema, int version, bool is_flexible, bytes_t bytes, size_t limit,
                    struct arena *arena, void *out)
{
    struct reader reader = reader_of(bytes);
    kafka_decode(schema, version, is_flexible, &reader, arena, limit, out);
    return reader.err;
}

static void skips_unknown_tagged_fields(void **state)
{
    (void)state;
    // ApiVersionsRequest 3: "a", "b", then the tagged fields 7 ("xyz") and 200 (nothing).
    static const uint8_t bytes[] = { 2, 'a', 2, 'b', 2, 7, 3, 'x', 'y', 'z', 0xc8, 1, 0 };
    struct arena arena = ARENA_INIT;
    struct kafka_api_versions_request request;
    bytes_t view = bytes_of(bytes, sizeof(bytes));
    assert_int_equal(decode(kafka_api_versions_api.request, 3, true, view, ARENA_LIMIT, &arena, &request), ERR_OK);
    assert_true(bytes_is(request.client_software_version, "b"));
    arena_free(&arena);
}

static void rejects_a_tagged_field_of_another_size(void **state)
{
    (void)state;
    // FetchRequest 12 with ClusterId (tag 0) "a" in three bytes instead of two.
    static const uint8_t bytes[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0,
                                     0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 3, 2, 'a', 'b' };
    struct arena arena = ARENA_INIT;
    struct kafka_fetch_request request;
    bytes_t view = bytes_of(bytes, sizeof(bytes));
    assert_int_equal(decode(kafka_fetch_api.request, 12, true, view, ARENA_LIMIT, &arena, &request), ERR_MALFORMED);
    arena_free(&arena);
}

static void rejects_counts_beyond_the_data(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct kafka_metadata_request request;
    static const uint8_t classic[] = { 0x7f, 0xff, 0xff, 0xff, 0, 1, 'a', 0, 1, 'b' };
    bytes_t view = bytes_of(classic, sizeof(classic));
    assert_int_equal(decode(kafka_metadata_api.request, 1, false, view, ARENA_LIMIT, &arena, &request), ERR_TRUNCATED);
    static const uint8_t compact[] = { 0xff, 0xff, 0xff, 0xff, 0x0f, 2, 'a' };
    view = bytes_of(compact, sizeof(compact));
    assert_int_equal(decode(kafka_metadata_api.request, 9, true, view, ARENA_LIMIT, &arena, &request), ERR_TRUNCATED);
    assert_int_equal(arena.total, 0);
    arena_free(&arena);
}

static void keeps_to_the_arena_limit(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct kafka_metadata_request request;
    uint8_t *bytes = calloc(1, 4 + 20000);
    put_u32(bytes, 10000); // empty names, two bytes each
    bytes_t view = bytes_of(bytes, 4 + 20000);
    assert_int_equal(decode(kafka_metadata_api.request, 1, false, view, 65536, &arena, &request), ERR_TOO_LARGE);
    assert_int_equal(decode(kafka_metadata_api.request, 1, false, view, ARENA_LIMIT, &arena, &request), ERR_OK);
    assert_int_equal(request.topics.count, 10000);
    free(bytes);
    arena_free(&arena);
}

static void tells_null_from_empty(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct kafka_metadata_request request;
    static const uint8_t null_array[] = { 0xff, 0xff, 0xff, 0xff };
    static const uint8_t no_items[] = { 0, 0, 0, 0 };
    bytes_t view = bytes_of(null_array, 4);
    assert_int_equal(decode(kafka_metadata_api.request, 1, false, view, ARENA_LIMIT, &arena, &request), ERR_OK);
    assert_int_equal(request.topics.count, KAFKA_NULL_ARRAY);
    assert_true(request.allow_auto_topic_creation); // absent in version 1: the default
    // Version 0 has no null.
    assert_int_equal(decode(kafka_metadata_api.request, 0, false, view, ARENA_LIMIT, &arena, &request), ERR_MALFORMED);
    view = bytes_of(no_items, 4);
    assert_int_equal(decode(kafka_metadata_api.request, 1, false, view, ARENA_LIMIT, &arena, &request), ERR_OK);
    assert_int_equal(request.topics.count, 0);
    arena_free(&arena);
}

static void assert_encodes(const struct kafka_schema *schema, int version, bool is_flexible, const void *value,
                           const uint8_t *expected, size_t size)
{
    struct kafka_frame frame;
    struct message_case c = { NULL, schema, version, is_flexible };
    bytes_t bytes = encoded(&c, value, &frame);
    assert_int_equal(bytes.size, size);
    assert_memory_equal(bytes.data, expected, size);
    kafka_frame_free(&frame);
}

static void writes_the_bytes_of_the_spec(void **state)
{
    (void)state;
    // ApiVersionsResponse 0: error 35, one key: 18, 0 to 5.
    struct kafka_api_version key = { 18, 0, 5 };
    struct kafka_api_versions_response versions;
    kafka_defaults(kafka_api_versions_api.response, &versions);
    versions.error_code = 35;
    versions.api_keys.items = &key;
    versions.api_keys.count = 1;
    static const uint8_t v0[] = { 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 5 };
    assert_encodes(kafka_api_versions_api.response, 0, false, &versions, v0, sizeof(v0));
    // Version 3: compact array, an empty tag section for the element, throttle time, no tags (all are defaults).
    static const uint8_t v3[] = { 0, 35, 2, 0, 18, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0 };
    assert_encodes(kafka_api_versions_api.response, 3, true, &versions, v3, sizeof(v3));
    // With FinalizedFeaturesEpoch (tag 1, eight bytes) 2.
    versions.finalized_features_epoch = 2;
    static const uint8_t tagged[] = { 0, 35, 2, 0, 18, 0, 0, 0, 5, 0, 0, 0, 0, 0, 1, 1, 8, 0, 0, 0, 0, 0, 0, 0, 2 };
    assert_encodes(kafka_api_versions_api.response, 3, true, &versions, tagged, sizeof(tagged));
}

static void writes_a_produce_request(void **state)
{
    (void)state;
    struct kafka_partition_produce_data partition = { .index = 1, .records = { .bytes = BYTES_LITERAL("RR") } };
    struct kafka_topic_produce_data topic = { .name = BYTES_LITERAL("ab") };
    topic.partition_data.items = &partition;
    topic.partition_data.count = 1;
    struct kafka_produce_request request = { .acks = -1, .timeout_ms = 258 };
    request.topic_data.items = &topic;
    request.topic_data.count = 1;
    static const uint8_t v3[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 2, 0, 0, 0, 1, 0, 2,   'a',
                                  'b',  0,    0,    0,    1, 0, 0, 0, 1, 0, 0, 0, 2, 'R', 'R' };
    assert_encodes(kafka_produce_api.request, 3, false, &request, v3, sizeof(v3));
    static const uint8_t v9[] = { 0, 0xff, 0xff, 0, 0, 1, 2, 2, 3, 'a', 'b', 2, 0, 0, 0, 1, 3, 'R', 'R', 0, 0, 0 };
    assert_encodes(kafka_produce_api.request, 9, true, &request, v9, sizeof(v9));
}

static void splices_records_without_copying_them(void **state)
{
    (void)state;
    struct buf *buf = buf_new(5000);
    memset(buf->data, 'x', 5000);
    struct slice parts[] = { slice_of(buf, 0, 3000), slice_of(buf, 3000, 10), slice_of(buf, 3010, 1990) };
    struct arena arena = ARENA_INIT;
    struct kafka_fetch_response response;
    kafka_defaults(kafka_fetch_api.response, &response);
    struct kafka_fetchable_topic_response topic = { .topic = BYTES_LITERAL("t") };
    struct kafka_partition_data partition = { .records = { .slices = parts, .slice_count = 3 } };
    topic.partitions.items = &partition;
    topic.partitions.count = 1;
    response.responses.items = &topic;
    response.responses.count = 1;
    struct kafka_frame frame;
    kafka_frame_start(&frame);
    kafka_encode(kafka_fetch_api.response, 4, false, &response, &frame);
    assert_int_equal(kafka_frame_finish(&frame), ERR_OK);
    size_t total = 0, borrowed = 0, size = kafka_frame_size(&frame);
    uint8_t *whole = malloc(size);
    for (struct slice slice; kafka_frame_next(&frame, &slice); slice_free(&slice)) {
        memcpy(whole + total, slice.bytes.data, slice.bytes.size);
        total += slice.bytes.size;
        borrowed += slice.buf == buf ? slice.bytes.size : 0;
    }
    assert_int_equal(total, size);
    assert_int_equal(borrowed, 4990); // the ten bytes were copied
    assert_int_equal(get_u32(whole), size - 4);
    struct kafka_fetch_response decoded;
    bytes_t body = bytes_of(whole + 4, size - 4);
    assert_int_equal(decode(kafka_fetch_api.response, 4, false, body, ARENA_LIMIT, &arena, &decoded), ERR_OK);
    assert_int_equal(decoded.responses.items[0].partitions.items[0].records.bytes.size, 5000);
    kafka_frame_free(&frame);
    for (size_t i = 0; i < 3; i++)
        slice_free(&parts[i]);
    assert_int_equal(buf->refs, 1);
    buf_unref(buf);
    free(whole);
    arena_free(&arena);
}

static void headers_follow_the_version(void **state)
{
    (void)state;
    struct kafka_frame frame;
    kafka_frame_start(&frame);
    kafka_response_header_encode(&kafka_api_versions_api, 3, 7, &frame);
    assert_int_equal(frame.writer.size, 4 + 4); // never a tag section
    kafka_response_header_encode(&kafka_produce_api, 9, 7, &frame);
    assert_int_equal(frame.writer.size, 4 + 4 + 5);
    kafka_frame_free(&frame);
    static const uint8_t v2[] = { 0, 0, 0, 9, 0, 0, 0, 5, 0, 1, 'c', 1, 0, 2, 'x', 'y', 99 };
    struct reader reader = reader_of(bytes_of(v2, sizeof(v2)));
    struct kafka_request_header header;
    kafka_request_header_decode(&reader, &header);
    assert_int_equal(reader.err, ERR_OK);
    assert_int_equal(header.correlation_id, 5);
    assert_true(bytes_is(header.client_id, "c"));
    assert_int_equal(reader_u8(&reader), 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_survives_encode_and_decode),
        cmocka_unit_test(rejects_every_truncation),
        cmocka_unit_test(every_row_fits_its_member),
        cmocka_unit_test(skips_unknown_tagged_fields),
        cmocka_unit_test(rejects_a_tagged_field_of_another_size),
        cmocka_unit_test(rejects_counts_beyond_the_data),
        cmocka_unit_test(keeps_to_the_arena_limit),
        cmocka_unit_test(tells_null_from_empty),
        cmocka_unit_test(writes_the_bytes_of_the_spec),
        cmocka_unit_test(writes_a_produce_request),
        cmocka_unit_test(splices_records_without_copying_them),
        cmocka_unit_test(headers_follow_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
