// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/folder.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/system.h"
#include "kube/folder/mark.h"
#include "kube/folder/plan.h"
#include "kube/folder/prune.h"
#include "kube/folder/target.h"

#include <stdlib.h>

enum {
    LOOK_MS = 250, // between looks
    LOOK_SOON_MS = 50,
    RUNNING_MAX = 16,
};

bool folder_says(char **said, const char *text)
{
    bool is_new = text != NULL && (*said == NULL || strcmp(*said, text) != 0);
    char *next = text == NULL ? NULL : mem_text(text);
    free(*said);
    *said = next;
    return is_new;
}

void folder_step(struct folder *folder)
{
    if (!folder->is_stopping)
        loop_defer(folder->kube->loop, &folder->step);
}

// --- the end of a change

// Why it is not known what the files name; NULL: it is. In the arena.
static const char *prune_obstacle(const struct folder *folder, struct arena *arena)
{
    if (folder->unknown != NULL)
        return folder->unknown;
    for (size_t i = 0; i < folder->count; i++) {
        if (folder->order[i]->lacks_kind)
            return manifest_place(folder->order[i]->manifest, BYTES_LITERAL("kind"), arena);
    }
    return NULL;
}

static void prune(struct folder *folder)
{
    struct arena arena = ARENA_INIT;
    const char *obstacle = prune_obstacle(folder, &arena);
    if (folder_says(&folder->said_prune, obstacle))
        log_line(LOG_WARN, "nothing is deleted until it is known again what all manifests name",
                 LOG_FIELDS(log_text("at", obstacle)));
    if (obstacle == NULL)
        prune_start(folder);
    arena_free(&arena);
}

static void summary(struct folder *folder)
{
    size_t applied = 0, errors = folder->broken + folder->clashes;
    for (size_t i = 0; i < folder->count; i++) {
        applied += folder->order[i]->state == TARGET_DONE ? 1 : 0;
        errors += folder->order[i]->state == TARGET_FAILED ? 1 : 0;
    }
    log_line(LOG_INFO, "applied the manifests",
             LOG_FIELDS(log_int("objects", (int64_t)applied), log_int("errors", (int64_t)errors),
                        log_int("deleted", (int64_t)folder->pruned), log_text("from", folder->files.root)));
    folder->pruned = 0;
    folder->has_news = false;
}

static void on_settled(struct folder *folder)
{
    if (folder->pruning == 0 && folder->wants_prune && !folder->has_unread)
        prune(folder);
    if (folder->pruning == 0 && folder->has_news)
        summary(folder);
}

// --- what is to be applied

// Starts what is due. False: nothing is under way or will be soon. Of what failed, *RET_DUE_MS is the next that is due.
static bool start_due(struct folder *folder, int64_t *ret_due_ms)
{
    int64_t now_ms = loop_now_ms(folder->kube->loop);
    bool is_busy = false, is_base_open = false;
    for (size_t i = 0; i < folder->count; i++) {
        struct target *target = folder->order[i];
        bool is_base = plan_is_base(target->manifest), is_held = is_base_open && !is_base;
        bool is_open = target->state == TARGET_WANTED || target->state == TARGET_FAILED;
        if (is_open && target->due_ms <= now_ms && !is_held && folder->running < RUNNING_MAX)
            target_start(target);
        bool is_waiting = target->state == TARGET_WANTED || target->state == TARGET_RUNNING;
        is_busy = is_busy || is_waiting;
        is_base_open = is_base_open || (is_waiting && is_base);
        is_open = target->state == TARGET_WANTED || target->state == TARGET_FAILED;
        if (is_open && target->due_ms > now_ms && target->due_ms < *ret_due_ms)
            *ret_due_ms = target->due_ms;
    }
    return is_busy;
}

static void on_step(struct deferred *deferred)
{
    struct folder *folder = CONTAINER_OF(deferred, struct folder, step);
    int64_t due_ms = INT64_MAX;
    bool is_busy = start_due(folder, &due_ms);
    if (due_ms < INT64_MAX)
        timer_start(&folder->next_try, due_ms - loop_now_ms(folder->kube->loop));
    if (!is_busy && folder->running == 0)
        on_settled(folder);
}

static void on_next_try(struct timer *timer)
{
    folder_step(CONTAINER_OF(timer, struct folder, next_try));
}

// --- what the files name

static void clashes_say(struct folder *folder, const struct plan *plan)
{
    struct arena arena = ARENA_INIT;
    struct writer all = WRITER_INIT;
    for (size_t i = 0; i < plan->clash_count; i++) {
        const struct manifest *second = plan->clashes[i].second;
        const char *at = manifest_place(second, BYTES_LITERAL("metadata.name"), &arena);
        const char *first = manifest_place(plan->clashes[i].first, BYTES_LITERAL("metadata.name"), &arena);
        const char *line = arena_format(&arena, "%s %s\n", at, first);
        if (folder->said_clashes == NULL || strstr(folder->said_clashes, line) == NULL)
            log_line(LOG_ERROR, "two manifests name the same object: the first one counts",
                     LOG_FIELDS(log_text("at", at), log_text("first", first), log_bytes("kind", second->kind),
                                log_bytes("name", second->name)));
        writer_text(&all, line);
    }
    folder->clashes = plan->clash_count;
    bytes_t text = writer_view(&all);
    (void)folder_says(&folder->said_clashes, text.size == 0 ? NULL : arena_text(&arena, text));
    writer_free(&all);
    arena_free(&arena);
}

static void targets_drop(struct folder *folder)
{
    for (struct map_node *node = map_next(&folder->targets, NULL), *next; node != NULL; node = next) {
        next = map_next(&folder->targets, node);
        struct target *target = CONTAINER_OF(node, struct target, node);
        if (target->is_named)
            continue;
        folder->wants_prune = true;
        target_drop(target);
    }
}

static void plan_adopt(struct folder *folder)
{
    struct arena arena = ARENA_INIT;
    struct plan plan;
    const struct manifests **files = arena_array(&arena, folder->files.count, sizeof *files);
    for (size_t i = 0; i < folder->files.count; i++)
        files[i] = folder->files.items[i]->manifests;
    plan_make(files, folder->files.count, &arena, &plan);
    for (struct map_node *node = map_next(&folder->targets, NULL); node != NULL;
         node = map_next(&folder->targets, node))
        CONTAINER_OF(node, struct target, node)->is_named = false;
    folder->order = mem_realloc(folder->order, (plan.count + 1) * sizeof(struct target *));
    folder->count = plan.count;
    for (size_t i = 0; i < plan.count; i++)
        folder->order[i] = target_name(folder, plan.items[i]);
    targets_drop(folder);
    clashes_say(folder, &plan);
    folder->has_news = true;
    arena_free(&arena);
}

// --- looks

static void broken_say(struct folder_file *file)
{
    struct arena arena = ARENA_INIT;
    const char *place = manifest_place_text(file->path, &file->place, &arena);
    if (folder_says(&file->said, arena_format(&arena, "%s %s", place, file->diag.text)))
        log_line(LOG_ERROR,
                 file->manifests == NULL ? "a file of manifests cannot be read"
                                         : "a file of manifests cannot be read: what it said before stays",
                 LOG_FIELDS(log_text("at", place), log_text("why", file->diag.text)));
    arena_free(&arena);
}

// True: the file says something else now.
static bool news_take(struct folder *folder, size_t index)
{
    struct folder_file *file = folder->files.items[index];
    enum file_news news = file->news;
    file->news = FILE_NEWS_NONE;
    switch (news) {
    case FILE_NEWS_NONE:
        return false;
    case FILE_NEWS_BROKEN:
        file->is_broken = true;
        broken_say(file);
        return false;
    case FILE_NEWS_TEXT:
        manifests_unref(file->manifests);
        file->manifests = file->fresh;
        file->fresh = NULL;
        file->is_broken = false;
        (void)folder_says(&file->said, NULL);
        return true;
    case FILE_NEWS_GONE:
        folder_file_drop(&folder->files, index);
        return true;
    }
    return false;
}

static void look_say(struct folder *folder)
{
    const struct folder_files *files = &folder->files;
    struct arena arena = ARENA_INIT;
    const char *text =
        files->err == ERR_OK ? NULL : arena_format(&arena, "%s %s", files->err_path, err_text(files->err));
    if (folder_says(&folder->said_look, text))
        log_line(LOG_ERROR, "the manifests cannot be looked at: what they said before stays",
                 LOG_FIELDS(log_text("at", files->err_path), log_err(files->err)));
    arena_free(&arena);
}

// Keeps what is asked between looks.
static void look_keep(struct folder *folder)
{
    const struct folder_files *files = &folder->files;
    const char *unknown = files->err != ERR_OK ? files->err_path : NULL;
    folder->broken = files->err != ERR_OK ? 1 : 0;
    folder->has_unread = false;
    for (size_t i = 0; i < files->count; i++) {
        const struct folder_file *file = files->items[i];
        folder->broken += file->is_broken ? 1 : 0;
        folder->has_unread = folder->has_unread || (file->manifests == NULL && !file->is_broken);
        if (unknown == NULL && file->manifests == NULL)
            unknown = file->path;
    }
    (void)folder_says(&folder->unknown, unknown);
}

// A kind came or changed: what failed may be right now. Or one went, and its objects with it.
static void kinds_look(struct folder *folder)
{
    const struct kinds *kinds = &folder->kube->resources.kinds;
    if (folder->generation == kinds->generation)
        return;
    folder->generation = kinds->generation;
    for (size_t i = 0; i < folder->count; i++) {
        struct target *target = folder->order[i];
        const struct manifest *manifest = target->manifest;
        if (target->state == TARGET_FAILED)
            target->due_ms = 0;
        else if (target->state == TARGET_DONE &&
                 kinds_find_object(kinds, manifest->api_version, manifest->kind, NULL) == NULL)
            target->state = TARGET_WANTED;
    }
}

static void on_look(struct disk_job *job)
{
    folder_look(&CONTAINER_OF(job, struct folder, look)->files);
}

static void on_looked(struct disk_job *job)
{
    struct folder *folder = CONTAINER_OF(job, struct folder, look);
    struct folder_files *files = &folder->files;
    bool is_new = !folder->is_begun;
    if (folder->is_stopping)
        return;
    folder->is_begun = true;
    for (size_t i = files->count; i-- > 0;)
        is_new = news_take(folder, i) || is_new;
    look_say(folder);
    look_keep(folder);
    kinds_look(folder);
    if (is_new)
        plan_adopt(folder);
    timer_start(&folder->next_look, files->is_unsettled ? LOOK_SOON_MS : LOOK_MS);
    folder_step(folder);
}

static void on_next_look(struct timer *timer)
{
    struct folder *folder = CONTAINER_OF(timer, struct folder, next_look);
    disk_submit(DISK_READ, &folder->look);
}

// --- the life of it

struct folder *folder_start(struct kube *kube, const char *root)
{
    struct folder *folder = mem_zalloc(1, sizeof *folder);
    char *here = system_folder();
    folder->kube = kube;
    folder->files.root = root;
    folder->name = mark_folder(&folder->arena, here, root);
    free(here);
    folder->targets = target_map();
    folder->wants_prune = true;
    folder->step.on_turn_end = on_step;
    folder->look = (struct disk_job){ .loop = kube->loop, .run = on_look, .on_done = on_looked };
    timer_init(&folder->next_look, kube->loop, on_next_look);
    timer_init(&folder->next_try, kube->loop, on_next_try);
    disk_submit(DISK_READ, &folder->look);
    return folder;
}

void folder_stop(struct folder *folder)
{
    if (folder == NULL)
        return;
    folder->is_stopping = true;
    timer_stop(&folder->next_look);
    timer_stop(&folder->next_try);
    loop_defer_cancel(folder->kube->loop, &folder->step);
}

void folder_free(struct folder *folder)
{
    if (folder == NULL)
        return;
    for (struct map_node *node = map_next(&folder->targets, NULL), *next; node != NULL; node = next) {
        next = map_next(&folder->targets, node);
        target_free(CONTAINER_OF(node, struct target, node));
    }
    map_free(&folder->targets);
    folder_files_deinit(&folder->files);
    free(folder->order);
    free(folder->unknown);
    free(folder->said_look);
    free(folder->said_clashes);
    free(folder->said_prune);
    arena_free(&folder->arena);
    free(folder);
}
