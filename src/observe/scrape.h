// SPDX-License-Identifier: Apache-2.0
// One page of metrics: the registry's values, then what each collector adds. Collectors may gather from other loops and
// write a little per turn, so that ten thousand partitions do not hold up a loop. Whoever asks while a page is being
// made gets the next one, together with all others that asked meanwhile. Belongs to one loop.
#pragma once

#include "base/err.h"
#include "base/metric.h"
#include "base/writer.h"
#include "io/loop.h"

struct scraper;

// Writes families that nobody else writes. Embedded in its owner.
struct collector {
    struct list_node node;
    // Writes to OUT, now or in later turns, and calls scraper_collected once.
    void (*collect)(struct collector *collector, struct scraper *scraper, struct writer *out);
};

// A request for a page, embedded in who asks.
struct scrape {
    struct list_node node;
    // PAGE is valid during the call; slice_of or buf_ref to keep it.
    void (*on_page)(struct scrape *scrape, const struct slice *page);
};

struct scraper {
    struct loop *loop;
    struct metric_registry registry;
    struct list_node collectors;
    // private
    struct list_node waiting, served;
    struct collector *collecting; // NULL: no page is being made
    struct writer out;
    struct message next;
    bool busy;
};

void scraper_init(struct scraper *scraper, struct loop *loop);
// No page is being made.
void scraper_deinit(struct scraper *scraper);
void scraper_add(struct scraper *scraper, struct collector *collector);
// on_page comes in a later turn.
void scraper_ask(struct scraper *scraper, struct scrape *scrape);
// The collector under way has written everything.
void scraper_collected(struct scraper *scraper);
