// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/build.h"

#include "base/base64.h"
#include "http/request.h"

bool cloudevent_builder_is_03(const struct cloudevent_builder *builder)
{
    return bytes_is(builder->event.core[CLOUDEVENT_SPECVERSION], "0.3");
}

static err_t check_version(bytes_t version, diag_t *diag)
{
    if (bytes_is(version, "1.0") || bytes_is(version, "0.3"))
        return ERR_OK;
    return diag_fail(diag, ERR_UNSUPPORTED, "specversion", "must be 1.0 or 0.3, the versions that eddy knows");
}

static err_t check_size(struct cloudevent_builder *builder, size_t size)
{
    builder->attributes_size += size;
    if (builder->attributes_size <= CLOUDEVENT_ATTRIBUTES_SIZE_MAX)
        return ERR_OK;
    return diag_fail(builder->diag, ERR_TOO_LARGE, "attributes", "they have more than %d bytes together",
                     CLOUDEVENT_ATTRIBUTES_SIZE_MAX);
}

static err_t add_extension(struct cloudevent_builder *builder, bytes_t name, struct cloudevent_value value)
{
    struct cloudevent *event = &builder->event;
    if (event->extension_count == CLOUDEVENT_EXTENSIONS_MAX)
        return diag_fail(builder->diag, ERR_TOO_LARGE, "extensions", "an event has at most %d",
                         CLOUDEVENT_EXTENSIONS_MAX);
    if (event->extension_count == builder->capacity) {
        builder->capacity = builder->capacity == 0 ? 4 : builder->capacity * 2;
        struct cloudevent_extension *larger = arena_array(builder->arena, builder->capacity, sizeof *larger);
        if (event->extension_count > 0)
            memcpy(larger, builder->extensions, event->extension_count * sizeof *larger);
        builder->extensions = larger;
        event->extensions = larger;
    }
    builder->extensions[event->extension_count++] = (struct cloudevent_extension){ name, value };
    return ERR_OK;
}

err_t cloudevent_builder_add(struct cloudevent_builder *builder, bytes_t name, struct cloudevent_value value)
{
    char room[CLOUDEVENT_NAME_ROOM];
    struct cloudevent_value there;
    enum cloudevent_core core;
    bool is_core = cloudevent_core_find(name, &core);
    err_t err = check_size(builder, name.size + value.text.size);
    if (err == ERR_OK)
        err = cloudevent_check(name, value, builder->diag);
    if (err != ERR_OK)
        return err;
    // CloudEvents 1.0.2, Context Attributes: each at most once.
    if (is_core ? builder->event.core[core].data != NULL : cloudevent_get(&builder->event, name, &there))
        return diag_fail(builder->diag, ERR_INVALID, cloudevent_name_shown(name, room), "must be there only once");
    if (!is_core)
        return add_extension(builder, name, value);
    builder->event.core[core] = value.text;
    return core == CLOUDEVENT_SPECVERSION ? check_version(value.text, builder->diag) : ERR_OK;
}

err_t cloudevent_data_decode(bytes_t text, const char *where, struct arena *arena, bytes_t *ret_data, diag_t *diag)
{
    uint8_t *to = arena_alloc(arena, text.size / 4 * 3 + 2);
    size_t size;
    if (!base64_decode(BASE64_STANDARD, text, to, &size))
        return diag_fail(diag, ERR_INVALID, where, "must be base64 (RFC 4648 4)");
    *ret_data = bytes_of(to, size);
    return ERR_OK;
}

// schemaurl became dataschema, and data that is base64 is told by its member's name in JSON and by nothing elsewhere
// (CloudEvents 0.3, "schemaurl" and "datacontentencoding").
static err_t become_10(struct cloudevent_builder *builder)
{
    struct cloudevent *event = &builder->event;
    bytes_t schema = cloudevent_extension_text(event, "schemaurl");
    bytes_t encoding = cloudevent_extension_text(event, "datacontentencoding");
    err_t err = ERR_OK;
    event->is_from_03 = true;
    event->core[CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0");
    if (schema.data != NULL) {
        cloudevent_remove(event, BYTES_LITERAL("schemaurl"), builder->arena);
        err = cloudevent_builder_add(builder, BYTES_LITERAL("dataschema"), cloudevent_string(schema));
    }
    if (err != ERR_OK || encoding.data == NULL)
        return err;
    if (!http_text_equal(encoding, "base64"))
        return diag_fail(builder->diag, ERR_INVALID, "datacontentencoding", "must be base64");
    cloudevent_remove(event, BYTES_LITERAL("datacontentencoding"), builder->arena);
    event->form = CLOUDEVENT_BINARY;
    if (event->data.data == NULL)
        return ERR_OK;
    return cloudevent_data_decode(event->data, "data", builder->arena, &event->data, builder->diag);
}

err_t cloudevent_builder_finish(struct cloudevent_builder *builder, struct cloudevent *ret_event)
{
    for (size_t i = 0; i < CLOUDEVENT_CORE_COUNT; i++)
        if (cloudevent_core_is_required((enum cloudevent_core)i) && builder->event.core[i].data == NULL)
            return diag_fail(builder->diag, ERR_INVALID, cloudevent_core_name((enum cloudevent_core)i), "is required");
    err_t err = cloudevent_builder_is_03(builder) ? become_10(builder) : ERR_OK;
    if (err == ERR_OK)
        *ret_event = builder->event;
    return err;
}
