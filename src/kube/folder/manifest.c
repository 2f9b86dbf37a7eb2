// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/manifest.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

// Of one file. A value takes about 110 bytes.
static const struct yaml_limits limits = { .size = 16 << 20, .values = 1000000, .repeated = 50000, .documents = 10000 };

bytes_t manifest_key(struct arena *arena, bytes_t api_version, bytes_t kind, bytes_t name_space, bytes_t name)
{
    const uint8_t *slash = api_version.size == 0 ? NULL : memchr(api_version.data, '/', api_version.size);
    bytes_t group = slash == NULL ? BYTES_LITERAL("") : bytes_of(api_version.data, (size_t)(slash - api_version.data));
    if (name_space.size == 0)
        name_space = BYTES_LITERAL("default");
    return bytes_of_text(arena_format(arena, "%.*s/%.*s/%.*s/%.*s", BYTES_ARG(group), BYTES_ARG(kind),
                                      BYTES_ARG(name_space), BYTES_ARG(name)));
}

// --- one document

struct reading {
    struct manifests *manifests;
    size_t capacity;
    struct manifest *items; // of the heap, until their number is known
    size_t document;
    struct yaml_place *ret_place;
    diag_t *diag;
};

static err_t refuse(const struct reading *reading, const char *path, const char *what)
{
    bytes_t text = bytes_of(reading->manifests->text->data, reading->manifests->text->capacity);
    if (!yaml_locate(text, &limits, reading->document, path, reading->ret_place))
        *reading->ret_place = (struct yaml_place){ 0 };
    return diag_fail(reading->diag, ERR_INVALID, "", "%s", what);
}

static err_t read_object(struct reading *reading, const struct json_value *object, const char *path)
{
    struct arena *arena = &reading->manifests->arena;
    const struct json_value *metadata = json_get(object, "metadata");
    struct manifest manifest = {
        .file = reading->manifests,
        .object = object,
        .api_version = json_text_at(object, "apiVersion"),
        .kind = json_text_at(object, "kind"),
        .name_space = json_text_at(metadata, "namespace"),
        .name = json_text_at(metadata, "name"),
        .document = reading->document,
        .path = path,
    };
    const char *inside = path[0] == '\0' ? "" : ".";
    if (manifest.api_version.size == 0)
        return refuse(reading, path, "apiVersion is missing: it says which version of the kind this is");
    if (manifest.kind.size == 0)
        return refuse(reading, path, "kind is missing: it says what this is");
    if (manifest.name.size == 0)
        return refuse(reading, arena_format(arena, "%s%smetadata.name", path, inside),
                      "metadata.name is missing: what is followed has a name");
    if (manifest.name_space.size == 0)
        manifest.name_space = BYTES_LITERAL("default");
    manifest.key = manifest_key(arena, manifest.api_version, manifest.kind, manifest.name_space, manifest.name);
    MEM_GROW(reading->items, reading->manifests->count, reading->capacity);
    reading->items[reading->manifests->count++] = manifest;
    return ERR_OK;
}

// List, WidgetList: kubectl takes what has items for a list.
static const struct json_value *items_of(const struct json_value *value)
{
    const struct json_value *items = json_get(value, "items");
    bool is_list = bytes_ends_with(json_text_at(value, "kind"), BYTES_LITERAL("List"));
    return is_list && items != NULL && items->type == JSON_ARRAY ? items : NULL;
}

static err_t read_value(struct reading *reading, const struct json_value *value, const char *path)
{
    if (value->type != JSON_OBJECT)
        return refuse(reading, path, "an object belongs here: apiVersion, kind, metadata and so on");
    const struct json_value *items = items_of(value);
    if (items == NULL)
        return read_object(reading, value, path);
    size_t index = 0;
    err_t err = ERR_OK;
    for (const struct json_value *item = items->first; item != NULL && err == ERR_OK; item = item->next)
        err = read_value(
            reading, item,
            arena_format(&reading->manifests->arena, "%s%sitems[%zu]", path, path[0] == '\0' ? "" : ".", index++));
    return err;
}

// --- a file

static struct yaml_place place_of(const diag_t *diag)
{
    struct yaml_place place = { 0 };
    char *end = NULL;
    if (strncmp(diag->where, "line ", 5) != 0)
        return place;
    place.line = strtoul(diag->where + 5, &end, 10);
    if (strncmp(end, " column ", 8) == 0)
        place.column = strtoul(end + 8, NULL, 10);
    return place;
}

static err_t read_stream(struct reading *reading)
{
    struct manifests *manifests = reading->manifests;
    struct yaml_stream stream;
    err_t err = yaml_read(bytes_of(manifests->text->data, manifests->text->capacity), &limits, &manifests->arena,
                          &stream, reading->diag);
    if (err != ERR_OK) {
        *reading->ret_place = place_of(reading->diag);
        return err;
    }
    for (size_t i = 0; i < stream.count && err == ERR_OK; i++) {
        reading->document = i;
        err = read_value(reading, stream.documents[i], "");
    }
    return err;
}

err_t manifests_read(const char *path, struct buf *text, struct manifests **ret_manifests, struct yaml_place *ret_place,
                     diag_t *diag)
{
    struct manifests *manifests = mem_zalloc(1, sizeof *manifests);
    struct reading reading = { .manifests = manifests, .ret_place = ret_place, .diag = diag };
    manifests->refs = 1;
    manifests->text = buf_ref(text);
    manifests->path = arena_text(&manifests->arena, bytes_of_text(path));
    err_t err = read_stream(&reading);
    manifests->items = arena_array(&manifests->arena, manifests->count, sizeof *manifests->items);
    if (manifests->count > 0)
        memcpy(manifests->items, reading.items, manifests->count * sizeof *manifests->items);
    free(reading.items);
    if (err != ERR_OK) {
        manifests_unref(manifests);
        return err;
    }
    *ret_manifests = manifests;
    return ERR_OK;
}

struct manifests *manifests_ref(struct manifests *manifests)
{
    manifests->refs++;
    return manifests;
}

void manifests_unref(struct manifests *manifests)
{
    if (manifests == NULL || --manifests->refs > 0)
        return;
    buf_unref(manifests->text);
    arena_free(&manifests->arena);
    free(manifests);
}

// --- places

const char *manifest_place_text(const char *path, const struct yaml_place *place, struct arena *arena)
{
    return place->line == 0 ? arena_text(arena, bytes_of_text(path))
                            : arena_format(arena, "%s:%zu:%zu", path, place->line, place->column);
}

const char *manifest_place(const struct manifest *manifest, bytes_t field, struct arena *arena)
{
    const struct buf *text = manifest->file->text;
    struct yaml_place place = { 0 };
    if (field.size > 0 && field.data[0] == '.')
        field = bytes_of(field.data + 1, field.size - 1);
    const char *between = manifest->path[0] == '\0' || field.size == 0 ? "" : ".";
    const char *path = arena_format(arena, "%s%s%.*s", manifest->path, between, BYTES_ARG(field));
    (void)yaml_locate(bytes_of(text->data, text->capacity), &limits, manifest->document, path, &place);
    return manifest_place_text(manifest->file->path, &place, arena);
}
