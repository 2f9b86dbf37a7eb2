// SPDX-License-Identifier: Apache-2.0
// Patches (kube/patch/). The first line of the input is an object, what follows a patch; all three kinds of patches are
// applied. Neither tree may change, a result can be written and read again, and a merge patch that is applied twice
// does no more than once.
#include "kube/patch/json_patch.h"
#include "kube/patch/merge_patch.h"
#include "kube/patch/strategic.h"

#include "base/assert.h"
#include "base/json_edit.h"

#include <stddef.h>
#include <stdint.h>

static const struct json_limits limits = { .size = 1 << 16, .values = 4096 };
static const struct json_limits rewritten = { .size = 1 << 24, .values = 1 << 20 }; // escapes and copies make it longer

// A kind with one of each list and map inside of itself.
static const struct schema root;
static const struct schema scalar = { .type = SCHEMA_STRING };
static const struct schema keyed = {
    .type = SCHEMA_ARRAY, .patch_merge = true, .patch_merge_key = { (const uint8_t *)"k", 1 }, .items = &root
};
static const struct schema set = { .type = SCHEMA_ARRAY, .patch_merge = true, .items = &scalar };
static const struct schema atomic = { .type = SCHEMA_ARRAY, .items = &root };
static const struct schema replaced = { .type = SCHEMA_OBJECT, .patch_replace = true, .additional = &root };
static const struct schema_member members[] = {
    { { (const uint8_t *)"a", 1 }, &atomic }, { { (const uint8_t *)"l", 1 }, &keyed },
    { { (const uint8_t *)"o", 1 }, &root },   { { (const uint8_t *)"r", 1 }, &replaced },
    { { (const uint8_t *)"s", 1 }, &set },
};
static const struct schema root = {
    .type = SCHEMA_OBJECT, .members = members, .member_count = 5, .additional = &scalar
};

static struct json_value *parsed(struct arena *arena, bytes_t text)
{
    struct json_value *value;
    if (json_parse(text, &limits, arena, &value, NULL) != ERR_OK)
        return NULL;
    json_unique(value, NULL, NULL);
    return value;
}

static bytes_t written(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

// Every way out is a sentence or a tree that is whole, and as deep as a text may be.
static void check(struct arena *arena, err_t err, const struct json_value *result, const char *text)
{
    if (err != ERR_OK) {
        ASSERT(err == ERR_MALFORMED || err == ERR_INVALID || err == ERR_TOO_LARGE);
        ASSERT(text != NULL && text[0] != '\0');
        return;
    }
    struct json_value *again;
    err = json_parse(written(arena, result), &rewritten, arena, &again, NULL);
    ASSERT(err == ERR_OK);
    ASSERT(json_equal(result, again));
}

static void apply(struct arena *arena, const struct json_value *object, const struct json_value *patch)
{
    struct json_value *result = NULL, *twice = NULL;
    const char *text = NULL;
    err_t err = merge_patch_apply(arena, object, patch, &result, &text);
    check(arena, err, result, text);
    if (err == ERR_OK) {
        err = merge_patch_apply(arena, result, patch, &twice, &text);
        ASSERT(err == ERR_OK);
        ASSERT(json_equal(result, twice));
    }
    err = json_patch_apply(arena, object, patch, &result, &text);
    check(arena, err, result, text);
    err = strategic_patch_apply(arena, object, patch, &root, &result, &text);
    check(arena, err, result, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *lf = size == 0 ? NULL : memchr(data, '\n', size);
    if (lf == NULL)
        return 0;
    struct arena arena = ARENA_INIT;
    size_t first = (size_t)(lf - data);
    struct json_value *object = parsed(&arena, bytes_of(data, first));
    struct json_value *patch = parsed(&arena, bytes_of(lf + 1, size - first - 1));
    if (object != NULL && object->type == JSON_OBJECT && patch != NULL) {
        bytes_t before = written(&arena, object), change = written(&arena, patch);
        apply(&arena, object, patch);
        ASSERT(bytes_equal(before, written(&arena, object)));
        ASSERT(bytes_equal(change, written(&arena, patch)));
    }
    arena_free(&arena);
    return 0;
}
