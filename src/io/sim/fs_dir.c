// SPDX-License-Identifier: Apache-2.0
#include "io/sim/fs.h"

#include "base/mem.h"
#include "io/sim/fs_page.h"

#include <assert.h>
#include <stdlib.h>

static bytes_t name_key(const struct map_node *node)
{
    return bytes_of_text(((const struct fs_name *)(const void *)node)->text);
}

static_assert(offsetof(struct fs_name, node) == 0, "name_key casts");

static struct fs_inode *inode_new(struct fs *fs, bool is_dir)
{
    struct fs_inode *inode = mem_zalloc(1, sizeof(*inode));
    inode->number = ++fs->next_number;
    inode->is_dir = is_dir;
    inode->cut = UINT64_MAX;
    inode->names = MAP_INIT(name_key);
    inode->disk_names = MAP_INIT(name_key);
    list_append(&fs->inodes, &inode->node);
    return inode;
}

void fs_hold(struct fs_inode *inode)
{
    inode->refs++;
}

void fs_release(struct fs *fs, struct fs_inode *inode)
{
    ASSERT(inode->refs > 0);
    if (--inode->refs > 0)
        return;
    fs_names_clear(fs, &inode->names);
    fs_names_clear(fs, &inode->disk_names);
    fs_pages_free(inode);
    list_remove(&inode->node);
    free(inode);
}

// The names of the seen image and the handles count for the room a file takes.
void fs_live(struct fs *fs, struct fs_inode *inode, int by)
{
    bool was = inode->live_refs > 0;
    inode->live_refs = (unsigned)((int)inode->live_refs + by);
    if (was && inode->live_refs == 0)
        fs->used -= inode->size;
    else if (!was && inode->live_refs > 0)
        fs->used += inode->size;
}

static struct fs_name *name_find(const struct map *names, bytes_t name)
{
    struct map_node *node = map_find(names, name);
    return node == NULL ? NULL : CONTAINER_OF(node, struct fs_name, node);
}

void fs_name_take(struct fs *fs, struct map *names, bytes_t name)
{
    struct fs_name *item = name_find(names, name);
    if (item == NULL)
        return;
    map_remove(names, &item->node);
    fs_release(fs, item->inode);
    free(item->text);
    free(item);
}

void fs_name_put(struct fs *fs, struct map *names, bytes_t name, struct fs_inode *inode)
{
    fs_hold(inode);
    fs_name_take(fs, names, name);
    struct fs_name *item = mem_zalloc(1, sizeof(*item));
    item->text = bytes_to_text(name);
    item->inode = inode;
    map_insert(names, &item->node);
}

void fs_names_clear(struct fs *fs, struct map *names)
{
    struct map_node *next = map_next(names, NULL);
    while (next != NULL) {
        struct fs_name *item = CONTAINER_OF(next, struct fs_name, node);
        next = map_next(names, next);
        map_remove(names, &item->node);
        fs_release(fs, item->inode);
        free(item->text);
        free(item);
    }
    map_free(names);
}

void fs_init(struct fs *fs)
{
    list_init(&fs->inodes);
    list_init(&fs->changes);
    fs->root = inode_new(fs, true);
    fs_hold(fs->root);
}

void fs_deinit(struct fs *fs)
{
    LIST_EACH(&fs->changes, node)
    {
        fs_change_free(fs, LIST_ITEM(node, struct fs_change, node));
    }
    fs_release(fs, fs->root);
    ASSERT(list_empty(&fs->inodes));
}

// --- paths: "/" and "." at the front mean the same folder

static bytes_t path_next(const char **path)
{
    for (;;) {
        while (**path == '/')
            (*path)++;
        const char *start = *path;
        while (**path != '\0' && **path != '/')
            (*path)++;
        bytes_t part = bytes_of(start, (size_t)(*path - start));
        ASSERT(!bytes_is(part, ".."));
        if (!bytes_is(part, "."))
            return part;
    }
}

struct fs_inode *fs_lookup(const struct fs_inode *dir, bytes_t name)
{
    struct fs_name *item = dir->is_dir ? name_find(&dir->names, name) : NULL;
    return item == NULL ? NULL : item->inode;
}

struct fs_inode *fs_find(struct fs *fs, const char *path)
{
    struct fs_inode *inode = fs->root;
    for (bytes_t part; inode != NULL && (part = path_next(&path)).size > 0;)
        inode = fs_lookup(inode, part);
    return inode;
}

struct fs_inode *fs_find_parent(struct fs *fs, const char *path, bytes_t *ret_name)
{
    struct fs_inode *dir = fs->root;
    bytes_t part = path_next(&path);
    for (bytes_t next; dir != NULL && (next = path_next(&path)).size > 0; part = next)
        dir = fs_lookup(dir, part);
    if (dir == NULL || !dir->is_dir || part.size == 0)
        return NULL;
    *ret_name = part;
    return dir;
}

// --- changes

static void change_add(struct fs *fs, struct fs_inode *from, bytes_t from_name, struct fs_inode *to, bytes_t to_name,
                       struct fs_inode *inode)
{
    struct fs_change *change = mem_zalloc(1, sizeof(*change));
    change->from = from;
    change->to = to;
    change->inode = inode;
    fs_hold(inode);
    if (from != NULL) {
        fs_hold(from);
        change->from_name = bytes_to_text(from_name);
    }
    if (to != NULL) {
        fs_hold(to);
        change->to_name = bytes_to_text(to_name);
    }
    list_append(&fs->changes, &change->node);
}

void fs_change_free(struct fs *fs, struct fs_change *change)
{
    list_remove(&change->node);
    fs_release(fs, change->inode);
    if (change->from != NULL)
        fs_release(fs, change->from);
    if (change->to != NULL)
        fs_release(fs, change->to);
    free(change->from_name);
    free(change->to_name);
    free(change);
}

// Earlier changes of another folder may be lost, so a name may be absent or mean something else by now.
void fs_change_apply(struct fs *fs, struct fs_change *change)
{
    if (change->to != NULL)
        fs_name_put(fs, &change->to->disk_names, bytes_of_text(change->to_name), change->inode);
    if (change->from != NULL) {
        struct fs_name *item = name_find(&change->from->disk_names, bytes_of_text(change->from_name));
        if (item != NULL && item->inode == change->inode)
            fs_name_take(fs, &change->from->disk_names, bytes_of_text(change->from_name));
    }
    fs_change_free(fs, change);
}

void fs_dir_sync(struct fs *fs, struct fs_inode *dir)
{
    LIST_EACH(&fs->changes, node)
    {
        struct fs_change *change = LIST_ITEM(node, struct fs_change, node);
        if (change->from == dir || change->to == dir)
            fs_change_apply(fs, change);
    }
}

struct fs_inode *fs_create(struct fs *fs, struct fs_inode *dir, bytes_t name, bool is_dir)
{
    struct fs_inode *inode = inode_new(fs, is_dir);
    fs_name_put(fs, &dir->names, name, inode);
    fs_live(fs, inode, 1);
    change_add(fs, NULL, BYTES_NULL, dir, name, inode);
    return inode;
}

void fs_remove(struct fs *fs, struct fs_inode *dir, bytes_t name)
{
    struct fs_inode *inode = fs_lookup(dir, name);
    ASSERT(inode != NULL);
    change_add(fs, dir, name, NULL, BYTES_NULL, inode);
    fs_live(fs, inode, -1);
    fs_name_take(fs, &dir->names, name);
}

void fs_rename(struct fs *fs, struct fs_inode *from, bytes_t from_name, struct fs_inode *to, bytes_t to_name)
{
    struct fs_inode *inode = fs_lookup(from, from_name);
    ASSERT(inode != NULL);
    struct fs_inode *replaced = fs_lookup(to, to_name);
    if (replaced == inode)
        return;
    change_add(fs, from, from_name, to, to_name, inode);
    if (replaced != NULL)
        fs_live(fs, replaced, -1);
    fs_name_put(fs, &to->names, to_name, inode);
    fs_name_take(fs, &from->names, from_name);
}

static int name_order(const void *a, const void *b)
{
    const struct fs_name *const *first = a, *const *second = b;
    return strcmp((*first)->text, (*second)->text);
}

const struct fs_name **fs_names(const struct fs_inode *dir, size_t *ret_count)
{
    const struct fs_name **names = mem_alloc((dir->names.count + 1) * sizeof(struct fs_name *));
    size_t count = 0;
    for (struct map_node *node = map_next(&dir->names, NULL); node != NULL; node = map_next(&dir->names, node))
        names[count++] = CONTAINER_OF(node, struct fs_name, node);
    // The table's own order depends on hashes.
    qsort(names, count, sizeof(struct fs_name *), name_order);
    *ret_count = count;
    return names;
}

const char *fs_name_text(const struct fs_name *name)
{
    return name->text;
}

bool fs_name_is_dir(const struct fs_name *name)
{
    return name->inode->is_dir;
}
