// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cloudevent.h"

#include "base/assert.h"
#include "http/media.h"
#include "http/request.h"

static const struct {
    bytes_t name;
    enum cloudevent_type type;
    bool is_required;
} rows[CLOUDEVENT_CORE_COUNT] = {
#define CLOUDEVENT_CORE_ROW(id, text, value_type, required)                                                            \
    [CLOUDEVENT_##id] = { BYTES_INIT(text), CLOUDEVENT_TYPE_##value_type, required },
    CLOUDEVENT_CORE_TABLE(CLOUDEVENT_CORE_ROW)
#undef CLOUDEVENT_CORE_ROW
};

const char *cloudevent_core_name(enum cloudevent_core core)
{
    ASSERT(core < CLOUDEVENT_CORE_COUNT);
    return (const char *)rows[core].name.data;
}

bool cloudevent_core_is_required(enum cloudevent_core core)
{
    ASSERT(core < CLOUDEVENT_CORE_COUNT);
    return rows[core].is_required;
}

bool cloudevent_core_find(bytes_t name, enum cloudevent_core *ret_core)
{
    // Their sizes tell all but two of them apart.
    for (size_t i = 0; i < CLOUDEVENT_CORE_COUNT; i++) {
        if (!bytes_equal(rows[i].name, name))
            continue;
        *ret_core = (enum cloudevent_core)i;
        return true;
    }
    return false;
}

static size_t extension_index(const struct cloudevent *event, bytes_t name)
{
    size_t i = 0;
    while (i < event->extension_count && !bytes_equal(event->extensions[i].name, name))
        i++;
    return i;
}

bool cloudevent_get(const struct cloudevent *event, bytes_t name, struct cloudevent_value *ret_value)
{
    enum cloudevent_core core;
    if (cloudevent_core_find(name, &core)) {
        if (event->core[core].data == NULL)
            return false;
        *ret_value = (struct cloudevent_value){ rows[core].type, event->core[core] };
        return true;
    }
    size_t i = extension_index(event, name);
    if (i == event->extension_count)
        return false;
    *ret_value = event->extensions[i].value;
    return true;
}

bytes_t cloudevent_extension_text(const struct cloudevent *event, const char *name)
{
    size_t i = extension_index(event, bytes_of_text(name));
    return i == event->extension_count ? BYTES_NULL : event->extensions[i].value.text;
}

bool cloudevent_next(const struct cloudevent *event, size_t *at, bytes_t *ret_name, struct cloudevent_value *ret_value)
{
    while (*at < CLOUDEVENT_CORE_COUNT && event->core[*at].data == NULL)
        ++*at;
    size_t i = (*at)++;
    if (i < CLOUDEVENT_CORE_COUNT) {
        *ret_name = rows[i].name;
        *ret_value = (struct cloudevent_value){ rows[i].type, event->core[i] };
        return true;
    }
    i -= CLOUDEVENT_CORE_COUNT;
    if (i >= event->extension_count)
        return false;
    *ret_name = event->extensions[i].name;
    *ret_value = event->extensions[i].value;
    return true;
}

// --- changes

static struct cloudevent_extension *copy_extensions(const struct cloudevent *event, struct arena *arena)
{
    struct cloudevent_extension *copy = arena_array(arena, event->extension_count + 1, sizeof *copy);
    if (event->extension_count > 0)
        memcpy(copy, event->extensions, event->extension_count * sizeof *copy);
    return copy;
}

err_t cloudevent_set(struct cloudevent *event, bytes_t name, struct cloudevent_value value, struct arena *arena,
                     diag_t *diag)
{
    enum cloudevent_core core;
    err_t err = cloudevent_check(name, value, diag);
    if (err != ERR_OK)
        return err;
    if (cloudevent_core_find(name, &core)) {
        event->core[core] = value.text;
        return ERR_OK;
    }
    size_t i = extension_index(event, name);
    if (i == CLOUDEVENT_EXTENSIONS_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "extensions", "an event has at most %d", CLOUDEVENT_EXTENSIONS_MAX);
    struct cloudevent_extension *extensions = copy_extensions(event, arena);
    extensions[i] = (struct cloudevent_extension){ name, value };
    event->extensions = extensions;
    event->extension_count += i == event->extension_count;
    return ERR_OK;
}

void cloudevent_remove(struct cloudevent *event, bytes_t name, struct arena *arena)
{
    enum cloudevent_core core;
    if (cloudevent_core_find(name, &core)) {
        ASSERT(!rows[core].is_required);
        event->core[core] = BYTES_NULL;
        return;
    }
    size_t i = extension_index(event, name);
    if (i == event->extension_count)
        return;
    if (i + 1 == event->extension_count) {
        event->extension_count--;
        return;
    }
    struct cloudevent_extension *extensions = copy_extensions(event, arena);
    event->extension_count--;
    memmove(extensions + i, extensions + i + 1, (event->extension_count - i) * sizeof *extensions);
    event->extensions = extensions;
}

const struct cloudevent *cloudevent_copy(const struct cloudevent *event, struct arena *arena)
{
    struct cloudevent *copy = arena_alloc(arena, sizeof *copy);
    struct cloudevent_extension *extensions = copy_extensions(event, arena);
    *copy = *event;
    copy->extensions = extensions;
    copy->data = arena_copy(arena, event->data);
    for (size_t i = 0; i < CLOUDEVENT_CORE_COUNT; i++)
        copy->core[i] = arena_copy(arena, event->core[i]);
    for (size_t i = 0; i < event->extension_count; i++) {
        extensions[i].name = arena_copy(arena, extensions[i].name);
        extensions[i].value.text = arena_copy(arena, extensions[i].value.text);
    }
    return copy;
}

// --- checks

static const char *media_type_problem(bytes_t text)
{
    struct arena arena = ARENA_INIT;
    struct http_media media;
    err_t err = http_media_parse(text, &arena, &media);
    arena_free(&arena);
    return err == ERR_OK ? NULL : "must be a media type as in text/plain (RFC 2046)";
}

// CloudEvents 1.0.2, REQUIRED Attributes and OPTIONAL Attributes: none of them may be empty.
static const char *core_problem(enum cloudevent_core core, struct cloudevent_value value)
{
    if (value.type != rows[core].type && value.type != CLOUDEVENT_TYPE_STRING)
        return "must be a string";
    if (value.text.size == 0)
        return "must not be empty";
    const char *problem = cloudevent_type_problem(rows[core].type, value.text);
    if (problem == NULL && core == CLOUDEVENT_DATACONTENTTYPE)
        return media_type_problem(value.text);
    return problem;
}

err_t cloudevent_check(bytes_t name, struct cloudevent_value value, diag_t *diag)
{
    char room[CLOUDEVENT_NAME_ROOM];
    enum cloudevent_core core;
    bool is_core = cloudevent_core_find(name, &core);
    if (!is_core && !cloudevent_is_name(name))
        return diag_fail(diag, ERR_INVALID, cloudevent_name_shown(name, room),
                         "a name must consist of the letters a to z and digits, and must not be data");
    const char *problem = is_core ? core_problem(core, value) : cloudevent_type_problem(value.type, value.text);
    return problem == NULL ? ERR_OK : diag_fail(diag, ERR_INVALID, cloudevent_name_shown(name, room), "%s", problem);
}

// --- media types

bytes_t cloudevent_media_type(const struct cloudevent *event)
{
    bytes_t type = event->core[CLOUDEVENT_DATACONTENTTYPE];
    return type.data == NULL && event->form == CLOUDEVENT_JSON ? BYTES_LITERAL("application/json") : type;
}

// Type and subtype, without parameters.
static bytes_t essence(bytes_t media_type)
{
    size_t size = 0;
    while (size < media_type.size && media_type.data[size] != ';')
        size++;
    while (size > 0 && (media_type.data[size - 1] == ' ' || media_type.data[size - 1] == '\t'))
        size--;
    return bytes_of(media_type.data, size);
}

static bool ends_with(bytes_t text, const char *suffix)
{
    size_t size = strlen(suffix);
    return text.size >= size && http_text_equal(bytes_of(text.data + text.size - size, size), suffix);
}

bool cloudevent_media_is_json(bytes_t media_type)
{
    bytes_t type = essence(media_type);
    return ends_with(type, "/json") || ends_with(type, "+json");
}

bool cloudevent_media_is_plain_json(bytes_t media_type)
{
    bytes_t type = essence(media_type);
    return http_text_equal(type, "application/json") || http_text_equal(type, "text/json");
}

// "utf8" is no registered name, and often written.
bool cloudevent_charset_is_utf8(bytes_t charset)
{
    static const char *const names[] = { "utf-8", "utf8", "us-ascii" };
    bool is_utf8 = charset.data == NULL;
    for (size_t i = 0; !is_utf8 && i < ARRAY_COUNT(names); i++)
        is_utf8 = http_text_equal(charset, names[i]);
    return is_utf8;
}

bool cloudevent_media_is_text(bytes_t media_type)
{
    struct arena arena = ARENA_INIT;
    struct http_media media;
    bool is_text = false;
    if (http_media_parse(media_type, &arena, &media) == ERR_OK)
        is_text = (http_text_equal(media.type, "text") || http_text_equal(media.subtype, "xml") ||
                   ends_with(media.subtype, "+xml")) &&
                  cloudevent_charset_is_utf8(http_media_parameter(&media, "charset"));
    arena_free(&arena);
    return is_text;
}
