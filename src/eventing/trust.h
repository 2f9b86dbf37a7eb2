// SPDX-License-Identifier: Apache-2.0
// Whom https sinks trust: the system's authorities, and those that a destination names (CACerts). One TLS context for
// all sinks that name the same, so that they share connections; it goes with the last of them. On one loop.
#pragma once

#include "base/err.h"
#include "base/map.h"

struct tls_context;

struct trust {
    struct map_node node;
    struct map *map; // that it is in
    size_t references;
    bytes_t authorities; // PEM, of the heap
    struct tls_context *tls;
};

// An empty map for what follows; it outlives every trust.
void trusts_init(struct map *map);
// Finds or makes the one for AUTHORITIES, PEM, which may be empty. One reference is the caller's. ERR_INVALID,
// ERR_TOO_LARGE: DIAG says what is wrong with them.
err_t trust_get(struct map *map, bytes_t authorities, struct trust **ret_trust, diag_t *diag) MUST_CHECK;
struct trust *trust_ref(struct trust *trust);
void trust_unref(struct trust *trust); // accepts NULL
