// SPDX-License-Identifier: Apache-2.0
// Pages and names, shared by the files of the file system in memory only.
#pragma once

#include "io/sim/fs.h"

struct fs_page {
    unsigned refs;
    uint8_t data[FS_PAGE];
};

struct fs_page *fs_page_new(void);
// Accepts NULL.
void fs_page_release(struct fs_page *page);
// *PLACE becomes PAGE, which may be NULL; counts references.
void fs_page_set(struct fs_page **place, struct fs_page *page);
// A page at *PLACE that nobody else sees.
struct fs_page *fs_page_own(struct fs_page **place);
// Zeros behind SIZE in the page that holds it.
void fs_page_zero_tail(struct fs_page **place, uint64_t size);
void fs_pages_free(struct fs_inode *inode);

struct fs_name {
    struct map_node node;
    struct fs_inode *inode;
    char *text;
};

// A change of a folder that is seen and not durable: a name taken away, a name put there, or both (rename).
struct fs_change {
    struct list_node node;
    struct fs_inode *from;
    char *from_name; // NULL: takes nothing away
    struct fs_inode *to;
    char *to_name; // NULL: puts nothing
    struct fs_inode *inode;
};

// Makes the change in the disk image and frees it, or only frees it.
void fs_change_apply(struct fs *fs, struct fs_change *change);
void fs_change_free(struct fs *fs, struct fs_change *change);
// Puts and takes names of one image; replaces.
void fs_name_put(struct fs *fs, struct map *names, bytes_t name, struct fs_inode *inode);
void fs_name_take(struct fs *fs, struct map *names, bytes_t name);
void fs_names_clear(struct fs *fs, struct map *names);
