// SPDX-License-Identifier: Apache-2.0
// A client's bytes into commands. Stateless and without memory of its own: the caller shows it the bytes from the
// start of a command, and again with more when it asks for more. What it returns are views of these bytes.
// (docs.nats.io/reference/reference-protocols/nats-protocol; where that is silent: what nats-server 2.15 does.)
#pragma once

#include "base/bytes.h"

enum nats_verb {
    NATS_PUB,
    NATS_HPUB,
    NATS_SUB,
    NATS_UNSUB,
    NATS_PING,
    NATS_PONG,
    NATS_CONNECT,
    NATS_INFO,
    NATS_OK,
    NATS_ERR,
    NATS_VERB_COUNT,
};

enum { NATS_ARGUMENTS_MAX = 4 };

struct nats_command {
    enum nats_verb verb;
    bytes_t line;                          // the arguments as they came, without the end of the line; not of messages
    bytes_t arguments[NATS_ARGUMENTS_MAX]; // cut at spaces and tabs; not of CONNECT and INFO
    size_t count;
    // Of PUB and HPUB:
    bytes_t subject, reply; // reply: BYTES_NULL for none
    size_t header_size;     // of the body; 0 for PUB
    bytes_t body;           // headers and payload
    // From behind the subject to the end, when that can go out to a subscriber as it came (one space between
    // arguments, CR LF): " reply 5\r\nhello\r\n". Else BYTES_NULL.
    bytes_t tail;
};

enum nats_parse {
    NATS_PARSE_DONE,
    NATS_PARSE_MORE,
    NATS_PARSE_UNKNOWN,           // no such command, or a body that does not end as it should
    NATS_PARSE_BAD,               // arguments that make no sense
    NATS_PARSE_LINE_TOO_LONG,     // of the arguments
    NATS_PARSE_PAYLOAD_TOO_LARGE, // as the arguments announce it
};

struct nats_parse_limits {
    size_t line_size, payload_size;
    bool headers; // HPUB is allowed
};

// DONE: *RET_SIZE bytes were used. MORE: of the command's bytes *RET_SIZE are needed, or one more where that is not
// known yet; it may be asked before, and notices what is wrong then.
enum nats_parse nats_parse(const struct nats_parse_limits *limits, bytes_t input, struct nats_command *ret_command,
                           size_t *ret_size);

// One to nine digits; -1 for anything else.
int64_t nats_parse_size(bytes_t digits);
