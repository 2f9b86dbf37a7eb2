// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_kinds.h"

#include "base/nearest.h"

#include <strings.h>

static bool same_letters(bytes_t a, bytes_t b)
{
    return a.size == b.size && strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0;
}

// --- reading

static const struct json_value *first_of(const struct json_value *object, const char *name)
{
    const struct json_value *list = json_get(object, name);
    return list != NULL && list->type == JSON_ARRAY ? list->first : NULL;
}

static size_t count_resources(const struct json_value *groups)
{
    size_t count = 0;
    for (const struct json_value *group = first_of(groups, "items"); group != NULL; group = group->next)
        for (const struct json_value *version = first_of(group, "versions"); version != NULL; version = version->next)
            for (const struct json_value *one = first_of(version, "resources"); one != NULL; one = one->next)
                count++;
    return count;
}

static bool has_plural(const struct kube_kinds *kinds, bytes_t group, bytes_t plural)
{
    for (size_t i = 0; i < kinds->count; i++)
        if (bytes_equal(kinds->items[i].group, group) && bytes_equal(kinds->items[i].plural, plural))
            return true;
    return false;
}

static void add(struct kube_kinds *kinds, bytes_t group, bytes_t version, const struct json_value *resource,
                struct arena *arena)
{
    struct kube_kind kind = {
        .group = group,
        .version = version,
        .name = json_text_at(json_get(resource, "responseKind"), "kind"),
        .plural = json_text_at(resource, "resource"),
        .singular = json_text_at(resource, "singularResource"),
        .is_namespaced = bytes_is(json_text_at(resource, "scope"), "Namespaced"),
        .resource = resource,
    };
    if (kind.singular.size == 0)
        kind.singular = arena_lower(arena, kind.name);
    kind.is_preferred = !has_plural(kinds, kind.group, kind.plural);
    kinds->items[kinds->count++] = kind;
}

void kube_kinds_add(struct kube_kinds *kinds, const struct json_value *groups, struct arena *arena)
{
    struct kube_kind *items = arena_array(arena, kinds->count + count_resources(groups), sizeof *items);
    for (size_t i = 0; i < kinds->count; i++)
        items[i] = kinds->items[i];
    kinds->items = items;
    for (const struct json_value *group = first_of(groups, "items"); group != NULL; group = group->next) {
        bytes_t name = json_text_at(json_get(group, "metadata"), "name");
        for (const struct json_value *version = first_of(group, "versions"); version != NULL; version = version->next)
            for (const struct json_value *one = first_of(version, "resources"); one != NULL; one = one->next)
                add(kinds, name, json_text_at(version, "version"), one, arena);
    }
}

// --- finding

static bool has_text(const struct json_value *object, const char *name, bytes_t wanted)
{
    bytes_t text;
    for (const struct json_value *one = first_of(object, name); one != NULL; one = one->next)
        if (json_get_text(one, &text) && same_letters(text, wanted))
            return true;
    return false;
}

// The words by which a kind is called, the most exact first: a short name gives way to the plural of another kind.
enum call { CALL_PLURAL, CALL_SINGULAR, CALL_KIND, CALL_SHORT, CALL_COUNT };

static bool is_called(const struct kube_kind *kind, enum call call, bytes_t word)
{
    switch (call) {
    case CALL_PLURAL:
        return same_letters(kind->plural, word);
    case CALL_SINGULAR:
        return same_letters(kind->singular, word);
    case CALL_KIND:
        return same_letters(kind->name, word);
    case CALL_SHORT:
        return has_text(kind->resource, "shortNames", word);
    case CALL_COUNT:
        break;
    }
    return false;
}

static bool begins_with(bytes_t text, bytes_t start)
{
    return text.size >= start.size && same_letters(bytes_of(text.data, start.size), start);
}

// VERSION BYTES_NULL: the preferred one.
static const struct kube_kind *find(const struct kube_kinds *kinds, bytes_t word, bytes_t version, bytes_t group)
{
    for (int call = CALL_PLURAL; call < CALL_COUNT; call++)
        for (size_t i = 0; i < kinds->count; i++) {
            const struct kube_kind *kind = &kinds->items[i];
            bool is_version = version.data == NULL ? kind->is_preferred : bytes_equal(kind->version, version);
            if (is_version && begins_with(kind->group, group) && is_called(kind, (enum call)call, word))
                return kind;
        }
    return NULL;
}

// Takes off what is before the first point.
static bytes_t first_part(bytes_t *text)
{
    const uint8_t *point = text->size == 0 ? NULL : memchr(text->data, '.', text->size);
    size_t size = point == NULL ? text->size : (size_t)(point - text->data);
    bytes_t part = bytes_of(text->data, size);
    size_t taken = point == NULL ? size : size + 1;
    *text = bytes_of(text->data + taken, text->size - taken);
    return part;
}

const struct kube_kind *kube_kinds_find(const struct kube_kinds *kinds, bytes_t text)
{
    bytes_t rest = text, word = first_part(&rest), group = rest, version = first_part(&rest);
    const struct kube_kind *found = version.size == 0 ? NULL : find(kinds, word, version, rest);
    return found != NULL ? found : find(kinds, word, BYTES_NULL, group);
}

const struct kube_kind *kube_kinds_in_category(const struct kube_kinds *kinds, bytes_t category,
                                               const struct kube_kind *after)
{
    size_t at = after == NULL ? 0 : (size_t)(after - kinds->items) + 1;
    while (at < kinds->count &&
           !(kinds->items[at].is_preferred && has_text(kinds->items[at].resource, "categories", category)))
        at++;
    return at < kinds->count ? &kinds->items[at] : NULL;
}

const struct kube_kind *kube_kinds_of_object(const struct kube_kinds *kinds, bytes_t api_version, bytes_t name)
{
    const uint8_t *slash = api_version.size == 0 ? NULL : memchr(api_version.data, '/', api_version.size);
    size_t size = slash == NULL ? 0 : (size_t)(slash - api_version.data), start = slash == NULL ? 0 : size + 1;
    bytes_t group = bytes_of(api_version.data, size);
    bytes_t version = bytes_of(api_version.data + start, api_version.size - start);
    for (size_t i = 0; i < kinds->count; i++) {
        const struct kube_kind *kind = &kinds->items[i];
        if (bytes_equal(kind->name, name) && bytes_equal(kind->group, group) && bytes_equal(kind->version, version))
            return kind;
    }
    return NULL;
}

const char *kube_kinds_nearest(const struct kube_kinds *kinds, bytes_t text, struct arena *arena)
{
    struct nearest nearest = nearest_to(first_part(&text));
    bytes_t word;
    for (size_t i = 0; i < kinds->count; i++) {
        const struct kube_kind *kind = &kinds->items[i];
        nearest_offer(&nearest, arena_text(arena, kind->plural));
        nearest_offer(&nearest, arena_text(arena, kind->singular));
        for (const struct json_value *one = first_of(kind->resource, "shortNames"); one != NULL; one = one->next)
            if (json_get_text(one, &word))
                nearest_offer(&nearest, arena_text(arena, word));
    }
    return nearest.best;
}

// --- one kind

bytes_t kube_kind_api_version(const struct kube_kind *kind, struct arena *arena)
{
    const char *slash = kind->group.size == 0 ? "" : "/";
    return bytes_of_text(arena_format(arena, "%.*s%s%.*s", BYTES_ARG(kind->group), slash, BYTES_ARG(kind->version)));
}

const char *kube_kind_shown(const struct kube_kind *kind, struct arena *arena)
{
    const char *point = kind->group.size == 0 ? "" : ".";
    return arena_format(arena, "%.*s%s%.*s", BYTES_ARG(arena_lower(arena, kind->name)), point, BYTES_ARG(kind->group));
}

bool kube_kind_can(const struct kube_kind *kind, const char *verb)
{
    return has_text(kind->resource, "verbs", bytes_of_text(verb));
}
