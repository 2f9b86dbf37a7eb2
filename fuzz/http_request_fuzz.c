// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 requests (http/wire.h). The input's first bytes say how the rest is cut; the parser must come to the same
// end with the cuts and without, for each request of a connection.
#include "http/wire.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

enum { CUTS = 4 };

static const struct http_limits limits = {
    .line_size = 256, .header_count = 16, .header_size = 1024, .body_size = 512
};

// What a run over the input saw, folded into one number, so that two runs can be compared.
struct record {
    uint64_t hash;
    size_t requests;
};

static void note(struct record *record, bytes_t bytes)
{
    record->hash = record->hash * 0x100000001b3U ^ bytes_hash(bytes) ^ bytes.size;
}

static void note_request(struct record *record, const struct http_request *r)
{
    record->requests++;
    ASSERT(r->method < HTTP_METHOD_COUNT);
    ASSERT(r->path.size > 0 && (r->path.data[0] == '/' || bytes_is(r->path, "*")));
    ASSERT(!(r->chunked && r->content_length > 0));
    ASSERT(r->minor == 0 || r->authority.data != NULL);
    ASSERT(r->body.size <= limits.body_size && (r->chunked || r->body.size == r->content_length));
    note(record, bytes_of(&r->method, sizeof r->method));
    note(record, r->path);
    note(record, r->query);
    note(record, r->authority);
    note(record, r->body);
    ASSERT(r->header_count <= limits.header_count);
    for (size_t i = 0; i < r->header_count; i++) {
        note(record, r->headers[i].name);
        note(record, r->headers[i].value);
        ASSERT(memchr(r->headers[i].value.data, '\n', r->headers[i].value.size) == NULL);
    }
}

// Feeds one piece; false when the connection ended.
static bool feed(struct http_parser *p, bytes_t piece, struct record *record)
{
    size_t at = 0;
    for (;;) {
        size_t used = 0;
        enum http_parse result = http_parser_feed(p, bytes_of(piece.data + at, piece.size - at), &used);
        at += used;
        ASSERT(at <= piece.size);
        if (result == HTTP_PARSE_BAD) {
            ASSERT(p->status >= 400 && p->complaint != NULL);
            note(record, bytes_of(&p->status, sizeof p->status));
            return false;
        }
        if (result == HTTP_PARSE_DONE) {
            note_request(record, &p->request);
            http_parser_next(p);
        }
        if (result == HTTP_PARSE_MORE) {
            ASSERT(at == piece.size);
            return true;
        }
    }
}

static struct record run(bytes_t input, const uint8_t *cuts)
{
    struct http_parser p;
    http_parser_init(&p, &limits);
    struct record record = { 0 };
    size_t at = 0;
    for (size_t i = 0; at < input.size; i++) {
        size_t size = cuts == NULL ? input.size : cuts[i % CUTS] % 64U + 1U;
        if (size > input.size - at)
            size = input.size - at;
        if (!feed(&p, bytes_of(input.data + at, size), &record))
            break;
        at += size;
    }
    http_parser_deinit(&p);
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CUTS)
        return 0;
    bytes_t input = bytes_of(data + CUTS, size - CUTS);
    struct record whole = run(input, NULL);
    struct record cut = run(input, data);
    ASSERT(whole.requests == cut.requests);
    ASSERT(whole.hash == cut.hash);
    return 0;
}
