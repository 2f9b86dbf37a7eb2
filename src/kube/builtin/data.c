// SPDX-License-Identifier: Apache-2.0
#include "kube/builtin/data.h"

#include "base/base64.h"
#include "base/json_edit.h"
#include "kube/schema/field_error.h"
#include "kube/select/name.h"

// Not the format byte of schemas: that one knows no empty value.
static void base64_check(struct field_errors *errors, const struct json_value *item, const char *field)
{
    struct arena arena = ARENA_INIT;
    size_t size;
    uint8_t *room = arena_alloc(&arena, item->text.size / 4 * 3 + 2);
    if (item->text.size % 4 != 0 || !base64_decode(BASE64_STANDARD, item->text, room, &size))
        field_error_add(errors, FIELD_INVALID, bytes_of_text(field), BYTES_LITERAL("\"<contents redacted>\""),
                        BYTES_LITERAL("must be base64"));
    arena_free(&arena);
}

size_t data_check(struct field_errors *errors, const struct json_value *data, const char *field, bool is_base64)
{
    size_t size = 0;
    if (data == NULL || data->type != JSON_OBJECT)
        return 0;
    for (const struct json_value *item = data->first; item != NULL; item = item->next) {
        const char *here = arena_format(errors->arena, "%s[%.*s]", field, BYTES_ARG(item->name));
        struct name_faults faults = name_check(NAME_CONFIG_KEY, item->name);
        for (size_t i = 0; i < faults.count; i++)
            field_error_add(errors, FIELD_INVALID, bytes_of_text(here), field_quoted(errors->arena, item->name),
                            bytes_of_text(faults.texts[i]));
        if (is_base64)
            base64_check(errors, item, here);
        size += item->name.size + (is_base64 ? item->text.size / 4 * 3 : item->text.size);
    }
    return size;
}

void data_size_check(struct field_errors *errors, const char *field, size_t size)
{
    if (size > DATA_SIZE_MAX)
        field_error_add(errors, FIELD_TOO_LONG, bytes_of_text(field), BYTES_NULL,
                        BYTES_LITERAL("may not be more than 1048576 bytes"));
}

void data_immutable_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live,
                          const char *const *members)
{
    bool is_immutable = false;
    (void)json_get_bool(json_get(live, "immutable"), &is_immutable);
    for (; is_immutable && *members != NULL; members++) {
        const struct json_value *was = json_get(live, *members), *is = json_get(object, *members);
        if (json_same(was, is))
            continue;
        field_error_add(errors, FIELD_FORBIDDEN, bytes_of_text(*members), BYTES_NULL,
                        BYTES_LITERAL("field is immutable when `immutable` is set"));
    }
}

void data_count_write(struct writer *to, const struct json_value *const *data, size_t count)
{
    size_t names = 0;
    for (size_t i = 0; i < count; i++)
        names += data[i] == NULL ? 0 : data[i]->count;
    writer_format(to, "%zu", names);
}
