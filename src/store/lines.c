// SPDX-License-Identifier: Apache-2.0
#include "store/lines.h"

static bool next_line(struct lines *lines, bytes_t *ret_line)
{
    if (lines->left.size == 0)
        return false;
    const uint8_t *end = memchr(lines->left.data, '\n', lines->left.size);
    size_t size = end == NULL ? lines->left.size : (size_t)(end - lines->left.data);
    *ret_line = bytes_of(lines->left.data, size);
    size_t skip = end == NULL ? size : size + 1;
    lines->left = bytes_of(lines->left.data + skip, lines->left.size - skip);
    return true;
}

err_t lines_begin(struct lines *lines, bytes_t text, int64_t *ret_count)
{
    lines->left = text;
    bytes_t version, count;
    if (!next_line(lines, &version) || !next_line(lines, &count))
        return ERR_MALFORMED;
    if (!bytes_is(version, "0"))
        return ERR_UNSUPPORTED;
    if (!bytes_to_int64(count, ret_count) || *ret_count < 0 || (uint64_t)*ret_count > text.size)
        return ERR_MALFORMED;
    return ERR_OK;
}

bool lines_words(struct lines *lines, bytes_t *words, size_t count)
{
    bytes_t line;
    if (!next_line(lines, &line))
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *space = line.size == 0 ? NULL : memchr(line.data, ' ', line.size);
        size_t size = space == NULL ? line.size : (size_t)(space - line.data);
        if (size == 0 || (space == NULL) != (i + 1 == count))
            return false;
        words[i] = bytes_of(line.data, size);
        size_t skip = space == NULL ? size : size + 1;
        line = bytes_of(line.data + skip, line.size - skip);
    }
    return true;
}
