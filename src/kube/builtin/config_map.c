// SPDX-License-Identifier: Apache-2.0
// ConfigMap: texts and bytes by name.
#include "base/json_edit.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/data.h"
#include "kube/embed.h"
#include "kube/schema/field_error.h"
#include "kube/table/table.h"

EMBED(config_map_definition, "config_map");

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const char *const fixed[] = { "data", "binaryData", "immutable", NULL };
    const struct json_value *data = json_get(object, "data"), *binary = json_get(object, "binaryData");
    size_t size = data_check(errors, data, "data", false) + data_check(errors, binary, "binaryData", true);
    for (const struct json_value *item = binary == NULL ? NULL : binary->first; item != NULL; item = item->next) {
        if (json_find(data, item->name) != NULL)
            field_error_add(
                errors, FIELD_INVALID, bytes_of_text(arena_format(errors->arena, "data[%.*s]", BYTES_ARG(item->name))),
                field_quoted(errors->arena, item->name), BYTES_LITERAL("duplicate of key present in binaryData"));
    }
    data_size_check(errors, "", size);
    data_immutable_check(errors, object, live, fixed);
}

static void data_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *const data[] = { json_get(object, "data"), json_get(object, "binaryData") };
    (void)now_ms;
    data_count_write(to, data, 2);
}

static const struct table_cell cells[] = { { "Data", data_cell }, { NULL, NULL } };

const struct kind_rules config_map_rules = {
    .definition = config_map_definition,
    .check = check,
    .cells = cells,
    .no_generation = true,
};
