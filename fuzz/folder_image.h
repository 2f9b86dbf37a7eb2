// SPDX-License-Identifier: Apache-2.0
// A data folder held in memory: taken from the twin's disk once, copied, damaged, and written to the disk of another
// world. Files share their bytes until one is changed.
#pragma once

#include "base/buf.h"

#include <stdbool.h>

struct image_file {
    char *path; // from the root: "data/orders-0/00000000000000000000.log"
    bool is_folder;
    struct buf *content; // as many bytes as its capacity; NULL for a folder
};

struct folder_image {
    struct image_file *files; // sorted by path, folders before what is in them
    size_t count, capacity;
};

// Reads PATH and what is below it; the lock file is left out.
void image_take(struct folder_image *image, const char *path);
void image_copy(const struct folder_image *from, struct folder_image *to);
// Makes the files; nothing of them may be there.
void image_write(const struct folder_image *image);
void image_free(struct folder_image *image);

// Changes. FILE is an index below image->count.
void image_set(struct folder_image *image, size_t file, bytes_t content);
// Bytes of a file that nobody else sees.
uint8_t *image_own(struct folder_image *image, size_t file);
// Content with room for SIZE bytes: cut, or filled up with zeros.
void image_resize(struct folder_image *image, size_t file, size_t size);
// A folder goes with what is in it.
void image_remove(struct folder_image *image, size_t file);
// PATH is replaced when it is there, and ignored when its folder is not.
void image_add(struct folder_image *image, const char *path, bytes_t content);
