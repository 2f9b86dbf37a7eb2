// SPDX-License-Identifier: Apache-2.0
#include "eventing/delivery.h"

#include "base/assert.h"
#include "base/duration.h"
#include "base/json.h"

#include <inttypes.h>
#include <stddef.h>

struct delivery delivery_default(enum backoff_flavour flavour)
{
    return (struct delivery){
        .flavour = flavour,
        .timeout_ms = DELIVERY_TIMEOUT_MS,
        .retry_after_max_ms = -1,
        .mode = CLOUDEVENT_MODE_BINARY,
    };
}

static const struct {
    const char *name;
    size_t at;
    int64_t min, max;
} durations[] = {
    { "backoffDelay", offsetof(struct delivery, delay_ms), 0, DELIVERY_WAIT_MAX_MS },
    { "timeout", offsetof(struct delivery, timeout_ms), 1, DELIVERY_WAIT_MAX_MS },
    { "retryAfterMax", offsetof(struct delivery, retry_after_max_ms), 0, DELIVERY_WAIT_MAX_MS },
};

static err_t duration_member(const struct json_value *spec, size_t row, struct delivery *delivery, diag_t *diag)
{
    const struct json_value *member = json_get(spec, durations[row].name);
    diag_t why = { 0 };
    int64_t ms;
    if (member == NULL || member->type != JSON_STRING)
        return ERR_OK;
    if (duration_parse(member->text, &ms, &why) != ERR_OK)
        return diag_fail(diag, ERR_INVALID, durations[row].name, "%s", why.text);
    if (ms < durations[row].min || ms > durations[row].max)
        return diag_fail(diag, ERR_INVALID, durations[row].name, "\"%.*s\" is not between %s and PT24H",
                         BYTES_ARG(member->text), durations[row].min > 0 ? "PT0.001S" : "PT0S");
    memcpy((char *)delivery + durations[row].at, &ms, sizeof ms);
    return ERR_OK;
}

static err_t policy_member(const struct json_value *spec, struct delivery *delivery, diag_t *diag)
{
    bytes_t text = json_text_at(spec, "backoffPolicy");
    if (bytes_is(text, "linear"))
        delivery->backoff = BACKOFF_LINEAR;
    else if (bytes_is(text, "exponential"))
        delivery->backoff = BACKOFF_EXPONENTIAL;
    else if (text.size > 0)
        return diag_fail(diag, ERR_INVALID, "backoffPolicy", "\"%.*s\" is neither linear nor exponential",
                         BYTES_ARG(text));
    return ERR_OK;
}

static err_t format_member(const struct json_value *spec, struct delivery *delivery, diag_t *diag)
{
    bytes_t text = json_text_at(spec, "format");
    if (bytes_is(text, "json"))
        delivery->mode = CLOUDEVENT_MODE_STRUCTURED;
    else if (bytes_is(text, "binary"))
        delivery->mode = CLOUDEVENT_MODE_BINARY;
    else if (text.size > 0)
        return diag_fail(diag, ERR_INVALID, "format", "\"%.*s\" is neither json nor binary", BYTES_ARG(text));
    return ERR_OK;
}

err_t delivery_read(const struct json_value *spec, struct delivery *delivery, diag_t *diag)
{
    struct delivery read = *delivery;
    err_t err = spec == NULL ? ERR_OK : policy_member(spec, &read, diag);
    if (spec != NULL && json_get_int(json_get(spec, "retry"), &read.retries) &&
        (read.retries < 0 || read.retries > DELIVERY_RETRIES_MAX))
        err = diag_fail(diag, ERR_INVALID, "retry", "%" PRId64 " is not between 0 and %d", read.retries,
                        DELIVERY_RETRIES_MAX);
    for (size_t i = 0; spec != NULL && i < ARRAY_COUNT(durations) && err == ERR_OK; i++)
        err = duration_member(spec, i, &read, diag);
    if (spec != NULL && err == ERR_OK)
        err = format_member(spec, &read, diag);
    if (err == ERR_OK)
        *delivery = read;
    return err;
}

enum verdict delivery_judge(int status)
{
    static const int again[] = { 404, 408, 409, 429 };
    if (status >= 200 && status < 300)
        return DELIVERED;
    for (size_t i = 0; i < ARRAY_COUNT(again); i++) {
        if (status == again[i])
            return RETRY;
    }
    return status <= 0 || status >= 500 ? RETRY : FAILED;
}

static int64_t backoff_ms(const struct delivery *delivery, int64_t n)
{
    int64_t steps = n - (delivery->flavour == BACKOFF_FROM_ZERO), wait = delivery->delay_ms;
    if (delivery->backoff == BACKOFF_NONE || wait == 0)
        return 0;
    if (delivery->backoff == BACKOFF_LINEAR) // both factors have their limits: this fits
        wait *= steps;
    for (int64_t i = 0; delivery->backoff == BACKOFF_EXPONENTIAL && i < steps && wait < DELIVERY_WAIT_MAX_MS; i++)
        wait *= 2;
    return wait < DELIVERY_WAIT_MAX_MS ? wait : DELIVERY_WAIT_MAX_MS;
}

int64_t delivery_wait_ms(const struct delivery *delivery, int64_t n, int status, int64_t retry_after_ms)
{
    int64_t wait = backoff_ms(delivery, n), max = delivery->retry_after_max_ms;
    if (max < 0 || retry_after_ms < 0 || (status != 429 && status != 503))
        return wait;
    int64_t asked = retry_after_ms < max ? retry_after_ms : max;
    return asked > wait ? asked : wait;
}
