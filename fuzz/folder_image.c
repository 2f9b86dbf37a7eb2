// SPDX-License-Identifier: Apache-2.0
#include "folder_image.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/file.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 16 << 20, PAGE = 4096 };

// Takes PATH over.
static void add(struct folder_image *image, char *path, struct buf *content)
{
    MEM_GROW(image->files, image->count, image->capacity);
    image->files[image->count++] = (struct image_file){ path, content == NULL, content };
}

static int by_name(const void *a, const void *b)
{
    const struct dir_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

void image_take(struct folder_image *image, const char *path)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    add(image, mem_text(path), NULL);
    ASSERT(dir_list(path, &arena, &entries, &count) == ERR_OK);
    qsort(entries, count, sizeof *entries, by_name);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].name, ".lock") == 0)
            continue;
        char *inner = mem_format("%s/%s", path, entries[i].name);
        if (entries[i].is_dir) {
            image_take(image, inner);
            free(inner);
            continue;
        }
        struct buf *content;
        ASSERT(file_read_whole(inner, FILE_MAX, &content) == ERR_OK);
        add(image, inner, content);
    }
    arena_free(&arena);
}

void image_copy(const struct folder_image *from, struct folder_image *to)
{
    *to = (struct folder_image){ 0 };
    for (size_t i = 0; i < from->count; i++) {
        const struct image_file *file = &from->files[i];
        add(to, mem_text(file->path), file->is_folder ? NULL : buf_ref(file->content));
    }
}

static bool is_zero(const uint8_t *data, size_t size)
{
    return size > 0 && data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

// The journal is mostly zeros: they become a hole.
static void write_file(const struct image_file *from)
{
    struct file *file;
    ASSERT(file_open(from->path, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &file) == ERR_OK);
    size_t size = from->content->capacity;
    for (size_t at = 0, part; at < size; at += part) {
        part = size - at < PAGE ? size - at : PAGE;
        bytes_t bytes = bytes_of(from->content->data + at, part);
        if (!is_zero(bytes.data, part))
            ASSERT(file_write_at(file, at, &bytes, 1) == ERR_OK);
    }
    ASSERT(file_truncate(file, size) == ERR_OK);
    file_close(file);
}

void image_write(const struct folder_image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        if (image->files[i].is_folder)
            ASSERT(dir_make(image->files[i].path) == ERR_OK);
        else
            write_file(&image->files[i]);
    }
}

void image_free(struct folder_image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        free(image->files[i].path);
        buf_unref(image->files[i].content);
    }
    free(image->files);
    *image = (struct folder_image){ 0 };
}

void image_set(struct folder_image *image, size_t file, bytes_t content)
{
    struct buf *old = image->files[file].content;
    ASSERT(!image->files[file].is_folder);
    image->files[file].content = buf_copy(content); // CONTENT may be the file's own
    buf_unref(old);
}

uint8_t *image_own(struct folder_image *image, size_t file)
{
    const struct buf *content = image->files[file].content;
    image_set(image, file, bytes_of(content->data, content->capacity));
    return image->files[file].content->data;
}

void image_resize(struct folder_image *image, size_t file, size_t size)
{
    struct buf *old = image->files[file].content;
    struct buf *new = buf_new(size);
    size_t kept = old->capacity < size ? old->capacity : size;
    memcpy(new->data, old->data, kept);
    memset(new->data + kept, 0, size - kept);
    image->files[file].content = new;
    buf_unref(old);
}

void image_remove(struct folder_image *image, size_t file)
{
    char *path = image->files[file].path;
    size_t size = strlen(path), kept = file;
    for (size_t i = file; i < image->count; i++) {
        const char *other = image->files[i].path;
        if (i == file || (strncmp(other, path, size) == 0 && other[size] == '/')) {
            buf_unref(image->files[i].content);
            if (i != file)
                free(image->files[i].path);
        } else {
            image->files[kept++] = image->files[i];
        }
    }
    free(path);
    image->count = kept;
}

void image_add(struct folder_image *image, const char *path, bytes_t content)
{
    bool has_folder = false;
    size_t folder = (size_t)(strrchr(path, '/') - path);
    for (size_t i = 0; i < image->count; i++) {
        const struct image_file *file = &image->files[i];
        if (strcmp(file->path, path) == 0) {
            if (!file->is_folder)
                image_set(image, i, content);
            return;
        }
        has_folder =
            has_folder || (file->is_folder && strlen(file->path) == folder && memcmp(file->path, path, folder) == 0);
    }
    if (has_folder)
        add(image, mem_text(path), buf_copy(content));
}
