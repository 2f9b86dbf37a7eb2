// SPDX-License-Identifier: Apache-2.0
// The resources of one controller that a change of addresses may concern: those that wait for something, or deliver to
// an address of this server. When one comes or goes only they are looked at again, not thousands that have what they
// need.
#pragma once

#include "base/map.h"

struct controller;
struct work;

struct waiting {
    struct map names;
};

void waiting_init(struct waiting *waiting);
void waiting_deinit(struct waiting *waiting);
// Whether the resource of WORK is one of them from now on.
void waiting_set(struct waiting *waiting, const struct work *work, bool is_one);
void waiting_enqueue(const struct waiting *waiting, struct controller *controller);
