// SPDX-License-Identifier: Apache-2.0
// The pages of the monitoring port. Private to the room.
#pragma once

#include "base/json_write.h"
#include "io/net.h"
#include "nats/door.h"
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

struct nats_request {
    struct nats_door *door;
    struct nats_query query;
    struct json_writer json;
    int64_t now_ms;
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

// Writes one object. What is wrong with the request is said with nats_query_complain, before or behind that.
typedef void nats_page_fn(struct nats_request *request);
nats_page_fn nats_page_varz, nats_page_connz, nats_page_subsz, nats_page_accountz, nats_page_accstatz, nats_page_routez,
    nats_page_gatewayz, nats_page_leafz, nats_page_jsz, nats_page_healthz;

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
