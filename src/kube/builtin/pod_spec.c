// SPDX-License-Identifier: Apache-2.0
#include "kube/builtin/pod_spec.h"

#include "base/assert.h"
#include "kube/builtin/text.h"
#include "kube/schema/field_error.h"
#include "kube/select/label.h"
#include "kube/select/name.h"

static const char *const container_lists[] = { "initContainers", "containers" };

// --- defaults

// An image of no tag, or of the tag latest, is pulled each time.
static bool is_latest(bytes_t image)
{
    const uint8_t *slash = NULL, *colon = NULL;
    if (memchr(image.data, '@', image.size) != NULL)
        return false;
    for (size_t i = 0; i < image.size; i++) {
        slash = image.data[i] == '/' ? image.data + i : slash;
        colon = image.data[i] == ':' ? image.data + i : colon;
    }
    if (colon == NULL || (slash != NULL && colon < slash))
        return true;
    return bytes_is(bytes_of(colon + 1, image.size - (size_t)(colon + 1 - image.data)), "latest");
}

static void container_fill(struct arena *arena, struct json_value *container)
{
    bytes_t image = json_text_at(container, "image");
    if (container->type == JSON_OBJECT && image.size > 0 && json_text_at(container, "imagePullPolicy").size == 0)
        json_set_text(container, arena, "imagePullPolicy", is_latest(image) ? "Always" : "IfNotPresent");
}

static void volume_fill(struct arena *arena, struct json_value *volume)
{
    if (volume->type == JSON_OBJECT && volume->count == 1)
        (void)json_set_object(volume, arena, "emptyDir");
}

void pod_spec_fill(struct arena *arena, struct json_value *spec)
{
    if (spec == NULL || spec->type != JSON_OBJECT)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(container_lists); i++) {
        for (struct json_value *at = first_of(json_get(spec, container_lists[i])); at != NULL; at = at->next)
            container_fill(arena, at);
    }
    for (struct json_value *volume = first_of(json_get(spec, "volumes")); volume != NULL; volume = volume->next)
        volume_fill(arena, volume);
    // The old name of the same field.
    bytes_t account = json_text_at(spec, "serviceAccountName"), old = json_text_at(spec, "serviceAccount");
    if (account.size == 0 && old.size > 0)
        json_set_bytes(spec, arena, "serviceAccountName", old);
    else if (account.size > 0)
        json_set_bytes(spec, arena, "serviceAccount", account);
}

void pod_template_fill(struct arena *arena, struct json_value *object)
{
    struct json_value *template = json_find(json_get(object, "spec"), BYTES_LITERAL("template"));
    struct json_value *metadata = json_find(template, BYTES_LITERAL("metadata"));
    const struct json_value *made = json_get(metadata, "creationTimestamp");
    if (made != NULL && made->type == JSON_NULL)
        json_unset(metadata, BYTES_LITERAL("creationTimestamp"));
    pod_spec_fill(arena, json_find(template, BYTES_LITERAL("spec")));
}

// --- checks

struct spec_check {
    struct field_errors *errors;
    const struct json_value *spec;
};

static bytes_t field_of(const struct spec_check *check, const char *where, const char *member)
{
    return bytes_of_text(arena_format(check->errors->arena, "%s.%s", where, member));
}

static void required(const struct spec_check *check, const char *where, const char *member)
{
    field_error_add(check->errors, FIELD_REQUIRED, field_of(check, where, member), BYTES_NULL, BYTES_LITERAL(""));
}

static void invalid(const struct spec_check *check, const char *where, const char *member, bytes_t value,
                    const char *why)
{
    field_error_add(check->errors, FIELD_INVALID, field_of(check, where, member), value, bytes_of_text(why));
}

static bytes_t quoted(const struct spec_check *check, bytes_t text)
{
    return field_quoted(check->errors->arena, text);
}

static void name_field_check(const struct spec_check *check, const char *where, bytes_t name)
{
    struct name_faults faults = name_check(NAME_DNS_LABEL, name);
    if (name.size == 0)
        required(check, where, "name");
    for (size_t i = 0; name.size > 0 && i < faults.count; i++)
        invalid(check, where, "name", quoted(check, name), faults.texts[i]);
}

// NAMED stands behind another one of the same name.
static void unique_check(const struct spec_check *check, const struct json_value *list, const struct json_value *named,
                         const char *where)
{
    bytes_t name = json_text_at(named, "name");
    for (const struct json_value *other = first_of(list); other != named; other = other->next) {
        if (!bytes_equal(json_text_at(other, "name"), name))
            continue;
        field_error_add(check->errors, FIELD_DUPLICATE, field_of(check, where, "name"), quoted(check, name),
                        BYTES_LITERAL(""));
        return;
    }
}

static void ports_check(const struct spec_check *check, const struct json_value *container, const char *where)
{
    size_t index = 0;
    for (const struct json_value *port = first_of(json_get(container, "ports")); port != NULL; port = port->next) {
        const char *here = arena_format(check->errors->arena, "%s.ports[%zu]", where, index++);
        int64_t number = int_at(port, "containerPort");
        if (number < 1 || number > 65535)
            invalid(check, here, "containerPort", json_get(port, "containerPort")->text,
                    "must be between 1 and 65535, inclusive");
    }
}

static bool has_volume(const struct json_value *spec, bytes_t name)
{
    for (const struct json_value *at = first_of(json_get(spec, "volumes")); at != NULL; at = at->next) {
        if (bytes_equal(json_text_at(at, "name"), name))
            return true;
    }
    return false;
}

static void mounts_check(const struct spec_check *check, const struct json_value *container, const char *where)
{
    size_t index = 0;
    const struct json_value *mounts = json_get(container, "volumeMounts");
    for (const struct json_value *mount = first_of(mounts); mount != NULL; mount = mount->next) {
        const char *here = arena_format(check->errors->arena, "%s.volumeMounts[%zu]", where, index++);
        bytes_t name = json_text_at(mount, "name");
        if (!has_volume(check->spec, name))
            invalid(check, here, "name", quoted(check, name), "no volume has this name");
    }
}

static void containers_check(const struct spec_check *check, const char *where, const char *member)
{
    size_t index = 0;
    const struct json_value *list = json_get(check->spec, member);
    for (const struct json_value *at = first_of(list); at != NULL; at = at->next) {
        const char *here = arena_format(check->errors->arena, "%s.%s[%zu]", where, member, index++);
        name_field_check(check, here, json_text_at(at, "name"));
        unique_check(check, list, at, here);
        if (json_text_at(at, "image").size == 0)
            required(check, here, "image");
        ports_check(check, at, here);
        mounts_check(check, at, here);
    }
}

static void volumes_check(const struct spec_check *check, const char *where)
{
    size_t index = 0;
    const struct json_value *list = json_get(check->spec, "volumes");
    for (const struct json_value *at = first_of(list); at != NULL; at = at->next) {
        const char *here = arena_format(check->errors->arena, "%s.volumes[%zu]", where, index++);
        name_field_check(check, here, json_text_at(at, "name"));
        unique_check(check, list, at, here);
        if (at->count > 2)
            field_error_add(check->errors, FIELD_FORBIDDEN, bytes_of_text(here), BYTES_NULL,
                            BYTES_LITERAL("may not specify more than 1 volume type"));
    }
}

void pod_spec_check(struct field_errors *errors, const struct json_value *spec, const char *where)
{
    struct spec_check check = { errors, spec };
    if (first_of(json_get(spec, "containers")) == NULL)
        required(&check, where, "containers");
    for (size_t i = 0; i < ARRAY_COUNT(container_lists); i++)
        containers_check(&check, where, container_lists[i]);
    volumes_check(&check, where);
}

static bytes_t shown(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    if (value == NULL)
        writer_text(&out, "null");
    else
        json_value_write(&json, value);
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

void pod_selector_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live,
                        const char *kind)
{
    struct arena *arena = errors->arena;
    const struct json_value *spec = json_get(object, "spec"), *selector = json_get(spec, "selector");
    const struct json_value *labels = json_get(json_get(json_get(spec, "template"), "metadata"), "labels");
    const struct json_value *was = json_get(json_get(live, "spec"), "selector");
    struct label_selector compiled;
    const char *why = NULL;
    if (label_selector_read(arena, selector, &compiled, &why) != ERR_OK)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.selector"), shown(arena, selector),
                        bytes_of_text(why));
    else if (compiled.count == 0)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.selector"), shown(arena, selector),
                        bytes_of_text(arena_format(arena, "empty selector is invalid for %s", kind)));
    else if (!label_selector_matches(&compiled, labels))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.template.metadata.labels"), shown(arena, labels),
                        BYTES_LITERAL("`selector` does not match template `labels`"));
    if (was != NULL && selector != NULL && !json_equal(was, selector))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.selector"), shown(arena, selector),
                        BYTES_LITERAL("field is immutable"));
}

// --- columns

// "name,name" or "image,image"; MEMBER is which.
static void containers_write(struct writer *to, const struct json_value *object, const char *member)
{
    size_t count = 0;
    const struct json_value *spec = json_get(json_get(json_get(object, "spec"), "template"), "spec");
    for (const struct json_value *at = first_of(json_get(spec, "containers")); at != NULL; at = at->next)
        writer_format(to, "%s%.*s", count++ == 0 ? "" : ",", BYTES_ARG(json_text_at(at, member)));
}

static void values_write(struct writer *to, const struct json_value *expression, const char *word)
{
    size_t count = 0;
    writer_format(to, "%.*s %s (", BYTES_ARG(json_text_at(expression, "key")), word);
    for (const struct json_value *at = first_of(json_get(expression, "values")); at != NULL; at = at->next)
        writer_format(to, "%s%.*s", count++ == 0 ? "" : ",", BYTES_ARG(at->text));
    writer_text(to, ")");
}

static void expression_write(struct writer *to, const struct json_value *expression)
{
    bytes_t operator= json_text_at(expression, "operator"), key = json_text_at(expression, "key");
    if (bytes_is(operator, "In"))
        values_write(to, expression, "in");
    else if (bytes_is(operator, "NotIn"))
        values_write(to, expression, "notin");
    else
        writer_format(to, "%s%.*s", bytes_is(operator, "Exists") ? "" : "!", BYTES_ARG(key));
}

// A LabelSelector as kubectl shows it: "app=web,tier in (a,b),!old"; "<none>": it is empty.
void pod_selector_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *selector = json_get(json_get(object, "spec"), "selector");
    size_t count = 0;
    (void)now_ms;
    for (const struct json_value *at = first_of(json_get(selector, "matchLabels")); at != NULL; at = at->next)
        writer_format(to, "%s%.*s=%.*s", count++ == 0 ? "" : ",", BYTES_ARG(at->name), BYTES_ARG(at->text));
    for (const struct json_value *at = first_of(json_get(selector, "matchExpressions")); at != NULL; at = at->next) {
        writer_text(to, count++ == 0 ? "" : ",");
        expression_write(to, at);
    }
    if (count == 0)
        writer_text(to, "<none>");
}

void pod_containers_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)now_ms;
    containers_write(to, object, "name");
}

void pod_images_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)now_ms;
    containers_write(to, object, "image");
}
