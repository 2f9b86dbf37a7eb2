// SPDX-License-Identifier: Apache-2.0
#include "kube/metadata.h"

#include "kube/object.h"

static void faults_add(struct field_errors *errors, bytes_t field, bytes_t value, struct name_faults faults)
{
    for (size_t i = 0; i < faults.count; i++)
        field_error_add(errors, FIELD_INVALID, field, field_quoted(errors->arena, value),
                        bytes_of_text(faults.texts[i]));
}

static void names_check(struct field_errors *errors, const struct json_value *object, enum name_rule rule)
{
    bytes_t base = object_meta_text(object, "generateName");
    if (base.size > 0)
        faults_add(errors, BYTES_LITERAL("metadata.generateName"), base, name_prefix_check(rule, base));
    bytes_t name = object_name(object), name_space = object_namespace(object);
    faults_add(errors, BYTES_LITERAL("metadata.name"), name, name_check(rule, name));
    if (name_space.size > 0)
        faults_add(errors, BYTES_LITERAL("metadata.namespace"), name_space, name_check(NAME_DNS_LABEL, name_space));
}

static void labels_check(struct field_errors *errors, const struct json_value *labels)
{
    if (labels == NULL || labels->type != JSON_OBJECT)
        return;
    for (const struct json_value *label = labels->first; label != NULL; label = label->next) {
        faults_add(errors, BYTES_LITERAL("metadata.labels"), label->name, name_check(NAME_QUALIFIED, label->name));
        if (label->type == JSON_STRING)
            faults_add(errors, BYTES_LITERAL("metadata.labels"), label->text,
                       name_check(NAME_LABEL_VALUE, label->text));
    }
}

static void annotations_check(struct field_errors *errors, const struct json_value *annotations)
{
    bytes_t field = BYTES_LITERAL("metadata.annotations");
    if (annotations == NULL || annotations->type != JSON_OBJECT)
        return;
    for (const struct json_value *item = annotations->first; item != NULL; item = item->next)
        faults_add(errors, field, item->name, name_check(NAME_ANNOTATION, item->name));
    if (annotations_size(annotations) > ANNOTATIONS_SIZE_MAX)
        field_error_add(errors, FIELD_TOO_LONG, field, BYTES_NULL, BYTES_LITERAL("may not be more than 262144 bytes"));
}

static void owner_check(struct field_errors *errors, const struct json_value *owner, size_t index)
{
    static const char *const members[] = { "apiVersion", "kind", "name", "uid" };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        bytes_t text = BYTES_LITERAL("");
        (void)json_get_text(json_get(owner, members[i]), &text);
        if (text.size > 0)
            continue;
        const char *field = arena_format(errors->arena, "metadata.ownerReferences[%zu].%s", index, members[i]);
        field_error_add(errors, FIELD_INVALID, bytes_of_text(field), field_quoted(errors->arena, text),
                        bytes_of_text(arena_format(errors->arena, "%s must not be empty", members[i])));
    }
}

static void owners_check(struct field_errors *errors, const struct json_value *owners)
{
    size_t index = 0, controllers = 0;
    if (owners == NULL || owners->type != JSON_ARRAY)
        return;
    for (const struct json_value *owner = owners->first; owner != NULL; owner = owner->next) {
        bool is_controller = false;
        owner_check(errors, owner, index++);
        (void)json_get_bool(json_get(owner, "controller"), &is_controller);
        controllers += is_controller;
    }
    if (controllers > 1)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("metadata.ownerReferences"), BYTES_NULL,
                        BYTES_LITERAL("Only one reference can have Controller set to true"));
}

static void finalizers_check(struct field_errors *errors, const struct json_value *finalizers)
{
    if (finalizers == NULL || finalizers->type != JSON_ARRAY)
        return;
    for (const struct json_value *item = finalizers->first; item != NULL; item = item->next) {
        if (item->type == JSON_STRING)
            faults_add(errors, BYTES_LITERAL("metadata.finalizers"), item->text,
                       name_check(NAME_QUALIFIED, item->text));
    }
}

void metadata_check(struct field_errors *errors, const struct json_value *object, enum name_rule rule)
{
    const struct json_value *metadata = object_metadata(object);
    names_check(errors, object, rule);
    labels_check(errors, json_get(metadata, "labels"));
    annotations_check(errors, json_get(metadata, "annotations"));
    owners_check(errors, json_get(metadata, "ownerReferences"));
    finalizers_check(errors, json_get(metadata, "finalizers"));
}
