// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/files.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
    FILES_MAX = 10000,
    FOLDER_DEPTH_MAX = 16, // also the end of links that lead in circles
    FILE_SIZE_MAX = 16 << 20,
};

static bool is_manifest_name(const char *name)
{
    static const char *const ends[] = { ".yaml", ".yml", ".json" };
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t end = strlen(ends[i]);
        if (size > end && strcmp(name + size - end, ends[i]) == 0)
            return true;
    }
    return false;
}

static void look_failed(struct folder_files *files, err_t err, const char *path)
{
    if (files->err != ERR_OK)
        return;
    files->err = err;
    free(files->err_path);
    files->err_path = mem_text(path);
}

// --- one file

static void file_read(struct folder_file *file)
{
    struct buf *text;
    err_t err = file_read_whole(file->path, FILE_SIZE_MAX, &text);
    if (err == ERR_NOT_FOUND)
        return; // it went meanwhile: the next look tells
    file->diag = (diag_t){ 0 };
    file->place = (struct yaml_place){ 0 };
    manifests_unref(file->fresh);
    file->fresh = NULL;
    if (err != ERR_OK) {
        (void)diag_fail(&file->diag, err, "", "the file cannot be read: %s", err_text(err));
    } else {
        file->is_read = true;
        err = manifests_read(file->path, text, &file->fresh, &file->place, &file->diag);
        buf_unref(text);
    }
    file->news = err == ERR_OK ? FILE_NEWS_TEXT : FILE_NEWS_BROKEN;
}

// The index of the first file that does not come before PATH.
static size_t place_of(const struct folder_files *files, const char *path)
{
    size_t low = 0, high = files->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(files->items[middle]->path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct folder_file *file_of(struct folder_files *files, const char *path)
{
    size_t at = place_of(files, path);
    if (at < files->count && strcmp(files->items[at]->path, path) == 0)
        return files->items[at];
    if (files->count == FILES_MAX) {
        look_failed(files, ERR_LIMIT, path);
        return NULL;
    }
    struct folder_file *file = mem_zalloc(1, sizeof *file);
    file->path = mem_text(path);
    MEM_GROW(files->items, files->count, files->capacity);
    memmove(files->items + at + 1, files->items + at, (files->count - at) * sizeof(struct folder_file *));
    files->items[at] = file;
    files->count++;
    return file;
}

static void on_file(struct folder_files *files, const char *path, const struct file_stamp *stamp)
{
    struct folder_file *file = file_of(files, path);
    if (file == NULL)
        return;
    if (memcmp(&file->seen, stamp, sizeof *stamp) != 0) {
        file->seen = *stamp;
        file->looks = 0;
        file->is_read = false;
    }
    file->is_found = true;
    file->missed = 0;
    file->looks++;
    if (file->is_read)
        return;
    if (file->looks >= FOLDER_LOOKS_SURE || !files->was_looked)
        file_read(file);
    else
        files->is_unsettled = true;
}

// --- the folder

static int by_name(const void *a, const void *b)
{
    const struct dir_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static void visit(struct folder_files *files, const char *path, bool is_wanted, unsigned depth);

static void visit_folder(struct folder_files *files, const char *path, unsigned depth)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count = 0;
    err_t err = depth > FOLDER_DEPTH_MAX ? ERR_LIMIT : dir_list(path, &arena, &entries, &count);
    if (err != ERR_OK)
        look_failed(files, err, path);
    if (count > 1)
        qsort(entries, count, sizeof *entries, by_name);
    for (size_t i = 0; i < count; i++) {
        const char *name = entries[i].name;
        const char *between = path[strlen(path) - 1] == '/' ? "" : "/";
        if (name[0] != '.')
            visit(files, arena_format(&arena, "%s%s%s", path, between, name), is_manifest_name(name), depth + 1);
    }
    arena_free(&arena);
}

static void visit(struct folder_files *files, const char *path, bool is_wanted, unsigned depth)
{
    struct file_stamp stamp;
    if (files->err == ERR_LIMIT)
        return;
    err_t err = file_look(path, &stamp);
    if (err != ERR_OK) {
        // A name in a folder may have gone since it was listed; the root has to be there.
        if (depth == 0 || (is_wanted && err != ERR_NOT_FOUND))
            look_failed(files, err, path);
    } else if (stamp.is_dir != 0) {
        visit_folder(files, path, depth);
    } else if (is_wanted) {
        on_file(files, path, &stamp);
    }
}

void folder_look(struct folder_files *files)
{
    files->err = ERR_OK;
    files->is_unsettled = false;
    for (size_t i = 0; i < files->count; i++)
        files->items[i]->is_found = false;
    visit(files, files->root, true, 0);
    for (size_t i = 0; i < files->count && files->err == ERR_OK; i++) {
        struct folder_file *file = files->items[i];
        if (file->is_found)
            continue;
        if (++file->missed >= FOLDER_LOOKS_SURE)
            file->news = FILE_NEWS_GONE;
        else
            files->is_unsettled = true;
    }
    files->was_looked = true;
}

// --- the list

static void file_free(struct folder_file *file)
{
    manifests_unref(file->fresh);
    manifests_unref(file->manifests);
    free(file->said);
    free(file->path);
    free(file);
}

void folder_file_drop(struct folder_files *files, size_t index)
{
    file_free(files->items[index]);
    files->count--;
    memmove(files->items + index, files->items + index + 1, (files->count - index) * sizeof(struct folder_file *));
}

void folder_files_deinit(struct folder_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        file_free(files->items[i]);
    free(files->items);
    free(files->err_path);
}
