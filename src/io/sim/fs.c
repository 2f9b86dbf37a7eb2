// SPDX-License-Identifier: Apache-2.0
// The content of files. Folders are in fs_dir.c, what a power loss leaves in fs_loss.c.
#include "io/sim/fs.h"

#include "base/mem.h"
#include "io/sim/fs_page.h"

#include <stdlib.h>

struct fs_page *fs_page_new(void)
{
    struct fs_page *page = mem_zalloc(1, sizeof(*page));
    page->refs = 1;
    return page;
}

void fs_page_release(struct fs_page *page)
{
    if (page != NULL && --page->refs == 0)
        free(page);
}

void fs_page_set(struct fs_page **place, struct fs_page *page)
{
    if (page != NULL)
        page->refs++;
    fs_page_release(*place);
    *place = page;
}

struct fs_page *fs_page_own(struct fs_page **place)
{
    if (*place == NULL) {
        *place = fs_page_new();
    } else if ((*place)->refs > 1) {
        struct fs_page *copy = fs_page_new();
        memcpy(copy->data, (*place)->data, FS_PAGE);
        fs_page_release(*place);
        *place = copy;
    }
    return *place;
}

void fs_pages_free(struct fs_inode *inode)
{
    for (size_t i = 0; i < inode->page_count; i++) {
        fs_page_release(inode->cache[i]);
        fs_page_release(inode->disk[i]);
    }
    free(inode->cache);
    free(inode->disk);
    free(inode->dirty);
}

static void pages_grow(struct fs_inode *inode, size_t count)
{
    if (count <= inode->page_count)
        return;
    size_t old = inode->page_count;
    size_t grown = count < old * 2 ? old * 2 : count;
    inode->cache = mem_realloc(inode->cache, grown * sizeof(struct fs_page *));
    inode->disk = mem_realloc(inode->disk, grown * sizeof(struct fs_page *));
    inode->dirty = mem_realloc(inode->dirty, grown);
    memset(&inode->cache[old], 0, (grown - old) * sizeof(struct fs_page *));
    memset(&inode->disk[old], 0, (grown - old) * sizeof(struct fs_page *));
    memset(inode->dirty + old, 0, grown - old);
    inode->page_count = grown;
}

static void dirty_set(struct fs_inode *inode, size_t page)
{
    inode->dirty[page] = 1;
    if (inode->dirty_first == inode->dirty_end) {
        inode->dirty_first = page;
        inode->dirty_end = page + 1;
    } else if (page < inode->dirty_first) {
        inode->dirty_first = page;
    } else if (page >= inode->dirty_end) {
        inode->dirty_end = page + 1;
    }
}

static void size_set(struct fs *fs, struct fs_inode *inode, uint64_t size)
{
    if (inode->live_refs > 0)
        fs->used = fs->used - inode->size + size;
    inode->size = size;
}

size_t fs_read(const struct fs_inode *inode, uint64_t at, void *to, size_t size)
{
    if (at >= inode->size)
        return 0;
    if (size > inode->size - at)
        size = (size_t)(inode->size - at);
    uint8_t *end = to;
    for (size_t left = size; left > 0;) {
        size_t page = (size_t)(at / FS_PAGE), offset = (size_t)(at % FS_PAGE);
        size_t part = FS_PAGE - offset < left ? FS_PAGE - offset : left;
        if (page < inode->page_count && inode->cache[page] != NULL)
            memcpy(end, inode->cache[page]->data + offset, part);
        else
            memset(end, 0, part);
        end += part;
        at += part;
        left -= part;
    }
    return size;
}

static bool all_zero(const uint8_t *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

void fs_write(struct fs *fs, struct fs_inode *inode, uint64_t at, bytes_t bytes)
{
    if (bytes.size == 0)
        return;
    inode->changes++;
    uint64_t end = at + bytes.size;
    pages_grow(inode, (size_t)((end + FS_PAGE - 1) / FS_PAGE));
    const uint8_t *from = bytes.data;
    for (size_t left = bytes.size; left > 0;) {
        size_t page = (size_t)(at / FS_PAGE), offset = (size_t)(at % FS_PAGE);
        size_t part = FS_PAGE - offset < left ? FS_PAGE - offset : left;
        // Zeros over a hole need no memory, so that a journal of half a gigabyte costs a table only.
        if (inode->cache[page] != NULL || !all_zero(from, part))
            memcpy(fs_page_own(&inode->cache[page])->data + offset, from, part);
        dirty_set(inode, page);
        from += part;
        at += part;
        left -= part;
    }
    if (end > inode->size)
        size_set(fs, inode, end);
}

void fs_page_zero_tail(struct fs_page **place, uint64_t size)
{
    size_t offset = (size_t)(size % FS_PAGE);
    if (*place != NULL)
        memset(fs_page_own(place)->data + offset, 0, FS_PAGE - offset);
}

void fs_truncate(struct fs *fs, struct fs_inode *inode, uint64_t size)
{
    inode->changes++;
    if (size < inode->size) {
        if (size < inode->cut)
            inode->cut = size;
        size_t first = (size_t)((size + FS_PAGE - 1) / FS_PAGE);
        for (size_t i = first; i < inode->page_count; i++) {
            fs_page_set(&inode->cache[i], NULL);
            inode->dirty[i] = 0;
        }
        size_t last = (size_t)(size / FS_PAGE);
        if (size % FS_PAGE != 0 && last < inode->page_count) {
            fs_page_zero_tail(&inode->cache[last], size);
            dirty_set(inode, last);
        }
    }
    size_set(fs, inode, size);
}

// The size is durable, and with it what truncation took away.
static void size_sync(struct fs_inode *inode)
{
    if (inode->cut != UINT64_MAX) {
        for (size_t i = (size_t)((inode->cut + FS_PAGE - 1) / FS_PAGE); i < inode->page_count; i++)
            if (!inode->dirty[i])
                fs_page_set(&inode->disk[i], inode->cache[i]);
            else
                fs_page_set(&inode->disk[i], NULL);
        size_t last = (size_t)(inode->cut / FS_PAGE);
        if (inode->cut % FS_PAGE != 0 && last < inode->page_count && inode->dirty[last])
            fs_page_zero_tail(&inode->disk[last], inode->cut);
    }
    inode->cut = UINT64_MAX;
    inode->disk_size = inode->size;
}

void fs_sync_range(struct fs_inode *inode, uint64_t at, uint64_t size)
{
    size_t end = (size_t)((at + size + FS_PAGE - 1) / FS_PAGE);
    for (size_t i = (size_t)(at / FS_PAGE); i < end && i < inode->page_count; i++) {
        if (inode->dirty[i])
            fs_page_set(&inode->disk[i], inode->cache[i]);
        inode->dirty[i] = 0;
    }
    size_sync(inode);
}

void fs_sync(struct fs_inode *inode)
{
    fs_sync_range(inode, (uint64_t)inode->dirty_first * FS_PAGE,
                  (uint64_t)(inode->dirty_end - inode->dirty_first) * FS_PAGE);
    inode->dirty_first = inode->dirty_end = 0;
}

void fs_sync_broken(struct fs_inode *inode, struct sim_rng *rng)
{
    for (size_t i = inode->dirty_first; i < inode->dirty_end; i++) {
        if (inode->dirty[i] && sim_rng_below(rng, 2) == 0)
            fs_page_set(&inode->disk[i], inode->cache[i]);
        inode->dirty[i] = 0;
    }
    inode->dirty_first = inode->dirty_end = 0;
}

void fs_sync_all(struct fs *fs)
{
    LIST_EACH(&fs->inodes, node)
    {
        struct fs_inode *inode = LIST_ITEM(node, struct fs_inode, node);
        if (!inode->is_dir)
            fs_sync(inode);
    }
    // All folders at once: every change, in its order. Going by folder would walk inodes that an applied change frees.
    LIST_EACH(&fs->changes, change_node)
    fs_change_apply(fs, LIST_ITEM(change_node, struct fs_change, node));
}
