// SPDX-License-Identifier: Apache-2.0
// The time zones of this machine, by their names in tzdata.
#pragma once

#include "base/zone.h"

// Empty is UTC. In the arena; reads a file of some KB. ERR_NOT_FOUND and others: there is no such zone, and DIAG says
// so.
err_t time_zone_read(bytes_t name, struct arena *arena, const struct zone **ret_zone, diag_t *diag) MUST_CHECK;
