// SPDX-License-Identifier: Apache-2.0
// Distinguished names of certificates, written as RFC 2253 and RFC 4514 say ("CN=alice,OU=ops,DC=example,DC=com"), and
// compared by what they mean: types in any case, escapes undone, the parts of a "+" in any order.
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct dn {
    bytes_t *parts; // one for each comma: the relative name in one form
    size_t count;
};

enum {
    DN_SIZE_MAX = 4096,
    DN_PARTS_MAX = 64,
};

// In ARENA. ERR_MALFORMED: not such a name; ERR_TOO_LARGE.
err_t dn_parse(struct arena *arena, bytes_t text, struct dn *ret_dn) MUST_CHECK;
// The same parts in the same order.
bool dn_equal(const struct dn *a, const struct dn *b);
// The same parts in any order.
bool dn_same_parts(const struct dn *a, const struct dn *b);
