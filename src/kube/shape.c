// SPDX-License-Identifier: Apache-2.0
#include "kube/shape.h"

#include "base/mem.h"
#include "io/clock.h"
#include "kube/table/table.h"

#include <stdio.h>
#include <stdlib.h>

static void version_field(struct json_writer *json, int64_t resource_version)
{
    char version[24];
    (void)snprintf(version, sizeof version, "%lld", (long long)resource_version);
    json_field_text(json, "resourceVersion", version);
}

static struct json_value *decode(const struct request *request, bytes_t value, int64_t resource_version,
                                 struct arena *arena)
{
    struct json_value *object;
    err_t err = object_decode(value, request->kind, request->kind_version, resource_version, arena, &object);
    return err == ERR_OK ? object : json_new(arena, JSON_OBJECT); // what cannot be read has no metadata
}

// --- one object

// Only where versions differ is there a tree.
static void whole_write(const struct request *request, bytes_t value, int64_t resource_version, struct writer *text)
{
    const struct kind_rules *rules = request->kind->rules;
    if (rules == NULL || rules->show == NULL) {
        object_write(text, request->kind, request->kind_version, value, resource_version);
        return;
    }
    struct json_writer json = json_writer_of(text);
    struct arena arena = ARENA_INIT;
    struct json_value *object = decode(request, value, resource_version, &arena);
    rules->show(object, request->kind_version->name);
    json_value_write(&json, object);
    arena_free(&arena);
}

static struct table_options table_options_of(const struct request *request)
{
    static const enum table_include includes[] = { [INCLUDE_METADATA] = TABLE_INCLUDE_METADATA,
                                                   [INCLUDE_NONE] = TABLE_INCLUDE_NONE,
                                                   [INCLUDE_OBJECT] = TABLE_INCLUDE_OBJECT };
    return (struct table_options){
        .include = includes[request->parameters.include_object],
        .version = bytes_is(request->form_version, "v1beta1") ? "v1beta1" : "v1",
        .now_ms = clock_wall_ms(),
        .cells = request->kind->rules == NULL ? NULL : request->kind->rules->cells,
    };
}

void shape_event(const struct request *request, bytes_t value, int64_t resource_version, bool is_first,
                 struct writer *text)
{
    struct json_writer json = json_writer_of(text);
    struct arena arena = ARENA_INIT;
    struct table_options options = table_options_of(request);
    options.no_headers = !is_first;
    switch (request->form) {
    case FORM_OBJECT:
        whole_write(request, value, resource_version, text);
        break;
    case FORM_PARTIAL:
        partial_metadata_write(&json, decode(request, value, resource_version, &arena), options.version);
        break;
    case FORM_TABLE:
        table_write(&json, request->kind_version->columns, &options, decode(request, value, resource_version, &arena));
        break;
    }
    arena_free(&arena);
}

void shape_object(const struct request *request, bytes_t value, int64_t resource_version, struct writer *text)
{
    shape_event(request, value, resource_version, true, text);
}

void shape_bookmark(const struct request *request, int64_t resource_version, bool ends_initial, struct writer *text)
{
    struct json_writer json = json_writer_of(text);
    bool is_partial = request->form == FORM_PARTIAL;
    json_object_begin(&json);
    json_field_bytes(&json, "kind", is_partial ? BYTES_LITERAL("PartialObjectMetadata") : request->kind->name);
    json_field_bytes(&json, "apiVersion",
                     is_partial ? BYTES_LITERAL("meta.k8s.io/v1") : request->kind_version->api_version);
    json_key(&json, "metadata");
    json_object_begin(&json);
    version_field(&json, resource_version);
    if (ends_initial) {
        json_key(&json, "annotations");
        json_object_begin(&json);
        json_field_text(&json, "k8s.io/initial-events-end", "true");
        json_object_end(&json);
    }
    json_object_end(&json);
    json_object_end(&json);
}

// --- lists

void shape_page_add(struct shape_page *page, const struct table_row *row)
{
    MEM_GROW(page->rows, page->count, page->capacity);
    page->rows[page->count++] = *row;
}

void shape_page_free(struct shape_page *page)
{
    free(page->rows);
}

static void page_meta_write(struct json_writer *json, const struct shape_page *page)
{
    json_object_begin(json);
    version_field(json, page->version);
    if (page->continue_token.data != NULL)
        json_field_bytes(json, "continue", page->continue_token);
    if (page->rest_count > 0)
        json_field_int(json, "remainingItemCount", page->rest_count);
    json_object_end(json);
}

static void page_table_write(const struct request *request, const struct shape_page *page, struct json_writer *json)
{
    struct table_options options = table_options_of(request);
    struct arena arena = ARENA_INIT, scratch = ARENA_INIT;
    struct json_value *metadata = json_new(&arena, JSON_OBJECT);
    json_set_text(metadata, &arena, "resourceVersion", arena_format(&arena, "%lld", (long long)page->version));
    if (page->continue_token.data != NULL)
        json_set_bytes(metadata, &arena, "continue", page->continue_token);
    if (page->rest_count > 0)
        json_set_int(metadata, &arena, "remainingItemCount", page->rest_count);
    table_begin(json, request->kind_version->columns, &options, metadata);
    for (size_t i = 0; i < page->count; i++) {
        struct arena object_arena = ARENA_INIT;
        const struct table_row *row = &page->rows[i];
        table_row(json, request->kind_version->columns, &options,
                  decode(request, row->value, row->version, &object_arena), &scratch);
        arena_free(&object_arena);
    }
    table_end(json);
    arena_free(&arena);
    arena_free(&scratch);
}

void shape_page_write(const struct request *request, const struct shape_page *page, struct writer *text)
{
    struct json_writer json = json_writer_of(text);
    if (request->form == FORM_TABLE) {
        page_table_write(request, page, &json);
        return;
    }
    bool is_partial = request->form == FORM_PARTIAL;
    json_object_begin(&json);
    json_field_bytes(&json, "kind", is_partial ? BYTES_LITERAL("PartialObjectMetadataList") : request->kind->list_name);
    json_field_bytes(&json, "apiVersion",
                     is_partial ? BYTES_LITERAL("meta.k8s.io/v1") : request->kind_version->api_version);
    json_key(&json, "metadata");
    page_meta_write(&json, page);
    json_key(&json, "items");
    // The items are written as they are stored, without a tree: the commas are ours.
    writer_text(text, "[");
    for (size_t i = 0; i < page->count; i++) {
        if (i > 0)
            writer_text(text, ",");
        shape_object(request, page->rows[i].value, page->rows[i].version, text);
    }
    writer_text(text, "]}");
}
