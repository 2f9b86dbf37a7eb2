// SPDX-License-Identifier: Apache-2.0
#include "io/file.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/uv/errno_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    PARTS_PER_CALL = 256, // of the system's 1024: 4 KB on a small stack
    FILE_MODE = 0600,
    DIR_MODE = 0700,
};

struct file {
    int fd;
    bool direct;
};

static err_t last_error(void)
{
    err_t err = err_of_file(errno);
    ASSERT(err != ERR_OK);
    return err;
}

static int open_flags(unsigned flags)
{
    int mode = O_CLOEXEC | ((flags & FILE_WRITE) != 0 ? O_RDWR : O_RDONLY);
    mode |= (flags & FILE_CREATE) != 0 ? O_CREAT : 0;
    mode |= (flags & FILE_EXCLUSIVE) != 0 ? O_EXCL : 0;
    mode |= (flags & FILE_TRUNCATE) != 0 ? O_TRUNC : 0;
    mode |= (flags & FILE_DIRECT) != 0 ? O_DIRECT : 0;
    mode |= (flags & FILE_DSYNC) != 0 ? O_DSYNC : 0;
    return mode;
}

err_t file_open(const char *path, unsigned flags, struct file **ret_file)
{
    int fd = open(path, open_flags(flags), FILE_MODE);
    if (fd < 0)
        return errno == EINVAL && (flags & FILE_DIRECT) != 0 ? ERR_UNSUPPORTED : last_error();
    struct file *file = mem_alloc(sizeof(*file));
    file->fd = fd;
    file->direct = (flags & FILE_DIRECT) != 0;
    *ret_file = file;
    return ERR_OK;
}

void file_close(struct file *file)
{
    if (file == NULL)
        return;
    close(file->fd);
    free(file);
}

err_t file_size(struct file *file, uint64_t *ret_size)
{
    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return last_error();
    *ret_size = (uint64_t)status.st_size;
    return ERR_OK;
}

err_t file_read_at(struct file *file, uint64_t at, void *to, size_t size, size_t *ret_size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(file->fd, (uint8_t *)to + done, size - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return last_error();
        if (got == 0)
            break;
        done += (size_t)got;
        if (file->direct && got % 4096 != 0)
            break; // the end of the file, behind which no whole block begins
    }
    *ret_size = done;
    return ERR_OK;
}

// Fills IO from the parts behind the first SKIP bytes of parts[0].
static int fill_parts(const bytes_t *parts, size_t count, size_t skip, struct iovec *io)
{
    int used = 0;
    for (size_t i = 0; i < count && used < PARTS_PER_CALL; i++) {
        size_t size = parts[i].size - skip;
        if (size > 0)
            // The kernel only reads from it.
            io[used++] = (struct iovec){ .iov_base = (void *)(uintptr_t)(parts[i].data + skip), .iov_len = size };
        skip = 0;
    }
    return used;
}

err_t file_write_at(struct file *file, uint64_t at, const bytes_t *parts, size_t count)
{
    struct iovec io[PARTS_PER_CALL];
    size_t skip = 0;
    for (;;) {
        while (count > 0 && skip >= parts->size) {
            skip -= parts->size;
            parts++;
            count--;
        }
        if (count == 0)
            return ERR_OK;
        ssize_t put = pwritev(file->fd, io, fill_parts(parts, count, skip, io), (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return last_error();
        if (put == 0)
            return ERR_IO;
        at += (uint64_t)put;
        skip += (size_t)put;
    }
}

err_t file_sync(struct file *file)
{
    return fdatasync(file->fd) == 0 ? ERR_OK : last_error();
}

err_t file_sync_system(struct file *file)
{
    return syncfs(file->fd) == 0 ? ERR_OK : last_error();
}

err_t file_truncate(struct file *file, uint64_t size)
{
    int result;
    do
        result = ftruncate(file->fd, (off_t)size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? ERR_OK : last_error();
}

err_t file_reserve(struct file *file, uint64_t size)
{
    int result;
    do
        result = fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? ERR_OK : last_error();
}

err_t file_lock(struct file *file)
{
    if (flock(file->fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    return errno == EWOULDBLOCK ? ERR_BUSY : last_error();
}

err_t file_rename(const char *from, const char *to)
{
    return rename(from, to) == 0 ? ERR_OK : last_error();
}

err_t file_remove(const char *path)
{
    return unlink(path) == 0 ? ERR_OK : last_error();
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

err_t file_look(const char *path, struct file_stamp *ret_stamp)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return last_error();
    *ret_stamp = (struct file_stamp){
        .device = found.st_dev,
        .number = found.st_ino,
        .size = (uint64_t)found.st_size,
        .changed_ns = (int64_t)found.st_ctim.tv_sec * 1000000000 + found.st_ctim.tv_nsec,
        .is_dir = S_ISDIR(found.st_mode),
    };
    return ERR_OK;
}

// What follows in a pipe, which has no places to read at.
static err_t read_stream(struct file *file, void *to, size_t size, size_t *ret_size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(file->fd, (uint8_t *)to + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return last_error();
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_size = done;
    return ERR_OK;
}

static err_t read_whole(struct file *file, size_t limit, struct buf **ret_buf)
{
    bool is_stream = lseek(file->fd, 0, SEEK_CUR) < 0 && errno == ESPIPE;
    uint64_t size = 0;
    err_t err = file_size(file, &size);
    if (err != ERR_OK)
        return err;
    if (size > limit)
        return ERR_TOO_LARGE;
    // Sizes of files in /proc are 0, and a file may grow: read until the end, which one byte more than expected shows.
    size_t capacity = (size_t)size + 1;
    uint8_t *data = mem_alloc(capacity);
    size_t used = 0;
    for (;;) {
        size_t got;
        err = is_stream ? read_stream(file, data + used, capacity - used, &got)
                        : file_read_at(file, used, data + used, capacity - used, &got);
        used += err == ERR_OK ? got : 0;
        if (err == ERR_OK && used > limit)
            err = ERR_TOO_LARGE;
        if (err != ERR_OK || used < capacity)
            break;
        capacity = capacity < 4096 ? 4096 : capacity * 2;
        data = mem_realloc(data, capacity);
    }
    if (err == ERR_OK)
        *ret_buf = buf_copy(bytes_of(data, used));
    free(data);
    return err;
}

err_t file_read_whole(const char *path, size_t limit, struct buf **ret_buf)
{
    struct file *file;
    err_t err = file_open(path, 0, &file);
    if (err != ERR_OK)
        return err;
    err = read_whole(file, limit, ret_buf);
    file_close(file);
    return err;
}

static err_t write_new(const char *path, bytes_t content)
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

static err_t sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return dir_sync(".");
    char *folder = bytes_to_text(bytes_of(path, slash == path ? 1 : (size_t)(slash - path)));
    err_t err = dir_sync(folder);
    free(folder);
    return err;
}

err_t file_replace(const char *path, bytes_t content)
{
    char *temporary = mem_format("%s.tmp", path);
    err_t err = write_new(temporary, content);
    if (err == ERR_OK)
        err = file_rename(temporary, path);
    if (err != ERR_OK)
        unlink(temporary);
    free(temporary);
    return err == ERR_OK ? sync_folder_of(path) : err;
}

err_t dir_make(const char *path)
{
    return mkdir(path, DIR_MODE) == 0 ? ERR_OK : last_error();
}

err_t dir_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return last_error();
    err_t err = fsync(fd) == 0 ? ERR_OK : last_error();
    close(fd);
    return err;
}

err_t dir_remove(const char *path)
{
    return rmdir(path) == 0 ? ERR_OK : last_error();
}

static bool entry_is_dir(DIR *dir, const struct dirent *entry)
{
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    struct stat status;
    return fstatat(dirfd(dir), entry->d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

err_t dir_list(const char *path, struct arena *arena, struct dir_entry **ret_entries, size_t *ret_count)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return last_error();
    struct dir_entry *entries = NULL;
    size_t count = 0, capacity = 0;
    const struct dirent *entry;
    for (;;) {
        errno = 0;
        entry = readdir(dir);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        MEM_GROW(entries, count, capacity);
        entries[count].name = arena_text(arena, bytes_of_text(entry->d_name));
        entries[count++].is_dir = entry_is_dir(dir, entry);
    }
    err_t err = errno == 0 ? ERR_OK : last_error();
    closedir(dir);
    if (err == ERR_OK) {
        *ret_entries = arena_array(arena, count, sizeof(*entries));
        if (count > 0)
            memcpy(*ret_entries, entries, count * sizeof(*entries));
        *ret_count = count;
    }
    free(entries);
    return err;
}

err_t dir_space(const char *path, uint64_t *ret_free, uint64_t *ret_total)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0)
        return last_error();
    *ret_free = (uint64_t)status.f_bavail * status.f_frsize;
    *ret_total = (uint64_t)status.f_blocks * status.f_frsize;
    return ERR_OK;
}
