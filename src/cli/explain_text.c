// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_text.h"

#include "base/arena.h"
#include "base/json_edit.h"
#include "base/nearest.h"
#include "cli/plain.h"
#include "cli/wrap.h"
#include "kube/table/go_text.h"

#include <stdlib.h>

enum { WIDTH = 80, INDENT = 2, ENUM_MAX = 4 };

// References that were followed on the way here, so that a kind that holds itself has an end.
struct trail {
    bytes_t reference;
    const struct trail *up;
};

static bool is_on(const struct trail *trail, bytes_t reference)
{
    while (trail != NULL && !(reference.size > 0 && bytes_equal(trail->reference, reference)))
        trail = trail->up;
    return trail != NULL;
}

// --- schemas

static bytes_t last_part(bytes_t text, char separator)
{
    const uint8_t *at = text.size == 0 ? NULL : memrchr(text.data, separator, text.size);
    size_t skipped = at == NULL ? 0 : (size_t)(at - text.data) + 1;
    return bytes_of(text.data + skipped, text.size - skipped);
}

static const struct json_value *schemas_of(const struct json_value *document)
{
    return json_get(json_get(document, "components"), "schemas");
}

// What "#/components/schemas/NAME" stands for; NULL: nothing.
static const struct json_value *refer(const struct json_value *document, bytes_t reference)
{
    return reference.size == 0 ? NULL : json_find(schemas_of(document), last_part(reference, '/'));
}

static bytes_t reference_of(const struct json_value *schema)
{
    return json_text_at(schema, "$ref");
}

static const struct json_value *resolve(const struct json_value *document, const struct json_value *schema)
{
    const struct json_value *target = refer(document, reference_of(schema));
    return target == NULL ? schema : target;
}

static const struct json_value *object_at(const struct json_value *schema, const char *name)
{
    const struct json_value *value = json_get(schema, name);
    return value == NULL || value->type != JSON_OBJECT ? NULL : value;
}

static const struct json_value *list_at(const struct json_value *schema, const char *name)
{
    const struct json_value *value = json_get(schema, name);
    return value == NULL || value->type != JSON_ARRAY ? NULL : value->first;
}

static bool has_kind(const struct explain *explain, const struct json_value *schema)
{
    for (const struct json_value *one = list_at(schema, "x-kubernetes-group-version-kind"); one != NULL;
         one = one->next)
        if (bytes_equal(json_text_at(one, "group"), explain->group) &&
            bytes_equal(json_text_at(one, "version"), explain->version) &&
            bytes_equal(json_text_at(one, "kind"), explain->kind))
            return true;
    return false;
}

static const struct json_value *schema_of_kind(const struct explain *explain)
{
    const struct json_value *schemas = schemas_of(explain->document);
    const struct json_value *schema = schemas == NULL ? NULL : schemas->first;
    while (schema != NULL && !has_kind(explain, schema))
        schema = schema->next;
    return schema;
}

// --- types: string, []Object, map[string]string, ObjectMeta

static void put_type(const struct json_value *document, const struct json_value *schema, struct writer *out);

static void put_reference(const struct json_value *document, bytes_t reference, struct writer *out)
{
    bytes_t type = json_text_at(refer(document, reference), "type");
    bytes_t name = last_part(last_part(reference, '/'), '.');
    bool is_scalar = type.size > 0 && !bytes_is(type, "object");
    plain_put(out, is_scalar ? type : name);
}

static void put_type(const struct json_value *document, const struct json_value *schema, struct writer *out)
{
    const struct json_value *items = object_at(schema, "items"), *values = object_at(schema, "additionalProperties");
    const struct json_value *all = json_get(schema, "allOf");
    bytes_t type = json_text_at(schema, "type");
    bool is_wrapped =
        all != NULL && all->type == JSON_ARRAY && all->count == 1 && json_get(schema, "properties") == NULL;
    if (items != NULL) {
        writer_text(out, "[]");
        put_type(document, items, out);
    } else if (values != NULL) {
        writer_text(out, "map[string]");
        put_type(document, values, out);
    } else if (is_wrapped) {
        put_type(document, all->first, out);
    } else if (reference_of(schema).size > 0) {
        put_reference(document, reference_of(schema), out);
    } else {
        plain_put(out, type.size == 0 || bytes_is(type, "object") ? BYTES_LITERAL("Object") : type);
    }
}

// --- pieces

static void put_spaces(struct writer *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        writer_u8(out, ' ');
}

static void put_value(const struct json_value *value, struct writer *out)
{
    struct writer text = WRITER_INIT;
    if (value->type == JSON_STRING && value->text.size == 0)
        writer_text(&text, "\"\"");
    else
        go_sprint(&text, value);
    plain_put(out, writer_view(&text));
    writer_free(&text);
}

// Below the name of a field in a list, the first few.
static void put_enum_short(const struct json_value *schema, size_t indent, struct writer *out)
{
    const struct json_value *value = list_at(schema, "enum");
    if (value == NULL)
        return;
    writer_u8(out, '\n');
    put_spaces(out, indent);
    writer_text(out, "enum: ");
    for (size_t i = 0; value != NULL && i < ENUM_MAX; i++, value = value->next) {
        writer_text(out, i == 0 ? "" : ", ");
        put_value(value, out);
    }
    writer_text(out, value == NULL ? "" : ", ....");
}

static void put_enum_long(const struct json_value *schema, struct writer *out)
{
    const struct json_value *value = list_at(schema, "enum");
    writer_text(out, value == NULL ? "" : "ENUM:");
    for (; value != NULL; value = value->next) {
        writer_text(out, "\n    ");
        put_value(value, out);
    }
}

// Of the schema, and of what its items or members are.
static void put_description(const struct json_value *document, const struct json_value *schema,
                            const struct trail *above, struct writer *out)
{
    const struct trail trail = { reference_of(schema), above };
    if (is_on(above, trail.reference))
        return;
    const struct json_value *resolved = resolve(document, schema);
    const struct json_value *items = object_at(resolved, "items"),
                            *values = object_at(resolved, "additionalProperties");
    bytes_t text = json_text_at(resolved, "description");
    if (text.size > 0) {
        writer_bytes(out, text);
        writer_u8(out, '\n');
    }
    for (const struct json_value *one = list_at(resolved, "allOf"); one != NULL; one = one->next)
        put_description(document, one, &trail, out);
    if (items != NULL)
        put_description(document, items, &trail, out);
    if (values != NULL)
        put_description(document, values, &trail, out);
}

// --- lists of fields

static bool is_required(const struct json_value *schema, bytes_t name)
{
    const struct json_value *one = list_at(schema, "required");
    while (one != NULL && !(one->type == JSON_STRING && bytes_equal(one->text, name)))
        one = one->next;
    return one != NULL;
}

static void put_field(const struct explain *explain, const struct json_value *schema, const struct json_value *field,
                      size_t level, struct writer *out)
{
    size_t indent = level * INDENT;
    put_spaces(out, indent);
    plain_put(out, field->name);
    writer_text(out, "\t<");
    put_type(explain->document, field, out);
    writer_text(out, is_required(schema, field->name) ? "> -required-" : ">");
    put_enum_short(field, indent, out);
    writer_u8(out, '\n');
    if (explain->recursive)
        return;
    bytes_t text = json_text_at(field, "description");
    wrap_text(text.size > 0 ? text : BYTES_LITERAL("<no description>"), WIDTH - INDENT - indent, indent + INDENT, out);
    writer_text(out, "\n\n");
}

static void put_fields(const struct explain *explain, const struct json_value *schema, size_t level,
                       const struct trail *above, struct writer *out)
{
    const struct trail trail = { reference_of(schema), above };
    if (is_on(above, trail.reference))
        return;
    const struct json_value *resolved = resolve(explain->document, schema);
    const struct json_value *fields = object_at(resolved, "properties");
    struct json_value **sorted = fields == NULL ? NULL : json_sorted(fields);
    for (size_t i = 0; sorted != NULL && sorted[i] != NULL; i++) {
        put_field(explain, resolved, sorted[i], level, out);
        if (explain->recursive)
            put_fields(explain, sorted[i], level + 1, &trail, out);
    }
    free(sorted);
    const struct json_value *items = object_at(resolved, "items"),
                            *values = object_at(resolved, "additionalProperties");
    for (const struct json_value *one = list_at(resolved, "allOf"); one != NULL; one = one->next)
        put_fields(explain, one, level, &trail, out);
    if (items != NULL)
        put_fields(explain, items, level, &trail, out);
    if (values != NULL)
        put_fields(explain, values, level, &trail, out);
}

// --- the way to the field

static void put_schema(const struct explain *explain, const struct json_value *schema, struct writer *out)
{
    struct writer text = WRITER_INIT, fields = WRITER_INIT;
    put_description(explain->document, schema, NULL, &text);
    if (text.size == 0)
        writer_text(&text, "<empty>");
    writer_text(out, "DESCRIPTION:\n");
    wrap_text(writer_view(&text), WIDTH - 2 * INDENT, 2 * INDENT, out);
    writer_u8(out, '\n');
    put_fields(explain, schema, 1, NULL, &fields);
    if (fields.size > 0)
        writer_text(out, "FIELDS:\n");
    writer_bytes(out, writer_view(&fields));
    writer_free(&text);
    writer_free(&fields);
}

static void put_name(const struct explain *explain, const char *name, const struct json_value *field,
                     struct writer *out)
{
    writer_format(out, "FIELD: %s <", name);
    put_type(explain->document, field, out);
    writer_text(out, ">\n");
    put_enum_long(field, out);
    writer_text(out, "\n\n");
}

// What a step through the path met, for complaints.
struct search {
    const struct explain *explain;
    struct nearest nearest;
    struct arena arena;
    const char *missing; // the field that is not there
};

static void offer(struct search *search, const char *wanted, const struct json_value *fields)
{
    search->missing = wanted;
    search->nearest = nearest_to(bytes_of_text(wanted));
    for (const struct json_value *field = fields->first; field != NULL; field = field->next)
        nearest_offer(&search->nearest, arena_text(&search->arena, field->name));
}

// Fields of a list are those of its items, fields of a map those of its members. NULL: there is no such field.
static const struct json_value *step(struct search *search, const struct json_value *schema, const char *name,
                                     const struct trail *above)
{
    const struct trail trail = { reference_of(schema), above };
    const struct json_value *resolved = resolve(search->explain->document, schema), *found = NULL;
    const struct json_value *fields = object_at(resolved, "properties");
    if (is_on(above, trail.reference))
        return NULL;
    if (fields != NULL)
        found = json_find(fields, bytes_of_text(name));
    if (fields != NULL && found == NULL)
        offer(search, name, fields);
    const struct json_value *items = object_at(resolved, "items"),
                            *values = object_at(resolved, "additionalProperties");
    if (found == NULL && items != NULL)
        found = step(search, items, name, &trail);
    if (found == NULL && items == NULL && values != NULL)
        found = step(search, values, name, &trail);
    for (const struct json_value *one = list_at(resolved, "allOf"); found == NULL && one != NULL; one = one->next)
        found = step(search, one, name, &trail);
    return found;
}

static err_t complain(const struct search *search, const char *name, diag_t *diag)
{
    if (search->missing != name || search->nearest.best == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, name, "there is no such field");
    return diag_fail(diag, ERR_NOT_FOUND, name, "there is no such field; did you mean \"%s\"?", search->nearest.best);
}

static err_t find(struct search *search, const struct json_value **schema, diag_t *diag)
{
    const struct explain *explain = search->explain;
    for (size_t i = 0; i < explain->path_size; i++) {
        const struct json_value *field = step(search, *schema, explain->path[i], NULL);
        if (field == NULL)
            return complain(search, explain->path[i], diag);
        *schema = field;
    }
    return ERR_OK;
}

err_t explain_text(const struct explain *explain, struct writer *out, diag_t *diag)
{
    struct search search = { .explain = explain, .arena = ARENA_INIT };
    const struct json_value *schema = schema_of_kind(explain);
    if (schema == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, "", "the server does not say what a %.*s looks like",
                         BYTES_ARG(explain->kind));
    err_t err = find(&search, &schema, diag);
    if (err == ERR_OK) {
        if (explain->group.size > 0)
            writer_format(out, "GROUP:      %.*s\n", BYTES_ARG(explain->group));
        writer_format(out, "KIND:       %.*s\nVERSION:    %.*s\n\n", BYTES_ARG(explain->kind),
                      BYTES_ARG(explain->version));
        if (explain->path_size > 0)
            put_name(explain, explain->path[explain->path_size - 1], schema, out);
        put_schema(explain, schema, out);
        writer_u8(out, '\n');
    }
    arena_free(&search.arena);
    return err;
}
