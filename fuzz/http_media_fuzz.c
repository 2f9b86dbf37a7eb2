// SPDX-License-Identifier: Apache-2.0
// Media types and preferences (http/media.h): a Content-Type, an Accept and an Accept-Encoding value. What was read is
// written again and must read the same; preferences come in order.
#include "http/media.h"

#include "base/assert.h"
#include "base/writer.h"

static void write_media(const struct http_media *media, struct writer *to)
{
    writer_format(to, "%.*s/%.*s", BYTES_ARG(media->type), BYTES_ARG(media->subtype));
    for (size_t i = 0; i < media->parameter_count; i++) {
        const struct http_media_parameter *parameter = &media->parameters[i];
        writer_format(to, ";%.*s=\"", BYTES_ARG(parameter->name));
        for (size_t k = 0; k < parameter->value.size; k++) {
            uint8_t c = parameter->value.data[k];
            if (c == '"' || c == '\\')
                writer_u8(to, '\\');
            writer_u8(to, c);
        }
        writer_u8(to, '"');
    }
    writer_format(to, ";q=%u.%03u", media->weight / 1000, media->weight % 1000);
}

static void check_same(const struct http_media *a, const struct http_media *b)
{
    ASSERT(bytes_equal(a->type, b->type));
    ASSERT(bytes_equal(a->subtype, b->subtype));
    ASSERT(a->parameter_count == b->parameter_count);
    ASSERT(a->weight == b->weight);
    for (size_t i = 0; i < a->parameter_count; i++) {
        ASSERT(bytes_equal(a->parameters[i].name, b->parameters[i].name));
        ASSERT(bytes_equal(a->parameters[i].value, b->parameters[i].value));
    }
}

static void check_media(bytes_t text, struct arena *arena)
{
    struct http_media media, again;
    if (http_media_parse(text, arena, &media) != ERR_OK)
        return;
    ASSERT(media.weight == HTTP_WEIGHT_MAX && media.parameter_count <= HTTP_MEDIA_PARAMETERS_MAX);
    struct writer w = WRITER_INIT;
    write_media(&media, &w);
    ASSERT(http_media_parse(writer_view(&w), arena, &again) == ERR_OK);
    check_same(&media, &again);
    writer_free(&w);
}

static void check_accept(bytes_t text, struct arena *arena)
{
    struct http_accept accept = { .count = 0 }, again = { .count = 0 };
    err_t err = http_accept_add(&accept, text, arena);
    ASSERT(accept.count <= HTTP_ACCEPT_ITEMS_MAX);
    for (size_t i = 1; i < accept.count; i++)
        ASSERT(accept.items[i - 1].weight >= accept.items[i].weight);
    if (err != ERR_OK)
        return;
    struct writer w = WRITER_INIT;
    for (size_t i = 0; i < accept.count; i++) {
        writer_text(&w, i == 0 ? "" : ", ");
        write_media(&accept.items[i], &w);
    }
    ASSERT(http_accept_add(&again, writer_view(&w), arena) == ERR_OK);
    ASSERT(accept.count == again.count);
    for (size_t i = 0; i < accept.count; i++)
        check_same(&accept.items[i], &again.items[i]);
    writer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    bytes_t text = bytes_of(data, size);
    check_media(text, &arena);
    check_accept(text, &arena);
    ASSERT(http_coding_weight(text, "gzip") <= HTTP_WEIGHT_MAX);
    arena_free(&arena);
    return 0;
}
