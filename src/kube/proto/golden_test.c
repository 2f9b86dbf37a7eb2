// SPDX-License-Identifier: Apache-2.0
// Every field of every built-in kind, as Kubernetes' own types write it in both forms (k8s.io/api 0.34): the protocol
// buffers, read here, have to say what the JSON says. golden_cases.jsonl has one object in each line: with all fields
// set, with nothing but zeros behind every pointer, and with two items in each list.
#include "kube/proto/proto.h"

#include "base/base64.h"
#include "io/file.h"
#include "kube/builtin/builtin_world.h"

// The schema of a member. False: it is none that eddy knows.
static bool member_schema(const struct json_value *schema, bytes_t name, const struct json_value **ret_schema)
{
    const struct json_value *more = json_get(schema, "additionalProperties");
    *ret_schema = more != NULL ? more : json_find(json_get(schema, "properties"), name);
    return schema == NULL || more != NULL ||
           (*ret_schema != NULL && json_get(*ret_schema, "x-eddy-protobuf") != NULL) || bytes_is(name, "metadata") ||
           bytes_is(name, "kind") || bytes_is(name, "apiVersion");
}

static void compare(struct world *world, const struct json_value *expected, const struct json_value *got,
                    const struct json_value *schema, const char *path)
{
    const struct json_value *inner;
    size_t index = 0;
    if (expected->type != got->type)
        fail_msg("%s: expected %s, got %s", path, json_of(world, expected), json_of(world, got));
    if (expected->type == JSON_ARRAY) {
        assert_int_equal(expected->count, got->count);
        for (const struct json_value *a = expected->first, *b = got->first; a != NULL; a = a->next, b = b->next)
            compare(world, a, b, json_get(schema, "items"), arena_format(&world->arena, "%s[%zu]", path, index++));
        return;
    }
    if (expected->type != JSON_OBJECT) {
        if (!json_equal(expected, got))
            fail_msg("%s: expected %s, got %s", path, json_of(world, expected), json_of(world, got));
        return;
    }
    for (const struct json_value *member = expected->first; member != NULL; member = member->next) {
        const char *here = arena_format(&world->arena, "%s.%.*s", path, BYTES_ARG(member->name));
        const struct json_value *there = json_find(got, member->name);
        if (!member_schema(schema, member->name, &inner))
            continue;
        if (there != NULL)
            compare(world, member, there, inner, here);
        else
            fail_msg("%s is missing: %s", here, json_of(world, member));
    }
    for (const struct json_value *member = got->first; member != NULL; member = member->next) {
        if (json_find(expected, member->name) == NULL)
            fail_msg("%s.%.*s is too much: %s", path, BYTES_ARG(member->name), json_of(world, member));
    }
}

static const struct json_value *schema_of(struct world *world, const struct json_value *line)
{
    const struct kind_rules *accounts = &service_account_rules;
    bytes_t kind = json_text_at(line, "kind");
    if (bytes_is(kind, "DeleteOptions"))
        return proto_delete_options(&world->arena);
    if (bytes_is(kind, "TokenRequest"))
        return proto_schema(accounts->subresources[0].schema, &world->arena);
    return kind_version_schema_source(kind_of(world, line)->storage);
}

static void check_line(struct world *world, bytes_t text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct json_value *line, *got;
    diag_t diag = { 0 };
    size_t size;
    assert_int_equal(json_parse(text, &limits, &world->arena, &line, &diag), ERR_OK);
    bytes_t base64 = json_text_at(line, "body");
    uint8_t *body = arena_alloc(&world->arena, base64.size);
    assert_true(base64_decode(BASE64_STANDARD, base64, body, &size));
    const struct json_value *schema = schema_of(world, line);
    if (proto_read(bytes_of(body, size), schema, &world->arena, &got, &diag) != ERR_OK)
        fail_msg("%s: %s: %s", arena_text(&world->arena, json_text_at(line, "kind")), diag.where, diag.text);
    compare(world, json_get(line, "object"), got, schema, arena_text(&world->arena, json_text_at(line, "kind")));
}

static void all_fields_come_as_in_json(void **state)
{
    struct world *world = *state;
    struct buf *file;
    size_t lines = 0;
    assert_int_equal(file_read_whole(KUBE_PROTO_CASES, 4 << 20, &file), ERR_OK);
    bytes_t rest = bytes_of(file->data, file->capacity);
    while (rest.size > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        size_t size = end == NULL ? rest.size : (size_t)(end - rest.data);
        check_line(world, bytes_of(rest.data, size));
        rest = bytes_of(rest.data + size + (end != NULL), rest.size - size - (end != NULL));
        lines++;
    }
    assert_int_equal(lines, 48);
    buf_unref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_fields_come_as_in_json) };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
