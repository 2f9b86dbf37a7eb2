// SPDX-License-Identifier: Apache-2.0
#include "nats/errors.h"

static const struct {
    const char *told, *reason;
} errors[NATS_ERROR_COUNT] = {
#define NATS_ERROR_ROW(name, told_, reason_) [NATS_ERROR_##name] = { told_, reason_ },
    NATS_ERROR_TABLE(NATS_ERROR_ROW)
#undef NATS_ERROR_ROW
};

const char *nats_error_told(enum nats_error error)
{
    return errors[error].told;
}

const char *nats_error_reason(enum nats_error error)
{
    return errors[error].reason;
}
