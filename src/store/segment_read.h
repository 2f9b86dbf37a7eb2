// SPDX-License-Identifier: Apache-2.0
// Reading batches of one segment file on a disk thread. Everything that a job needs is in here; nothing points to the
// partition but the folder's name, which lives as long as it.
#pragma once

#include "store/impl.h"

struct segment_reader {
    const char *folder;
    int64_t segment_base;
    uint64_t end;             // bytes of the file that may be read
    int64_t end_offset;       // no batch reaches it; 0: not known
    uint64_t interval;        // distance of index entries
    uint64_t start;           // a batch begins here, not behind the wanted one
    bool start_known;         // else the index file is asked
    uint64_t not_before;      // a batch begins here, and what lies before is of no use (quarantine)
    struct file *file;        // opened when NULL; the caller closes or keeps it
    bool past_cache;          // FILE is opened for reading whole blocks past the page cache; batches only
    size_t step;              // bytes read at once by a walk; 0: 64 KB
    uint64_t stopped_at;      // where a walk ended
    bool skip_damage;         // a walk goes on behind what cannot be read
    struct quarantine damage; // met last; to is 0 when there was none
    uint64_t index_start;     // where the index file led to
};

// Opens the log file if it is not given. ERR_NOT_FOUND, ERR_IO; ERR_UNSUPPORTED: not past the cache.
err_t segment_reader_open(struct segment_reader *reader) MUST_CHECK;
// Whole batches from the one that holds OFFSET (or the first behind it) on, of at most MAX_SIZE bytes. *ret_size 0:
// there is none, or the first is larger than MAX_SIZE and not AT_LEAST_ONE. ERR_CORRUPT: the wanted batch cannot be
// read. ERR_UNSUPPORTED: there is damage, which is looked at through the cache only.
err_t segment_reader_batches(struct segment_reader *reader, int64_t offset, size_t max_size, bool at_least_one,
                             struct buf **ret_buf, size_t *ret_at, size_t *ret_size, struct place *ret_next) MUST_CHECK;
// Calls ON_BATCH for batches from the one that holds OFFSET on, until it returns false or the end. ERR_CORRUPT.
err_t segment_reader_walk(struct segment_reader *reader, int64_t offset,
                          bool (*on_batch)(void *owner, const struct batch_header *header, bytes_t batch,
                                           uint64_t position),
                          void *owner) MUST_CHECK;

// The batch at the start of BYTES is whole, and its CRC is right (if asked for). ERR_TRUNCATED: BYTES end before it
// does.
err_t segment_batch_check(bytes_t bytes, struct batch_header *ret_header) MUST_CHECK;

// In read.c: what a job needs to read from OFFSET of a segment.
void partition_reader_init(struct partition *partition, size_t segment_index, int64_t offset,
                           struct segment_reader *reader);
