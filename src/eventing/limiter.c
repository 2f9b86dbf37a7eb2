// SPDX-License-Identifier: Apache-2.0
#include "eventing/limiter.h"

#include "base/assert.h"

static const int64_t second_ns = 1000000000;

err_t limiter_rate_read(bytes_t text, int64_t *ret_interval_ns, diag_t *diag)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = { { "/s", 1 }, { "/m", 60 }, { "/h", 60 * 60 } };
    bytes_t number = text;
    int64_t count, seconds = 1;
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (text.size > 2 && memcmp(text.data + text.size - 2, units[i].unit, 2) == 0) {
            number.size -= 2;
            seconds = units[i].seconds;
        }
    }
    if (!bytes_to_int64(number, &count) || count < 1 || count > LIMITER_RATE_MAX * seconds)
        return diag_fail(diag, ERR_INVALID, "", "\"%.*s\" is no rate such as 100/s, 30/m or 5/h, up to %d/s",
                         BYTES_ARG(text), LIMITER_RATE_MAX);
    *ret_interval_ns = seconds * second_ns / count;
    return ERR_OK;
}

err_t limiter_at_once_read(bytes_t text, int64_t *ret_max, diag_t *diag)
{
    int64_t count;
    if (!bytes_to_int64(text, &count) || count < 1 || count > LIMITER_AT_ONCE_MAX)
        return diag_fail(diag, ERR_INVALID, "", "\"%.*s\" is not a number between 1 and %d", BYTES_ARG(text),
                         LIMITER_AT_ONCE_MAX);
    *ret_max = count;
    return ERR_OK;
}

int64_t limiter_wait_ms(const struct limiter *limiter, int64_t now_ns)
{
    int64_t early_ns = limiter->due_ns - LIMITER_SLACK_NS - now_ns;
    if (limiter->at_once_max > 0 && limiter->at_once >= limiter->at_once_max)
        return LIMITER_FULL;
    if (limiter->interval_ns == 0 || early_ns <= 0)
        return 0;
    return (early_ns + 999999) / 1000000;
}

void limiter_begin(struct limiter *limiter, int64_t now_ns)
{
    limiter->at_once++;
    limiter->due_ns = (limiter->due_ns > now_ns ? limiter->due_ns : now_ns) + limiter->interval_ns;
}

void limiter_end(struct limiter *limiter)
{
    limiter->at_once--;
}
