// SPDX-License-Identifier: Apache-2.0
// Dates of HTTP fields (RFC 9110 5.6.7).
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum { HTTP_DATE_SIZE = 30 }; // "Sun, 06 Nov 1994 08:49:37 GMT", terminated

struct http_date {
    int64_t second; // that TEXT shows
    char text[HTTP_DATE_SIZE];
};
// For the Date field, formatted once per second. Zeroed is a valid start. The text is valid until the next call.
const char *http_date_at(struct http_date *date, int64_t unix_ms);

// The form that is sent today. ERR_MALFORMED, also for the two old forms, which nobody has sent for decades.
err_t http_date_parse(bytes_t text, int64_t *ret_unix_ms) MUST_CHECK;
