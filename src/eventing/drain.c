// SPDX-License-Identifier: Apache-2.0
#include "eventing/drain.h"

#include "eventing/consumer.h"
#include "eventing/eventing.h"

enum { LOOK_MS = 10 };

// Those that joined meanwhile, too.
static size_t under_way(struct eventing *eventing)
{
    const struct map *tallies = &eventing->tallies;
    size_t count = eventing->drain.pings;
    for (struct map_node *node = map_next(tallies, NULL); node != NULL; node = map_next(tallies, node)) {
        LIST_EACH(&CONTAINER_OF(node, struct tally, node)->consumers, each)
        {
            count += consumer_quiesce(CONTAINER_OF(each, struct consumer, tallied));
        }
    }
    return count;
}

static void on_look(struct timer *timer)
{
    struct drain *drain = CONTAINER_OF(timer, struct drain, timer);
    if (under_way(drain->eventing) > 0 && loop_now_ms(timer->loop) < drain->until_ms)
        timer_start(timer, LOOK_MS);
    else
        drain->on_drained(drain->owner);
}

void eventing_drain(struct eventing *eventing, int64_t max_ms, void (*on_drained)(void *owner), void *owner)
{
    struct drain *drain = &eventing->drain;
    drain->eventing = eventing;
    drain->until_ms = loop_now_ms(eventing->loop) + max_ms;
    drain->on_drained = on_drained;
    drain->owner = owner;
    timer_init(&drain->timer, eventing->loop, on_look);
    timer_start(&drain->timer, 0);
}
