// SPDX-License-Identifier: Apache-2.0
// ConfigMap: texts and bytes by name.
#include "base/json_edit.h"
#include "kube/builtin/builtin.h"
#include "kube/embed.h"
#include "kube/schema/field_error.h"
#include "kube/select/name.h"

EMBED(config_map_definition, "src/kube/builtin/config_map.yaml");

enum { DATA_SIZE_MAX = 1024 * 1024 }; // as Kubernetes: MaxSecretSize

static void keys_check(struct field_errors *errors, const struct json_value *data, const char *name, size_t *size)
{
    if (data == NULL || data->type != JSON_OBJECT)
        return;
    for (const struct json_value *item = data->first; item != NULL; item = item->next) {
        const char *field = arena_format(errors->arena, "%s[%.*s]", name, BYTES_ARG(item->name));
        struct name_faults faults = name_check(NAME_CONFIG_KEY, item->name);
        for (size_t i = 0; i < faults.count; i++)
            field_error_add(errors, FIELD_INVALID, bytes_of_text(field), field_quoted(errors->arena, item->name),
                            bytes_of_text(faults.texts[i]));
        *size += item->name.size + item->text.size;
    }
}

static void immutable_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const char *const members[] = { "data", "binaryData", "immutable" };
    bool is_immutable = false;
    (void)json_get_bool(json_get(live, "immutable"), &is_immutable);
    for (size_t i = 0; is_immutable && i < sizeof members / sizeof members[0]; i++) {
        const struct json_value *was = json_get(live, members[i]), *is = json_get(object, members[i]);
        if (was == NULL || is == NULL ? was == is : json_equal(was, is))
            continue;
        field_error_add(errors, FIELD_FORBIDDEN, bytes_of_text(members[i]), BYTES_NULL,
                        BYTES_LITERAL("field is immutable when `immutable` is set"));
    }
}

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    size_t size = 0;
    const struct json_value *data = json_get(object, "data"), *binary = json_get(object, "binaryData");
    keys_check(errors, data, "data", &size);
    keys_check(errors, binary, "binaryData", &size);
    for (const struct json_value *item = binary == NULL ? NULL : binary->first; item != NULL; item = item->next) {
        if (json_find(data, item->name) != NULL)
            field_error_add(
                errors, FIELD_INVALID, bytes_of_text(arena_format(errors->arena, "data[%.*s]", BYTES_ARG(item->name))),
                field_quoted(errors->arena, item->name), BYTES_LITERAL("duplicate of key present in binaryData"));
    }
    if (size > DATA_SIZE_MAX)
        field_error_add(errors, FIELD_TOO_LONG, BYTES_LITERAL(""), BYTES_NULL,
                        BYTES_LITERAL("may not be more than 1048576 bytes"));
    immutable_check(errors, object, live);
}

const struct kind_rules config_map_rules = {
    .definition = config_map_definition,
    .check = check,
    .no_generation = true,
};
