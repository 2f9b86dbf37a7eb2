// SPDX-License-Identifier: Apache-2.0
#include "cli/describe_object.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/json_edit.h"
#include "base/mem.h"
#include "cli/describe_events.h"
#include "cli/kube_merge.h"
#include "cli/plain.h"
#include "cli/tabs.h"
#include "kube/table/go_text.h"

#include <stdlib.h>
#include <strings.h>

enum { ANNOTATION_MAX = 140 };

// --- labels of fields

enum letter { LETTER_LOWER, LETTER_UPPER, LETTER_OTHER };

static enum letter letter_of(uint8_t c)
{
    if (c >= 'a' && c <= 'z')
        return LETTER_LOWER;
    return c >= 'A' && c <= 'Z' ? LETTER_UPPER : LETTER_OTHER;
}

// What is no word is shown as it is.
static bool is_word(bytes_t field)
{
    for (size_t i = 0; i < field.size; i++)
        if (letter_of(field.data[i]) == LETTER_OTHER && field.data[i] != '-')
            return false;
    return true;
}

// The letters of one kind that TEXT starts with, and the small ones behind one capital; of several capitals the last
// one belongs to the small letters behind it: "UIDName" is UID and Name.
static size_t part_size(bytes_t text)
{
    size_t size = 1;
    enum letter first = letter_of(text.data[0]);
    while (size < text.size && letter_of(text.data[size]) == first)
        size++;
    bool is_followed = size < text.size && letter_of(text.data[size]) == LETTER_LOWER;
    if (first != LETTER_UPPER || !is_followed)
        return size;
    if (size > 1)
        return size - 1;
    while (size < text.size && letter_of(text.data[size]) == LETTER_LOWER)
        size++;
    return size;
}

static bool is_acronym(bytes_t part)
{
    static const char *const acronyms[] = { "api", "url", "uid", "osb", "guid" };
    for (size_t i = 0; i < ARRAY_COUNT(acronyms); i++)
        if (part.size == strlen(acronyms[i]) && strncasecmp((const char *)part.data, acronyms[i], part.size) == 0)
            return true;
    return false;
}

static uint8_t upper(uint8_t c)
{
    return letter_of(c) == LETTER_LOWER ? (uint8_t)(c - 32) : c;
}

void describe_label(bytes_t field, struct writer *out)
{
    if (!is_word(field)) {
        plain_put(out, field);
        return;
    }
    for (size_t at = 0; at < field.size;) {
        bytes_t part = bytes_of(field.data + at, field.size - at);
        part.size = part_size(part);
        writer_text(out, at == 0 ? "" : " ");
        for (size_t i = 0; i < part.size; i++)
            writer_u8(out, i == 0 || is_acronym(part) ? upper(part.data[i]) : part.data[i]);
        at += part.size;
    }
}

// --- pieces: lines with tabs, which are aligned in the end

static void put_indent(struct writer *text, unsigned level)
{
    for (unsigned i = 0; i < level; i++)
        writer_text(text, "  ");
}

static bytes_t next_line(bytes_t *text)
{
    const uint8_t *lf = memchr(text->data, '\n', text->size);
    size_t size = lf == NULL ? text->size : (size_t)(lf - text->data), taken = lf == NULL ? size : size + 1;
    bytes_t line = bytes_of(text->data, size);
    *text = bytes_of(text->data + taken, text->size - taken);
    return line;
}

static bool has_lines(bytes_t value)
{
    return value.size > 0 && memchr(value.data, '\n', value.size) != NULL;
}

static void put_head(struct writer *text, const char *title, bytes_t value)
{
    writer_format(text, "%s:\t", title);
    plain_put(text, value);
    writer_text(text, "\n");
}

static void put_labels(struct writer *text, const struct json_value *labels)
{
    writer_text(text, "Labels:\t");
    if (labels == NULL || labels->type != JSON_OBJECT || labels->count == 0) {
        writer_text(text, "<none>\n");
        return;
    }
    struct json_value **sorted = json_sorted(labels);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        writer_text(text, i == 0 ? "" : "\t");
        plain_put(text, sorted[i]->name);
        writer_u8(text, '=');
        plain_put(text, sorted[i]->text);
        writer_text(text, "\n");
    }
    free(sorted);
}

static void put_annotation(struct writer *text, const struct json_value *annotation)
{
    bytes_t value = annotation->text;
    if (value.size > 0 && value.data[value.size - 1] == '\n')
        value.size--;
    plain_put(text, annotation->name);
    bool is_short = value.size + annotation->name.size + 2 <= ANNOTATION_MAX && !has_lines(value);
    if (is_short) {
        writer_text(text, ": ");
        plain_put(text, value);
        writer_text(text, "\n");
        return;
    }
    writer_text(text, ":\n");
    do {
        bytes_t line = next_line(&value);
        bool is_long = line.size > ANNOTATION_MAX - 2;
        writer_text(text, "\t  ");
        plain_put(text, bytes_of(line.data, is_long ? ANNOTATION_MAX - 2 : line.size));
        writer_text(text, is_long ? "...\n" : "\n");
    } while (value.size > 0);
}

static void put_annotations(struct writer *text, const struct json_value *annotations)
{
    bool is_object = annotations != NULL && annotations->type == JSON_OBJECT && annotations->count > 0;
    struct json_value **sorted = is_object ? json_sorted(annotations) : NULL;
    size_t count = 0;
    writer_text(text, "Annotations:\t");
    for (size_t i = 0; is_object && sorted[i] != NULL; i++) {
        if (bytes_is(sorted[i]->name, KUBE_LAST_APPLIED))
            continue;
        writer_text(text, count++ == 0 ? "" : "\t");
        put_annotation(text, sorted[i]);
    }
    if (count == 0)
        writer_text(text, "<none>\n");
    free(sorted);
}

// --- all fields

static void put_fields(struct writer *text, unsigned level, const struct json_value *object, bool is_metadata);

static void put_lines(struct writer *text, unsigned level, bytes_t value)
{
    while (value.size > 0) {
        put_indent(text, level);
        plain_put(text, next_line(&value));
        writer_text(text, "\n");
    }
}

static void put_scalar(struct writer *text, const struct json_value *value)
{
    struct writer shown = WRITER_INIT;
    go_sprint(&shown, value);
    plain_put(text, writer_view(&shown));
    writer_text(text, "\n");
    writer_free(&shown);
}

static void put_items(struct writer *text, unsigned level, const struct json_value *list)
{
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        if (item->type == JSON_OBJECT) {
            put_fields(text, level, item, false);
        } else {
            put_indent(text, level);
            put_scalar(text, item);
        }
    }
}

static void put_field(struct writer *text, unsigned level, const struct json_value *value, bool is_metadata)
{
    put_indent(text, level);
    describe_label(value->name, text);
    if (value->type == JSON_OBJECT) {
        writer_text(text, ":\n");
        put_fields(text, level + 1, value, is_metadata);
    } else if (value->type == JSON_ARRAY) {
        writer_text(text, ":\n");
        put_items(text, level + 1, value);
    } else if (value->type == JSON_STRING && has_lines(value->text)) {
        writer_text(text, ":\n");
        put_lines(text, level + 1, value->text);
    } else {
        writer_text(text, ":\t");
        put_scalar(text, value);
    }
}

// What the head has said, and the books of field managers.
static bool is_said(bytes_t name)
{
    static const char *const names[] = { "name", "namespace", "labels", "annotations", "managedFields" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (bytes_is(name, names[i]))
            return true;
    return false;
}

static void put_fields(struct writer *text, unsigned level, const struct json_value *object, bool is_metadata)
{
    struct json_value **sorted = json_sorted(object);
    for (size_t i = 0; sorted[i] != NULL; i++)
        if (!is_metadata || !is_said(sorted[i]->name))
            put_field(text, level, sorted[i], level == 0 && bytes_is(sorted[i]->name, "metadata"));
    free(sorted);
}

// --- kinds that are described in their own way

static size_t data_size(bytes_t text)
{
    uint8_t *bytes = mem_alloc(text.size + 2);
    size_t size = 0;
    if (!base64_decode(BASE64_STANDARD, text, bytes, &size))
        size = text.size;
    free(bytes);
    return size;
}

static void put_sizes(struct writer *text, const struct json_value *data, const char *between)
{
    struct json_value **sorted = data == NULL || data->type != JSON_OBJECT ? NULL : json_sorted(data);
    for (size_t i = 0; sorted != NULL && sorted[i] != NULL; i++) {
        plain_put(text, sorted[i]->name);
        writer_format(text, ":%s%zu bytes\n", between, data_size(sorted[i]->text));
    }
    free(sorted);
}

static void put_config_map(struct writer *text, const struct json_value *object)
{
    const struct json_value *data = json_get(object, "data");
    struct json_value **sorted = data == NULL || data->type != JSON_OBJECT ? NULL : json_sorted(data);
    writer_text(text, "\nData\n====\n");
    for (size_t i = 0; sorted != NULL && sorted[i] != NULL; i++) {
        bytes_t value = sorted[i]->text;
        plain_put(text, sorted[i]->name);
        writer_text(text, ":\n----\n");
        put_lines(text, 0, value);
        writer_text(text, value.size > 0 && value.data[value.size - 1] == '\n' ? "\n\n" : "\n");
    }
    free(sorted);
    writer_text(text, "\nBinaryData\n====\n");
    put_sizes(text, json_get(object, "binaryData"), " ");
    writer_text(text, "\n");
}

static void put_secret(struct writer *text, const struct json_value *object)
{
    writer_text(text, "\n");
    put_head(text, "Type", json_text_at(object, "type"));
    writer_text(text, "\nData\n====\n");
    put_sizes(text, json_get(object, "data"), "\t");
}

static bool is_core(const struct json_value *object, const char *kind)
{
    return bytes_is(json_text_at(object, "apiVersion"), "v1") && bytes_is(json_text_at(object, "kind"), kind);
}

void describe_object(const struct json_value *object, const struct json_value *events, int64_t now_ms,
                     struct writer *out)
{
    struct writer text = WRITER_INIT;
    const struct json_value *metadata = json_get(object, "metadata");
    put_head(&text, "Name", json_text_at(metadata, "name"));
    put_head(&text, "Namespace", json_text_at(metadata, "namespace"));
    put_labels(&text, json_get(metadata, "labels"));
    put_annotations(&text, json_get(metadata, "annotations"));
    if (is_core(object, "ConfigMap"))
        put_config_map(&text, object);
    else if (is_core(object, "Secret"))
        put_secret(&text, object);
    else
        put_fields(&text, 0, object, false);
    if (events != NULL && !is_core(object, "Secret"))
        describe_events(events, now_ms, &text);
    tabs_align(writer_view(&text), out);
    writer_free(&text);
}
