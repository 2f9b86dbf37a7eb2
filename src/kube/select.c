// SPDX-License-Identifier: Apache-2.0
#include "kube/select.h"

static bool refuse(struct request *request, const char *text)
{
    problem_set(&request->problem, PROBLEM_BAD_REQUEST, "%s", text);
    return false;
}

bool selection_read(struct selection *selection, struct request *request)
{
    const struct parameters *parameters = &request->parameters;
    const char *text = "";
    *selection = (struct selection){ .kind = request->kind, .version = request->kind_version, .name = request->name };
    if (label_selector_parse(&request->arena, parameters->label_selector, &selection->labels, &text) != ERR_OK)
        return refuse(request, text);
    if (field_selector_parse(&request->arena, parameters->field_selector,
                             field_labels_of(request->kind->group, request->kind->name), &selection->fields,
                             &text) != ERR_OK)
        return refuse(request, text);
    return true;
}

bool selection_is_some(const struct selection *selection)
{
    return selection->labels.count > 0 || selection->fields.count > 0 || selection->name.size > 0;
}

static bool name_matches(const struct selection *selection, bytes_t key)
{
    bytes_t name_space, name, wanted = selection->name;
    size_t prefix = selection->kind->prefix.size;
    key_names(bytes_of(key.data + prefix, key.size - prefix), &name_space, &name);
    if (wanted.size > 0 && !bytes_equal(name, wanted))
        return false;
    // The usual question of `kubectl wait` and of informers for one object, without a look inside.
    return !field_selector_exact(&selection->fields, "metadata.name", &wanted) || bytes_equal(name, wanted);
}

bool selection_matches(const struct selection *selection, const struct table_row *row)
{
    if (!selection_is_some(selection))
        return true;
    if (!name_matches(selection, row->key))
        return false;
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    bool matches =
        object_decode(row->value, selection->kind, selection->version, row->version, &arena, &object) == ERR_OK &&
        label_selector_matches(&selection->labels, object_labels(object)) &&
        field_selector_matches(&selection->fields, object);
    arena_free(&arena);
    return matches;
}
