// SPDX-License-Identifier: Apache-2.0
// Durations of ISO 8601 as Knative's delivery options write them: "PT0.2S", "P1DT12H", "PT1M30S".
#pragma once

#include "base/bytes.h"
#include "base/err.h"

// In milliseconds, what is less is rounded up; years and months have no fixed length and are refused, weeks (P2W) are
// not. ERR_MALFORMED; ERR_TOO_LARGE above 100 years.
err_t duration_parse(bytes_t text, int64_t *ret_ms) MUST_CHECK;
