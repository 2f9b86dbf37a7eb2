// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_fetch.h"

#include "base/json_edit.h"
#include "cli/kube_url.h"

static const char table_type[] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
static const char page_size[] = "500"; // as kubectl asks for

static const char *accept_of(const struct kube_query *query)
{
    return query->as_table ? table_type : NULL;
}

static void put_selectors(struct writer *url, const struct kube_query *query, struct arena *arena)
{
    bytes_t fields = query->fields == NULL ? BYTES_NULL : bytes_of_text(query->fields);
    kube_url_parameter(url, "labelSelector", query->labels == NULL ? BYTES_NULL : bytes_of_text(query->labels));
    if (query->name != NULL)
        fields = bytes_of_text(arena_format(arena, "metadata.name=%s", query->name));
    kube_url_parameter(url, "fieldSelector", fields);
}

static err_t fetch_page(struct kube_session *session, const struct kube_query *query, bytes_t token,
                        struct arena *arena, struct kube_answer *answer)
{
    struct writer url = WRITER_INIT;
    kube_url_kind(&url, query->kind, query->name_space, NULL);
    put_selectors(&url, query, arena);
    kube_url_parameter(&url, "limit", bytes_of_text(page_size));
    kube_url_parameter(&url, "continue", token);
    const struct kube_request request = { .method = "GET",
                                          .path = kube_url_finish(&url, arena),
                                          .accept = accept_of(query) };
    return kube_link_call(session->link, &request, arena, answer);
}

// Lists of built-in kinds say once what their items are.
static void name_items(struct json_value *list, struct arena *arena)
{
    static const char suffix[] = "List";
    const struct json_value *items = json_get(list, "items");
    bytes_t kind = json_text_at(list, "kind");
    if (items == NULL || kind.size < sizeof suffix)
        return;
    kind.size -= sizeof suffix - 1;
    for (struct json_value *item = items->first; item != NULL; item = item->next) {
        if (item->type != JSON_OBJECT || json_get(item, "kind") != NULL)
            continue;
        json_set_bytes(item, arena, "apiVersion", json_text_at(list, "apiVersion"));
        json_set_bytes(item, arena, "kind", kind);
    }
}

static void append_all(struct json_value *to, struct json_value *from)
{
    while (from->first != NULL) {
        struct json_value *one = from->first;
        json_detach(one);
        json_append(to, one);
    }
}

// What a page has stands behind what the ones before it had.
static void join(struct json_value *list, struct json_value *page, const char *member)
{
    struct json_value *to = json_find(list, bytes_of_text(member)), *from = json_find(page, bytes_of_text(member));
    if (to != NULL && from != NULL && to->type == JSON_ARRAY && from->type == JSON_ARRAY)
        append_all(to, from);
}

static err_t fetch_list(struct kube_session *session, const struct kube_query *query, struct arena *arena,
                        struct kube_answer *ret_answer)
{
    const char *member = query->as_table ? "rows" : "items";
    struct kube_answer page;
    bytes_t token = BYTES_NULL;
    err_t err = fetch_page(session, query, token, arena, ret_answer);
    struct json_value *list = ret_answer->tree;
    if (err == ERR_OK)
        token = json_text_at(json_get(list, "metadata"), "continue");
    while (err == ERR_OK && token.size > 0) {
        err = fetch_page(session, query, token, arena, &page);
        if (err != ERR_OK) {
            *ret_answer = page;
            break;
        }
        join(list, page.tree, member);
        token = json_text_at(json_get(page.tree, "metadata"), "continue");
    }
    if (err == ERR_OK)
        name_items(list, arena);
    return err;
}

err_t kube_fetch(struct kube_session *session, const struct kube_query *query, struct arena *arena,
                 struct kube_answer *ret_answer)
{
    if (query->name == NULL)
        return fetch_list(session, query, arena, ret_answer);
    struct writer url = WRITER_INIT;
    kube_url_kind(&url, query->kind, query->name_space, query->name);
    const struct kube_request request = { .method = "GET",
                                          .path = kube_url_finish(&url, arena),
                                          .accept = accept_of(query) };
    return kube_link_call(session->link, &request, arena, ret_answer);
}

err_t kube_fetch_one(struct kube_session *session, const struct kube_kind *kind, const char *name_space,
                     const char *name, struct arena *arena, struct kube_answer *ret_answer)
{
    const struct kube_query query = { .kind = kind, .name_space = name_space, .name = name };
    return kube_fetch(session, &query, arena, ret_answer);
}

// --- watches

struct watch {
    kube_event_fn *on_event;
    void *owner;
    struct arena arena;  // of one event
    char version[64];    // of the last one
    struct arena *kept;  // for what remains behind
    const char *failure; // what the server says in an event; NULL: nothing
    bytes_t reason;
    bool is_over;
};

// Of an object, or of the first row of a Table.
static bytes_t version_of(const struct json_value *object)
{
    const struct json_value *rows = json_get(object, "rows");
    if (rows != NULL && rows->type == JSON_ARRAY && rows->first != NULL)
        object = json_get(rows->first, "object");
    return json_text_at(json_get(object, "metadata"), "resourceVersion");
}

static void remember(struct watch *watch, bytes_t version)
{
    if (version.size == 0 || version.size >= sizeof watch->version)
        return;
    memcpy(watch->version, version.data, version.size);
    watch->version[version.size] = '\0';
}

// False: the watch is over.
static bool event_take(struct watch *watch, bytes_t line)
{
    const struct json_limits limits = { .size = line.size, .values = line.size };
    struct json_value *event;
    arena_reset(&watch->arena);
    if (json_parse(line, &limits, &watch->arena, &event, NULL) != ERR_OK) {
        watch->failure = "the watch brought something that is no JSON";
        return false;
    }
    bytes_t type = json_text_at(event, "type");
    const struct json_value *object = json_get(event, "object");
    if (bytes_is(type, "ERROR")) {
        watch->failure = arena_text(watch->kept, json_text_at(object, "message"));
        watch->reason = arena_copy(watch->kept, json_text_at(object, "reason"));
        return false;
    }
    remember(watch, version_of(object));
    return bytes_is(type, "BOOKMARK") || watch->on_event(watch->owner, arena_text(&watch->arena, type), object);
}

static bool on_line(void *owner, bytes_t line)
{
    struct watch *watch = owner;
    watch->is_over = !event_take(watch, line);
    return !watch->is_over;
}

static const char *watch_path(const struct kube_query *query, const struct watch *watch, struct arena *arena)
{
    struct writer url = WRITER_INIT;
    kube_url_kind(&url, query->kind, query->name_space, NULL);
    put_selectors(&url, query, arena);
    kube_url_parameter(&url, "watch", BYTES_LITERAL("true"));
    kube_url_parameter(&url, "allowWatchBookmarks", BYTES_LITERAL("true"));
    kube_url_parameter(&url, "resourceVersion", bytes_of_text(watch->version));
    return kube_url_finish(&url, arena);
}

err_t kube_watch(struct kube_session *session, const struct kube_query *query, bytes_t version, kube_event_fn *on_event,
                 void *owner, struct arena *arena, struct kube_answer *ret_answer)
{
    struct watch watch = { .on_event = on_event, .owner = owner, .kept = arena };
    remember(&watch, version);
    err_t err = ERR_OK;
    while (err == ERR_OK && !watch.is_over) {
        const struct kube_request request = { .method = "GET",
                                              .path = watch_path(query, &watch, arena),
                                              .accept = accept_of(query) };
        err = kube_link_follow(session->link, &request, on_line, &watch, arena, ret_answer);
    }
    if (watch.failure != NULL) {
        ret_answer->message = watch.failure;
        ret_answer->reason = watch.reason;
        err = ERR_REFUSED;
    }
    arena_free(&watch.arena);
    return err;
}
