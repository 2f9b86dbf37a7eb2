// SPDX-License-Identifier: Apache-2.0
// kube_text FILE...: reads YAML files, one behind the other, as one document and prints it as lines of JSON (README.md
// says which).
#include "base/json_edit.h"
#include "io/file.h"
#include "io/system.h"
#include "kube/yaml/yaml_read.h"

enum { SIZE_MAX_OF_TEXT = 4 << 20 };

static void line_write(struct writer *out, const struct json_value *value)
{
    struct json_writer json = json_writer_of(out);
    if (value != NULL)
        json_value_write(&json, value);
    writer_text(out, "\n");
}

static void definition_write(struct writer *out, const struct json_value *document, struct arena *arena)
{
    const struct json_value *spec = json_get(document, "spec"), *metadata = json_get(document, "metadata");
    struct json_value *versions = json_find(spec, BYTES_LITERAL("versions"));
    struct json_value *line = json_new(arena, JSON_OBJECT);
    struct writer schemas = WRITER_INIT;
    for (struct json_value *version = versions->first; version != NULL; version = version->next) {
        line_write(&schemas, json_get(json_get(version, "schema"), "openAPIV3Schema"));
        (void)json_unset(version, BYTES_LITERAL("schema"));
    }
    if (metadata != NULL)
        json_set(line, BYTES_LITERAL("metadata"), json_copy(arena, metadata));
    json_set(line, BYTES_LITERAL("spec"), json_copy(arena, spec));
    line_write(out, line);
    writer_bytes(out, writer_view(&schemas));
    writer_free(&schemas);
}

static err_t files_read(char **paths, size_t count, struct writer *to, diag_t *diag)
{
    for (size_t i = 0; i < count; i++) {
        struct buf *buf;
        err_t err = file_read_whole(paths[i], SIZE_MAX_OF_TEXT, &buf);
        if (err != ERR_OK)
            return diag_fail(diag, err, paths[i], "%s", err_text(err));
        writer_bytes(to, bytes_of(buf->data, buf->capacity));
        buf_unref(buf);
    }
    return ERR_OK;
}

static err_t text_write(struct writer *out, bytes_t text, struct arena *arena, diag_t *diag)
{
    static const struct yaml_limits limits = { SIZE_MAX_OF_TEXT, 200000, 50000, 1 };
    struct yaml_stream stream = { 0 };
    err_t err = yaml_read(text, &limits, arena, &stream, diag);
    if (err != ERR_OK)
        return err;
    if (stream.count == 0)
        return diag_fail(diag, ERR_INVALID, "the text", "is empty");
    struct json_value *spec = json_find(stream.documents[0], BYTES_LITERAL("spec"));
    if (json_get(spec, "versions") != NULL)
        definition_write(out, stream.documents[0], arena);
    else
        line_write(out, stream.documents[0]);
    return ERR_OK;
}

int main(int count, char **arguments)
{
    struct arena arena = ARENA_INIT;
    struct writer text = WRITER_INIT, out = WRITER_INIT;
    diag_t diag = { 0 };
    err_t err = files_read(arguments + 1, (size_t)count - 1, &text, &diag);
    if (err == ERR_OK)
        err = text_write(&out, writer_view(&text), &arena, &diag);
    if (err == ERR_OK)
        err = system_write_out(writer_view(&out));
    else
        (void)system_write_err(bytes_of_text(arena_format(&arena, "%s: %s\n", diag.where, diag.text)));
    writer_free(&text);
    writer_free(&out);
    arena_free(&arena);
    return err == ERR_OK ? 0 : 1;
}
