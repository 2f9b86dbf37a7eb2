// SPDX-License-Identifier: Apache-2.0
// What the pages of the monitoring port share: the parameters of a request, times and durations as Go writes them.
// Pure.
#pragma once

#include "base/arena.h"
#include "base/writer.h"

enum { NATS_COMPLAINT_SIZE = 160 };

// Reads any number of parameters; the first that makes no sense is complained of, and the caller looks once.
struct nats_query {
    bytes_t text; // "subs=1&limit=5"; BYTES_NULL for none
    struct arena *arena;
    char complaint[NATS_COMPLAINT_SIZE]; // empty: none
};

// Decoded; empty when it is absent or not well encoded. The first one of that name counts; a part with a semicolon in
// it is no parameter (Go's net/url).
bytes_t nats_query_text(struct nats_query *query, const char *name);
// False and 0 when absent.
bool nats_query_bool(struct nats_query *query, const char *name);
// "detail" in any case is a third word.
enum nats_query_choice { NATS_QUERY_NO, NATS_QUERY_YES, NATS_QUERY_DETAIL };
enum nats_query_choice nats_query_bool_or_detail(struct nats_query *query, const char *name);
int64_t nats_query_int(struct nats_query *query, const char *name);
// Keeps the first complaint.
void nats_query_complain(struct nats_query *query, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { NATS_TIME_SIZE = 40 };

// "2026-01-02T03:04:05.678Z", without zeros at the end of the fraction. Returns RET_TEXT.
const char *nats_time_text(int64_t unix_ms, char ret_text[NATS_TIME_SIZE]);
// "1y2d3h4m5s", from the largest unit that is not zero on.
const char *nats_uptime_text(int64_t ms, char ret_text[NATS_TIME_SIZE]);
// "406µs", "1.5ms", "2m0.25s"; below a millisecond in whole microseconds.
const char *nats_round_trip_text(int64_t ns, char ret_text[NATS_TIME_SIZE]);

// Compact JSON with line breaks, and two spaces for each depth.
void nats_json_indent(bytes_t json, struct writer *out);
