// SPDX-License-Identifier: Apache-2.0
// Kafka's checkpoint files: a version line "0", a line with the number of entries, then one entry of words per line.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct lines {
    bytes_t left;
};

// Reads the two lines at the top. ERR_UNSUPPORTED: another version; ERR_MALFORMED: also when there are fewer lines than
// entries could need.
err_t lines_begin(struct lines *lines, bytes_t text, int64_t *ret_count) MUST_CHECK;
// The words of the next line; false when it does not have exactly COUNT.
bool lines_words(struct lines *lines, bytes_t *words, size_t count);
