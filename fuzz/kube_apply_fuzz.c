// SPDX-License-Identifier: Apache-2.0
// Server-side apply (kube/apply/). The first byte says which of the requests are updates and which applies are forced,
// the rest is a JSON array of requests; each goes to what the one before left. The first one is also read as FieldsV1.
#include "kube/apply/server_side.h"

#include "base/assert.h"

enum { REQUESTS_MAX = 6 };

static const struct json_limits limits = { .size = 1 << 16, .values = 4096 };
static const struct json_limits written = { .size = 1 << 24, .values = 1 << 20 };

#define NAME(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
#define MEMBERS(array) .members = (array), .member_count = sizeof(array) / sizeof(array)[0]

static const struct schema text = { .type = SCHEMA_STRING };
static const struct schema number = { .type = SCHEMA_NUMBER };
static const struct schema any = { .type = SCHEMA_ANY, .preserve_unknown = true };
static const struct schema open = { .type = SCHEMA_OBJECT, .preserve_unknown = true };
static const struct schema set = { .type = SCHEMA_ARRAY, .list = SCHEMA_LIST_SET, .items = &number };
static const struct json_value tcp = { .type = JSON_STRING, .text = NAME("TCP") };
static const struct schema protocol = { .type = SCHEMA_STRING, .fallback = &tcp };
static const struct schema_member port_members[] = { { NAME("port"), &number },
                                                     { NAME("protocol"), &protocol },
                                                     { NAME("set"), &set } };
static const struct schema port = { .type = SCHEMA_OBJECT, MEMBERS(port_members) };
static const bytes_t port_keys[] = { NAME("port"), NAME("protocol") };
static const struct schema ports = {
    .type = SCHEMA_ARRAY, .list = SCHEMA_LIST_MAP, .keys = port_keys, .key_count = 2, .items = &port
};
static const struct schema list = { .type = SCHEMA_ARRAY, .items = &text };
static const struct schema map = { .type = SCHEMA_OBJECT, .additional = &any };
static const struct schema atom = { .type = SCHEMA_OBJECT, .map_atomic = true, .preserve_unknown = true };
static const struct schema inner = { .type = SCHEMA_OBJECT, .preserve_unknown = true, .embedded = true };
static const struct schema_member spec_members[] = {
    { NAME("any"), &any },     { NAME("atom"), &atom }, { NAME("inner"), &inner },
    { NAME("list"), &list },   { NAME("map"), &map },   { NAME("open"), &open },
    { NAME("ports"), &ports }, { NAME("set"), &set },   { NAME("text"), &text },
};
static const struct schema spec = { .type = SCHEMA_OBJECT, MEMBERS(spec_members) };
static const struct schema_member root_members[] = { { NAME("spec"), &spec }, { NAME("status"), &open } };
static const struct schema root = { .type = SCHEMA_OBJECT, MEMBERS(root_members) };

static struct json_value *again(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    struct json_value *copy;
    json_value_write(&json, value);
    err_t err = json_parse(arena_copy(arena, writer_view(&out)), &written, arena, &copy, NULL);
    ASSERT(err == ERR_OK);
    writer_free(&out);
    return copy;
}

static void check_fields(struct arena *arena, const struct json_value *fields)
{
    const struct field_set *once, *twice;
    if (field_set_decode(fields, arena, &once, NULL) != ERR_OK)
        return;
    err_t err = field_set_decode(again(arena, field_set_encode(arena, once)), arena, &twice, NULL);
    ASSERT(err == ERR_OK && field_set_equal(once, twice));
    ASSERT(field_set_is_empty(field_set_difference(arena, once, twice)));
    ASSERT(field_set_equal(field_set_union(arena, once, twice), once));
    ASSERT(field_set_equal(field_set_intersection(arena, once, twice), once));
    ASSERT(field_set_size(field_set_leaves(arena, once)) <= field_set_size(once));
}

// What is stored can be read, and doing the same again changes nothing.
static void check_applied(const struct apply_scope *scope, const struct json_value *object,
                          const struct json_value *config, bytes_t manager, struct arena *arena)
{
    struct json_value *same;
    struct apply_conflicts conflicts;
    err_t err = server_side_apply(scope, object, config, manager, false, arena, &same, &conflicts, NULL);
    ASSERT(err == ERR_OK);
    const struct json_value *before = json_get(json_get(object, "metadata"), "managedFields");
    const struct json_value *after = json_get(json_get(same, "metadata"), "managedFields");
    // An object of no managers gets one for what it has before the first apply.
    ASSERT(before == NULL || (after != NULL && json_equal(before, after)));
}

static struct json_value *run(const struct json_value *live, struct json_value *request, unsigned place, uint8_t flags,
                              struct arena *arena)
{
    struct json_value *fields = json_new(arena, JSON_OBJECT);
    const struct field_set *ignored = NULL;
    json_set(fields, BYTES_LITERAL("f:status"), json_new(arena, JSON_OBJECT));
    ASSERT(field_set_decode(fields, arena, &ignored, NULL) == ERR_OK);
    const struct apply_scope scope = {
        .schema = &root, .api_version = BYTES_LITERAL("v1"), .ignored = ignored, .now_s = 1600000000 + place
    };
    bytes_t manager = bytes_of_text(place % 3 == 0 ? "kubectl" : place % 3 == 1 ? "b" : "c");
    struct json_value *object;
    struct apply_conflicts conflicts;
    diag_t diag = { 0 };
    if (flags >> place & 1)
        return managed_update(&scope, live, request, manager, arena, &diag) == ERR_OK ? request : NULL;
    err_t err = server_side_apply(&scope, live, request, manager, flags >> 7, arena, &object, &conflicts, &diag);
    ASSERT(err != ERR_CONFLICT || (conflicts.count > 0 && conflicts.message.size > 0));
    ASSERT(err == ERR_OK || err == ERR_CONFLICT || diag.text[0] != '\0');
    if (err != ERR_OK)
        return NULL;
    ASSERT(json_equal(again(arena, object), object));
    check_applied(&scope, object, request, manager, arena);
    return object;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct json_value *requests;
    if (size > 1 && json_parse(bytes_of(data + 1, size - 1), &limits, &arena, &requests, NULL) == ERR_OK &&
        requests->type == JSON_ARRAY && requests->count > 0) {
        json_unique(requests, NULL, NULL);
        check_fields(&arena, requests->first);
        const struct json_value *live = NULL;
        struct json_value *request = requests->first;
        for (unsigned place = 0; request != NULL && place < REQUESTS_MAX; place++) {
            struct json_value *next = request->next;
            json_detach(request);
            if (request->type == JSON_OBJECT) {
                const struct json_value *object = run(live, request, place, data[0], &arena);
                live = object == NULL ? live : object;
            }
            request = next;
        }
    }
    arena_free(&arena);
    return 0;
}
