// SPDX-License-Identifier: Apache-2.0
// Time zones as tzdata compiles them (TZif, RFC 9636): the transitions that are listed, then the rule of the footer for
// all years behind them. Reads no file: zones come as bytes.
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct zone;

// Of a whole TZif file of version 2 or later; lives in ARENA. ERR_MALFORMED with DIAG.
err_t zone_parse(bytes_t tzif, struct arena *arena, const struct zone **ret_zone, diag_t *diag) MUST_CHECK;
extern const struct zone zone_utc;
// "Europe/Paris": letters, digits and "_+-" between slashes, no part that begins with a point. Whether it can be a
// name.
bool zone_name_is_valid(bytes_t name);

// Seconds east of UTC at that time.
int32_t zone_offset_at(const struct zone *zone, int64_t unix_s);
// The earliest time at which a clock on the wall shows LOCAL_S (seconds since 1970-01-01T00:00 of the wall) or, where
// it leaps over that, the time of the leap.
int64_t zone_time_of(const struct zone *zone, int64_t local_s);
