// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/scalar_read.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/mem.h"
#include "base/writer.h"
#include "kube/yaml/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

const char *scalar_short_tag(const char *tag)
{
    static const char prefix[] = "tag:yaml.org,2002:";
    return tag != NULL && strncmp(tag, prefix, sizeof prefix - 1) == 0 ? tag + sizeof prefix - 1 : "";
}

// Only these tags name what a text must look like; !!str and all that nobody knows take any text.
static bool is_typed(const char *tag, bool is_plain)
{
    static const char *const types[] = { "null", "bool", "int", "float", "timestamp" };
    if (tag == NULL)
        return is_plain;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        if (strcmp(scalar_short_tag(tag), types[i]) == 0)
            return true;
    }
    return false;
}

// !!binary is base64; what is not UTF-8 in it becomes U+FFFD, as where Go writes JSON. False: it is not base64.
static bool read_binary(struct arena *arena, bytes_t text, bytes_t *ret_text)
{
    char *dense = mem_alloc(text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '\n' && text.data[i] != '\r')
            dense[size++] = (char)text.data[i];
    }
    uint8_t *raw = mem_alloc(text.size + 2);
    bool ok = size % 4 == 0 && base64_decode(BASE64_STANDARD, bytes_of(dense, size), raw, &size);
    struct writer out = WRITER_INIT;
    for (bytes_t rest = bytes_of(raw, ok ? size : 0); rest.size > 0;) {
        size_t step = bytes_utf8_size(rest);
        writer_bytes(&out, step == 0 ? BYTES_LITERAL("\xef\xbf\xbd") : bytes_of(rest.data, step));
        step = step == 0 ? 1 : step;
        rest = bytes_of(rest.data + step, rest.size - step);
    }
    *ret_text = arena_copy(arena, out.size == 0 ? bytes_of_text("") : writer_view(&out));
    writer_free(&out);
    free(raw);
    free(dense);
    return ok;
}

static bytes_t text_of(struct arena *arena, const struct scalar *scalar, bytes_t text)
{
    char room[NUMBER_TEXT_SIZE];
    switch (scalar->type) {
    case SCALAR_NULL:
        return bytes_of_text("null");
    case SCALAR_BOOL:
        return bytes_of_text(scalar->is_true ? "true" : "false");
    case SCALAR_INT:
        return bytes_of_text(arena_format(arena, "%s%" PRIu64, scalar->is_negative ? "-" : "", scalar->magnitude));
    case SCALAR_FLOAT:
        return arena_copy(arena, bytes_of_text(number_text(scalar->real, NUMBER_JSON, room)));
    case SCALAR_SPECIAL:
        return bytes_of_text(scalar->special);
    case SCALAR_STRING:
    case SCALAR_TIMESTAMP:
        break;
    }
    return arena_copy(arena, text);
}

const char *scalar_read(struct arena *arena, bytes_t text, const char *tag, bool is_plain, struct scalar *ret_scalar,
                        bytes_t *ret_text)
{
    const char *name = scalar_short_tag(tag);
    struct scalar scalar = { .type = SCALAR_STRING };
    if (is_typed(tag, is_plain))
        scalar = scalar_of(text);
    if (strcmp(name, "float") == 0 && scalar.type == SCALAR_INT) {
        double real = (double)scalar.magnitude;
        scalar = (struct scalar){ .type = SCALAR_FLOAT, .real = scalar.is_negative ? -real : real };
    }
    if (tag != NULL && is_typed(tag, is_plain) && strcmp(name, scalar_tag(scalar.type)) != 0) {
        int shown = (int)(text.size < 60 ? text.size : 60);
        return arena_format(arena, "cannot decode !!%s `%.*s` as a !!%s", scalar_tag(scalar.type), shown,
                            (const char *)text.data, name);
    }
    if (strcmp(name, "binary") == 0) {
        bytes_t decoded;
        if (!read_binary(arena, text, &decoded))
            return "!!binary value contains invalid base64 data";
        text = decoded;
    }
    *ret_scalar = scalar;
    *ret_text = text_of(arena, &scalar, text);
    return NULL;
}

bytes_t scalar_float_key(struct arena *arena, double number)
{
    char room[NUMBER_TEXT_SIZE];
    float narrow = (float)number;
    if (!isfinite(narrow))
        return bytes_of_text(narrow > 0 ? ".inf" : "-.inf");
    return arena_copy(arena, bytes_of_text(number_text_of_float(narrow, room)));
}
