// SPDX-License-Identifier: Apache-2.0
// The headers of a NATS message as bytes (ADR-4): "NATS/1.0" and maybe a status, then lines "Name: value", then an
// empty line. Names keep their case; a name may come several times. Pure.
#pragma once

#include "base/bytes.h"
#include "base/err.h"
#include "base/writer.h"

struct nats_header {
    bytes_t name;
    bytes_t value; // without the space around it; may be empty
};

struct nats_header_walk {
    bytes_t rest;
    err_t err; // ERR_MALFORMED: why there was no next header; ERR_OK behind the last one
};

// BLOCK is the part of a message that HPUB and HMSG count as headers. ERR_MALFORMED: it does not start as one.
err_t nats_header_walk_begin(bytes_t block, struct nats_header_walk *ret_walk) MUST_CHECK;
bool nats_header_walk_next(struct nats_header_walk *walk, struct nats_header *ret_header);

// Writes a block: begin, each header, end. Names and values hold no line ends.
void nats_header_begin(struct writer *to);
void nats_header_write(struct writer *to, bytes_t name, bytes_t value);
void nats_header_end(struct writer *to);
