// SPDX-License-Identifier: Apache-2.0
// The console door: /metrics for Prometheus, /healthz and /readyz for probes, and a page that says what runs here.
// One loop.
#pragma once

#include "base/err.h"
#include "http/server.h"
#include "observe/scrape.h"

struct console;

// What the door tells; the program keeps it up to date, on the console's loop.
struct console_facts {
    const char *not_ready; // a sentence with the reason; NULL: ready
    const struct console_place {
        const char *name, *address;
    } * doors; // that are open
    size_t door_count;
};

struct console_options {
    struct http_limits limits;
    const char *const *hosts; // names besides loopback that the door answers to
    size_t host_count;
    bool any_literal; // see struct http_guard
};

// FACTS, SCRAPER and the texts in OPTIONS outlive the console. Its own counters join the scraper's registry.
err_t console_open(struct loop *loop, const struct address *address, const struct console_options *options,
                   struct scraper *scraper, const struct console_facts *facts, struct console **ret_console,
                   diag_t *diag) MUST_CHECK;
uint16_t console_port(const struct console *console);
void console_limits_set(struct console *console, const struct http_limits *limits);
// ON_CLOSED comes in a later turn; the console is gone then.
void console_close(struct console *console, void (*on_closed)(void *owner), void *owner);
