// SPDX-License-Identifier: Apache-2.0
#include "kube/proto/proto.h"

#include "base/json_edit.h"
#include "base/writer.h"

#include "base/test.h"

static const char schema_text[] =
    "type: object\n"
    "properties:\n"
    "  spec:\n"
    "    type: object\n"
    "    x-eddy-protobuf: 2\n"
    "    properties: &fields\n"
    "      name: {type: string, x-eddy-protobuf: 1}\n"
    "      count: {type: integer, format: int32, x-eddy-protobuf: 2}\n"
    "      kept: {type: integer, format: int64, x-eddy-protobuf: 3, x-eddy-protobuf-optional: true}\n"
    "      numbers: {type: array, x-eddy-protobuf: 4, items: {type: integer, format: int64}}\n"
    "      labels: {type: object, x-eddy-protobuf: 5, additionalProperties: {type: string}}\n"
    "      inlined: {type: string, x-eddy-protobuf: [6, 1]}\n"
    "      when: {type: string, format: date-time, x-eddy-protobuf: 7}\n"
    "      port: {x-kubernetes-int-or-string: true, x-eddy-protobuf: 8}\n"
    "      part: {type: object, x-eddy-protobuf: 9, properties: {a: {type: string, x-eddy-protobuf: 1}, b: {type: "
    "string, x-eddy-protobuf: 2}}}\n";

// Messages are written from texts: NUMBER:VALUE, where a value is an integer, a 'text', {a message}, or #hex.
static void message_write(struct writer *out, const char **at);

static uint8_t digit_of(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void value_write(struct writer *out, uint32_t number, const char **at)
{
    struct writer inner = WRITER_INIT;
    if ((**at >= '0' && **at <= '9') || **at == '-') {
        writer_uvarlong(out, number << 3);
        writer_uvarlong(out, (uint64_t)strtoll(*at, (char **)(uintptr_t)at, 10));
        return;
    }
    char begin = *(*at)++;
    if (begin == '{')
        message_write(&inner, at);
    for (; begin == '\'' && **at != '\''; (*at)++)
        writer_u8(&inner, (uint8_t) * *at);
    for (; begin == '#' && **at != '#'; *at += 2)
        writer_u8(&inner, (uint8_t)(digit_of((*at)[0]) << 4 | digit_of((*at)[1])));
    (*at)++;
    writer_uvarlong(out, number << 3 | 2);
    writer_uvarlong(out, inner.size);
    writer_bytes(out, writer_view(&inner));
    writer_free(&inner);
}

static void message_write(struct writer *out, const char **at)
{
    while (**at != '\0' && **at != '}') {
        if (**at == ' ') {
            (*at)++;
            continue;
        }
        uint32_t number = (uint32_t)strtoul(*at, (char **)(uintptr_t)at, 10);
        assert_int_equal(**at, ':');
        (*at)++;
        value_write(out, number, at);
    }
}

static bytes_t body_of(struct arena *arena, const char *message)
{
    struct writer out = WRITER_INIT;
    writer_bytes(&out, bytes_of("k8s\0", 4));
    message_write(&out, &message);
    bytes_t body = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return body;
}

static const char *json_of(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static const char *read_body(struct arena *arena, bytes_t body, err_t *ret_err)
{
    diag_t diag = { 0 };
    struct json_value *object = NULL;
    *ret_err = proto_read(body, proto_schema(schema_text, arena), arena, &object, &diag);
    if (*ret_err == ERR_OK)
        return json_of(arena, object);
    assert_string_not_equal(diag.text, "");
    return arena_format(arena, "%s: %s", diag.where, diag.text);
}

static void says(const char *message, const char *expected)
{
    struct arena arena = ARENA_INIT;
    err_t err;
    assert_string_equal(read_body(&arena, body_of(&arena, message), &err), expected);
    arena_free(&arena);
}

static void the_envelope_names_the_kind(void **state)
{
    (void)state;
    says("1:{1:'v1' 2:'Thing'} 2:{1:{1:'n' 3:'ns'} 2:{1:'x'}} 3:'' 4:''",
         "{\"apiVersion\":\"v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"n\",\"namespace\":\"ns\"},\"spec\":{"
         "\"name\":"
         "\"x\"}}");
    says("", "{}");
}

static void zeros_are_nothing_unless_they_are_kept(void **state)
{
    (void)state;
    says("2:{2:{1:'' 2:0 3:0 7:{}}}", "{\"spec\":{\"kept\":0}}");
    says("2:{2:{2:-5 3:-7}}", "{\"spec\":{\"count\":-5,\"kept\":-7}}");
}

static void what_comes_last_counts(void **state)
{
    (void)state;
    says("2:{2:{1:'a' 1:'b'}}", "{\"spec\":{\"name\":\"b\"}}");
    says("2:{2:{5:{1:'k' 2:'a'} 5:{1:'k' 2:'b'}}}", "{\"spec\":{\"labels\":{\"k\":\"b\"}}}");
    // The pieces of a message are one message.
    says("2:{2:{9:{1:'a'}} 2:{9:{2:'b'}}}", "{\"spec\":{\"part\":{\"a\":\"a\",\"b\":\"b\"}}}");
}

static void lists_of_numbers_come_one_by_one_or_packed(void **state)
{
    (void)state;
    says("2:{2:{4:1 4:0 4:#0203#}}", "{\"spec\":{\"numbers\":[1,0,2,3]}}");
    says("2:{2:{4:#80#}}", "spec.numbers: the data ends too early");
}

static void members_of_inlined_messages_stand_outside(void **state)
{
    (void)state;
    says("2:{2:{6:{1:'x' 2:'unknown'}}}", "{\"spec\":{\"inlined\":\"x\"}}");
}

static void small_messages_are_one_value(void **state)
{
    (void)state;
    says("2:{2:{7:{1:1795339173 2:5} 8:{1:0 2:80 3:''}}}",
         "{\"spec\":{\"when\":\"2026-11-22T09:19:33Z\",\"port\":80}}");
    says("2:{2:{8:{1:1 3:'http'}}}", "{\"spec\":{\"port\":\"http\"}}");
    says("2:{2:{7:{1:999999999999}}}", "spec.when: the time is out of range");
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    says("2:{2:{1:'x' 99:'y' 98:7} 50:{1:1}} 9:1", "{\"spec\":{\"name\":\"x\"}}");
    // Both fixed sizes: numbers 11 (64 bits) and 12 (32 bits) in front of a name.
    says("2:{2:#590102030405060708650102030"
         "40a0178#}",
         "{\"spec\":{\"name\":\"x\"}}");
}

static void what_cannot_be_is_refused_with_a_sentence(void **state)
{
    (void)state;
    says("2:{2:{1:5}}", "spec.name: the field is of another type");
    says("2:{2:{2:'x'}}", "spec.count: the field is of another type");
    says("2:{2:{5:5}}", "spec.labels: the field is of another type");
    says("2:{2:{1:#ff#}}", "spec.name: the text is not UTF-8");
    says("2:{2:{5:{1:#ff# 2:'x'}}}", "spec.labels: the key is not UTF-8");
    says("2:{2:#0b#}", "spec: not supported"); // a group
    says("2:{2:#00#}", "spec: the data does not have the expected form");
    says("3:'gzip'", ": the content is encoded: send it as it is");
    says("4:'application/json'", ": the content is of another type than its envelope");
    struct arena arena = ARENA_INIT;
    err_t err;
    (void)read_body(&arena, BYTES_LITERAL("{\"a\":1}"), &err);
    assert_int_equal(err, ERR_MALFORMED);
    arena_free(&arena);
}

static void every_truncation_is_an_error_or_less(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    bytes_t body = body_of(&arena, "1:{1:'v1' 2:'Thing'} 2:{1:{1:'n'} 2:{1:'x' 4:#0102# 5:{1:'k' 2:'v'} 7:{1:5}}}");
    size_t good = 0;
    for (size_t size = 0; size <= body.size; size++) {
        err_t err;
        uint8_t *cut = size == 0 ? NULL : memcpy(test_malloc(size), body.data, size);
        (void)read_body(&arena, bytes_of(cut, size), &err);
        good += err == ERR_OK;
        test_free(cut);
    }
    assert_int_equal(good, 3); // without a message, with the envelope's type alone, and whole
    arena_free(&arena);
}

static void there_are_limits(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    err_t err;
    // spec.numbers, packed: one byte each.
    size_t count = PROTO_VALUES_MAX + 1;
    uint8_t *numbers = arena_alloc(&arena, count);
    struct writer inner = WRITER_INIT, spec = WRITER_INIT;
    writer_uvarlong(&inner, 4 << 3 | 2);
    writer_uvarlong(&inner, count);
    writer_bytes(&inner, bytes_of(numbers, count));
    writer_uvarlong(&spec, 2 << 3 | 2);
    writer_uvarlong(&spec, inner.size);
    writer_bytes(&spec, writer_view(&inner));
    writer_bytes(&out, bytes_of("k8s\0", 4));
    writer_uvarlong(&out, 2 << 3 | 2);
    writer_uvarlong(&out, spec.size);
    writer_bytes(&out, writer_view(&spec));
    assert_string_equal(read_body(&arena, writer_view(&out), &err), "spec.numbers: the object has too many values");
    assert_int_equal(err, ERR_TOO_LARGE);
    writer_free(&inner);
    writer_free(&spec);
    writer_free(&out);
    arena_free(&arena);
}

// A kind that was never described for this form would lose all but its metadata.
static void a_schema_without_numbers_is_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    diag_t diag = { 0 };
    const struct json_value *schema = proto_schema("properties: {spec: {type: object}}", &arena);
    assert_int_equal(proto_read(body_of(&arena, ""), schema, &arena, &object, &diag), ERR_UNSUPPORTED);
    assert_int_equal(proto_read(body_of(&arena, ""), NULL, &arena, &object, &diag), ERR_UNSUPPORTED);
    assert_string_equal(diag.text, "this kind cannot be read as protocol buffers: send JSON");
    arena_free(&arena);
}

static void options_of_a_deletion_are_read(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *object = NULL;
    bytes_t body = body_of(&arena, "1:{1:'v1' 2:'DeleteOptions'} 2:{1:0 2:{1:'u'} 4:'Foreground' 5:'All'}");
    assert_int_equal(proto_read(body, proto_delete_options(&arena), &arena, &object, NULL), ERR_OK);
    assert_string_equal(json_of(&arena, object),
                        "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":0,\"preconditions\":{"
                        "\"uid\":\"u\"},\"propagationPolicy\":\"Foreground\",\"dryRun\":[\"All\"]}");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_envelope_names_the_kind),
        cmocka_unit_test(zeros_are_nothing_unless_they_are_kept),
        cmocka_unit_test(what_comes_last_counts),
        cmocka_unit_test(lists_of_numbers_come_one_by_one_or_packed),
        cmocka_unit_test(members_of_inlined_messages_stand_outside),
        cmocka_unit_test(small_messages_are_one_value),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
        cmocka_unit_test(every_truncation_is_an_error_or_less),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(a_schema_without_numbers_is_refused),
        cmocka_unit_test(options_of_a_deletion_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
