// SPDX-License-Identifier: Apache-2.0
// JSON (base/json.h). What is accepted is written again and read again: both trees must be the same. The walk without a
// tree (base/json_scan.h) must take the same texts, and show the same level.
#include "base/json.h"

#include "base/assert.h"
#include "base/json_scan.h"
#include "base/json_write.h"

#include <stddef.h>
#include <stdint.h>

static const struct json_limits limits = { .size = 1 << 16, .values = 4096 };
static const struct json_limits rewritten = { .size = 1 << 20, .values = 4096 }; // escapes make it longer

static void value_begin(struct json_writer *json, const struct json_value *value)
{
    if (value->up != NULL && value->up->type == JSON_OBJECT)
        json_key_bytes(json, value->name);
    switch (value->type) {
    case JSON_NULL:
        json_null(json);
        break;
    case JSON_BOOL:
        json_bool(json, value->is_true);
        break;
    case JSON_NUMBER:
        json_raw(json, value->text);
        break;
    case JSON_STRING:
        json_bytes(json, value->text);
        break;
    case JSON_ARRAY:
        json_array_begin(json);
        break;
    case JSON_OBJECT:
        json_object_begin(json);
        break;
    }
}

static void write_tree(struct json_writer *json, const struct json_value *value)
{
    while (value != NULL) {
        value_begin(json, value);
        if (value->first != NULL) {
            value = value->first;
            continue;
        }
        const struct json_value *done = value;
        for (;;) {
            if (done->type == JSON_OBJECT)
                json_object_end(json);
            if (done->type == JSON_ARRAY)
                json_array_end(json);
            if (done->next != NULL || done->up == NULL)
                break;
            done = done->up;
        }
        value = done->next;
    }
}

static void trees_agree(const struct json_value *a, const struct json_value *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        ASSERT(a->type == b->type && a->is_true == b->is_true && a->count == b->count);
        ASSERT(bytes_equal(a->name, b->name) && bytes_equal(a->text, b->text));
        trees_agree(a->first, b->first);
    }
    ASSERT(a == NULL && b == NULL);
}

static void walk_agrees(bytes_t text, const struct json_value *root, struct arena *arena)
{
    struct json_scan scan;
    struct json_item item;
    const struct json_value *value = root->first;
    ASSERT(json_is_valid(text, JSON_DEPTH_MAX));
    if (json_scan_begin(text, arena, &scan, NULL) != ERR_OK) {
        ASSERT(root->type != JSON_OBJECT && root->type != JSON_ARRAY);
        return;
    }
    for (; json_scan_next(&scan, &item); value = value->next) {
        ASSERT(value != NULL && value->type == item.type && value->is_true == item.is_true);
        ASSERT(bytes_equal(value->name, item.name) && json_is_valid(item.source, JSON_DEPTH_MAX));
        ASSERT(item.type != JSON_STRING || bytes_equal(json_item_text(&item, arena), value->text));
    }
    ASSERT(scan.lex.err == ERR_OK && value == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct json_value *root, *again;
    diag_t diag = { 0 };
    err_t err = json_parse(bytes_of(data, size), &limits, &arena, &root, &diag);
    if (err == ERR_OK) {
        struct writer out = WRITER_INIT;
        struct json_writer json = json_writer_of(&out);
        write_tree(&json, root);
        err = json_parse(writer_view(&out), &rewritten, &arena, &again, &diag);
        ASSERT(err == ERR_OK);
        trees_agree(root, again);
        writer_free(&out);
        walk_agrees(bytes_of(data, size), root, &arena);
    } else {
        ASSERT(err != ERR_MALFORMED || !json_is_valid(bytes_of(data, size), JSON_DEPTH_MAX));
        ASSERT(diag.where[0] != '\0' && diag.text[0] != '\0');
    }
    arena_free(&arena);
    return 0;
}
