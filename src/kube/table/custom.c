// SPDX-License-Identifier: Apache-2.0
#include "kube/table/custom.h"

#include "kube/table/go_text.h"
#include "kube/table/json_path.h"
#include "kube/table/layout.h"

struct column {
    bytes_t header;
    const struct json_path *path;
};

struct custom_columns {
    struct column *columns;
    size_t count;
};

// The items of a list, else NULL.
static const struct json_value *items_of(const struct json_value *value)
{
    const struct json_value *items = json_get(value, "items");
    return items != NULL && items->type == JSON_ARRAY ? items : NULL;
}

// --- custom-columns

// "a.b", ".a.b", "{a.b}" and "{.a.b}" mean {.a.b}.
static err_t relaxed_path(bytes_t text, struct arena *arena, bytes_t *ret_path, diag_t *diag)
{
    *ret_path = bytes_of_text("");
    if (text.size == 0)
        return ERR_OK;
    bytes_t inner = text;
    if (text.size > 2 && text.data[0] == '{' && text.data[text.size - 1] == '}')
        inner = bytes_of(text.data + 1, text.size - 2);
    if (memchr(inner.data, '{', inner.size) != NULL || memchr(inner.data, '}', inner.size) != NULL)
        return diag_fail(diag, ERR_INVALID, "custom-columns",
                         "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or "
                         "'{.name1.name2}'");
    const char *point = inner.data[0] == '.' && inner.size > 1 ? "" : ".";
    *ret_path = bytes_of_text(arena_format(arena, "{%s%.*s}", point, BYTES_ARG(inner)));
    return ERR_OK;
}

static err_t compile_column(bytes_t part, struct arena *arena, struct column *column, diag_t *diag)
{
    const uint8_t *colon = part.size == 0 ? NULL : memchr(part.data, ':', part.size);
    if (colon == NULL) {
        bytes_t shown = bytes_of(part.data, part.size < 100 ? part.size : 100);
        return diag_fail(diag, ERR_INVALID, "custom-columns",
                         "unexpected custom-columns spec: %.*s, expected <header>:<json-path-expr>", BYTES_ARG(shown));
    }
    size_t size = (size_t)(colon - part.data);
    bytes_t path;
    err_t err = relaxed_path(bytes_of(colon + 1, part.size - size - 1), arena, &path, diag);
    if (err != ERR_OK)
        return err;
    column->header = arena_copy(arena, bytes_of(part.data, size));
    return json_path_compile(path, arena, &column->path, diag);
}

err_t custom_columns_compile(bytes_t spec, struct arena *arena, const struct custom_columns **ret_columns, diag_t *diag)
{
    if (spec.size == 0)
        return diag_fail(diag, ERR_INVALID, "custom-columns",
                         "custom-columns format specified but no custom columns given");
    size_t most = 1;
    for (size_t i = 0; i < spec.size; i++)
        most += spec.data[i] == ',' ? 1 : 0;
    struct custom_columns *made = arena_alloc(arena, sizeof *made);
    made->columns = arena_array(arena, most, sizeof *made->columns);
    for (size_t at = 0; made->count < most; made->count++) {
        const uint8_t *start = spec.data + at;
        const uint8_t *comma = at == spec.size ? NULL : memchr(start, ',', spec.size - at);
        size_t size = comma == NULL ? spec.size - at : (size_t)(comma - start);
        err_t err = compile_column(bytes_of(start, size), arena, &made->columns[made->count], diag);
        if (err != ERR_OK)
            return err;
        at += size + (comma == NULL ? 0 : 1);
    }
    *ret_columns = made;
    return ERR_OK;
}

static void put_values(struct layout *layout, const struct json_path_found *found)
{
    struct writer out = WRITER_INIT;
    bool is_none = found->count == 0 || found->groups[0].count == 0;
    writer_text(&out, is_none ? "<none>" : "");
    for (size_t i = 0; i < found->count; i++) {
        for (size_t j = 0; j < found->groups[i].count; j++) {
            writer_text(&out, i == 0 && j == 0 ? "" : ",");
            go_sprint(&out, found->groups[i].values[j]);
        }
    }
    layout_cell(layout, layout_text(&layout->arena, writer_view(&out)));
    writer_free(&out);
}

static err_t put_object(const struct custom_columns *columns, const struct json_value *object, struct layout *layout,
                        struct arena *scratch, diag_t *diag)
{
    for (size_t i = 0; i < columns->count; i++) {
        struct json_path_found found = { 0 };
        err_t err = json_path_find(columns->columns[i].path, object, true, scratch, &found, diag);
        if (err != ERR_OK)
            return err;
        put_values(layout, &found);
    }
    layout_line(layout);
    arena_reset(scratch);
    return ERR_OK;
}

err_t custom_columns_print(const struct custom_columns *columns, const struct json_value *value, bool no_headers,
                           struct writer *out, diag_t *diag)
{
    struct layout layout = LAYOUT_INIT;
    struct arena scratch = ARENA_INIT;
    const struct json_value *items = items_of(value);
    if (!no_headers) {
        for (size_t i = 0; i < columns->count; i++)
            layout_cell(&layout, layout_text(&layout.arena, columns->columns[i].header));
        layout_line(&layout);
    }
    err_t err = ERR_OK;
    if (items == NULL)
        err = put_object(columns, value, &layout, &scratch, diag);
    for (const struct json_value *item = items == NULL ? NULL : items->first; err == ERR_OK && item != NULL;
         item = item->next)
        err = put_object(columns, item, &layout, &scratch, diag);
    if (err == ERR_OK)
        layout_flush(&layout, out);
    layout_free(&layout);
    arena_free(&scratch);
    return err;
}

// --- jsonpath

static void put_array(struct writer *out, const struct json_path_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        writer_text(out, i == 0 ? "[\n    " : ",\n    ");
        go_json_write_lines(out, group->values[i], 1);
    }
    writer_text(out, group->count == 0 ? "[]\n" : "\n]\n");
}

err_t custom_jsonpath_print(bytes_t template, const struct json_value *value, bool as_json, struct writer *out,
                            diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    const struct json_path *path = NULL;
    struct json_path_found found = { 0 };
    err_t err = ERR_OK;
    if (template.size == 0)
        err = diag_fail(diag, ERR_INVALID, "jsonpath", "template format specified but no template given");
    if (err == ERR_OK)
        err = json_path_compile(template, &arena, &path, diag);
    if (err == ERR_OK)
        err = json_path_find(path, value, true, &arena, &found, diag);
    for (size_t i = 0; err == ERR_OK && i < found.count; i++) {
        if (as_json)
            put_array(out, &found.groups[i]);
        else
            json_path_print(&found.groups[i], out);
    }
    arena_free(&arena);
    return err;
}

// --- name

bytes_t custom_kind_name(const struct json_value *object, struct arena *arena)
{
    bytes_t kind, version;
    if (!json_get_text(json_get(object, "kind"), &kind) || kind.size == 0 ||
        !json_get_text(json_get(object, "apiVersion"), &version))
        return BYTES_NULL;
    const uint8_t *slash = version.size == 0 ? NULL : memchr(version.data, '/', version.size);
    size_t group = slash == NULL ? 0 : (size_t)(slash - version.data);
    char *name = arena_format(arena, "%.*s%s%.*s", BYTES_ARG(kind), group == 0 ? "" : ".", (int)group,
                              (const char *)version.data);
    for (size_t i = 0; i < kind.size && name[i] != '\0'; i++)
        name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    return bytes_of_text(name);
}

static err_t put_name(const struct json_value *object, struct writer *out, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    bytes_t kind = custom_kind_name(object, &arena), name = bytes_of_text("");
    err_t err = ERR_OK;
    if (kind.data == NULL)
        err = diag_fail(diag, ERR_INVALID, "name", "an object has no apiVersion or kind");
    if (!json_get_text(json_get(json_get(object, "metadata"), "name"), &name) || name.size == 0)
        name = bytes_of_text("<unknown>");
    if (err == ERR_OK) {
        writer_bytes(out, kind);
        writer_u8(out, '/');
        writer_bytes(out, name);
        writer_u8(out, '\n');
    }
    arena_free(&arena);
    return err;
}

err_t custom_name_print(const struct json_value *value, struct writer *out, diag_t *diag)
{
    const struct json_value *items = items_of(value);
    if (items == NULL)
        return put_name(value, out, diag);
    struct writer lines = WRITER_INIT;
    err_t err = ERR_OK;
    for (const struct json_value *item = items->first; err == ERR_OK && item != NULL; item = item->next)
        err = put_name(item, &lines, diag);
    if (err == ERR_OK)
        writer_bytes(out, writer_view(&lines));
    writer_free(&lines);
    return err;
}
