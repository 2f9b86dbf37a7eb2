// SPDX-License-Identifier: Apache-2.0
// Bodies in Kubernetes' protocol buffers (kube/proto/). The first byte chooses the kind, the rest is the body. What is
// read can be written as JSON and read again; what is not is refused with a sentence.
#include "kube/proto/proto.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/builtin/builtin.h"

#include <stddef.h>
#include <stdint.h>

static const struct json_limits rewritten = { .size = 1 << 24, .values = 1 << 20 };

// The schemas, read once: they stay.
static const struct json_value *schema_at(size_t index)
{
    static struct arena arena;
    static struct kinds kinds;
    static const struct json_value *schemas[64];
    ASSERT(builtin_kind_count < ARRAY_COUNT(schemas));
    index %= builtin_kind_count + 1;
    if (schemas[index] != NULL)
        return schemas[index];
    if (index == builtin_kind_count) {
        schemas[index] = proto_delete_options(&arena);
        return schemas[index];
    }
    if (kinds.list.next == NULL)
        kinds_init(&kinds);
    schemas[index] = kind_version_schema_source(kinds_define_own(&kinds, builtin_kinds[index])->storage);
    return schemas[index];
}

static void check(struct arena *arena, const struct json_value *object)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    struct json_value *again;
    json_value_write(&json, object);
    err_t err = json_parse(writer_view(&out), &rewritten, arena, &again, NULL);
    ASSERT(err == ERR_OK);
    ASSERT(json_equal(object, again));
    writer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena arena = ARENA_INIT;
    struct json_value *object = NULL;
    diag_t diag = { 0 };
    err_t err = proto_read(bytes_of(data + 1, size - 1), schema_at(data[0]), &arena, &object, &diag);
    if (err == ERR_OK) {
        check(&arena, object);
    } else {
        ASSERT(err == ERR_MALFORMED || err == ERR_TRUNCATED || err == ERR_TOO_LARGE || err == ERR_UNSUPPORTED);
        ASSERT(diag.text[0] != '\0');
    }
    arena_free(&arena);
    return 0;
}
