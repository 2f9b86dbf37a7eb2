// SPDX-License-Identifier: Apache-2.0
// Secret: bytes by name, and types that need certain names.
#include "base/assert.h"
#include "base/base64.h"
#include "base/json_edit.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/data.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/object.h"
#include "kube/schema/field_error.h"
#include "kube/table/table.h"

EMBED(secret_definition, "secret");

#define ACCOUNT_NAME "kubernetes.io/service-account.name"

static bytes_t type_of(const struct json_value *object)
{
    return json_text_at(object, "type");
}

// --- filling

// stringData is for writing only: its texts take the place of data of the same name.
static void texts_move(struct arena *arena, struct json_value *object)
{
    const struct json_value *texts = json_get(object, "stringData");
    if (texts == NULL || texts->type != JSON_OBJECT)
        return;
    struct json_value *data = texts->count == 0 ? NULL : object_at(object, arena, "data");
    if (texts->count > 0 && data == NULL)
        return;
    for (const struct json_value *item = texts->first; item != NULL; item = item->next) {
        if (item->type != JSON_STRING)
            return; // validation says so
        char *text = arena_alloc(arena, BASE64_SIZE(item->text.size) + 1);
        size_t size = base64_encode(BASE64_STANDARD, item->text, text);
        json_set(data, item->name, json_new_bytes(arena, bytes_of(text, size)));
    }
    json_unset(object, BYTES_LITERAL("stringData"));
}

static void fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    (void)live;
    texts_move(arena, object);
    if (type_of(object).size == 0)
        json_set_text(object, arena, "type", "Opaque");
}

// --- checks

static const struct type_row {
    const char *type;
    const char *names[2];
    bool any, is_json; // one of the names is enough; the value is JSON
} type_rows[] = {
    { "kubernetes.io/tls", { "tls.crt", "tls.key" }, false, false },
    { "kubernetes.io/basic-auth", { "username", "password" }, true, false },
    { "kubernetes.io/ssh-auth", { "ssh-privatekey", NULL }, false, false },
    { "kubernetes.io/dockercfg", { ".dockercfg", NULL }, false, true },
    { "kubernetes.io/dockerconfigjson", { ".dockerconfigjson", NULL }, false, true },
};

static bool is_json(bytes_t base64)
{
    static const struct json_limits limits = { .size = DATA_SIZE_MAX, .values = 100000 };
    struct arena arena = ARENA_INIT;
    struct json_value *value;
    size_t size = 0;
    uint8_t *text = arena_alloc(&arena, base64.size / 4 * 3 + 2);
    bool is = base64_decode(BASE64_STANDARD, base64, text, &size) &&
              json_parse(bytes_of(text, size), &limits, &arena, &value, NULL) == ERR_OK;
    arena_free(&arena);
    return is;
}

static bytes_t data_field(const struct field_errors *errors, const char *name)
{
    return bytes_of_text(arena_format(errors->arena, "data[%s]", name));
}

static void type_check(struct field_errors *errors, const struct type_row *row, const struct json_value *data)
{
    size_t there = 0, wanted = row->names[1] == NULL ? 1 : 2;
    for (size_t i = 0; i < wanted; i++)
        there += json_get(data, row->names[i]) != NULL;
    for (size_t i = 0; i < wanted; i++) {
        const struct json_value *value = json_get(data, row->names[i]);
        if (value == NULL && (!row->any || there == 0))
            field_error_add(errors, FIELD_REQUIRED, data_field(errors, row->names[i]), BYTES_NULL, BYTES_LITERAL(""));
        if (value != NULL && row->is_json && !is_json(value->text))
            field_error_add(errors, FIELD_INVALID, data_field(errors, row->names[i]),
                            BYTES_LITERAL("\"<secret contents redacted>\""), BYTES_LITERAL("must be JSON"));
    }
}

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const char *const fixed[] = { "data", "immutable", NULL };
    const struct json_value *data = json_get(object, "data");
    bytes_t type = type_of(object);
    data_size_check(errors, "data", data_check(errors, data, "data", true));
    for (size_t i = 0; i < ARRAY_COUNT(type_rows); i++) {
        if (bytes_is(type, type_rows[i].type))
            type_check(errors, &type_rows[i], data);
    }
    if (bytes_is(type, "kubernetes.io/service-account-token") && object_annotation(object, ACCOUNT_NAME).size == 0)
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("metadata.annotations[" ACCOUNT_NAME "]"), BYTES_NULL,
                        BYTES_LITERAL(""));
    if (live != NULL && !bytes_equal(type, type_of(live)))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("type"), field_quoted(errors->arena, type),
                        BYTES_LITERAL("field is immutable"));
    data_immutable_check(errors, object, live, fixed);
}

static void data_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *const data[] = { json_get(object, "data") };
    (void)now_ms;
    data_count_write(to, data, 1);
}

static const struct table_cell cells[] = { { "Data", data_cell }, { NULL, NULL } };

const struct kind_rules secret_rules = {
    .definition = secret_definition,
    .fill = fill,
    .check = check,
    .cells = cells,
    .no_generation = true,
};
