// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_manifest.h"

#include "base/json_edit.h"
#include "io/file.h"
#include "io/system.h"
#include "kube/yaml/yaml_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_SIZE_MAX = 64 << 20, READ_SIZE = 64 * 1024, FOLDERS_DEEP_MAX = 32 };
static const struct yaml_limits limits = {
    .size = FILE_SIZE_MAX, .values = 4000000, .repeated = 100000, .documents = 100000
};

struct reader {
    struct kube_session *session;
    struct kube_manifests *manifests;
    bool recursive;
};

static void refuse_file(struct reader *reader, const char *path, const char *text)
{
    const struct kube_answer answer = { .message = text };
    (void)kube_complain(reader->session, path, &answer);
    reader->manifests->has_failed = true;
}

// --- objects

static void add(struct reader *reader, const struct kube_manifest *manifest)
{
    struct kube_manifests *list = reader->manifests;
    struct arena *arena = &reader->session->arena;
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct kube_manifest *more = arena_array(arena, list->capacity, sizeof *more);
        for (size_t i = 0; i < list->count; i++)
            more[i] = list->items[i];
        list->items = more;
    }
    list->items[list->count++] = *manifest;
}

static void add_object(struct reader *reader, const struct kube_manifest *manifest)
{
    const struct json_value *object = manifest->object;
    const char *missing = NULL;
    if (object->type != JSON_OBJECT)
        missing = "is no object";
    else if (json_text_at(object, "apiVersion").size == 0)
        missing = "apiVersion is missing";
    else if (json_text_at(object, "kind").size == 0)
        missing = "kind is missing";
    else if (json_get(object, "metadata") == NULL || json_get(object, "metadata")->type != JSON_OBJECT)
        missing = "metadata is missing";
    if (missing == NULL) {
        add(reader, manifest);
        return;
    }
    (void)kube_manifest_refuse(reader->session, manifest, "", "%s", missing);
    reader->manifests->has_failed = true;
}

static bool is_list(const struct json_value *object)
{
    const struct json_value *items = json_get(object, "items");
    return items != NULL && items->type == JSON_ARRAY &&
           bytes_ends_with(json_text_at(object, "kind"), BYTES_LITERAL("List"));
}

static void add_document(struct reader *reader, const struct kube_manifest_file *file, size_t index,
                         struct json_value *document)
{
    struct kube_manifest manifest = { .file = file, .document = index, .prefix = "", .object = document };
    if (!is_list(document)) {
        add_object(reader, &manifest);
        return;
    }
    size_t at = 0;
    for (struct json_value *item = json_get(document, "items")->first; item != NULL; item = item->next, at++) {
        manifest.object = json_copy(&reader->session->arena, item);
        manifest.prefix = arena_format(&reader->session->arena, "items[%zu].", at);
        add_object(reader, &manifest);
    }
}

// --- files

// "line 3 column 5" becomes "FILE:3".
static void refuse_yaml(struct reader *reader, const char *path, const diag_t *diag)
{
    struct arena *arena = &reader->session->arena;
    long line = strncmp(diag->where, "line ", 5) == 0 ? strtol(diag->where + 5, NULL, 10) : 0;
    refuse_file(reader, line > 0 ? arena_format(arena, "%s:%ld", path, line) : path, diag->text);
}

static void add_text(struct reader *reader, const char *path, bytes_t text)
{
    struct arena *arena = &reader->session->arena;
    struct kube_manifest_file *file = arena_alloc(arena, sizeof *file);
    struct yaml_stream stream = { 0 };
    diag_t diag = { 0 };
    *file = (struct kube_manifest_file){ .path = path, .text = arena_copy(arena, text) };
    if (yaml_read(file->text, &limits, arena, &stream, &diag) != ERR_OK)
        refuse_yaml(reader, path, &diag);
    for (size_t i = 0; i < stream.count; i++)
        add_document(reader, file, i, stream.documents[i]);
}

static void add_file(struct reader *reader, const char *path)
{
    struct buf *buf = NULL;
    err_t err = file_read_whole(path, FILE_SIZE_MAX, &buf);
    if (err != ERR_OK) {
        refuse_file(reader, path, err_text(err));
        return;
    }
    add_text(reader, path, bytes_of(buf->data, buf->capacity));
    buf_unref(buf);
}

static void add_input(struct reader *reader)
{
    struct writer text = WRITER_INIT;
    size_t size = 1;
    err_t err = ERR_OK;
    while (err == ERR_OK && size > 0 && text.size <= FILE_SIZE_MAX) {
        err = system_read_in(writer_reserve(&text, READ_SIZE), READ_SIZE, &size);
        if (err == ERR_OK)
            writer_advance(&text, size);
    }
    if (err == ERR_OK)
        add_text(reader, "standard input", writer_view(&text));
    else
        refuse_file(reader, "standard input", err_text(err));
    writer_free(&text);
}

// --- folders

static bool is_manifest(const char *name)
{
    const char *point = strrchr(name, '.');
    return point != NULL && (strcmp(point, ".yaml") == 0 || strcmp(point, ".yml") == 0 || strcmp(point, ".json") == 0);
}

static int by_name(const void *a, const void *b)
{
    const struct dir_entry *left = a, *right = b;
    return strcmp(left->name, right->name);
}

// Returns false where PATH is no folder. (Recursion: as deep as folders are, up to FOLDERS_DEEP_MAX.)
static bool add_folder(struct reader *reader, const char *path, unsigned depth)
{
    struct arena *arena = &reader->session->arena;
    struct dir_entry *entries = NULL;
    size_t count = 0;
    if (dir_list(path, arena, &entries, &count) != ERR_OK)
        return false;
    if (count > 0)
        qsort(entries, count, sizeof *entries, by_name);
    for (size_t i = 0; i < count; i++) {
        const char *inside = arena_format(arena, "%s/%s", path, entries[i].name);
        if (!entries[i].is_dir && is_manifest(entries[i].name))
            add_file(reader, inside);
        else if (entries[i].is_dir && reader->recursive && depth < FOLDERS_DEEP_MAX)
            (void)add_folder(reader, inside, depth + 1);
    }
    return true;
}

void kube_manifests_read(struct kube_session *session, const char *paths, bool recursive,
                         struct kube_manifests *ret_manifests)
{
    *ret_manifests = (struct kube_manifests){ 0 };
    struct reader reader = { session, ret_manifests, recursive };
    while (*paths != '\0') {
        size_t size = strcspn(paths, ",");
        char *path = arena_text(&session->arena, bytes_of(paths, size));
        paths += size + (paths[size] == ',');
        for (size_t end = size; end > 1 && path[end - 1] == '/'; end--)
            path[end - 1] = '\0';
        if (size == 0)
            continue;
        if (strcmp(path, "-") == 0)
            add_input(&reader);
        else if (!add_folder(&reader, path, 0))
            add_file(&reader, path);
    }
}

// --- places and complaints

const char *kube_manifest_place(const struct kube_manifest *manifest, const char *path, struct arena *arena)
{
    struct yaml_place place;
    const char *whole = arena_format(arena, "%s%s", manifest->prefix, path);
    size_t size = strlen(whole);
    if (size > 0 && whole[size - 1] == '.') // the object itself
        whole = arena_text(arena, bytes_of(whole, size - 1));
    if (!yaml_locate(manifest->file->text, &limits, manifest->document, whole, &place))
        return manifest->file->path;
    return arena_format(arena, "%s:%zu", manifest->file->path, place.line);
}

enum cli_exit kube_manifest_refuse(const struct kube_session *session, const struct kube_manifest *manifest,
                                   const char *path, const char *format, ...)
{
    struct arena arena = ARENA_INIT;
    va_list list;
    va_start(list, format);
    char *text = NULL;
    int size = vasprintf(&text, format, list);
    va_end(list);
    ASSERT(size >= 0);
    const struct kube_answer answer = { .message = text };
    enum cli_exit code = kube_complain(session, kube_manifest_place(manifest, path, &arena), &answer);
    free(text);
    arena_free(&arena);
    return code;
}

// The conflict of a field that others own begins with a point: .spec.size.
static const char *field_of(const struct json_value *cause, struct arena *arena)
{
    const char *field = arena_text(arena, json_text_at(cause, "field"));
    return field[0] == '.' ? field + 1 : field;
}

static void complain_cause(const struct kube_session *session, const struct kube_manifest *manifest, const char *shown,
                           const struct json_value *cause, struct arena *arena)
{
    const char *field = field_of(cause, arena);
    (void)kube_manifest_refuse(session, manifest, field, "%s: %s: %.*s", shown, field,
                               BYTES_ARG(json_text_at(cause, "message")));
}

// `strict decoding error: unknown field "spec.a", unknown field "spec.b"` names no causes. False: it is none.
static bool complain_unknown(const struct kube_session *session, const struct kube_manifest *manifest,
                             const char *shown, const char *message, struct arena *arena)
{
    static const char start[] = "unknown field \"";
    const char *at = strstr(message, start);
    for (const char *field = at; field != NULL;) {
        const char *next = strstr(field + 1, start);
        size_t size = next == NULL ? strlen(field) : (size_t)(next - field) - 2; // without ", "
        const char *path = field + sizeof start - 1;
        (void)kube_manifest_refuse(session, manifest, arena_text(arena, bytes_of(path, strcspn(path, "\""))),
                                   "%s: %.*s", shown, (int)size, field);
        field = next;
    }
    return at != NULL;
}

enum cli_exit kube_manifest_complain(const struct kube_session *session, const struct kube_manifest *manifest,
                                     const char *shown, const struct kube_answer *answer)
{
    struct arena arena = ARENA_INIT;
    const struct json_value *causes = json_get(json_get(answer->tree, "details"), "causes");
    const struct json_value *first = causes != NULL && causes->type == JSON_ARRAY ? causes->first : NULL;
    bool has_fields = first != NULL && json_text_at(first, "field").size > 0;
    for (const struct json_value *cause = has_fields ? first : NULL; cause != NULL; cause = cause->next)
        complain_cause(session, manifest, shown, cause, &arena);
    if (!has_fields && !complain_unknown(session, manifest, shown, answer->message, &arena)) {
        const char *where = arena_format(&arena, "%s: %s", kube_manifest_place(manifest, "", &arena), shown);
        (void)kube_complain(session, where, answer);
    }
    arena_free(&arena);
    return CLI_FAILED;
}
