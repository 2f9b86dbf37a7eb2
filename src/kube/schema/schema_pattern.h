// SPDX-License-Identifier: Apache-2.0
// Regular expressions of schemas. Kubernetes takes those of Go's regexp (RE2 syntax); here PCRE2 runs them. What RE2
// does not have (looking around, back references, possessive repeats) is refused, so that a text that is accepted here
// means the same there. Known differences: \s holds \v, and (?i) knows PCRE2's table of letters.
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { SCHEMA_PATTERN_SIZE_MAX = 4096 };

struct schema_pattern; // in the arena, immutable

// ERR_INVALID; RET_WHY is a sentence part then ("invalid or unsupported Perl syntax: `(?=`"), in the arena, in the
// words of regexp/syntax where it has any.
MUST_CHECK err_t schema_pattern_compile(bytes_t text, struct arena *arena, const struct schema_pattern **ret_pattern,
                                        bytes_t *ret_why);

// Whether it matches somewhere in TEXT (UTF-8). ERR_LIMIT: it takes too long to know. Any thread.
MUST_CHECK err_t schema_pattern_match(const struct schema_pattern *pattern, bytes_t text, bool *ret_matches);
