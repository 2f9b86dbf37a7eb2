// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_text.h"

#include "base/assert.h"
#include "kube/yaml/yaml_read.h"

static const struct yaml_limits limits = { .size = 16 << 20, .values = 1000000, .repeated = 10000, .documents = 16 };

// Takes the next line off a text that is not empty, without its end.
static bytes_t next_line(bytes_t *text)
{
    const uint8_t *lf = memchr(text->data, '\n', text->size);
    size_t size = lf == NULL ? text->size : (size_t)(lf - text->data), taken = lf == NULL ? size : size + 1;
    bytes_t line = bytes_of(text->data, size);
    *text = bytes_of(text->data + taken, text->size - taken);
    return line;
}

size_t edit_text_write(struct writer *out, bytes_t problems, bytes_t content)
{
    static const char *const head[] = {
        "# Change the object, save, and leave the editor: the server gets what is changed.",
        "# Without a change nothing happens. An empty file ends it, too.", "#"
    };
    size_t count = 0;
    for (; count < ARRAY_COUNT(head); count++)
        writer_format(out, "%s\n", head[count]);
    if (problems.size > 0) {
        writer_text(out, "# It could not be saved:\n");
        count++;
    }
    for (bytes_t rest = problems; rest.size > 0; count++) {
        writer_text(out, "# * ");
        writer_bytes(out, next_line(&rest));
        writer_text(out, "\n");
    }
    if (problems.size > 0) {
        writer_text(out, "#\n");
        count++;
    }
    writer_bytes(out, content);
    return count;
}

size_t edit_text_lines_above(void)
{
    struct writer comments = WRITER_INIT;
    size_t count = edit_text_write(&comments, BYTES_LITERAL("x"), BYTES_NULL);
    writer_free(&comments);
    return count;
}

bytes_t edit_text_content(bytes_t text)
{
    while (text.size > 0) {
        bytes_t rest = text, line = next_line(&rest);
        bool is_blank = true;
        for (size_t i = 0; i < line.size; i++)
            is_blank = is_blank && (line.data[i] == ' ' || line.data[i] == '\r' || line.data[i] == '\t');
        if (!is_blank && line.data[0] != '#')
            break;
        text = rest;
    }
    return text;
}

static bool is_same(const struct json_value *a, const struct json_value *b, const char *name)
{
    return bytes_equal(json_text_at(a, name), json_text_at(b, name));
}

err_t edit_text_read(bytes_t content, const struct json_value *object, struct arena *arena,
                     struct json_value **ret_object, diag_t *diag)
{
    struct yaml_stream stream = { 0 };
    err_t err = yaml_read(content, &limits, arena, &stream, diag);
    if (err != ERR_OK)
        return err;
    if (stream.count != 1 || stream.documents[0]->type != JSON_OBJECT)
        return diag_fail(diag, ERR_INVALID, "", "one object is edited: the text holds another number of them, or none");
    const struct json_value *read = stream.documents[0];
    const struct json_value *metadata = json_get(read, "metadata"), *before = json_get(object, "metadata");
    if (!is_same(read, object, "apiVersion") || !is_same(read, object, "kind"))
        return diag_fail(diag, ERR_INVALID, "", "apiVersion and kind stay what they are");
    if (!is_same(metadata, before, "name") || !is_same(metadata, before, "namespace"))
        return diag_fail(diag, ERR_INVALID, "", "metadata.name and metadata.namespace stay what they are");
    *ret_object = stream.documents[0];
    return ERR_OK;
}
