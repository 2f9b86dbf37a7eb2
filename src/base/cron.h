// SPDX-License-Identifier: Apache-2.0
// Cron schedules as Knative's PingSource reads them (robfig/cron v3: SecondOptional, Descriptor): five fields, or six
// with seconds first, or @hourly and its like. Reads no clock.
#pragma once

#include "base/err.h"
#include "base/zone.h"

// Bit N of a field: it may be N.
struct cron {
    uint64_t seconds, minutes, hours, days, months, weekdays;
    bool any_day, any_weekday; // "*" or "?": a day has to match both; else one of the two is enough
};

// ERR_MALFORMED with DIAG: which field, and why.
err_t cron_parse(bytes_t text, struct cron *ret_cron, diag_t *diag) MUST_CHECK;
// The first matching second behind AFTER_S on the wall clocks of ZONE, as Unix time. False: none within five years. An
// hour that a clock leaps over does not match, one that comes twice matches twice.
bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after_s, int64_t *ret_s);
