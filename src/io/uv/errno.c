// SPDX-License-Identifier: Apache-2.0
#include "io/uv/errno_internal.h"

#include "base/assert.h"

#include <errno.h>

struct row {
    int number;
    err_t err;
};

static const struct row file_rows[] = {
    { ENOENT, ERR_NOT_FOUND }, { ENOTDIR, ERR_NOT_FOUND }, { EEXIST, ERR_EXISTS }, { ENOTEMPTY, ERR_EXISTS },
    { ENOSPC, ERR_NO_SPACE },  { EDQUOT, ERR_NO_SPACE },   { EACCES, ERR_DENIED }, { EPERM, ERR_DENIED },
    { EROFS, ERR_DENIED },     { EPIPE, ERR_RESET },
};

static const struct row socket_rows[] = {
    { ECONNRESET, ERR_RESET }, { EPIPE, ERR_RESET },   { ECONNREFUSED, ERR_REFUSED }, { ETIMEDOUT, ERR_TIMEOUT },
    { EADDRINUSE, ERR_BUSY },  { EACCES, ERR_DENIED }, { EPERM, ERR_DENIED },         { EADDRNOTAVAIL, ERR_INVALID },
};

static err_t find(const struct row *rows, size_t count, int number)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].number == number)
            return rows[i].err;
    }
    return ERR_IO;
}

err_t err_of_file(int number)
{
    return find(file_rows, ARRAY_COUNT(file_rows), number);
}

err_t err_of_socket(int number)
{
    return find(socket_rows, ARRAY_COUNT(socket_rows), number);
}
