// SPDX-License-Identifier: Apache-2.0
// Preloaded into eddy by test_failed_flush.py: from the moment the file EIO_SHIM_TRIGGER exists, EIO_SHIM_AFTER more
// flushes of files and folders below EIO_SHIM_ROOT work, and all later ones fail with EIO. A flush is fsync, fdatasync,
// syncfs, or a write to a file that was opened with O_DSYNC.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PATH_SIZE = 512 };

static const char *root, *trigger;
static long after;
static atomic_bool armed;
static atomic_long flushes;

__attribute__((constructor)) static void shim_start(void)
{
    const char *text = getenv("EIO_SHIM_AFTER");
    root = getenv("EIO_SHIM_ROOT");
    trigger = getenv("EIO_SHIM_TRIGGER");
    after = text == NULL ? 0 : strtol(text, NULL, 10);
}

static bool is_watched(int fd)
{
    char link[64], path[PATH_SIZE];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_SIZE - 1);
    return size > 0 && (size_t)size >= strlen(root) && memcmp(path, root, strlen(root)) == 0;
}

// Whether this flush fails; errno is set then.
static bool flush_fails(int fd)
{
    int saved = errno;
    if (root == NULL || trigger == NULL || !is_watched(fd))
        return false;
    if (!armed && syscall(SYS_faccessat, AT_FDCWD, trigger, F_OK) == 0)
        armed = true;
    errno = saved;
    if (!armed || atomic_fetch_add(&flushes, 1) < after)
        return false;
    errno = EIO;
    return true;
}

static bool write_fails(int fd, int flags)
{
    bool is_flush = (flags & RWF_DSYNC) != 0 || (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    return is_flush && flush_fails(fd);
}

// The next definition of NAME: the sanitizer's or libc's.
#define NEXT(name)                                                                                                     \
    static __typeof__(&name) next;                                                                                     \
    if (next == NULL)                                                                                                  \
    next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    NEXT(pwrite);
    return write_fails(fd, 0) ? -1 : next(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    NEXT(pwrite64);
    return write_fails(fd, 0) ? -1 : next(fd, data, size, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    NEXT(pwritev);
    return write_fails(fd, 0) ? -1 : next(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    NEXT(pwritev64);
    return write_fails(fd, 0) ? -1 : next(fd, parts, count, offset);
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    NEXT(pwritev2);
    return write_fails(fd, flags) ? -1 : next(fd, parts, count, offset, flags);
}

ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    NEXT(pwritev64v2);
    return write_fails(fd, flags) ? -1 : next(fd, parts, count, offset, flags);
}

int fsync(int fd)
{
    NEXT(fsync);
    return flush_fails(fd) ? -1 : next(fd);
}

int fdatasync(int fd)
{
    NEXT(fdatasync);
    return flush_fails(fd) ? -1 : next(fd);
}

int syncfs(int fd)
{
    NEXT(syncfs);
    return flush_fails(fd) ? -1 : next(fd);
}
