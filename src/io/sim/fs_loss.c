// SPDX-License-Identifier: Apache-2.0
// What a power loss leaves. Each file has its own luck, from nothing written back to everything, so that the rare
// combinations (all but one page) come up as often as the mixed ones.
#include "io/sim/fs.h"

#include "base/mem.h"
#include "io/sim/fs_page.h"

struct luck {
    struct sim_rng *rng;
    enum sim_loss loss;
    unsigned keep_percent, torn_percent;
};

static bool luck_keeps(const struct luck *luck)
{
    if (luck->loss == SIM_LOSS_SEEDED)
        return sim_rng_below(luck->rng, 100) < luck->keep_percent;
    return luck->loss == SIM_LOSS_NONE;
}

static struct luck luck_draw(struct sim_rng *rng, enum sim_loss loss)
{
    static const unsigned keep[] = { 0, 25, 50, 90, 100 }, torn[] = { 0, 20, 50 };
    struct luck luck = { rng, loss, keep[sim_rng_below(rng, 5)], torn[sim_rng_below(rng, 3)] };
    if (loss != SIM_LOSS_SEEDED)
        luck.torn_percent = 0;
    return luck;
}

// Some sectors are new: usually the first few, sometimes any, since a disk may write a page's sectors in any order.
static void page_tear(struct fs_page **disk, const struct fs_page *cache, struct sim_rng *rng)
{
    static const uint8_t zeros[FS_SECTOR];
    struct fs_page *page = fs_page_own(disk);
    bool in_order = sim_rng_below(rng, 4) != 0;
    size_t count = 1 + (size_t)sim_rng_below(rng, FS_PAGE / FS_SECTOR - 1);
    for (size_t i = 0; i < FS_PAGE / FS_SECTOR; i++) {
        if (in_order ? i < count : sim_rng_below(rng, 2) == 0)
            memcpy(page->data + i * FS_SECTOR, cache == NULL ? zeros : cache->data + i * FS_SECTOR, FS_SECTOR);
    }
}

// Space that was given to the file and not written shows what lay there before, or zeros.
static void page_garbage(struct fs_page **disk, struct sim_rng *rng)
{
    struct fs_page *page = fs_page_own(disk);
    for (size_t i = 0; i < FS_PAGE; i += 8) {
        uint64_t word = sim_rng_next(rng);
        memcpy(page->data + i, &word, 8);
    }
}

static void page_lose(struct fs_inode *inode, size_t page, const struct luck *luck, bool is_new)
{
    if (luck_keeps(luck)) {
        fs_page_set(&inode->disk[page], inode->cache[page]);
        return;
    }
    if (luck->loss == SIM_LOSS_SEEDED && is_new && sim_rng_below(luck->rng, 8) == 0)
        page_garbage(&inode->disk[page], luck->rng);
    if (sim_rng_below(luck->rng, 100) < luck->torn_percent)
        page_tear(&inode->disk[page], inode->cache[page], luck->rng);
}

static void disk_cut(struct fs_inode *inode, uint64_t size)
{
    for (size_t i = (size_t)((size + FS_PAGE - 1) / FS_PAGE); i < inode->page_count; i++)
        fs_page_set(&inode->disk[i], NULL);
    if (size % FS_PAGE != 0 && size / FS_PAGE < inode->page_count)
        fs_page_zero_tail(&inode->disk[size / FS_PAGE], size);
    inode->disk_size = size;
}

static uint64_t size_lose(uint64_t disk_size, uint64_t size, const struct luck *luck)
{
    if (size <= disk_size || luck->loss == SIM_LOSS_ALL)
        return disk_size;
    if (luck_keeps(luck))
        return size;
    return sim_rng_below(luck->rng, 2) == 0 ? disk_size : disk_size + sim_rng_below(luck->rng, size - disk_size);
}

static void file_lose(struct fs_inode *inode, const struct luck *luck)
{
    uint64_t old_size = inode->disk_size;
    size_t end = inode->dirty_end;
    if (inode->cut < inode->disk_size) {
        // Truncation is one change: it happened or it did not, and what was written behind the cut comes after it.
        if (luck_keeps(luck)) {
            disk_cut(inode, inode->cut);
            old_size = inode->cut;
        } else if (end > (size_t)((inode->cut + FS_PAGE - 1) / FS_PAGE)) {
            end = (size_t)((inode->cut + FS_PAGE - 1) / FS_PAGE);
        }
    }
    for (size_t i = inode->dirty_first; i < end; i++)
        if (inode->dirty[i])
            page_lose(inode, i, luck, (uint64_t)i * FS_PAGE >= old_size);
    bool was_cut = inode->cut == UINT64_MAX || old_size <= inode->cut;
    disk_cut(inode, was_cut ? size_lose(old_size, inode->size, luck) : old_size);
}

static void file_reload(struct fs_inode *inode)
{
    for (size_t i = 0; i < inode->page_count; i++) {
        fs_page_set(&inode->cache[i], inode->disk[i]);
        inode->dirty[i] = 0;
    }
    inode->size = inode->disk_size;
    inode->cut = UINT64_MAX;
    inode->dirty_first = inode->dirty_end = 0;
}

// Journaling file systems keep a prefix of all changes; POSIX promises nothing between folders. Half the time each.
static void changes_lose(struct fs *fs, struct sim_rng *rng, enum sim_loss loss)
{
    struct luck luck = luck_draw(rng, loss);
    if (luck.keep_percent == 0 && sim_rng_below(rng, 2) == 0)
        luck.keep_percent = 75;
    bool per_folder = sim_rng_below(rng, 2) == 0;
    LIST_EACH(&fs->changes, node)
    {
        struct fs_change *change = LIST_ITEM(node, struct fs_change, node);
        struct fs_inode *home = !per_folder ? fs->root : change->to != NULL ? change->to : change->from;
        home->stopped = home->stopped || !luck_keeps(&luck);
        if (home->stopped)
            fs_change_free(fs, change);
        else
            fs_change_apply(fs, change);
    }
}

static void dir_reload(struct fs *fs, struct fs_inode *dir)
{
    dir->stopped = false;
    fs_names_clear(fs, &dir->names);
    for (struct map_node *node = map_next(&dir->disk_names, NULL); node != NULL;
         node = map_next(&dir->disk_names, node)) {
        struct fs_name *name = CONTAINER_OF(node, struct fs_name, node);
        fs_name_put(fs, &dir->names, bytes_of_text(name->text), name->inode);
    }
}

void fs_power_loss(struct fs *fs, struct sim_rng *rng, enum sim_loss loss)
{
    // Nothing is freed while the lists are walked.
    LIST_EACH(&fs->inodes, held)
    {
        fs_hold(LIST_ITEM(held, struct fs_inode, node));
    }
    changes_lose(fs, rng, loss);
    LIST_EACH(&fs->inodes, node)
    {
        struct fs_inode *inode = LIST_ITEM(node, struct fs_inode, node);
        struct luck luck = luck_draw(rng, loss);
        if (!inode->is_dir) {
            file_lose(inode, &luck);
            file_reload(inode);
        } else {
            dir_reload(fs, inode);
        }
    }
    struct list_node *first;
    struct list_node all;
    list_init(&all);
    list_splice(&all, &fs->inodes);
    while ((first = list_first(&all)) != NULL) {
        list_remove(first);
        list_append(&fs->inodes, first);
        fs_release(fs, LIST_ITEM(first, struct fs_inode, node));
    }
}

void fs_restart(struct fs *fs)
{
    fs->used = 0;
    LIST_EACH(&fs->inodes, node)
    {
        struct fs_inode *inode = LIST_ITEM(node, struct fs_inode, node);
        inode->live_refs = 0;
        inode->lock_holder = NULL;
    }
    LIST_EACH(&fs->inodes, dir_node)
    {
        struct fs_inode *dir = LIST_ITEM(dir_node, struct fs_inode, node);
        for (struct map_node *node = map_next(&dir->names, NULL); node != NULL; node = map_next(&dir->names, node))
            fs_live(fs, CONTAINER_OF(node, struct fs_name, node)->inode, 1);
    }
}
