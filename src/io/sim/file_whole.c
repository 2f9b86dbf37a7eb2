// SPDX-License-Identifier: Apache-2.0
// Whole files, made of the other operations, so that faults and crashes fall between their steps.
#include "io/file.h"

#include "base/mem.h"

#include <stdlib.h>

static err_t content_read(struct file *file, size_t limit, struct buf **ret_buf)
{
    uint64_t size;
    err_t err = file_size(file, &size);
    if (err != ERR_OK)
        return err;
    if (size > limit)
        return ERR_TOO_LARGE;
    struct buf *buf = buf_new((size_t)size);
    size_t done;
    err = file_read_at(file, 0, buf->data, (size_t)size, &done);
    if (err != ERR_OK) {
        buf_unref(buf);
        return err;
    }
    buf->capacity = (uint32_t)done;
    *ret_buf = buf;
    return ERR_OK;
}

err_t file_read_whole(const char *path, size_t limit, struct buf **ret_buf)
{
    struct file *file;
    err_t err = file_open(path, 0, &file);
    if (err != ERR_OK)
        return err;
    err = content_read(file, limit, ret_buf);
    file_close(file);
    return err;
}

static err_t content_write(const char *path, bytes_t content)
{
    struct file *file;
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &file);
    if (err != ERR_OK)
        return err;
    err = file_write_at(file, 0, &content, 1);
    if (err == ERR_OK)
        err = file_sync(file);
    file_close(file);
    return err;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mem_text(".");
    return bytes_to_text(bytes_of(path, slash == path ? 1 : (size_t)(slash - path)));
}

err_t file_replace(const char *path, bytes_t content)
{
    char *temporary = mem_format("%s.tmp", path);
    char *folder = folder_of(path);
    err_t err = content_write(temporary, content);
    if (err == ERR_OK)
        err = file_rename(temporary, path);
    if (err == ERR_OK)
        err = dir_sync(folder);
    free(temporary);
    free(folder);
    return err;
}
