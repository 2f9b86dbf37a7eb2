// SPDX-License-Identifier: Apache-2.0
// /connz: the connections, sorted and a page at a time. All loops say what they have and by what it is sorted; those
// that the page shows are then written where they are.
#include "nats/pages.h"

#include "base/mem.h"

#include <stdlib.h>
#include <strings.h>

struct entry {
    int64_t key;
    const char *text; // instead of the key
    uint64_t id;
    const struct nats_door *door;     // where it is
    struct nats_conn *conn;           // open, or
    const struct nats_closed *closed; // closed; neither: gone meanwhile
    size_t at, size;                  // of what is written of it
};

struct connz {
    struct nats_request *request;
    const struct sort *sort;
    bool auth, subs, detail, is_open, is_closed;
    bytes_t user, account, mqtt_client;
    uint64_t id; // 0: all
    size_t offset, limit, total;
    size_t sub_room; // subscriptions that the page may still list
    struct entry *entries;
    size_t count, capacity;
    struct entry *shown; // a part of them
    size_t shown_count;
    struct entry **by_id; // the same
    struct writer written;
};

// --- sorting

typedef int64_t key_fn(const struct nats_conn_facts *facts, int64_t now_ms);

#define KEY(name, expression)                                                                                          \
    static int64_t key_##name(const struct nats_conn_facts *facts, int64_t now_ms)                                     \
    {                                                                                                                  \
        (void)now_ms;                                                                                                  \
        (void)facts;                                                                                                   \
        return (int64_t)(expression);                                                                                  \
    }

KEY(id, 0) // equal ones go by id
KEY(subs, -(int64_t)facts->subscriptions)
KEY(pending, -(int64_t)facts->pending)
KEY(msgs_to, -facts->counts.out_msgs)
KEY(msgs_from, -facts->counts.in_msgs)
KEY(bytes_to, -facts->counts.out_bytes)
KEY(bytes_from, -facts->counts.in_bytes)
KEY(last, -facts->last_ms)
KEY(idle, facts->last_ms)
KEY(uptime, (facts->reason == NULL ? now_ms : facts->stop_ms) - facts->start_ms)
KEY(stop, -facts->stop_ms)
KEY(rtt, -facts->round_trip_ns)

static const struct sort {
    const char *name;
    key_fn *key; // NULL: the reason
    bool needs_closed;
} sorts[] = {
    { "", key_id, false },
    { "cid", key_id, false },
    { "start", key_id, false },
    { "subs", key_subs, false },
    { "pending", key_pending, false },
    { "msgs_to", key_msgs_to, false },
    { "msgs_from", key_msgs_from, false },
    { "bytes_to", key_bytes_to, false },
    { "bytes_from", key_bytes_from, false },
    { "last", key_last, false },
    { "idle", key_idle, false },
    { "uptime", key_uptime, false },
    { "stop", key_stop, true },
    { "reason", NULL, true },
    { "rtt", key_rtt, false },
};

static int compare(const void *a_, const void *b_)
{
    const struct entry *a = a_, *b = b_;
    int order = a->text == NULL ? (a->key > b->key) - (a->key < b->key) : strcmp(a->text, b->text);
    return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

static void sort_entries(struct connz *connz)
{
    bool is_sorted = true; // as the door has them
    for (size_t i = 1; i < connz->count && is_sorted; i++)
        is_sorted = compare(&connz->entries[i - 1], &connz->entries[i]) < 0;
    if (!is_sorted)
        qsort(connz->entries, connz->count, sizeof(*connz->entries), compare);
}

// --- what was asked for

static void read_state(struct connz *connz)
{
    static const struct {
        const char *name;
        bool is_open, is_closed;
    } states[] = { { "", true, false },
                   { "open", true, false },
                   { "closed", false, true },
                   { "any", true, true },
                   { "all", true, true } };
    struct nats_query *query = &connz->request->query;
    bytes_t name = nats_query_text(query, "state");
    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        if (name.size == strlen(states[i].name) &&
            strncasecmp((const char *)name.data, states[i].name, name.size) == 0) {
            connz->is_open = states[i].is_open;
            connz->is_closed = states[i].is_closed;
            return;
        }
    }
    nats_query_complain(query, "Error decoding state for %.*s", BYTES_ARG(name));
}

static void read_sort(struct connz *connz)
{
    struct nats_query *query = &connz->request->query;
    bytes_t name = nats_query_text(query, "sort");
    connz->sort = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(sorts); i++)
        connz->sort = bytes_is(name, sorts[i].name) ? &sorts[i] : connz->sort;
    if (connz->sort == NULL)
        nats_query_complain(query, "invalid sorting option: %.*s", BYTES_ARG(name));
    else if (connz->sort->needs_closed && (connz->is_open || !connz->is_closed))
        nats_query_complain(query, "sort by %s only valid on closed connections", connz->sort->name);
}

static void read_query(struct connz *connz)
{
    struct nats_query *query = &connz->request->query;
    connz->auth = nats_query_bool(query, "auth");
    enum nats_query_choice subs = nats_query_bool_or_detail(query, "subs");
    connz->detail = subs == NATS_QUERY_DETAIL;
    connz->subs = subs == NATS_QUERY_YES;
    connz->offset = nats_page_offset(connz->request);
    connz->limit = nats_page_limit(connz->request);
    int64_t id = nats_query_int(query, "cid");
    if (id < 0)
        nats_query_complain(query, "Error decoding uint64 for 'cid': it is negative");
    if (id > 0) {
        connz->id = (uint64_t)id;
        connz->limit = 1;
    }
    connz->user = nats_query_text(query, "user");
    connz->account = nats_query_text(query, "acc");
    connz->mqtt_client = nats_query_text(query, "mqtt_client");
    connz->sub_room = NATS_PAGE_LIMIT_MAX;
    read_state(connz);
    read_sort(connz);
}

// --- which ones

// Counts it, and keeps it if it is asked for.
static void gather(struct connz *connz, struct nats_conn *conn, const struct nats_closed *closed,
                   const struct nats_conn_facts *facts)
{
    if (connz->account.size > 0 && !bytes_equal(connz->account, facts->account))
        return;
    connz->total++;
    if (connz->id != 0 && facts->id != connz->id)
        return;
    if (connz->user.size > 0 && !bytes_equal(connz->user, facts->user))
        return;
    if (connz->mqtt_client.size > 0) // MQTT is not spoken
        return;
    MEM_GROW(connz->entries, connz->count, connz->capacity);
    struct entry *entry = &connz->entries[connz->count++];
    *entry = (struct entry){ .id = facts->id, .door = connz->request->door, .conn = conn, .closed = closed };
    if (connz->sort->key != NULL)
        entry->key = connz->sort->key(facts, connz->request->now_ms);
    else
        entry->text = facts->reason;
}

static void gather_all(struct connz *connz)
{
    struct nats_door *door = connz->request->door;
    LIST_EACH(&door->conns, node)
    {
        struct nats_conn *conn = LIST_ITEM(node, struct nats_conn, node);
        struct nats_conn_facts facts;
        if (!connz->is_open || conn->session.is_closed)
            continue;
        nats_conn_facts_of(conn, &facts);
        gather(connz, conn, NULL, &facts);
    }
    for (size_t i = 0; connz->is_closed && i < door->closed_conns.count; i++) {
        const struct nats_closed *closed = nats_closed_at(&door->closed_conns, i);
        gather(connz, NULL, closed, &closed->facts);
    }
}

// --- one of them

static void write_sub(struct connz *connz, const struct nats_sub_facts *sub, bool with_account)
{
    if (connz->detail)
        nats_page_sub(connz->request, sub, with_account);
    else
        json_bytes(&connz->request->json, sub->subject);
    connz->sub_room--;
}

static void write_subs(struct connz *connz, const struct entry *entry)
{
    struct json_writer *json = &connz->request->json;
    json_key(json, connz->detail ? "subscriptions_list_detail" : "subscriptions_list");
    json_array_begin(json);
    if (entry->conn != NULL) {
        const struct map *map = &entry->conn->session.subscriptions;
        struct writer subject = WRITER_INIT;
        for (struct map_node *node = map_next(map, NULL); node != NULL && connz->sub_room > 0;
             node = map_next(map, node)) {
            struct nats_sub_facts sub;
            nats_sub_facts_of(CONTAINER_OF(node, struct nats_subscription, node), &subject, &sub);
            write_sub(connz, &sub, false);
        }
        writer_free(&subject);
    }
    for (size_t i = 0; entry->closed != NULL && i < entry->closed->sub_count && connz->sub_room > 0; i++)
        write_sub(connz, &entry->closed->subs[i], true);
    json_array_end(json);
}

static void write_text(struct json_writer *json, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_field_text(json, name, text);
}

static void write_who(struct json_writer *json, const struct nats_conn_facts *facts)
{
    json_field_int(json, "cid", (int64_t)facts->id);
    json_field_text(json, "kind", "Client");
    json_field_text(json, "type", "nats");
    json_field_bytes(json, "ip", nats_peer_ip(facts->peer));
    json_field_int(json, "port", nats_peer_port(facts->peer));
}

static void write_times(struct nats_request *request, const struct nats_conn_facts *facts)
{
    struct json_writer *json = &request->json;
    int64_t now_ms = facts->reason == NULL ? request->now_ms : facts->stop_ms;
    char text[NATS_TIME_SIZE];
    nats_page_time(request, "start", facts->start_ms);
    nats_page_time(request, "last_activity", facts->last_ms);
    if (facts->reason != NULL) {
        nats_page_time(request, "stop", facts->stop_ms);
        json_field_text(json, "reason", facts->reason);
    }
    json_field_text(json, "rtt", nats_round_trip_text(facts->round_trip_ns, text));
    json_field_text(json, "uptime", nats_uptime_text(now_ms - facts->start_ms, text));
    json_field_text(json, "idle", nats_uptime_text(now_ms - facts->last_ms, text));
}

static void write_counts(struct json_writer *json, const struct nats_conn_facts *facts)
{
    json_field_int(json, "pending_bytes", (int64_t)facts->pending);
    json_field_int(json, "in_msgs", facts->counts.in_msgs);
    json_field_int(json, "out_msgs", facts->counts.out_msgs);
    json_field_int(json, "in_bytes", facts->counts.in_bytes);
    json_field_int(json, "out_bytes", facts->counts.out_bytes);
    if (facts->stalls > 0)
        json_field_int(json, "stalls", (int64_t)facts->stalls);
    json_field_int(json, "subscriptions", (int64_t)facts->subscriptions);
}

static void write_entry(struct connz *connz, const struct entry *entry)
{
    struct json_writer *json = &connz->request->json;
    struct nats_conn_facts facts;
    if (entry->conn != NULL)
        nats_conn_facts_of(entry->conn, &facts);
    else
        facts = entry->closed->facts;
    json_object_begin(json);
    write_who(json, &facts);
    write_times(connz->request, &facts);
    write_counts(json, &facts);
    write_text(json, "name", facts.name);
    write_text(json, "lang", facts.lang);
    write_text(json, "version", facts.version);
    write_text(json, "tls_version", facts.tls_version);
    write_text(json, "tls_cipher_suite", facts.tls_cipher);
    bool is_global = bytes_is(facts.account, NATS_ACCOUNT_GLOBAL);
    if (connz->auth && facts.user.size > 0)
        json_field_bytes(json, "authorized_user", facts.user);
    if (connz->auth && !is_global && facts.account.size > 0)
        json_field_bytes(json, "account", facts.account);
    if ((connz->subs || connz->detail) && facts.subscriptions > 0)
        write_subs(connz, entry);
    if (connz->auth && (entry->conn != NULL || !is_global) && facts.account.size > 0)
        json_field_bytes(json, "name_tag", facts.account);
    json_object_end(json);
}

// --- step by step

void nats_connz_begin(struct nats_request *request)
{
    struct connz *connz = nats_page_state(request, sizeof(*connz));
    connz->request = request;
    connz->written = WRITER_INIT;
    read_query(connz);
}

void nats_connz_visit(struct nats_request *request)
{
    gather_all(request->state);
}

static int compare_ids(const void *a_, const void *b_)
{
    const struct entry *const *a = a_, *const *b = b_;
    return ((*a)->id > (*b)->id) - ((*a)->id < (*b)->id);
}

void nats_connz_choose(struct nats_request *request)
{
    struct connz *connz = request->state;
    sort_entries(connz);
    size_t first = connz->offset < connz->count ? connz->offset : connz->count;
    connz->shown = connz->entries == NULL ? NULL : connz->entries + first;
    connz->shown_count = connz->count - first < connz->limit ? connz->count - first : connz->limit;
    if (request->door->group->count == 1)
        return; // still in the same turn
    connz->by_id = mem_zalloc(connz->shown_count + 1, sizeof(struct entry *));
    for (size_t i = 0; i < connz->shown_count; i++)
        connz->by_id[i] = &connz->shown[i];
    qsort(connz->by_id, connz->shown_count, sizeof(struct entry *), compare_ids);
}

static struct entry *find_entry(const struct connz *connz, uint64_t id)
{
    struct entry wanted = { .id = id };
    struct entry *key = &wanted;
    struct entry **found = bsearch(&key, connz->by_id, connz->shown_count, sizeof(struct entry *), compare_ids);
    return found == NULL ? NULL : *found;
}

// Turns have passed: it may be closed by now, or gone, or on another loop.
static void find_again(struct connz *connz, struct nats_door *door)
{
    struct entry *entry;
    for (size_t i = 0; i < connz->shown_count; i++)
        if (connz->shown[i].door == door) {
            connz->shown[i].conn = NULL;
            connz->shown[i].closed = NULL;
        }
    LIST_EACH(&door->conns, node)
    {
        struct nats_conn *conn = LIST_ITEM(node, struct nats_conn, node);
        if (connz->is_open && !conn->session.is_closed && (entry = find_entry(connz, conn->session.id)) != NULL)
            *entry = (struct entry){ .id = entry->id, .door = door, .conn = conn };
    }
    for (size_t i = 0; connz->is_closed && i < door->closed_conns.count; i++) {
        const struct nats_closed *closed = nats_closed_at(&door->closed_conns, i);
        if ((entry = find_entry(connz, closed->facts.id)) != NULL)
            *entry = (struct entry){ .id = entry->id, .door = door, .closed = closed };
    }
}

void nats_connz_detail(struct nats_request *request)
{
    struct connz *connz = request->state;
    struct json_writer json = request->json;
    if (connz->by_id != NULL)
        find_again(connz, request->door);
    for (size_t i = 0; i < connz->shown_count; i++) {
        struct entry *entry = &connz->shown[i];
        if (entry->door != request->door || entry->size > 0 || (entry->conn == NULL && entry->closed == NULL))
            continue;
        entry->at = connz->written.size;
        request->json = json_writer_of(&connz->written);
        write_entry(connz, entry);
        entry->size = connz->written.size - entry->at;
    }
    request->json = json;
}

void nats_connz_write(struct nats_request *request)
{
    const struct connz *connz = request->state;
    struct json_writer *json = &request->json;
    size_t count = 0;
    for (size_t i = 0; i < connz->shown_count; i++)
        count += connz->shown[i].size > 0;
    nats_page_begin(request);
    json_field_int(json, "num_connections", (int64_t)count);
    json_field_int(json, "total", (int64_t)connz->total);
    json_field_int(json, "offset", (int64_t)connz->offset);
    json_field_int(json, "limit", (int64_t)connz->limit);
    json_key(json, "connections");
    json_array_begin(json);
    for (size_t i = 0; i < connz->shown_count; i++) {
        const struct entry *entry = &connz->shown[i];
        if (entry->size > 0)
            json_raw(json, bytes_of(writer_view(&connz->written).data + entry->at, entry->size));
    }
    json_array_end(json);
    json_object_end(json);
}

void nats_connz_end(struct nats_request *request)
{
    struct connz *connz = request->state;
    writer_free(&connz->written);
    free(connz->entries);
    free(connz->by_id);
}

// --- what prometheus-nats-exporter makes of /connz, but over all connections: one object of sums

struct sums {
    struct nats_counts counts;
    int64_t conns, pending, subscriptions;
};

void nats_sums_begin(struct nats_request *request)
{
    (void)nats_page_state(request, sizeof(struct sums));
}

void nats_sums_visit(struct nats_request *request)
{
    struct sums *sums = request->state;
    LIST_EACH(&request->door->conns, node)
    {
        struct nats_conn *conn = LIST_ITEM(node, struct nats_conn, node);
        struct nats_conn_facts facts;
        if (conn->session.is_closed)
            continue;
        nats_conn_facts_of(conn, &facts);
        sums->conns++;
        sums->pending += (int64_t)facts.pending;
        sums->subscriptions += (int64_t)facts.subscriptions;
        sums->counts.in_msgs += facts.counts.in_msgs;
        sums->counts.in_bytes += facts.counts.in_bytes;
        sums->counts.out_msgs += facts.counts.out_msgs;
        sums->counts.out_bytes += facts.counts.out_bytes;
    }
}

void nats_sums_write(struct nats_request *request)
{
    const struct sums *sums = request->state;
    struct json_writer *json = &request->json;
    json_object_begin(json);
    json_field_int(json, "num_connections", sums->conns);
    json_field_int(json, "total", sums->conns);
    json_field_int(json, "offset", 0);
    json_field_int(json, "limit", NATS_PAGE_LIMIT);
    json_field_int(json, "pending_bytes", sums->pending);
    json_field_int(json, "subscriptions", sums->subscriptions);
    json_field_int(json, "in_msgs", sums->counts.in_msgs);
    json_field_int(json, "in_bytes", sums->counts.in_bytes);
    json_field_int(json, "out_msgs", sums->counts.out_msgs);
    json_field_int(json, "out_bytes", sums->counts.out_bytes);
    json_object_end(json);
}
