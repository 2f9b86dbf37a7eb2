// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/last_applied.h"

#include "base/json_edit.h"
#include "kube/apply/extract.h"

#include <stdlib.h>

// All names and values together (apimachinery: TotalAnnotationSizeLimitB).
enum { ANNOTATIONS_SIZE_MAX = 256 << 10 };

#define ANNOTATION BYTES_LITERAL("kubectl.kubernetes.io/last-applied-configuration")

static const struct json_limits limits = { .size = ANNOTATIONS_SIZE_MAX, .values = 50000 };

static struct json_value *annotations_of(const struct json_value *object)
{
    return json_find(json_find(object, BYTES_LITERAL("metadata")), BYTES_LITERAL("annotations"));
}

// BYTES_NULL: there is none.
static bytes_t annotation_of(const struct json_value *object)
{
    bytes_t text;
    return json_get_text(json_find(annotations_of(object), ANNOTATION), &text) && text.size > 0 ? text : BYTES_NULL;
}

const struct field_set *last_applied_fields(const struct apply_scope *scope, const struct json_value *live,
                                            struct arena *arena)
{
    struct typed type = typed_root(scope->schema);
    struct json_value *config;
    bytes_t text = annotation_of(live), version;
    if (text.size == 0 || json_parse(text, &limits, arena, &config, NULL) != ERR_OK)
        return &field_set_none;
    json_unique(config, NULL, NULL);
    if (!json_get_text(json_get(config, "apiVersion"), &version) || !bytes_equal(version, scope->api_version))
        return &field_set_none;
    const struct field_set *set;
    struct comparison changes;
    if (fields_check(type, config, arena, NULL) != ERR_OK || fields_check(type, live, arena, NULL) != ERR_OK ||
        fields_extract(type, config, arena, &set, NULL) != ERR_OK ||
        fields_compare(type, config, live, arena, &changes, NULL) != ERR_OK)
        return &field_set_none;
    set = field_set_difference(arena, set, changes.modified);
    set = field_set_difference(arena, set, changes.added);
    return field_set_difference(arena, set, changes.removed);
}

// --- the annotation's text: members in the order of their names, as Kubernetes' encoder has them

static void sort_members(struct json_value *value)
{
    for (struct json_value *inside = value->first; inside != NULL; inside = inside->next)
        sort_members(inside);
    if (value->type != JSON_OBJECT || value->count < 2)
        return;
    struct json_value **members = json_sorted(value);
    for (size_t i = 0; i < value->count; i++)
        members[i]->next = members[i + 1]; // NULL behind the last
    value->first = members[0];
    value->last = members[value->count - 1];
    free(members);
}

static bytes_t config_text(const struct json_value *config, struct arena *arena)
{
    struct json_value *copy = json_copy(arena, config), *annotations = annotations_of(copy);
    if (annotations != NULL && annotations->type == JSON_OBJECT)
        (void)json_unset(annotations, ANNOTATION);
    sort_members(copy);
    struct writer out = WRITER_INIT, safe = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, copy);
    path_html_safe(&safe, writer_view(&out));
    writer_u8(&safe, '\n');
    bytes_t text = arena_copy(arena, writer_view(&safe));
    writer_free(&out);
    writer_free(&safe);
    return text;
}

void last_applied_sync(struct json_value *object, const struct json_value *config, struct arena *arena)
{
    struct json_value *annotations = annotations_of(object);
    if (annotation_of(object).size == 0)
        return;
    json_set(annotations, ANNOTATION, json_new_bytes(arena, config_text(config, arena)));
    size_t size = 0;
    for (const struct json_value *member = annotations->first; member != NULL; member = member->next)
        size += member->name.size + member->text.size;
    if (size > ANNOTATIONS_SIZE_MAX)
        (void)json_unset(annotations, ANNOTATION);
}
