// SPDX-License-Identifier: Apache-2.0
// The smaller pages: subscriptions, accounts, health, and those about what one server does not have.
#include "nats/pages.h"

#include "auth/directory.h"
#include "base/mem.h"
#include "base/subject.h"

#include <stdlib.h>

// --- parts

void *nats_page_state(struct nats_request *request, size_t size)
{
    request->state = mem_zalloc(1, size);
    return request->state;
}

void nats_page_time(struct nats_request *request, const char *name, int64_t unix_ms)
{
    char text[NATS_TIME_SIZE];
    json_field_text(&request->json, name, nats_time_text(unix_ms, text));
}

void nats_page_begin(struct nats_request *request)
{
    json_object_begin(&request->json);
    json_field_text(&request->json, "server_id", request->door->site.server_id);
    nats_page_time(request, "now", request->now_ms);
}

bytes_t nats_page_system_account(const struct nats_request *request)
{
    return directory_server(request->door->site.access->directory)->account->name;
}

size_t nats_page_limit(struct nats_request *request)
{
    int64_t limit = nats_query_int(&request->query, "limit");
    if (limit <= 0)
        return NATS_PAGE_LIMIT;
    return limit > NATS_PAGE_LIMIT_MAX ? NATS_PAGE_LIMIT_MAX : (size_t)limit;
}

size_t nats_page_offset(struct nats_request *request)
{
    int64_t offset = nats_query_int(&request->query, "offset");
    return offset < 0 ? 0 : (size_t)offset;
}

void nats_page_sub(struct nats_request *request, const struct nats_sub_facts *sub, bool with_account)
{
    struct json_writer *json = &request->json;
    json_object_begin(json);
    if (with_account) {
        json_field_bytes(json, "account", sub->account);
        json_field_bytes(json, "account_tag", sub->account);
    }
    json_field_bytes(json, "subject", sub->subject);
    if (sub->queue.size > 0)
        json_field_bytes(json, "qgroup", sub->queue);
    json_field_bytes(json, "sid", sub->id);
    json_field_int(json, "msgs", (int64_t)sub->delivered);
    if (sub->max > 0)
        json_field_int(json, "max", (int64_t)sub->max);
    json_field_int(json, "cid", (int64_t)sub->conn_id);
    json_object_end(json);
}

static bool is_asked_for(bytes_t account, const struct nats_account *of)
{
    return account.size == 0 || bytes_equal(account, nats_account_name(of));
}

// --- subscriptions

struct list_stats {
    int64_t subscriptions, inserts, removes, matches;
};

static void add_stats(struct list_stats *stats, const struct nats_account *account)
{
    stats->subscriptions += (int64_t)account->list.count;
    stats->inserts += (int64_t)account->list.inserts;
    stats->removes += (int64_t)account->list.removes;
    stats->matches += account->totals.in_msgs; // each message is looked up once
}

// There is no cache, whose content the last ones would be about.
static void write_stats(struct json_writer *json, const struct list_stats *stats)
{
    json_field_int(json, "num_subscriptions", stats->subscriptions);
    json_field_int(json, "num_cache", 0);
    json_field_int(json, "num_inserts", stats->inserts);
    json_field_int(json, "num_removes", stats->removes);
    json_field_int(json, "num_matches", stats->matches);
    json_field_int(json, "cache_hit_rate", 0);
    json_field_int(json, "max_fanout", 0);
    json_field_int(json, "avg_fanout", 0);
}

// A part of the subscriptions in an order that stays while they do: by loop and connection.
struct listing {
    bool is_wanted;
    bytes_t account, test;
    size_t asked_offset, asked_limit;
    size_t offset, limit; // still to skip, still to write
    size_t total;
    struct list_stats stats;
    struct writer subject;
    struct writer list; // "total" stands before it and is known behind it
    struct json_writer json;
};

static void list_one(struct nats_request *request, const struct nats_subscription *subscription)
{
    struct listing *listing = request->state;
    listing->total++;
    if (listing->offset > 0) {
        listing->offset--;
    } else if (listing->limit > 0) {
        struct nats_sub_facts facts;
        listing->limit--;
        nats_sub_facts_of(subscription, &listing->subject, &facts);
        nats_page_sub(request, &facts, true);
    }
}

// Those of a connection that are not shown are not even looked at.
static void list_of(struct nats_request *request, const struct map *subscriptions)
{
    struct listing *listing = request->state;
    if (listing->limit == 0 || listing->offset >= subscriptions->count) {
        listing->offset -= listing->offset < subscriptions->count ? listing->offset : subscriptions->count;
        listing->total += subscriptions->count;
        return;
    }
    size_t total = listing->total + subscriptions->count;
    for (struct map_node *node = map_next(subscriptions, NULL); node != NULL && listing->limit > 0;
         node = map_next(subscriptions, node))
        list_one(request, CONTAINER_OF(node, struct nats_subscription, node));
    listing->total = total;
}

static void list_all(struct nats_request *request)
{
    const struct listing *listing = request->state;
    LIST_EACH(&request->door->conns, node)
    {
        const struct nats_session *session = &LIST_ITEM(node, struct nats_conn, node)->session;
        if (is_asked_for(listing->account, session->account))
            list_of(request, &session->subscriptions);
    }
}

static void list_subs(struct nats_request *request, const struct nats_subs *subs)
{
    for (uint32_t i = 0; i < subs->count; i++)
        list_one(request, CONTAINER_OF(nats_subs_items(subs)[i], struct nats_subscription, sub));
}

static void list_matching(struct nats_request *request)
{
    const struct listing *listing = request->state;
    LIST_EACH(&request->door->accounts.items, node)
    {
        struct nats_account *account = LIST_ITEM(node, struct nats_account, item_node);
        if (!is_asked_for(listing->account, account))
            continue;
        nats_sublist_match(&account->list, listing->test, &account->matches);
        for (size_t i = 0; i < account->matches.count; i++) {
            const struct nats_place *place = account->matches.items[i];
            list_subs(request, &place->subs);
            for (const struct nats_queue *queue = place->queues; queue != NULL; queue = queue->next)
                list_subs(request, &queue->subs);
        }
    }
}

void nats_subsz_begin(struct nats_request *request)
{
    struct nats_query *query = &request->query;
    struct listing *listing = nats_page_state(request, sizeof(*listing));
    listing->is_wanted = nats_query_bool(query, "subs");
    listing->offset = listing->asked_offset = nats_page_offset(request);
    listing->limit = listing->asked_limit = nats_page_limit(request);
    listing->account = nats_query_text(query, "acc");
    listing->test = nats_query_text(query, "test");
    if (listing->test.size > 0 && !(subject_is_valid(listing->test) && subject_is_literal(listing->test)))
        nats_query_complain(query, "invalid test subject, must be valid publish subject: %.*s",
                            BYTES_ARG(listing->test));
    listing->subject = listing->list = WRITER_INIT;
    listing->json = json_writer_of(&listing->list);
    json_array_begin(&listing->json);
}

void nats_subsz_visit(struct nats_request *request)
{
    struct listing *listing = request->state;
    LIST_EACH(&request->door->accounts.items, node)
    {
        const struct nats_account *account = LIST_ITEM(node, struct nats_account, item_node);
        if (is_asked_for(listing->account, account))
            add_stats(&listing->stats, account);
    }
    if (!listing->is_wanted)
        return;
    struct json_writer json = request->json;
    request->json = listing->json;
    if (listing->test.size > 0)
        list_matching(request);
    else
        list_all(request);
    listing->json = request->json;
    request->json = json;
}

void nats_subsz_write(struct nats_request *request)
{
    struct listing *listing = request->state;
    struct json_writer *json = &request->json;
    json_array_end(&listing->json);
    nats_page_begin(request);
    write_stats(json, &listing->stats);
    json_field_int(json, "total", (int64_t)listing->total);
    json_field_int(json, "offset", (int64_t)listing->asked_offset);
    json_field_int(json, "limit", (int64_t)listing->asked_limit);
    if (listing->asked_limit > listing->limit) {
        json_key(json, "subscriptions_list");
        json_raw(json, writer_view(&listing->list));
    }
    json_object_end(json);
}

void nats_subsz_end(struct nats_request *request)
{
    struct listing *listing = request->state;
    writer_free(&listing->subject);
    writer_free(&listing->list);
}

// --- accounts

// One account, over all loops: it lives on one, but who has not said CONNECT yet may be anywhere.
struct account_row {
    bytes_t name; // a door's, which stays as long as the request
    int64_t conns;
    struct list_stats stats;
    struct nats_counts totals;
    uint64_t slow_consumers;
};

struct account_rows {
    struct account_row *items;
    size_t count, capacity;
};

void nats_accounts_begin(struct nats_request *request)
{
    (void)nats_page_state(request, sizeof(struct account_rows));
    (void)nats_query_bool(&request->query, "unused");
}

static void add_account(struct account_rows *rows, const struct nats_account *account)
{
    if (account->index == rows->count) {
        MEM_GROW(rows->items, rows->count, rows->capacity);
        rows->items[rows->count++] = (struct account_row){ .name = nats_account_name(account) };
    }
    struct account_row *row = &rows->items[account->index];
    add_stats(&row->stats, account);
    row->totals.in_msgs += account->totals.in_msgs;
    row->totals.in_bytes += account->totals.in_bytes;
    row->totals.out_msgs += account->totals.out_msgs;
    row->totals.out_bytes += account->totals.out_bytes;
    row->slow_consumers += account->slow_consumers;
}

void nats_accounts_visit(struct nats_request *request)
{
    struct account_rows *rows = request->state;
    LIST_EACH(&request->door->accounts.items, node)
    add_account(rows, LIST_ITEM(node, struct nats_account, item_node));
    LIST_EACH(&request->door->conns, node)
    {
        const struct nats_session *session = &LIST_ITEM(node, struct nats_conn, node)->session;
        rows->items[session->account->index].conns += !session->is_closed;
    }
}

void nats_accounts_end(struct nats_request *request)
{
    free(((struct account_rows *)request->state)->items);
}

static void write_account(struct nats_request *request, const struct account_row *row)
{
    struct json_writer *json = &request->json;
    json_object_begin(json);
    json_field_bytes(json, "account_name", row->name);
    nats_page_time(request, "update_time", request->door->group->start_ms);
    if (bytes_equal(row->name, nats_page_system_account(request)))
        json_field_bool(json, "is_system", true);
    json_field_bool(json, "expired", false);
    json_field_bool(json, "complete", true);
    json_field_bool(json, "jetstream_enabled", false);
    json_field_int(json, "leafnode_connections", 0);
    json_field_int(json, "client_connections", row->conns);
    json_field_int(json, "subscriptions", row->stats.subscriptions);
    json_field_bytes(json, "name_tag", row->name);
    json_key(json, "sublist_stats");
    json_object_begin(json);
    write_stats(json, &row->stats);
    json_object_end(json);
    json_object_end(json);
}

void nats_accountz_write(struct nats_request *request)
{
    const struct account_rows *rows = request->state;
    struct json_writer *json = &request->json;
    bytes_t name = nats_query_text(&request->query, "acc");
    nats_page_begin(request);
    json_field_bytes(json, "system_account", nats_page_system_account(request));
    if (name.size > 0) {
        const struct account_row *found = NULL;
        for (size_t i = 0; i < rows->count; i++)
            found = bytes_equal(rows->items[i].name, name) ? &rows->items[i] : found;
        json_key(json, "account_detail");
        if (found == NULL) {
            nats_query_complain(&request->query, "Account %.*s does not exist", BYTES_ARG(name));
            return;
        }
        write_account(request, found);
    } else {
        json_key(json, "accounts");
        json_array_begin(json);
        for (size_t i = 0; i < rows->count; i++)
            json_bytes(json, rows->items[i].name);
        json_array_end(json);
    }
    json_object_end(json);
}

static void write_traffic(struct json_writer *json, const char *name, int64_t msgs, int64_t bytes)
{
    static const char *const others[] = { "gateways", "routes", "leafs" };
    json_key(json, name);
    json_object_begin(json);
    json_field_int(json, "msgs", msgs);
    json_field_int(json, "bytes", bytes);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        json_key(json, others[i]);
        json_object_begin(json);
        json_field_int(json, "msgs", 0);
        json_field_int(json, "bytes", 0);
        json_object_end(json);
    }
    json_object_end(json);
}

void nats_accstatz_write(struct nats_request *request)
{
    const struct account_rows *rows = request->state;
    struct json_writer *json = &request->json;
    bool unused = nats_query_bool(&request->query, "unused");
    nats_page_begin(request);
    json_key(json, "account_statz");
    json_array_begin(json);
    for (size_t i = 0; i < rows->count; i++) {
        const struct account_row *row = &rows->items[i];
        if (row->conns == 0 && !unused)
            continue;
        json_object_begin(json);
        json_field_bytes(json, "acc", row->name);
        json_field_bytes(json, "name", row->name);
        json_field_int(json, "conns", row->conns);
        json_field_int(json, "leafnodes", 0);
        json_field_int(json, "total_conns", row->conns);
        json_field_int(json, "num_subscriptions", row->stats.subscriptions);
        write_traffic(json, "sent", row->totals.out_msgs, row->totals.out_bytes);
        write_traffic(json, "received", row->totals.in_msgs, row->totals.in_bytes);
        json_field_int(json, "slow_consumers", (int64_t)row->slow_consumers);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

// --- what one server does not have

static void write_empty(struct json_writer *json, const char *name, bool is_array)
{
    json_key(json, name);
    if (is_array) {
        json_array_begin(json);
        json_array_end(json);
    } else {
        json_object_begin(json);
        json_object_end(json);
    }
}

void nats_page_routez(struct nats_request *request)
{
    (void)nats_query_bool_or_detail(&request->query, "subs");
    struct json_writer *json = &request->json;
    json_object_begin(json);
    json_field_text(json, "server_id", request->door->site.server_id);
    json_field_text(json, "server_name", request->door->site.server_name);
    nats_page_time(request, "now", request->now_ms);
    json_field_int(json, "num_routes", 0);
    write_empty(json, "routes", true);
    json_object_end(json);
}

void nats_page_gatewayz(struct nats_request *request)
{
    nats_page_begin(request);
    write_empty(&request->json, "outbound_gateways", false);
    write_empty(&request->json, "inbound_gateways", false);
    json_object_end(&request->json);
}

void nats_page_leafz(struct nats_request *request)
{
    nats_page_begin(request);
    json_field_int(&request->json, "leafnodes", 0);
    write_empty(&request->json, "leafs", true);
    json_object_end(&request->json);
}

static void write_zeros(struct json_writer *json, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_field_int(json, names[i], 0);
}

void nats_page_jsz(struct nats_request *request)
{
    static const char *const usage[] = { "memory",           "storage",  "reserved_memory",
                                         "reserved_storage", "accounts", "ha_assets" };
    static const char *const api[] = { "level", "total", "errors" };
    static const char *const config[] = { "max_memory", "max_storage" };
    static const char *const totals[] = { "streams", "consumers", "messages", "bytes", "total" };
    struct json_writer *json = &request->json;
    nats_page_begin(request);
    json_field_bool(json, "disabled", true);
    write_zeros(json, usage, ARRAY_COUNT(usage));
    json_key(json, "api");
    json_object_begin(json);
    write_zeros(json, api, ARRAY_COUNT(api));
    json_object_end(json);
    json_key(json, "config");
    json_object_begin(json);
    write_zeros(json, config, ARRAY_COUNT(config));
    json_object_end(json);
    write_zeros(json, totals, ARRAY_COUNT(totals));
    json_object_end(json);
}

// --- health

// Why the question makes no sense, or NULL. There are no streams, as on a server without JetStream, which says the same
// of every one.
static const char *health_question(struct nats_query *query)
{
    bool has_account = nats_query_text(query, "account").size > 0,
         has_stream = nats_query_text(query, "stream").size > 0;
    if (has_stream && !has_account)
        return "\"account\" must not be empty when checking stream health";
    if (!has_stream && nats_query_text(query, "consumer").size > 0)
        return "\"stream\" must not be empty when checking consumer health";
    return NULL;
}

static void health_write(struct nats_request *request, int status, const char *word, const char *type,
                         const char *error)
{
    struct json_writer *json = &request->json;
    bool has_details = nats_query_bool(&request->query, "details");
    request->status = status;
    json_object_begin(json);
    json_field_text(json, "status", error != NULL && has_details ? "error" : word);
    if (error != NULL && has_details) {
        json_key(json, "errors");
        json_array_begin(json);
        json_object_begin(json);
        json_field_text(json, "type", type);
        json_field_text(json, "error", error);
        json_object_end(json);
        json_array_end(json);
    } else if (error != NULL) {
        json_field_text(json, "error", error);
    }
    json_object_end(json);
}

void nats_page_healthz(struct nats_request *request)
{
    const char *question = health_question(&request->query);
    if (question != NULL)
        health_write(request, 400, "error", "BAD_REQUEST", question);
    else if (request->door->listener == NULL)
        health_write(request, 503, "unavailable", "CONNECTION",
                     "no new connections are taken: the server is about to stop");
    else
        health_write(request, 200, "ok", NULL, NULL);
}
