// SPDX-License-Identifier: Apache-2.0
// What triggers, subscriptions and sources have delivered, by their names; the latency of attempts by broker, channel
// and source. The figures are asked for on the API's loop, and written a part per turn.
#pragma once

#include "observe/scrape.h"

struct eventing;

struct events_collector {
    struct collector collector;
    struct loop *loop;         // the API's
    struct eventing *eventing; // NULL: there is none
};

void events_collector_init(struct events_collector *collector);
// From now on that is asked; NULL for none, before its loop ends.
void events_collector_set(struct events_collector *collector, struct loop *loop, struct eventing *eventing);
