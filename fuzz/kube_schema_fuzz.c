// SPDX-License-Identifier: Apache-2.0
// Schemas and the objects that they describe (kube/schema/). The first line of the input is a schema, what follows an
// object. What is compiled prunes, defaults and validates; doing it twice changes nothing more, a valid object stays
// valid, and what documents say of the kind can be written and read again.
#include "kube/schema/schema_compile.h"
#include "kube/schema/schema_default.h"
#include "kube/schema/schema_openapi.h"
#include "kube/schema/schema_prune.h"
#include "kube/schema/schema_validate.h"

#include "base/assert.h"

static const struct json_limits limits = { .size = 1 << 16, .values = 4096 };
static const struct json_limits rewritten = { .size = 1 << 26, .values = 1 << 22 };

static struct json_value *parsed(struct arena *arena, bytes_t text)
{
    struct json_value *value;
    if (json_parse(text, &limits, arena, &value, NULL) != ERR_OK)
        return NULL;
    json_unique(value, NULL, NULL);
    return value;
}

static void can_be_written(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    struct json_value *again;
    json_value_write(&json, value);
    err_t err = json_parse(writer_view(&out), &rewritten, arena, &again, NULL);
    ASSERT(err == ERR_OK && json_equal(value, again));
    writer_free(&out);
}

static void describe(struct arena *arena, const struct schema *schema)
{
    for (enum schema_openapi version = SCHEMA_OPENAPI_V3; version <= SCHEMA_OPENAPI_V2; version++) {
        struct json_value *root = json_new(arena, JSON_OBJECT);
        struct json_value *schemas = json_set_object(json_set_object(root, arena, "components"), arena, "schemas");
        const struct schema_openapi_kind kind = { .group = BYTES_LITERAL("a.b"),
                                                  .version = BYTES_LITERAL("v1"),
                                                  .kind = BYTES_LITERAL("K"),
                                                  .list_kind = BYTES_LITERAL("KList"),
                                                  .plural = BYTES_LITERAL("ks"),
                                                  .schema = schema };
        schema_openapi_add_kind(schemas, version, &kind, arena);
        can_be_written(arena, root);
    }
}

static void check_object(struct arena *arena, const struct schema *schema, struct json_value *object)
{
    struct schema_unknowns unknowns = schema_unknowns_in(arena), none = schema_unknowns_in(arena);
    struct field_errors errors = field_errors_in(arena), again = field_errors_in(arena);
    schema_prune(object, schema, &unknowns);
    err_t err = schema_default(object, schema, arena);
    if (err != ERR_OK)
        return;
    schema_validate(object, schema, &errors);
    ASSERT(errors.count <= FIELD_ERRORS_MAX && (errors.hidden == 0 || errors.count == FIELD_ERRORS_MAX));
    const struct json_value *before = json_copy(arena, object);
    schema_prune(object, schema, &none);
    ASSERT(none.count == 0);
    err = schema_default(object, schema, arena);
    ASSERT(err == ERR_OK && json_equal(before, object));
    schema_validate(object, schema, &again);
    ASSERT(again.count == errors.count);
    struct writer out = WRITER_INIT;
    field_errors_write(&out, &errors);
    schema_unknowns_write(&out, &unknowns);
    ASSERT(bytes_is_utf8(writer_view(&out)));
    writer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    if (end == NULL || size > limits.size)
        return 0;
    struct arena arena = ARENA_INIT;
    struct field_errors errors = field_errors_in(&arena);
    const struct schema *schema = NULL;
    const struct json_value *source = parsed(&arena, bytes_of(data, (size_t)(end - data)));
    struct json_value *object = parsed(&arena, bytes_of(end + 1, (size_t)(data + size - end - 1)));
    const struct schema_compile how = { .where = BYTES_LITERAL("schema") };
    if (source != NULL && schema_compile(source, &how, &arena, &schema, &errors) == ERR_OK) {
        describe(&arena, schema);
        if (object != NULL && object->type == JSON_OBJECT)
            check_object(&arena, schema, object);
    } else {
        ASSERT(source == NULL || errors.count > 0);
    }
    arena_free(&arena);
    return 0;
}
