// SPDX-License-Identifier: Apache-2.0
// The pages of the monitoring port. Private to the room.
#pragma once

#include "base/json_write.h"
#include "io/net.h"
#include "nats/door.h"
#include "nats/monitor.h"
#include "nats/query.h"

enum {
    // Items that a page has when it is not asked for a number, and those that it has at most: a page is made in one
    // turn of the loop, and messages wait meanwhile. Who wants more asks for the next page (offset).
    NATS_PAGE_LIMIT = 1024,
    NATS_PAGE_LIMIT_MAX = 4096,
    // Paths that are counted in /varz.
    NATS_PAGE_COUNT = 11,
};

struct http_server;
struct nats_request;

// A step of a page, or what writes it: one object.
typedef void nats_page_fn(struct nats_request *request);

// How a page is made: what is on a loop is looked at there, the rest happens on the home's. Of the functions only WRITE
// is never NULL.
struct nats_page {
    const char *path;
    const char *title; // NULL: not listed on `/`
    // Parameters that must make sense although there is nothing behind them here. NULL at the end; NULL: none.
    const char *const *booleans, *const *integers;
    nats_page_fn *begin;  // reads the query, makes the state
    nats_page_fn *visit;  // each door
    nats_page_fn *choose; // what of it is shown
    nats_page_fn *detail; // each door once more
    nats_page_fn *write;
    nats_page_fn *end; // frees the state; also behind a begin that complained
    bool is_compact;
};

struct nats_request {
    struct nats_tour tour;
    const struct nats_page *page;
    struct nats_door *door; // that is looked at; the home's before and after
    struct nats_query query;
    struct arena arena;
    struct json_writer json;
    struct writer out;
    int64_t now_ms;
    void *state; // the page's own
    int status;  // of the answer; 0: 200, or 400 after a complaint
    nats_on_page_fn *on_page;
    void *owner;
};

struct nats_monitor {
    struct http_server *server;
    struct nats_door *door; // NULL: gone
    struct address address;
    bool any_page; // of another site may read
    uint64_t asked[NATS_PAGE_COUNT];
    void (*on_closed)(void *owner);
    void *owner;
};

// What is wrong with the request is said with nats_query_complain, in begin or in write.
nats_page_fn nats_page_varz, nats_page_routez, nats_page_gatewayz, nats_page_leafz, nats_page_jsz, nats_page_healthz;
nats_page_fn nats_connz_begin, nats_connz_visit, nats_connz_choose, nats_connz_detail, nats_connz_write, nats_connz_end;
nats_page_fn nats_sums_begin, nats_sums_visit, nats_sums_write;
nats_page_fn nats_subsz_begin, nats_subsz_visit, nats_subsz_write, nats_subsz_end;
nats_page_fn nats_accounts_begin, nats_accounts_visit, nats_accountz_write, nats_accstatz_write, nats_accounts_end;
// The state is zeroed memory of so many bytes, which goes with the request.
void *nats_page_state(struct nats_request *request, size_t size);

// "NAME":"2026-...Z"
void nats_page_time(struct nats_request *request, const char *name, int64_t unix_ms);
// The server's id and the time, with which most pages begin.
void nats_page_begin(struct nats_request *request);
// "limit" and "offset" of the request, in their bounds.
size_t nats_page_limit(struct nats_request *request);
size_t nats_page_offset(struct nats_request *request);
// The path that is counted at INDEX, in alphabetical order.
const char *nats_page_path(size_t index);
bytes_t nats_page_system_account(const struct nats_request *request);
void nats_page_sub(struct nats_request *request, const struct nats_sub_facts *sub, bool with_account);
