// SPDX-License-Identifier: Apache-2.0
#include "eventing/mark.h"

#include <inttypes.h>

// Takes the number behind the last slash of TEXT off it.
static bool number_take(bytes_t *text, int64_t max, int64_t *ret_number)
{
    const uint8_t *slash = text->size == 0 ? NULL : memrchr(text->data, '/', text->size);
    if (slash == NULL)
        return false;
    size_t before = (size_t)(slash - text->data);
    bytes_t number = bytes_of(slash + 1, text->size - before - 1);
    *text = bytes_of(text->data, before);
    return bytes_to_int64(number, ret_number) && *ret_number >= 0 && *ret_number <= max;
}

bool mark_place_parse(bytes_t text, struct mark_place *ret_place)
{
    int64_t offset, partition;
    if (!number_take(&text, INT64_MAX, &offset) || !number_take(&text, INT32_MAX, &partition) || text.size == 0 ||
        memchr(text.data, '/', text.size) != NULL)
        return false;
    *ret_place = (struct mark_place){ .topic = text, .partition = (int32_t)partition, .offset = offset };
    return true;
}

bytes_t mark_place_text(const struct mark_place *place, struct arena *arena)
{
    return bytes_of_text(
        arena_format(arena, "%.*s/%" PRId32 "/%" PRId64, BYTES_ARG(place->topic), place->partition, place->offset));
}
