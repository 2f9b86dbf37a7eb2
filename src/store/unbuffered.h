// SPDX-License-Identifier: Apache-2.0
// Appending to a segment file past the page cache: each write is durable when it returns (O_DIRECT, O_DSYNC), at a
// third of the CPU time of a write and a flush, because nothing is copied into the cache and no metadata has to follow
// most of the time. Writes are whole blocks: the last block of the log is written again, with the same bytes before the
// new ones, and zeros stand behind its end. So the file is longer than the log until unbuffered_trim. Used on disk
// threads by one job at a time.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <stdint.h>

struct file;
struct unbuffered;

// Where a write gathers its pieces: aligned, shared by the writes of one job. Heap.
struct staging {
    uint8_t *memory;
    size_t size;
    size_t used; // private: from here on there are only zeros
};
void staging_free(struct staging *staging);

// Opens or creates the file. ERR_UNSUPPORTED: the file system cannot; else as file_open.
err_t unbuffered_open(const char *path, struct unbuffered **ret_unbuffered) MUST_CHECK;
// Accepts NULL.
void unbuffered_close(struct unbuffered *unbuffered);
// Writes the parts one behind the other from POSITION on. It is the end of the log, whose bytes before it are in the
// file. After an error some of it may be in the file, and the handle must be closed.
err_t unbuffered_write(struct unbuffered *unbuffered, struct staging *staging, uint64_t position, const bytes_t *parts,
                       size_t count) MUST_CHECK;

// Cuts what lies behind SIZE, durably. A file that is gone or not longer is fine.
err_t unbuffered_trim(const char *path, uint64_t size) MUST_CHECK;
