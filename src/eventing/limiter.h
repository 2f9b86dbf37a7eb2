// SPDX-License-Identifier: Apache-2.0
// How fast, and how many at a time, a subscriber is asked: a token bucket without a bucket (the generic cell rate
// algorithm) and a count. Pure.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <stdint.h>

enum {
    LIMITER_RATE_MAX = 1000000,    // a second: nothing here is faster
    LIMITER_AT_ONCE_MAX = 1000000, // what a consumer holds is bounded anyway
    // What comes late may come at once, so that timers of a millisecond reach a rate of thousands.
    LIMITER_SLACK_NS = 10 * 1000 * 1000,
};

struct limiter {
    int64_t interval_ns; // between two; 0: no limit
    int64_t due_ns;      // when the next one is due
    int64_t at_once_max; // 0: no limit
    int64_t at_once;
};

// "100", "100/s", "30/m", "5/h". ERR_INVALID: DIAG has a sentence.
err_t limiter_rate_read(bytes_t text, int64_t *ret_interval_ns, diag_t *diag) MUST_CHECK;
// "5". ERR_INVALID likewise.
err_t limiter_at_once_read(bytes_t text, int64_t *ret_max, diag_t *diag) MUST_CHECK;

enum { LIMITER_FULL = -1 };

// 0: one more may begin. LIMITER_FULL: when one has ended. Else how long to wait, in milliseconds.
int64_t limiter_wait_ms(const struct limiter *limiter, int64_t now_ns);
void limiter_begin(struct limiter *limiter, int64_t now_ns);
void limiter_end(struct limiter *limiter);
