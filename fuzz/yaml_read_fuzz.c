// SPDX-License-Identifier: Apache-2.0
// Manifests (kube/yaml/yaml_read.h). What is accepted is within the limits, can be written as JSON and as YAML, is the
// same when it is read from either, and has a place in the text.
#include "kube/yaml/yaml_read.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/yaml/yaml_write.h"

#include <stddef.h>
#include <stdint.h>

static const struct yaml_limits limits = { .size = 1 << 16, .values = 4096, .repeated = 1024, .documents = 64 };
static const struct yaml_limits rewritten = { .size = 1 << 24, .values = 4096, .documents = 1 }; // escapes are longer

static size_t count_values(const struct json_value *value)
{
    size_t count = 1;
    for (const struct json_value *inside = value->first; inside != NULL; inside = inside->next) {
        ASSERT(inside->up == value);
        count += count_values(inside);
    }
    return count;
}

static void check_again(const struct json_value *root, bytes_t text)
{
    struct arena arena = ARENA_INIT;
    struct yaml_stream again;
    diag_t diag = { 0 };
    err_t err = yaml_read(text, &rewritten, &arena, &again, &diag);
    ASSERT(err == ERR_OK && again.count == 1);
    ASSERT(json_equal(root, again.documents[0]));
    arena_free(&arena);
}

static void check_json(const struct json_value *root)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, root);
    check_again(root, writer_view(&out));
    writer_free(&out);
}

static void check_yaml(const struct json_value *root)
{
    struct writer out = WRITER_INIT;
    yaml_write(&out, root);
    check_again(root, writer_view(&out));
    writer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream;
    diag_t diag = { 0 };
    bytes_t text = bytes_of(data, size);
    err_t err = yaml_read(text, &limits, &arena, &stream, &diag);
    if (err != ERR_OK) {
        ASSERT(err == ERR_MALFORMED || err == ERR_INVALID || err == ERR_TOO_LARGE);
        ASSERT(strncmp(diag.where, "line ", 5) == 0 && diag.text[0] != '\0');
        arena_free(&arena);
        return 0;
    }
    size_t values = 0;
    for (size_t i = 0; i < stream.count; i++) {
        values += count_values(stream.documents[i]);
        check_yaml(stream.documents[i]);
        if (stream.documents[i]->type == JSON_OBJECT)
            check_json(stream.documents[i]);
    }
    ASSERT(values <= limits.values && stream.count <= limits.documents);
    if (stream.count > 0) {
        struct yaml_place place;
        ASSERT(yaml_locate(text, &limits, stream.count - 1, "a[1].b", &place));
        ASSERT(place.line > 0 && place.column > 0);
    }
    arena_free(&arena);
    return 0;
}
