// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#define SIZE_LIMIT 64

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t edit_distance(bytes_t a, bytes_t b)
{
    if (a.size > SIZE_LIMIT || b.size > SIZE_LIMIT)
        return SIZE_MAX;
    // Three rows of the usual table: the one being filled, the one above, and the one above that for swaps.
    size_t rows[3][SIZE_LIMIT + 1];
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            uint8_t x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (x == y ? 0 : 1));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]))
                row[j] = smaller(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    if (candidate == NULL)
        return;
    size_t distance = edit_distance(nearest->wanted, bytes_of_text(candidate));
    size_t allowed = nearest->wanted.size / 3 < 2 ? 2 : nearest->wanted.size / 3;
    // Everything is near to a word of two letters; there only one may differ.
    if (nearest->wanted.size <= 2)
        allowed = 1;
    // `--bootstrap-server`, where it is called `--bootstrap`.
    size_t size = strlen(candidate);
    bool is_longer = size > 2 && size < nearest->wanted.size && nearest->wanted.data[size] == '-' &&
                     edit_distance(bytes_of(nearest->wanted.data, size), bytes_of_text(candidate)) == 0;
    if ((distance <= allowed || is_longer) && distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
