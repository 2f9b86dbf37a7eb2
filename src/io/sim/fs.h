// SPDX-License-Identifier: Apache-2.0
// A file system in memory with two images: what programs see (the page cache) and what the disk holds. Nothing here
// fails by itself; faults are file.c's business. An inode lives while a name in either image, a handle or a pending
// change holds it.
#pragma once

#include "base/bytes.h"
#include "base/list.h"
#include "base/map.h"
#include "io/sim/rng.h"
#include "io/sim/sim.h"

enum { FS_PAGE = 4096, FS_SECTOR = 512 };

struct fs_page; // shared by both images while it is clean; NULL is zeros

struct fs_inode {
    struct list_node node; // in fs->inodes, in the order of creation
    uint64_t number;
    bool is_dir;
    bool stopped; // during a power loss: later changes of this folder are lost
    bool foreign_lock;
    const void *lock_holder;
    unsigned refs;      // all
    unsigned live_refs; // names that programs see, and handles: they take the room

    int64_t changes; // of its content, so far
    uint64_t size, disk_size;
    uint64_t cut; // the smallest size since the last sync, UINT64_MAX: was not truncated
    struct fs_page **cache, **disk;
    uint8_t *dirty;
    size_t page_count; // of the three tables
    size_t dirty_first, dirty_end;

    struct map names, disk_names; // struct fs_name, of a folder
};

struct fs {
    struct list_node inodes;
    struct list_node changes; // of folders, not yet durable; in order
    struct fs_inode *root;
    uint64_t next_number;
    uint64_t used; // bytes of the files that programs see
};

void fs_init(struct fs *fs);
void fs_deinit(struct fs *fs);

// NULL if there is none.
struct fs_inode *fs_find(struct fs *fs, const char *path);
// The folder that holds the last name of PATH, or NULL; the name is a view of PATH.
struct fs_inode *fs_find_parent(struct fs *fs, const char *path, bytes_t *ret_name);
struct fs_inode *fs_lookup(const struct fs_inode *dir, bytes_t name);
// Handles of programs; fs_live counts them for the room as well.
void fs_hold(struct fs_inode *inode);
void fs_release(struct fs *fs, struct fs_inode *inode);
void fs_live(struct fs *fs, struct fs_inode *inode, int by);

// Each is seen at once, and durable after fs_dir_sync of its folder. The name must be free, or be there.
struct fs_inode *fs_create(struct fs *fs, struct fs_inode *dir, bytes_t name, bool is_dir);
void fs_remove(struct fs *fs, struct fs_inode *dir, bytes_t name);
// Replaces what TO_NAME was.
void fs_rename(struct fs *fs, struct fs_inode *from, bytes_t from_name, struct fs_inode *to, bytes_t to_name);
void fs_dir_sync(struct fs *fs, struct fs_inode *dir);
// Names in the order of their text; the caller frees the table, not the names.
const struct fs_name **fs_names(const struct fs_inode *dir, size_t *ret_count);
const char *fs_name_text(const struct fs_name *name);
bool fs_name_is_dir(const struct fs_name *name);

size_t fs_read(const struct fs_inode *inode, uint64_t at, void *to, size_t size);
void fs_write(struct fs *fs, struct fs_inode *inode, uint64_t at, bytes_t bytes);
void fs_truncate(struct fs *fs, struct fs_inode *inode, uint64_t size);
// The whole file and its size are durable.
void fs_sync(struct fs_inode *inode);
// The pages of the range and the size are.
void fs_sync_range(struct fs_inode *inode, uint64_t at, uint64_t size);
// A failed sync: every page is clean afterwards, only some reached the disk, and no later sync brings the others.
void fs_sync_broken(struct fs_inode *inode, struct sim_rng *rng);
void fs_sync_all(struct fs *fs);

// Both images become what survived.
void fs_power_loss(struct fs *fs, struct sim_rng *rng, enum sim_loss loss);
// After any crash, when the handles are gone: locks too.
void fs_restart(struct fs *fs);
