// SPDX-License-Identifier: Apache-2.0
// Patterns of LIKE (CESQL 1.0.0 3.4.3): % is any text, _ one character, both meant literally behind a backslash.
// Compiled once; matching takes time in proportion to the text (times the pattern's length / 64, where a part between
// two % has a
// _), whatever the pattern is. Inside the folder.
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct like {
    const struct like_part *parts; // between the %; may be empty
    size_t count;                  // one at least
};

struct like like_compile(bytes_t pattern, struct arena *arena);
bool like_matches(const struct like *like, bytes_t text);
// Is every text that matches the same one?
bool like_is_text(const struct like *like, bytes_t *ret_text);
// What every text that matches begins and ends with, as far as no _ is in it; both may be empty.
void like_ends(const struct like *like, bytes_t *ret_prefix, bytes_t *ret_suffix);
