// SPDX-License-Identifier: Apache-2.0
// Files, synchronously. Called on disk threads (io/disk.h), at start and at stop; a loop never blocks on a disk.
// Errors: ERR_NOT_FOUND, ERR_EXISTS, ERR_NO_SPACE, ERR_DENIED, ERR_IO (everything else). A failed sync is final for the
// data it covered: it is never called again to see whether it works now.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct file;

enum file_flag {
    FILE_WRITE = 1 << 0,     // else read only
    FILE_CREATE = 1 << 1,    // if absent
    FILE_EXCLUSIVE = 1 << 2, // with CREATE: ERR_EXISTS if present
    FILE_TRUNCATE = 1 << 3,
    FILE_DIRECT =
        1 << 4, // bypass the page cache; positions, sizes and memory are multiples of 4096. ERR_UNSUPPORTED if not
    FILE_DSYNC = 1 << 5, // each write is durable when it returns
};

err_t file_open(const char *path, unsigned flags, struct file **ret_file) MUST_CHECK;
// Accepts NULL.
void file_close(struct file *file);
err_t file_size(struct file *file, uint64_t *ret_size) MUST_CHECK;
// Reads until SIZE bytes or the end of the file.
err_t file_read_at(struct file *file, uint64_t at, void *to, size_t size, size_t *ret_size) MUST_CHECK;
// Writes all parts one behind the other, or fails (some of it may then be written).
err_t file_write_at(struct file *file, uint64_t at, const bytes_t *parts, size_t count) MUST_CHECK;
// Data and the size are durable when it returns (fdatasync).
err_t file_sync(struct file *file) MUST_CHECK;
// Everything written to the file system that holds the file is durable when it returns (syncfs).
err_t file_sync_system(struct file *file) MUST_CHECK;
err_t file_truncate(struct file *file, uint64_t size) MUST_CHECK;
// Takes disk space for SIZE bytes, without changing the size of the file; file_truncate to the present size gives back
// what is not used.
err_t file_reserve(struct file *file, uint64_t size) MUST_CHECK;
// An exclusive advisory lock until the file is closed or the process ends; ERR_BUSY if another process holds it.
err_t file_lock(struct file *file) MUST_CHECK;

err_t file_rename(const char *from, const char *to) MUST_CHECK;
err_t file_remove(const char *path) MUST_CHECK;
bool file_exists(const char *path);
// What PATH, or what a link at PATH points to, is at this moment. Two stamps of a path are equal (memcmp) as long as
// nobody put another file there or changed this one's content, rights or name.
struct file_stamp {
    uint64_t device, number; // which file it is
    uint64_t size;
    int64_t changed_ns; // when; in the twin: how often
    uint64_t is_dir;    // 1 or 0: no padding
};
err_t file_look(const char *path, struct file_stamp *ret_stamp) MUST_CHECK;
// The whole file, ERR_TOO_LARGE above LIMIT; of a pipe what comes until its writer closes it.
err_t file_read_whole(const char *path, size_t limit, struct buf **ret_buf) MUST_CHECK;
// Replaces PATH atomically and durably: temporary file, sync, rename, sync of the folder.
err_t file_replace(const char *path, bytes_t content) MUST_CHECK;

// Mode 0700. ERR_EXISTS if present.
err_t dir_make(const char *path) MUST_CHECK;
// Makes creations, renames and removals in the folder durable.
err_t dir_sync(const char *path) MUST_CHECK;
err_t dir_remove(const char *path) MUST_CHECK;
struct dir_entry {
    const char *name;
    bool is_dir;
};
// Without "." and "..", in no particular order; names live in ARENA.
err_t dir_list(const char *path, struct arena *arena, struct dir_entry **ret_entries, size_t *ret_count) MUST_CHECK;
// Free and total bytes of the file system.
err_t dir_space(const char *path, uint64_t *ret_free, uint64_t *ret_total) MUST_CHECK;
