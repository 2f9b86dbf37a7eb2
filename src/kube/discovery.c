// SPDX-License-Identifier: Apache-2.0
#include "kube/discovery.h"

#include "base/mem.h"
#include "http/media.h"
#include "kube/answer.h"
#include "kube/api.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const kept_verbs[] = { "create", "delete", "deletecollection", "get",
                                          "list",   "patch",  "update",           "watch" };
static const char *const asked_verbs[] = { "create" };
static const char *const sub_verbs[] = { "get", "patch", "update" };

// --- groups and their versions, the best first

struct group_version {
    const struct kind *kind; // one of them
    bytes_t group, version, api_version;
};

struct group_versions {
    struct group_version *items; // by group, in each the best version first
    size_t count;
};

static bool is_listed(const struct group_versions *list, bytes_t api_version)
{
    for (size_t i = 0; i < list->count; i++) {
        if (bytes_equal(list->items[i].api_version, api_version))
            return true;
    }
    return false;
}

static int by_group(const void *a, const void *b)
{
    const struct group_version *left = a, *right = b;
    int order = bytes_compare(left->group, right->group);
    return order != 0 ? order : kind_version_order(left->version, right->version);
}

static struct group_versions group_versions_of(const struct kinds *kinds, struct arena *arena)
{
    struct group_versions list = { 0 };
    size_t capacity = 0;
    LIST_EACH(&kinds->list, node)
    {
        capacity += LIST_ITEM(node, struct kind, list)->version_count;
    }
    list.items = arena_array(arena, capacity, sizeof *list.items);
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        for (size_t i = 0; i < kind->version_count; i++) {
            const struct kind_version *version = &kind->versions[i];
            if (version->served && !is_listed(&list, version->api_version))
                list.items[list.count++] =
                    (struct group_version){ kind, kind->group, version->name, version->api_version };
        }
    }
    qsort(list.items, list.count, sizeof *list.items, by_group);
    return list;
}

// --- parts

static void names_write(struct json_writer *json, const char *key, const bytes_t *names, size_t count)
{
    if (count == 0)
        return;
    json_key(json, key);
    json_array_begin(json);
    for (size_t i = 0; i < count; i++)
        json_bytes(json, names[i]);
    json_array_end(json);
}

static void verbs_write(struct json_writer *json, const char *const *verbs, size_t count)
{
    json_key(json, "verbs");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++)
        json_text(json, verbs[i]);
    json_array_end(json);
}

static void kind_verbs_write(struct json_writer *json, const struct kind *kind)
{
    if (kind_is_question(kind))
        verbs_write(json, asked_verbs, ARRAY_COUNT(asked_verbs));
    else
        verbs_write(json, kept_verbs, ARRAY_COUNT(kept_verbs));
}

// Everything under a kind's name, for both forms of the document.
struct subresource {
    const char *name;
    bytes_t group, version, kind;
    const char *const *verbs;
    size_t verb_count;
};

enum { SUBRESOURCES_MAX = 8 };

static size_t subresources_of(const struct kind *kind, const struct kind_version *version, struct subresource *subs)
{
    size_t count = 0;
    if (version->has_status)
        subs[count++] =
            (struct subresource){ "status", kind->group, version->name, kind->name, sub_verbs, ARRAY_COUNT(sub_verbs) };
    if (version->has_scale)
        subs[count++] =
            (struct subresource){ "scale",   BYTES_LITERAL("autoscaling"), BYTES_LITERAL("v1"), BYTES_LITERAL("Scale"),
                                  sub_verbs, ARRAY_COUNT(sub_verbs) };
    for (size_t i = 0; kind->rules != NULL && i < kind->rules->subresource_count && count < SUBRESOURCES_MAX; i++) {
        const struct kind_subresource *own = &kind->rules->subresources[i];
        subs[count++] = (struct subresource){
            own->name,   bytes_of_text(own->group), bytes_of_text(own->version), bytes_of_text(own->kind),
            asked_verbs, ARRAY_COUNT(asked_verbs)
        };
    }
    return count;
}

// --- single documents

static void begin(struct json_writer *json, const char *kind)
{
    json_object_begin(json);
    json_field_text(json, "kind", kind);
    json_field_text(json, "apiVersion", "v1");
}

static void resource_write(struct json_writer *json, const struct kind *kind)
{
    json_object_begin(json);
    json_field_bytes(json, "name", kind->plural);
    json_field_bytes(json, "singularName", kind->singular);
    json_field_bool(json, "namespaced", kind->is_namespaced);
    json_field_bytes(json, "kind", kind->name);
    kind_verbs_write(json, kind);
    names_write(json, "shortNames", kind->short_names, kind->short_name_count);
    names_write(json, "categories", kind->categories, kind->category_count);
    json_object_end(json);
}

static void subresource_write(struct json_writer *json, const struct kind *kind, const struct subresource *sub)
{
    char name[300];
    (void)snprintf(name, sizeof name, "%.*s/%s", BYTES_ARG(kind->plural), sub->name);
    json_object_begin(json);
    json_field_text(json, "name", name);
    json_field_text(json, "singularName", "");
    json_field_bool(json, "namespaced", kind->is_namespaced);
    if (!bytes_equal(sub->group, kind->group)) {
        json_field_bytes(json, "group", sub->group);
        json_field_bytes(json, "version", sub->version);
    }
    json_field_bytes(json, "kind", sub->kind);
    verbs_write(json, sub->verbs, sub->verb_count);
    json_object_end(json);
}

static bool resources_write(struct json_writer *json, const struct kinds *kinds, bytes_t group, bytes_t version_name)
{
    size_t count = 0;
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        const struct kind_version *version =
            bytes_equal(kind->group, group) ? kind_version_find(kind, version_name) : NULL;
        struct subresource subs[SUBRESOURCES_MAX];
        if (version == NULL)
            continue;
        if (count++ == 0) {
            begin(json, "APIResourceList");
            json_field_bytes(json, "groupVersion", version->api_version);
            json_key(json, "resources");
            json_array_begin(json);
        }
        resource_write(json, kind);
        size_t sub_count = subresources_of(kind, version, subs);
        for (size_t i = 0; i < sub_count; i++)
            subresource_write(json, kind, &subs[i]);
    }
    if (count == 0)
        return false;
    json_array_end(json);
    json_object_end(json);
    return true;
}

static void version_write(struct json_writer *json, const struct group_version *version)
{
    json_object_begin(json);
    json_field_bytes(json, "groupVersion", version->api_version);
    json_field_bytes(json, "version", version->version);
    json_object_end(json);
}

// The fields of an APIGroup: ITEMS are its versions.
static void group_write(struct json_writer *json, const struct group_version *items, size_t count)
{
    json_field_bytes(json, "name", items->group);
    json_key(json, "versions");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++)
        version_write(json, &items[i]);
    json_array_end(json);
    json_key(json, "preferredVersion");
    version_write(json, items);
}

// How many versions follow of the group at AT.
static size_t group_size(const struct group_versions *list, size_t at)
{
    size_t count = 1;
    while (at + count < list->count && bytes_equal(list->items[at + count].group, list->items[at].group))
        count++;
    return count;
}

static bool group_list_write(struct json_writer *json, const struct group_versions *list)
{
    begin(json, "APIGroupList");
    json_key(json, "groups");
    json_array_begin(json);
    for (size_t at = 0; at < list->count; at += group_size(list, at)) {
        if (list->items[at].group.size == 0)
            continue; // the core group has a place of its own
        json_object_begin(json);
        group_write(json, &list->items[at], group_size(list, at));
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
    return true;
}

static bool one_group_write(struct json_writer *json, const struct group_versions *list, bytes_t group)
{
    size_t at = 0;
    while (at < list->count && !bytes_equal(list->items[at].group, group))
        at++;
    if (at == list->count || group.size == 0)
        return false;
    begin(json, "APIGroup");
    group_write(json, &list->items[at], group_size(list, at));
    json_object_end(json);
    return true;
}

static bool core_versions_write(struct json_writer *json, const struct request *request)
{
    begin(json, "APIVersions");
    json_key(json, "versions");
    json_array_begin(json);
    json_text(json, "v1");
    json_array_end(json);
    json_key(json, "serverAddressByClientCIDRs");
    json_array_begin(json);
    json_object_begin(json);
    json_field_text(json, "clientCIDR", "0.0.0.0/0");
    json_field_bytes(json, "serverAddress", request->exchange->request->authority);
    json_object_end(json);
    json_array_end(json);
    json_object_end(json);
    return true;
}

// --- the aggregated document

static void response_kind_write(struct json_writer *json, bytes_t group, bytes_t version, bytes_t kind)
{
    json_key(json, "responseKind");
    json_object_begin(json);
    json_field_bytes(json, "group", group);
    json_field_bytes(json, "version", version);
    json_field_bytes(json, "kind", kind);
    json_object_end(json);
}

static void aggregated_resource_write(struct json_writer *json, const struct kind *kind,
                                      const struct kind_version *version)
{
    struct subresource subs[SUBRESOURCES_MAX];
    size_t count = subresources_of(kind, version, subs);
    json_object_begin(json);
    json_field_bytes(json, "resource", kind->plural);
    response_kind_write(json, kind->group, version->name, kind->name);
    json_field_text(json, "scope", kind->is_namespaced ? "Namespaced" : "Cluster");
    json_field_bytes(json, "singularResource", kind->singular);
    kind_verbs_write(json, kind);
    names_write(json, "shortNames", kind->short_names, kind->short_name_count);
    names_write(json, "categories", kind->categories, kind->category_count);
    if (count > 0) {
        json_key(json, "subresources");
        json_array_begin(json);
        for (size_t i = 0; i < count; i++) {
            json_object_begin(json);
            json_field_text(json, "subresource", subs[i].name);
            response_kind_write(json, subs[i].group, subs[i].version, subs[i].kind);
            verbs_write(json, subs[i].verbs, subs[i].verb_count);
            json_object_end(json);
        }
        json_array_end(json);
    }
    json_object_end(json);
}

static void aggregated_version_write(struct json_writer *json, const struct kinds *kinds,
                                     const struct group_version *item)
{
    json_object_begin(json);
    json_field_bytes(json, "version", item->version);
    json_key(json, "resources");
    json_array_begin(json);
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        const struct kind_version *version =
            bytes_equal(kind->group, item->group) ? kind_version_find(kind, item->version) : NULL;
        if (version != NULL)
            aggregated_resource_write(json, kind, version);
    }
    json_array_end(json);
    json_field_text(json, "freshness", "Current");
    json_object_end(json);
}

static void aggregated_write(struct json_writer *json, const struct kinds *kinds, const struct group_versions *list,
                             bool is_core, const char *version)
{
    char api_version[64];
    (void)snprintf(api_version, sizeof api_version, "apidiscovery.k8s.io/%s", version);
    json_object_begin(json);
    json_field_text(json, "kind", "APIGroupDiscoveryList");
    json_field_text(json, "apiVersion", api_version);
    json_key(json, "metadata");
    json_object_begin(json);
    json_object_end(json);
    json_key(json, "items");
    json_array_begin(json);
    for (size_t at = 0, size; at < list->count; at += size) {
        size = group_size(list, at);
        if ((list->items[at].group.size == 0) != is_core)
            continue;
        json_object_begin(json);
        json_key(json, "metadata");
        json_object_begin(json);
        if (!is_core)
            json_field_bytes(json, "name", list->items[at].group);
        json_object_end(json);
        json_key(json, "versions");
        json_array_begin(json);
        for (size_t i = 0; i < size; i++)
            aggregated_version_write(json, kinds, &list->items[at + i]);
        json_array_end(json);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

// The version of the aggregated document that the client likes best; NULL: it wants the plain one.
static const char *aggregated_version(struct request *request)
{
    static const char *const versions[] = { "v2", "v2beta1" };
    struct http_accept accept;
    if (http_accept_of(request->exchange->request, &request->arena, &accept) != ERR_OK)
        return NULL;
    for (size_t i = 0; i < accept.count; i++) {
        const struct http_media *media = &accept.items[i];
        bytes_t as = http_media_parameter(media, "as");
        if (as.data == NULL)
            return NULL;
        for (size_t v = 0; v < ARRAY_COUNT(versions); v++) {
            if (bytes_is(as, "APIGroupDiscoveryList") && bytes_is(http_media_parameter(media, "v"), versions[v]) &&
                bytes_is(http_media_parameter(media, "g"), "apidiscovery.k8s.io"))
                return versions[v];
        }
    }
    return NULL;
}

static void aggregated_answer(struct request *request, const struct group_versions *list, bool is_core,
                              const char *version)
{
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    aggregated_write(&json, &request->kube->resources.kinds, list, is_core, version);
    answer_typed(
        request, 200, &text,
        arena_format(&request->arena, "application/json;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList", version));
}

// --- by path

bool discovery_handle(struct request *request)
{
    const struct kinds *kinds = &request->kube->resources.kinds;
    struct path path;
    if (!path_cut(request, &path) || path.count > 3)
        return false;
    bool is_core = bytes_is(path.segments[0], "api");
    struct group_versions list = group_versions_of(kinds, &request->arena);
    const char *aggregated = path.count == 1 ? aggregated_version(request) : NULL;
    if (aggregated != NULL) {
        aggregated_answer(request, &list, is_core, aggregated);
        return true;
    }
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    bool found = false;
    if (path.count == 1)
        found = is_core ? core_versions_write(&json, request) : group_list_write(&json, &list);
    else if (path.count == 2)
        found = is_core ? resources_write(&json, kinds, BYTES_LITERAL(""), path.segments[1])
                        : one_group_write(&json, &list, path.segments[1]);
    else if (!is_core)
        found = resources_write(&json, kinds, path.segments[1], path.segments[2]);
    if (!found) {
        writer_free(&text);
        return false;
    }
    answer_text(request, 200, &text);
    return true;
}
