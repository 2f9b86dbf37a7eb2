// SPDX-License-Identifier: Apache-2.0
// The NATS door's families, under the names that prometheus-nats-exporter makes of its monitoring pages: the numbers of
// /varz, /routez and /subsz under their path, sums over /connz, the accounts of /accstatz, and /healthz. The pages are
// asked for on the door's loop, as that exporter would get them.
#pragma once

#include "observe/scrape.h"

struct nats_door;

struct nats_collector {
    struct collector collector;
    struct loop *loop;      // the door's
    struct nats_door *door; // NULL: there is none
};

void nats_collector_init(struct nats_collector *collector);
// From now on that DOOR is asked; NULL for none, before it closes.
void nats_collector_set(struct nats_collector *collector, struct loop *loop, struct nats_door *door);
