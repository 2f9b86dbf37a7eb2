// SPDX-License-Identifier: Apache-2.0
// io/file.h on the file system in memory: counts operations, decides about faults and crashes.
#include "io/file.h"

#include "base/mem.h"
#include "io/sim/loop_sim.h"

#include <stdlib.h>

struct file {
    struct list_node node;  // in sim->files
    struct fs_inode *inode; // NULL: the program that opened it crashed
    unsigned flags;
};

enum operation {
    OP_READS,   // looks only
    OP_CHANGES, // names
    OP_NEEDS_ROOM,
    OP_WRITES,     // behind the end of the file
    OP_OVERWRITES, // inside the file: its room is there already
    OP_SYNCS,
};

static const int64_t cost_ns[] = {
    [OP_READS] = 2000,  [OP_CHANGES] = 8000,    [OP_NEEDS_ROOM] = 8000,
    [OP_WRITES] = 5000, [OP_OVERWRITES] = 5000, [OP_SYNCS] = 100000,
};

// What one operation meets. CRASH is SIM_FAULT_NONE when none falls on it.
struct verdict {
    err_t err;
    enum sim_fault crash;
};

static bool operation_needs_room(const struct sim *sim, enum operation operation)
{
    return operation == OP_WRITES || operation == OP_NEEDS_ROOM ||
           (operation == OP_OVERWRITES && sim->options.copy_on_write);
}

static err_t chance_of_fault(struct sim *sim, enum operation operation)
{
    const struct sim_options *options = &sim->options;
    bool needs_room = operation_needs_room(sim, operation);
    if (operation == OP_READS && sim_rng_chance(&sim->storage, options->read_error_ppm))
        return ERR_IO;
    bool writes = operation == OP_WRITES || operation == OP_OVERWRITES;
    if (writes && sim_rng_chance(&sim->storage, options->write_error_ppm))
        return ERR_IO;
    if (operation == OP_SYNCS && sim_rng_chance(&sim->storage, options->sync_error_ppm))
        return ERR_IO;
    if (needs_room && sim_rng_chance(&sim->storage, options->space_error_ppm))
        return ERR_NO_SPACE;
    return ERR_OK;
}

static bool plan_applies(const struct sim *sim)
{
    if (sim->plan == SIM_FAULT_NONE)
        return false;
    return sim->operation_count == sim->plan_number || (sim->plan_stays && sim->operation_count > sim->plan_number);
}

static struct verdict operation_judge(struct sim *sim, enum operation operation)
{
    struct verdict verdict = { ERR_OK, SIM_FAULT_NONE };
    if (!plan_applies(sim)) {
        verdict.err = chance_of_fault(sim, operation);
    } else if (sim->plan == SIM_FAULT_IO) {
        verdict.err = ERR_IO;
    } else if (sim->plan == SIM_FAULT_NO_SPACE) {
        verdict.err = operation_needs_room(sim, operation) ? ERR_NO_SPACE : ERR_OK;
    } else {
        verdict = (struct verdict){ ERR_IO, sim->plan };
    }
    return verdict;
}

static struct verdict operation_start(struct sim *sim, enum operation operation, uint64_t detail)
{
    if (sim->crashed)
        return (struct verdict){ ERR_IO, SIM_FAULT_NONE };
    sim->operation_count++;
    if (sim->current != NULL && !sim->in_job)
        sim->blocking_count++;
    sim->job_cost_ns += cost_ns[operation] + sim_jitter(sim, cost_ns[operation]);
    if (sim_rng_chance(&sim->storage, sim->options.disk_delay_ppm)) {
        sim->job_cost_ns += 1000000 * (1 + (int64_t)sim_rng_below(&sim->storage, sim->options.disk_delay_max_ms));
        sim_fault_add(sim, SIM_TRACE_OPERATION);
    }
    struct verdict verdict = operation_judge(sim, operation);
    sim_trace_add(sim, SIM_TRACE_OPERATION, (uint64_t)operation << 8 | (uint64_t)verdict.err, detail);
    if (verdict.err != ERR_OK && verdict.crash == SIM_FAULT_NONE)
        sim_fault_add(sim, SIM_TRACE_OPERATION);
    return verdict;
}

// The crash itself comes when a torn write has left its part.
static err_t operation_end(struct sim *sim, struct verdict verdict)
{
    if (verdict.crash == SIM_FAULT_POWER_LOSS)
        sim_crash_now(sim, SIM_POWER_LOSS);
    else if (verdict.crash == SIM_FAULT_KILL)
        sim_crash_now(sim, SIM_KILL);
    return verdict.err;
}

static err_t operation(struct sim *sim, enum operation kind, uint64_t detail)
{
    return operation_end(sim, operation_start(sim, kind, detail));
}

static err_t file_operation(const struct file *file, enum operation kind)
{
    return file->inode == NULL ? ERR_IO : operation(sim_here(), kind, file->inode->number);
}

// --- handles

static err_t open_inode(struct sim *sim, const char *path, unsigned flags, struct fs_inode **ret_inode)
{
    struct fs_inode *inode = fs_find(&sim->fs, path);
    bytes_t name;
    struct fs_inode *dir = fs_find_parent(&sim->fs, path, &name);
    if (inode != NULL && inode->is_dir)
        return ERR_IO;
    if (inode != NULL && (flags & FILE_CREATE) && (flags & FILE_EXCLUSIVE))
        return ERR_EXISTS;
    if (inode == NULL && (!(flags & FILE_CREATE) || dir == NULL))
        return ERR_NOT_FOUND;
    if ((flags & FILE_DIRECT) && sim->options.no_direct)
        return ERR_UNSUPPORTED;
    if (inode == NULL)
        inode = fs_create(&sim->fs, dir, name, false);
    else if (flags & FILE_TRUNCATE)
        fs_truncate(&sim->fs, inode, 0);
    *ret_inode = inode;
    return ERR_OK;
}

err_t file_open(const char *path, unsigned flags, struct file **ret_file)
{
    struct sim *sim = sim_here();
    bytes_t text = bytes_of_text(path);
    enum operation kind = flags & (FILE_CREATE | FILE_TRUNCATE) ? OP_NEEDS_ROOM : OP_READS;
    err_t err = operation(sim, kind, text.size);
    struct fs_inode *inode = NULL;
    if (err == ERR_OK)
        err = open_inode(sim, path, flags, &inode);
    if (err != ERR_OK)
        return err;
    struct file *file = mem_zalloc(1, sizeof(*file));
    file->inode = inode;
    file->flags = flags;
    fs_hold(inode);
    fs_live(&sim->fs, inode, 1);
    list_append(&sim->files, &file->node);
    *ret_file = file;
    return ERR_OK;
}

void file_close(struct file *file)
{
    if (file == NULL)
        return;
    if (file->inode != NULL) {
        struct sim *sim = sim_here();
        if (file->inode->lock_holder == file)
            file->inode->lock_holder = NULL;
        fs_live(&sim->fs, file->inode, -1);
        fs_release(&sim->fs, file->inode);
    }
    list_remove(&file->node);
    free(file);
}

// The handles stay, for file_close, but lead nowhere.
void sim_files_drop(struct sim *sim)
{
    LIST_EACH(&sim->files, node)
    {
        struct file *file = LIST_ITEM(node, struct file, node);
        if (file->inode == NULL)
            continue;
        fs_live(&sim->fs, file->inode, -1);
        fs_release(&sim->fs, file->inode);
        file->inode = NULL;
    }
}

void sim_files_free(struct sim *sim)
{
    LIST_EACH(&sim->files, node)
    {
        file_close(LIST_ITEM(node, struct file, node));
    }
}

err_t file_size(struct file *file, uint64_t *ret_size)
{
    err_t err = file_operation(file, OP_READS);
    if (err == ERR_OK)
        *ret_size = file->inode->size;
    return err;
}

static void direct_check(const struct file *file, uint64_t at, const void *memory, size_t size)
{
    if (file->flags & FILE_DIRECT) {
        ASSERT(at % FS_PAGE == 0);
        ASSERT(size % FS_PAGE == 0);
        ASSERT((uintptr_t)memory % FS_PAGE == 0);
    }
}

err_t file_read_at(struct file *file, uint64_t at, void *to, size_t size, size_t *ret_size)
{
    direct_check(file, at, to, size);
    err_t err = file_operation(file, OP_READS);
    if (err == ERR_OK)
        *ret_size = fs_read(file->inode, at, to, size);
    return err;
}

// Writes at most LIMIT bytes of the parts.
static void parts_write(struct file *file, uint64_t at, const bytes_t *parts, size_t count, uint64_t limit)
{
    struct sim *sim = sim_here();
    for (size_t i = 0; i < count && limit > 0; i++) {
        size_t size = parts[i].size < limit ? parts[i].size : (size_t)limit;
        fs_write(&sim->fs, file->inode, at, bytes_of(parts[i].data, size));
        at += size;
        limit -= size;
    }
}

// What a failed or interrupted write leaves: whole sectors of its front, sometimes nothing, never all.
static uint64_t short_size(struct sim *sim, uint64_t at, uint64_t size)
{
    if (size == 0)
        return 0;
    uint64_t end = at + sim_rng_below(&sim->storage, size);
    end -= end % FS_SECTOR;
    return end > at ? end - at : 0;
}

err_t file_write_at(struct file *file, uint64_t at, const bytes_t *parts, size_t count)
{
    struct sim *sim = sim_here();
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        direct_check(file, at + size, parts[i].data, parts[i].size);
        size += parts[i].size;
    }
    if (file->inode == NULL || sim->crashed)
        return ERR_IO;
    ASSERT(file->flags & FILE_WRITE);
    uint64_t grows = at + size > file->inode->size ? at + size - file->inode->size : 0;
    enum operation operation = grows > 0 ? OP_WRITES : OP_OVERWRITES;
    struct verdict verdict = operation_start(sim, operation, file->inode->number ^ at << 8 ^ size << 40);
    sim->job_cost_ns += (int64_t)(size / 2);
    uint64_t needs = sim->options.copy_on_write ? size : grows;
    if (verdict.err == ERR_OK && needs > 0 && sim->fs.used + needs > sim->options.disk_quota) {
        verdict.err = ERR_NO_SPACE;
        sim_fault_add(sim, SIM_TRACE_OPERATION);
    }
    uint64_t limit = verdict.err == ERR_OK ? size : short_size(sim, at, size);
    if (verdict.err == ERR_NO_SPACE && sim->fs.used + limit > sim->options.disk_quota)
        limit = 0;
    parts_write(file, at, parts, count, limit);
    if (verdict.err == ERR_OK && (file->flags & FILE_DSYNC)) {
        fs_sync_range(file->inode, at, size);
        sim->job_cost_ns += cost_ns[OP_SYNCS];
    }
    return operation_end(sim, verdict);
}

err_t file_truncate(struct file *file, uint64_t size)
{
    struct sim *sim = sim_here();
    err_t err = file_operation(file, OP_NEEDS_ROOM);
    if (err != ERR_OK)
        return err;
    if (size > file->inode->size && sim->fs.used + (size - file->inode->size) > sim->options.disk_quota)
        return ERR_NO_SPACE;
    fs_truncate(&sim->fs, file->inode, size);
    return ERR_OK;
}

// The twin's disk has no space that is taken and not used: only the call can fail.
err_t file_reserve(struct file *file, uint64_t size)
{
    struct sim *sim = sim_here();
    err_t err = file_operation(file, OP_NEEDS_ROOM);
    if (err != ERR_OK)
        return err;
    uint64_t added = size > file->inode->size ? size - file->inode->size : 0;
    return sim->fs.used + added > sim->options.disk_quota ? ERR_NO_SPACE : ERR_OK;
}

err_t file_sync(struct file *file)
{
    struct sim *sim = sim_here();
    if (file->inode == NULL)
        return ERR_IO;
    struct verdict verdict = operation_start(sim, OP_SYNCS, file->inode->number);
    if (verdict.err == ERR_OK)
        fs_sync(file->inode);
    else if (verdict.crash == SIM_FAULT_NONE && !sim->crashed)
        fs_sync_broken(file->inode, &sim->storage);
    return operation_end(sim, verdict);
}

static void all_sync_broken(struct sim *sim)
{
    LIST_EACH(&sim->fs.inodes, node)
    {
        struct fs_inode *inode = LIST_ITEM(node, struct fs_inode, node);
        if (!inode->is_dir)
            fs_sync_broken(inode, &sim->storage);
    }
}

err_t file_sync_system(struct file *file)
{
    struct sim *sim = sim_here();
    if (file->inode == NULL)
        return ERR_IO;
    struct verdict verdict = operation_start(sim, OP_SYNCS, 0);
    if (verdict.err == ERR_OK)
        fs_sync_all(&sim->fs);
    else if (verdict.crash == SIM_FAULT_NONE && !sim->crashed)
        all_sync_broken(sim);
    return operation_end(sim, verdict);
}

err_t file_lock(struct file *file)
{
    err_t err = file_operation(file, OP_READS);
    if (err != ERR_OK)
        return err;
    const void *holder = file->inode->lock_holder;
    if (file->inode->foreign_lock || (holder != NULL && holder != file))
        return ERR_BUSY;
    file->inode->lock_holder = file;
    return ERR_OK;
}

void sim_file_lock(struct sim *sim, const char *path, bool locked)
{
    struct fs_inode *inode = fs_find(&sim->fs, path);
    ASSERT(inode != NULL);
    inode->foreign_lock = locked;
}

// --- names

err_t file_rename(const char *from, const char *to)
{
    struct sim *sim = sim_here();
    err_t err = operation(sim, OP_CHANGES, 1);
    if (err != ERR_OK)
        return err;
    bytes_t from_name, to_name;
    struct fs_inode *from_dir = fs_find_parent(&sim->fs, from, &from_name);
    struct fs_inode *to_dir = fs_find_parent(&sim->fs, to, &to_name);
    struct fs_inode *inode = from_dir == NULL ? NULL : fs_lookup(from_dir, from_name);
    if (inode == NULL || to_dir == NULL)
        return ERR_NOT_FOUND;
    struct fs_inode *replaced = fs_lookup(to_dir, to_name);
    if (replaced != NULL && replaced != inode) {
        if (replaced->is_dir != inode->is_dir)
            return ERR_IO;
        if (replaced->is_dir && replaced->names.count > 0)
            return ERR_IO;
    }
    fs_rename(&sim->fs, from_dir, from_name, to_dir, to_name);
    return ERR_OK;
}

static err_t name_remove(const char *path, bool is_dir)
{
    struct sim *sim = sim_here();
    err_t err = operation(sim, OP_CHANGES, 2);
    if (err != ERR_OK)
        return err;
    bytes_t name;
    struct fs_inode *dir = fs_find_parent(&sim->fs, path, &name);
    struct fs_inode *inode = dir == NULL ? NULL : fs_lookup(dir, name);
    if (inode == NULL)
        return ERR_NOT_FOUND;
    if (inode->is_dir != is_dir || (is_dir && inode->names.count > 0))
        return ERR_IO;
    fs_remove(&sim->fs, dir, name);
    return ERR_OK;
}

err_t file_remove(const char *path)
{
    return name_remove(path, false);
}

err_t dir_remove(const char *path)
{
    return name_remove(path, true);
}

bool file_exists(const char *path)
{
    return fs_find(&sim_here()->fs, path) != NULL;
}

err_t file_look(const char *path, struct file_stamp *ret_stamp)
{
    const struct fs_inode *inode = fs_find(&sim_here()->fs, path);
    if (inode == NULL)
        return ERR_NOT_FOUND;
    *ret_stamp = (struct file_stamp){
        .number = inode->number,
        .size = inode->size,
        .changed_ns = inode->changes,
        .is_dir = inode->is_dir,
    };
    return ERR_OK;
}

err_t dir_make(const char *path)
{
    struct sim *sim = sim_here();
    err_t err = operation(sim, OP_NEEDS_ROOM, 3);
    if (err != ERR_OK)
        return err;
    if (fs_find(&sim->fs, path) != NULL)
        return ERR_EXISTS;
    bytes_t name;
    struct fs_inode *dir = fs_find_parent(&sim->fs, path, &name);
    if (dir == NULL)
        return ERR_NOT_FOUND;
    (void)fs_create(&sim->fs, dir, name, true);
    return ERR_OK;
}

static err_t find_dir(struct sim *sim, const char *path, struct fs_inode **ret_dir)
{
    struct fs_inode *dir = fs_find(&sim->fs, path);
    if (dir == NULL)
        return ERR_NOT_FOUND;
    *ret_dir = dir;
    return dir->is_dir ? ERR_OK : ERR_IO;
}

err_t dir_sync(const char *path)
{
    struct sim *sim = sim_here();
    struct fs_inode *dir = NULL;
    err_t err = operation(sim, OP_SYNCS, 4);
    if (err == ERR_OK)
        err = find_dir(sim, path, &dir);
    if (err == ERR_OK)
        fs_dir_sync(&sim->fs, dir);
    return err;
}

err_t dir_list(const char *path, struct arena *arena, struct dir_entry **ret_entries, size_t *ret_count)
{
    struct sim *sim = sim_here();
    struct fs_inode *dir = NULL;
    err_t err = operation(sim, OP_READS, 5);
    if (err == ERR_OK)
        err = find_dir(sim, path, &dir);
    if (err != ERR_OK)
        return err;
    size_t count;
    const struct fs_name **names = fs_names(dir, &count);
    struct dir_entry *entries = arena_array(arena, count, sizeof(*entries));
    for (size_t i = 0; i < count; i++) {
        const char *text = arena_text(arena, bytes_of_text(fs_name_text(names[i])));
        entries[i] = (struct dir_entry){ text, fs_name_is_dir(names[i]) };
    }
    free(names);
    // In no particular order means that the program must not see one it could rely on.
    for (size_t i = count; i > 1 && !sim->options.steady; i--) {
        size_t other = (size_t)sim_rng_below(&sim->storage, i);
        struct dir_entry entry = entries[i - 1];
        entries[i - 1] = entries[other];
        entries[other] = entry;
    }
    *ret_entries = entries;
    *ret_count = count;
    return ERR_OK;
}

err_t dir_space(const char *path, uint64_t *ret_free, uint64_t *ret_total)
{
    struct sim *sim = sim_here();
    struct fs_inode *dir = NULL;
    err_t err = operation(sim, OP_READS, 6);
    if (err == ERR_OK)
        err = find_dir(sim, path, &dir);
    if (err != ERR_OK)
        return err;
    uint64_t total = sim->options.disk_quota;
    *ret_total = total;
    *ret_free = sim->fs.used < total ? total - sim->fs.used : 0;
    return ERR_OK;
}
