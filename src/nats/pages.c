// SPDX-License-Identifier: Apache-2.0
// The smaller pages: subscriptions, accounts, health, and those about what one server does not have.
#include "nats/pages.h"

#include "auth/directory.h"
#include "base/subject.h"

// --- parts

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

// A part of the subscriptions in an order that stays while they do: by connection.
struct listing {
    struct nats_request *request;
    bytes_t account, test;
    size_t offset, limit; // still to skip, still to write
    size_t total;
    struct writer subject;
};

static void list_one(struct listing *listing, const struct nats_subscription *subscription)
{
    listing->total++;
    if (listing->offset > 0) {
        listing->offset--;
    } else if (listing->limit > 0) {
        struct nats_sub_facts facts;
        listing->limit--;
        nats_sub_facts_of(subscription, &listing->subject, &facts);
        nats_page_sub(listing->request, &facts, true);
    }
}

// Those of a connection that are not shown are not even looked at.
static void list_of(struct listing *listing, const struct map *subscriptions)
{
    if (listing->limit == 0 || listing->offset >= subscriptions->count) {
        listing->offset -= listing->offset < subscriptions->count ? listing->offset : subscriptions->count;
        listing->total += subscriptions->count;
        return;
    }
    size_t total = listing->total + subscriptions->count;
    for (struct map_node *node = map_next(subscriptions, NULL); node != NULL && listing->limit > 0;
         node = map_next(subscriptions, node))
        list_one(listing, CONTAINER_OF(node, struct nats_subscription, node));
    listing->total = total;
}

static void list_all(struct listing *listing)
{
    LIST_EACH(&listing->request->door->conns, node)
    {
        const struct nats_session *session = &LIST_ITEM(node, struct nats_conn, node)->session;
        if (is_asked_for(listing->account, session->account))
            list_of(listing, &session->subscriptions);
    }
}

static void list_subs(struct listing *listing, const struct nats_subs *subs)
{
    for (uint32_t i = 0; i < subs->count; i++)
        list_one(listing, CONTAINER_OF(nats_subs_items(subs)[i], struct nats_subscription, sub));
}

static void list_matching(struct listing *listing)
{
    LIST_EACH(&listing->request->door->accounts.items, node)
    {
        struct nats_account *account = LIST_ITEM(node, struct nats_account, item_node);
        if (!is_asked_for(listing->account, account))
            continue;
        nats_sublist_match(&account->list, listing->test, &account->matches);
        for (size_t i = 0; i < account->matches.count; i++) {
            const struct nats_place *place = account->matches.items[i];
            list_subs(listing, &place->subs);
            for (const struct nats_queue *queue = place->queues; queue != NULL; queue = queue->next)
                list_subs(listing, &queue->subs);
        }
    }
}

// "total" stands before the list and is known behind it: the list is written apart.
static void write_list(struct nats_request *request, struct listing *listing, struct writer *list)
{
    struct json_writer json = request->json;
    request->json = json_writer_of(list);
    json_array_begin(&request->json);
    if (listing->test.size > 0)
        list_matching(listing);
    else
        list_all(listing);
    json_array_end(&request->json);
    request->json = json;
    writer_free(&listing->subject);
}

void nats_page_subsz(struct nats_request *request)
{
    struct nats_query *query = &request->query;
    struct json_writer *json = &request->json;
    bool subs = nats_query_bool(query, "subs");
    size_t offset = nats_page_offset(request), limit = nats_page_limit(request);
    struct listing listing = { .request = request, .offset = offset, .limit = limit };
    listing.account = nats_query_text(query, "acc");
    listing.test = nats_query_text(query, "test");
    if (listing.test.size > 0 && !(subject_is_valid(listing.test) && subject_is_literal(listing.test)))
        nats_query_complain(query, "invalid test subject, must be valid publish subject: %.*s",
                            BYTES_ARG(listing.test));
    if (query->complaint[0] != '\0')
        return;
    struct list_stats stats = { 0 };
    LIST_EACH(&request->door->accounts.items, node)
    {
        const struct nats_account *account = LIST_ITEM(node, struct nats_account, item_node);
        if (is_asked_for(listing.account, account))
            add_stats(&stats, account);
    }
    struct writer list = WRITER_INIT;
    if (subs)
        write_list(request, &listing, &list);
    nats_page_begin(request);
    write_stats(json, &stats);
    json_field_int(json, "total", (int64_t)listing.total);
    json_field_int(json, "offset", (int64_t)offset);
    json_field_int(json, "limit", (int64_t)limit);
    if (limit > listing.limit) {
        json_key(json, "subscriptions_list");
        json_raw(json, writer_view(&list));
    }
    json_object_end(json);
    writer_free(&list);
}

// --- accounts

static int64_t count_conns(const struct nats_door *door, const struct nats_account *account)
{
    int64_t count = 0;
    LIST_EACH(&door->conns, node)
    {
        const struct nats_session *session = &LIST_ITEM(node, struct nats_conn, node)->session;
        count += session->account == account && !session->is_closed;
    }
    return count;
}

static void write_account(struct nats_request *request, const struct nats_account *account)
{
    struct json_writer *json = &request->json;
    struct list_stats stats = { 0 };
    add_stats(&stats, account);
    json_object_begin(json);
    json_field_bytes(json, "account_name", nats_account_name(account));
    nats_page_time(request, "update_time", request->door->start_ms);
    if (bytes_equal(nats_account_name(account), nats_page_system_account(request)))
        json_field_bool(json, "is_system", true);
    json_field_bool(json, "expired", false);
    json_field_bool(json, "complete", true);
    json_field_bool(json, "jetstream_enabled", false);
    json_field_int(json, "leafnode_connections", 0);
    json_field_int(json, "client_connections", count_conns(request->door, account));
    json_field_int(json, "subscriptions", stats.subscriptions);
    json_field_bytes(json, "name_tag", nats_account_name(account));
    json_key(json, "sublist_stats");
    json_object_begin(json);
    write_stats(json, &stats);
    json_object_end(json);
    json_object_end(json);
}

void nats_page_accountz(struct nats_request *request)
{
    struct json_writer *json = &request->json;
    bytes_t name = nats_query_text(&request->query, "acc");
    nats_page_begin(request);
    json_field_bytes(json, "system_account", nats_page_system_account(request));
    if (name.size > 0) {
        const struct nats_account *found = nats_account_find(&request->door->accounts, name);
        json_key(json, "account_detail");
        if (found == NULL) {
            nats_query_complain(&request->query, "Account %.*s does not exist", BYTES_ARG(name));
            return;
        }
        write_account(request, found);
    } else {
        json_key(json, "accounts");
        json_array_begin(json);
        LIST_EACH(&request->door->accounts.items, node)
        json_bytes(json, nats_account_name(LIST_ITEM(node, struct nats_account, item_node)));
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

void nats_page_accstatz(struct nats_request *request)
{
    struct json_writer *json = &request->json;
    bool unused = nats_query_bool(&request->query, "unused");
    nats_page_begin(request);
    json_key(json, "account_statz");
    json_array_begin(json);
    LIST_EACH(&request->door->accounts.items, node)
    {
        const struct nats_account *account = LIST_ITEM(node, struct nats_account, item_node);
        int64_t conns = count_conns(request->door, account);
        if (conns == 0 && !unused)
            continue;
        json_object_begin(json);
        json_field_bytes(json, "acc", nats_account_name(account));
        json_field_bytes(json, "name", nats_account_name(account));
        json_field_int(json, "conns", conns);
        json_field_int(json, "leafnodes", 0);
        json_field_int(json, "total_conns", conns);
        json_field_int(json, "num_subscriptions", (int64_t)account->list.count);
        write_traffic(json, "sent", account->totals.out_msgs, account->totals.out_bytes);
        write_traffic(json, "received", account->totals.in_msgs, account->totals.in_bytes);
        json_field_int(json, "slow_consumers", (int64_t)account->slow_consumers);
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

void nats_page_healthz(struct nats_request *request)
{
    static const char *const words[] = { "js-enabled", "js-enabled-only", "js-server-only", "js-meta-only", "details" };
    struct json_writer *json = &request->json;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        (void)nats_query_bool(&request->query, words[i]); // they must make sense; there is nothing behind them
    bool takes_clients = request->door->listener != NULL;
    json_object_begin(json);
    json_field_text(json, "status", takes_clients ? "ok" : "unavailable");
    if (!takes_clients)
        json_field_text(json, "error", "no new connections are taken: the server is about to stop");
    json_object_end(json);
}
