// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_url.h"

// RFC 3986 2.3: the unreserved characters stay.
static bool is_plain(uint8_t c)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_encoded(struct writer *url, bytes_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_plain(text.data[i]))
            writer_u8(url, text.data[i]);
        else
            writer_format(url, "%%%02X", text.data[i]);
    }
}

static void put_segment(struct writer *url, bytes_t text)
{
    writer_u8(url, '/');
    put_encoded(url, text);
}

void kube_url_kind(struct writer *url, const struct kube_kind *kind, const char *name_space, const char *name)
{
    writer_text(url, kind->group.size == 0 ? "/api" : "/apis");
    if (kind->group.size > 0)
        put_segment(url, kind->group);
    put_segment(url, kind->version);
    if (kind->is_namespaced && name_space != NULL) {
        writer_text(url, "/namespaces");
        put_segment(url, bytes_of_text(name_space));
    }
    put_segment(url, kind->plural);
    if (name != NULL)
        put_segment(url, bytes_of_text(name));
}

void kube_url_parameter(struct writer *url, const char *name, bytes_t value)
{
    if (value.size == 0)
        return;
    bytes_t so_far = writer_view(url);
    bool is_first = so_far.size == 0 || memchr(so_far.data, '?', so_far.size) == NULL;
    writer_format(url, "%c%s=", is_first ? '?' : '&', name);
    put_encoded(url, value);
}

const char *kube_url_finish(struct writer *url, struct arena *arena)
{
    const char *text = arena_text(arena, writer_view(url));
    writer_free(url);
    return text;
}
