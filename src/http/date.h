// SPDX-License-Identifier: Apache-2.0
// The Date field (RFC 9110 5.6.7), formatted once per second.
#pragma once

#include <stdint.h>

enum { HTTP_DATE_SIZE = 30 }; // "Sun, 06 Nov 1994 08:49:37 GMT", terminated

struct http_date {
    int64_t second; // that TEXT shows
    char text[HTTP_DATE_SIZE];
};
// Zeroed is a valid start. The text is valid until the next call.
const char *http_date_at(struct http_date *date, int64_t unix_ms);
