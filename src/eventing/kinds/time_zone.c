// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/time_zone.h"

#include "io/file.h"

#define ZONES "/usr/share/zoneinfo/" // Debian's tzdata

enum { ZONE_SIZE_MAX = 64 * 1024 };

err_t time_zone_read(bytes_t name, struct arena *arena, const struct zone **ret_zone, diag_t *diag)
{
    struct buf *buf = NULL;
    if (name.size == 0 || bytes_is(name, "UTC")) {
        *ret_zone = &zone_utc;
        return ERR_OK;
    }
    const char *path = arena_format(arena, ZONES "%.*s", BYTES_ARG(name));
    err_t err = zone_name_is_valid(name) ? file_read_whole(path, ZONE_SIZE_MAX, &buf) : ERR_NOT_FOUND;
    if (err != ERR_OK)
        return diag_fail(diag, err, "timezone", "there is no time zone \"%.*s\" on this machine", BYTES_ARG(name));
    bytes_t file = arena_copy(arena, bytes_of(buf->data, buf->capacity));
    buf_unref(buf);
    return zone_parse(file, arena, ret_zone, diag);
}
