// SPDX-License-Identifier: Apache-2.0
// Before a stop: no attempt begins any more, and those that are under way may end, so that they need not come again.
#pragma once

#include "io/loop.h"

#include <stddef.h>
#include <stdint.h>

struct eventing;

struct drain {
    struct timer timer; // private, as all
    struct eventing *eventing;
    int64_t until_ms;
    size_t pings; // events of PingSources that are under way
    void (*on_drained)(void *owner);
    void *owner;
};

// ON_DRAINED comes in a later turn, when nothing is under way, or after MAX_MS.
void eventing_drain(struct eventing *eventing, int64_t max_ms, void (*on_drained)(void *owner), void *owner);
