// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_output.h"

#include "base/json_edit.h"
#include "kube/table/custom.h"
#include "kube/table/go_text.h"
#include "kube/yaml/yaml_write.h"

static const struct form {
    const char *name;
    enum kube_form form;
    bool has_argument;
} forms[] = {
    { "wide", KUBE_WIDE, false },
    { "json", KUBE_JSON, false },
    { "yaml", KUBE_YAML, false },
    { "name", KUBE_NAME, false },
    { "jsonpath", KUBE_JSONPATH, true },
    { "jsonpath-as-json", KUBE_JSONPATH_AS_JSON, true },
    { "custom-columns", KUBE_CUSTOM_COLUMNS, true },
};

static const struct form *form_find(bytes_t name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (bytes_is(name, forms[i].name))
            return &forms[i];
    return NULL;
}

err_t kube_output_read(const char *text, struct arena *arena, struct kube_output *ret_output, diag_t *diag)
{
    struct kube_output output = { .form = KUBE_TABLE };
    size_t size = text == NULL ? 0 : strcspn(text, "=");
    const struct form *form = text == NULL ? NULL : form_find(bytes_of(text, size));
    bool has_argument = text != NULL && text[size] == '=';
    if (text != NULL && (form == NULL || (has_argument && !form->has_argument)))
        return diag_fail(diag, ERR_INVALID, "-o",
                         "\"%s\" is no form of output; there are wide, json, yaml, name, jsonpath=TEMPLATE, "
                         "jsonpath-as-json=TEMPLATE and custom-columns=NAME:PATH,...",
                         text);
    if (form != NULL) {
        output.form = form->form;
        output.argument = bytes_of_text(has_argument ? text + size + 1 : "");
    }
    err_t err = ERR_OK;
    if (output.form == KUBE_CUSTOM_COLUMNS)
        err = custom_columns_compile(output.argument, arena, &output.columns, diag);
    if (err == ERR_OK)
        *ret_output = output;
    return err;
}

bool kube_output_is_table(const struct kube_output *output)
{
    return output->form == KUBE_TABLE || output->form == KUBE_WIDE;
}

static void drop_managed(struct json_value *object)
{
    struct json_value *metadata = json_find(object, BYTES_LITERAL("metadata"));
    if (metadata != NULL && metadata->type == JSON_OBJECT)
        (void)json_unset(metadata, BYTES_LITERAL("managedFields"));
}

static void drop_all_managed(struct json_value *value)
{
    const struct json_value *items = json_get(value, "items");
    drop_managed(value);
    drop_managed(json_find(value, BYTES_LITERAL("object"))); // of an event
    for (struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next)
        drop_managed(item);
}

err_t kube_output_print(struct kube_output *output, struct json_value *value, struct writer *out, diag_t *diag)
{
    if ((output->form == KUBE_JSON || output->form == KUBE_YAML) && !output->with_managed)
        drop_all_managed(value);
    bool is_first = output->printed++ == 0;
    switch (output->form) {
    case KUBE_JSON:
        go_json_write_lines(out, value, 0);
        writer_u8(out, '\n');
        return ERR_OK;
    case KUBE_YAML:
        writer_text(out, is_first ? "" : "---\n");
        yaml_write(out, value);
        return ERR_OK;
    case KUBE_NAME:
        return custom_name_print(value, out, diag);
    case KUBE_JSONPATH:
    case KUBE_JSONPATH_AS_JSON:
        return custom_jsonpath_print(output->argument, value, output->form == KUBE_JSONPATH_AS_JSON, out, diag);
    case KUBE_CUSTOM_COLUMNS:
        return custom_columns_print(output->columns, value, output->no_headers || !is_first, out, diag);
    case KUBE_TABLE:
    case KUBE_WIDE:
        break;
    }
    return ERR_OK;
}
