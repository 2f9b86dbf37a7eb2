// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 responses (http/response.h). The input's first bytes say how the rest is cut and which answers are to HEAD;
// the parser must come to the same end with the cuts and without, for each response of a connection.
#include "http/response.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

enum { CUTS = 4 };

static const struct http_response_limits limits = { .head_size = 1024, .header_count = 16, .body_size = 512 };

// What a run over the input saw, folded into one number, so that two runs can be compared.
struct record {
    uint64_t hash;
    size_t responses;
};

static void note(struct record *record, bytes_t bytes)
{
    record->hash = record->hash * 0x100000001b3U ^ bytes_hash(bytes) ^ bytes.size;
}

static void note_response(struct record *record, const struct http_response *r, bool is_head)
{
    record->responses++;
    ASSERT(r->status >= 200 && r->status <= 999);
    ASSERT(r->body.size <= limits.body_size && r->header_count <= limits.header_count);
    ASSERT(!is_head || r->body.size == 0);
    ASSERT(!r->is_cut || (!r->keep_alive && r->body.size == limits.body_size));
    note(record, bytes_of(&r->status, sizeof r->status));
    note(record, bytes_of(&r->keep_alive, sizeof r->keep_alive));
    note(record, r->reason);
    note(record, r->body);
    for (size_t i = 0; i < r->header_count; i++) {
        note(record, r->headers[i].name);
        note(record, r->headers[i].value);
        ASSERT(memchr(r->headers[i].value.data, '\n', r->headers[i].value.size) == NULL);
    }
}

static bool is_head_at(const uint8_t *cuts, size_t index)
{
    return (cuts[index % CUTS] & 128U) != 0 && (cuts[index % CUTS] & 64U) != 0;
}

// Notes a response or a complaint; false when the connection ended.
static bool conclude(struct http_response_parser *p, enum http_response_parse result, const uint8_t *heads,
                     struct record *record)
{
    if (result == HTTP_RESPONSE_BAD) {
        ASSERT(p->err != ERR_OK && p->complaint != NULL);
        note(record, bytes_of(&p->err, sizeof p->err));
        return false;
    }
    note_response(record, &p->response, is_head_at(heads, record->responses));
    bool goes_on = p->response.keep_alive;
    http_response_parser_start(p, is_head_at(heads, record->responses));
    return goes_on;
}

// Feeds one piece; false when the connection ended.
static bool feed(struct http_response_parser *p, bytes_t piece, const uint8_t *heads, struct record *record)
{
    size_t at = 0;
    for (;;) {
        size_t used = 0;
        enum http_response_parse result =
            http_response_parser_feed(p, bytes_of(piece.data + at, piece.size - at), &used);
        at += used;
        ASSERT(at <= piece.size);
        if (result == HTTP_RESPONSE_MORE) {
            ASSERT(at == piece.size);
            return true;
        }
        if (!conclude(p, result, heads, record))
            return false;
    }
}

static struct record run(bytes_t input, const uint8_t *heads, const uint8_t *cuts)
{
    struct http_response_parser p;
    http_response_parser_init(&p, &limits);
    http_response_parser_start(&p, is_head_at(heads, 0));
    struct record record = { 0 };
    size_t at = 0;
    bool goes_on = true;
    for (size_t i = 0; at < input.size && goes_on; i++) {
        size_t size = cuts == NULL ? input.size : cuts[i % CUTS] % 64U + 1U;
        if (size > input.size - at)
            size = input.size - at;
        goes_on = feed(&p, bytes_of(input.data + at, size), heads, &record);
        at += size;
    }
    if (goes_on)
        (void)conclude(&p, http_response_parser_end(&p), heads, &record);
    http_response_parser_deinit(&p);
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CUTS)
        return 0;
    bytes_t input = bytes_of(data + CUTS, size - CUTS);
    struct record whole = run(input, data, NULL);
    struct record cut = run(input, data, data);
    ASSERT(whole.responses == cut.responses);
    ASSERT(whole.hash == cut.hash);
    return 0;
}
