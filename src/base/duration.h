// SPDX-License-Identifier: Apache-2.0
// Durations of ISO 8601 as Knative's delivery options write them: "PT0.2S", "P1DT12H", "PT1M30S".
#pragma once

#include "base/bytes.h"
#include "base/err.h"

// In milliseconds, what is less is rounded up; weeks (P2W) are taken. ERR_MALFORMED; ERR_UNSUPPORTED: years and months,
// which have no fixed length; ERR_TOO_LARGE above 100 years. DIAG (may be NULL) has a sentence with TEXT.
err_t duration_parse(bytes_t text, int64_t *ret_ms, diag_t *diag) MUST_CHECK;
