// SPDX-License-Identifier: Apache-2.0
// Preloaded into eddy by test_flush.py: writes one line for every write to a file below FLUSH_SHIM_ROOT and every flush
// to the file that FLUSH_SHIM_LOG names, with the times at which the call began and ended (CLOCK_MONOTONIC, which all
// processes share). A write that the file was opened for with O_DSYNC or O_SYNC, or with RWF_DSYNC, is both.
//
//   write <began> <ended> <path> <bytes> <dsync 0|1> <marks, comma separated, or ->
//   flush <began> <ended> <path>
//   flush <began> <ended> *        syncfs: everything on the file system
//
// A mark is the number behind "EDDYMARK" in the bytes written: the test tells by it which request a write carries.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MARK "EDDYMARK"

enum { MARK_DIGITS = 8, LINE_SIZE = 1 << 16, PATH_SIZE = 512 };

static const char *root;
static int log_fd = -1;

__attribute__((constructor)) static void shim_start(void)
{
    root = getenv("FLUSH_SHIM_ROOT");
    const char *path = getenv("FLUSH_SHIM_LOG");
    if (root != NULL && path != NULL)
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Whether FD is a regular file or folder below the root; fills PATH.
static bool is_watched(int fd, char path[PATH_SIZE])
{
    if (log_fd < 0 || fd < 0)
        return false;
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_SIZE - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    return strncmp(path, root, strlen(root)) == 0;
}

static size_t append_marks(char *line, size_t used, const struct iovec *parts, int count)
{
    size_t before = used;
    for (int i = 0; i < count; i++) {
        const char *at = parts[i].iov_base;
        const char *end = at + parts[i].iov_len;
        while ((at = memmem(at, (size_t)(end - at), MARK, strlen(MARK))) != NULL) {
            at += strlen(MARK);
            if (end - at < MARK_DIGITS || used + MARK_DIGITS + 4 > LINE_SIZE)
                break;
            if (used > before)
                line[used++] = ',';
            memcpy(line + used, at, MARK_DIGITS);
            used += MARK_DIGITS;
        }
    }
    if (used == before)
        line[used++] = '-';
    return used;
}

static void log_line(char *line, size_t used)
{
    line[used++] = '\n';
    syscall(SYS_write, log_fd, line, used);
}

static void log_write(int fd, const struct iovec *parts, int count, ssize_t result, int64_t began, int flags)
{
    char path[PATH_SIZE];
    int saved = errno;
    if (result > 0 && is_watched(fd, path)) {
        int64_t ended = now_ns();
        bool dsync = ((fcntl(fd, F_GETFL) & O_DSYNC) != 0) || (flags & RWF_DSYNC) != 0;
        char *line = malloc(LINE_SIZE);
        if (line != NULL) {
            int used = snprintf(line, LINE_SIZE, "write %lld %lld %s %zd %d ", (long long)began, (long long)ended, path,
                                result, dsync);
            log_line(line, append_marks(line, (size_t)used, parts, count));
        }
        free(line);
    }
    errno = saved;
}

static int log_flush(int fd, int result, int64_t began, bool is_all)
{
    char path[PATH_SIZE], line[PATH_SIZE + 64];
    int saved = errno;
    if (result == 0 && is_watched(fd, path)) {
        int used = snprintf(line, sizeof(line), "flush %lld %lld %s", (long long)began, (long long)now_ns(),
                            is_all ? "*" : path);
        log_line(line, (size_t)used);
    }
    errno = saved;
    return result;
}

// The next definition of NAME: the sanitizer's or libc's.
#define NEXT(name)                                                                                                     \
    static __typeof__(&name) next;                                                                                     \
    if (next == NULL)                                                                                                  \
    next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define ONE(data, size) &(struct iovec){ .iov_base = (void *)(uintptr_t)(data), .iov_len = (size) }, 1

ssize_t write(int fd, const void *data, size_t size)
{
    NEXT(write);
    int64_t began = now_ns();
    ssize_t result = next(fd, data, size);
    log_write(fd, ONE(data, size), result, began, 0);
    return result;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    NEXT(writev);
    int64_t began = now_ns();
    ssize_t result = next(fd, parts, count);
    log_write(fd, parts, count, result, began, 0);
    return result;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    NEXT(pwrite);
    int64_t began = now_ns();
    ssize_t result = next(fd, data, size, offset);
    log_write(fd, ONE(data, size), result, began, 0);
    return result;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    NEXT(pwrite64);
    int64_t began = now_ns();
    ssize_t result = next(fd, data, size, offset);
    log_write(fd, ONE(data, size), result, began, 0);
    return result;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    NEXT(pwritev);
    int64_t began = now_ns();
    ssize_t result = next(fd, parts, count, offset);
    log_write(fd, parts, count, result, began, 0);
    return result;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    NEXT(pwritev64);
    int64_t began = now_ns();
    ssize_t result = next(fd, parts, count, offset);
    log_write(fd, parts, count, result, began, 0);
    return result;
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    NEXT(pwritev2);
    int64_t began = now_ns();
    ssize_t result = next(fd, parts, count, offset, flags);
    log_write(fd, parts, count, result, began, flags);
    return result;
}

ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    NEXT(pwritev64v2);
    int64_t began = now_ns();
    ssize_t result = next(fd, parts, count, offset, flags);
    log_write(fd, parts, count, result, began, flags);
    return result;
}

int fsync(int fd)
{
    NEXT(fsync);
    int64_t began = now_ns();
    return log_flush(fd, next(fd), began, false);
}

int fdatasync(int fd)
{
    NEXT(fdatasync);
    int64_t began = now_ns();
    return log_flush(fd, next(fd), began, false);
}

// Flushes every file of the file system that FD is on.
int syncfs(int fd)
{
    NEXT(syncfs);
    int64_t began = now_ns();
    return log_flush(fd, next(fd), began, true);
}
