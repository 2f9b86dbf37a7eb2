// SPDX-License-Identifier: Apache-2.0
// Recovery of the journal: every frame behind the checkpoint is written to the segments again, by position, so that
// doing it twice changes nothing. Entries of partitions that are gone, or of what the checkpoint covers, are skipped.
#include "base/log.h"
#include "base/mem.h"
#include "store/journal.h"
#include "store/journal_frame.h"
#include "store/open.h"

#include <stdio.h>
#include <stdlib.h>

struct target_key {
    struct topic_id id;
    int32_t number;
};

struct target {
    struct map_node node;
    struct target_key key;
    const char *path;
    const struct slot_partition *known; // NULL: the checkpoint does not know it
};

struct replay {
    struct store *store;
    struct arena arena;
    struct map targets;
    struct file *file; // of the journal
    struct file *segment;
    const struct target *segment_target;
    int64_t segment_base;
    uint64_t frames, entries, skipped;
};

static bytes_t target_key_of(const struct map_node *node)
{
    return bytes_of(&CONTAINER_OF_CONST(node, struct target, node)->key, sizeof(struct target_key));
}

static err_t find_targets(struct replay *replay)
{
    struct partition_folder *folders;
    size_t count;
    err_t err = partition_folders(replay->store, &replay->arena, &folders, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        struct topic_id id;
        err = partition_folder_id(replay->store, &folders[i], &id);
        if (err == ERR_NOT_FOUND || err == ERR_MALFORMED) {
            err = ERR_OK;
            continue;
        }
        if (err != ERR_OK)
            break; // not to be taken for a folder without an id
        struct target *target = arena_alloc(&replay->arena, sizeof *target);
        target->key.id = id;
        target->key.number = folders[i].number;
        target->path = arena_format(&replay->arena, "%s/%.*s-%d", replay->store->folder, BYTES_ARG(folders[i].topic),
                                    (int)folders[i].number);
        const char *name = target->path + strlen(replay->store->folder) + 1;
        target->known = slot_find(&replay->store->open_state->slot, bytes_of_text(name));
        if (target->known != NULL && memcmp(&target->known->id, &id, sizeof id) != 0)
            target->known = NULL; // an earlier topic of this name
        if (map_find(&replay->targets, target_key_of(&target->node)) == NULL)
            map_insert(&replay->targets, &target->node);
    }
    return err;
}

// A frame that was under way when the checkpoint began may hold what the checkpoint flushed. Segments that were closed
// below it may have been replaced or dropped since, with other bytes at that position.
static bool is_covered(const struct target *target, const struct journal_entry *entry)
{
    return target->known != NULL && entry->segment_base < target->known->synced.segment_base;
}

static err_t on_entry(void *owner, const struct journal_entry *entry)
{
    struct replay *replay = owner;
    struct target_key key = { entry->topic_id, entry->partition };
    const struct map_node *node = map_find(&replay->targets, bytes_of(&key, sizeof key));
    if (node == NULL) {
        replay->skipped++;
        return ERR_OK;
    }
    const struct target *target = CONTAINER_OF_CONST(node, struct target, node);
    if (is_covered(target, entry)) {
        replay->skipped++;
        return ERR_OK;
    }
    if (replay->segment == NULL || replay->segment_target != target || replay->segment_base != entry->segment_base) {
        char path[PATH_MAX_SIZE];
        file_close(replay->segment);
        replay->segment = NULL;
        segment_path(target->path, entry->segment_base, ".log", path, sizeof path);
        err_t err = file_open(path, FILE_WRITE | FILE_CREATE, &replay->segment);
        if (err != ERR_OK)
            return err;
        replay->segment_target = target;
        replay->segment_base = entry->segment_base;
    }
    replay->entries++;
    return file_write_at(replay->segment, entry->position, &entry->bytes, 1);
}

// Reads the frame at POSITION; *ret_frame is NULL when there is none of this sequence.
static err_t read_frame(struct replay *replay, const struct journal_place *place, uint64_t position,
                        struct buf **ret_frame)
{
    uint8_t block[JOURNAL_BLOCK_SIZE];
    size_t got;
    *ret_frame = NULL;
    err_t err = file_read_at(replay->file, position, block, sizeof block, &got);
    if (err != ERR_OK)
        return err;
    size_t size = journal_frame_size(bytes_of(block, got), place->generation, place->sequence);
    if (size == 0 || size > place->size - position)
        return ERR_OK;
    struct buf *frame = buf_new(size);
    err = file_read_at(replay->file, position, frame->data, size, &got);
    if (err != ERR_OK || got != size) {
        buf_unref(frame);
        return err;
    }
    *ret_frame = frame;
    return ERR_OK;
}

// Applies frame after frame; ends at the first that is missing or damaged: it was never acknowledged.
static err_t replay_frames(struct replay *replay, struct journal_place *place)
{
    for (;;) {
        struct buf *frame;
        uint64_t position = place->position;
        err_t err = place->position < place->size ? read_frame(replay, place, position, &frame) : ERR_OK;
        if (place->position >= place->size)
            frame = NULL;
        if (err == ERR_OK && frame == NULL && position != 0) {
            position = 0; // the rest of the ring was too small for it
            err = read_frame(replay, place, position, &frame);
        }
        if (err != ERR_OK || frame == NULL)
            return err;
        err = journal_frame_read(bytes_of(frame->data, frame->capacity), on_entry, replay);
        place->position = position + journal_padded(frame->capacity);
        buf_unref(frame);
        if (err == ERR_CORRUPT || err == ERR_MALFORMED)
            return ERR_OK;
        if (err != ERR_OK)
            return err;
        replay->frames++;
        place->sequence++;
    }
}

err_t journal_replay(struct store *store, const struct slot_header *header, diag_t *diag)
{
    struct replay replay = { .store = store, .arena = ARENA_INIT, .targets = MAP_INIT(target_key_of) };
    struct journal_place place = { header->journal_generation, header->journal_size, header->journal_sequence,
                                   header->journal_position };
    char path[PATH_MAX_SIZE];
    snprintf(path, sizeof path, "%s/journal", store->folder);
    err_t err = file_open(path, 0, &replay.file);
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "the checkpoint needs this file, which cannot be opened: %s", err_text(err));
    err = find_targets(&replay);
    if (err == ERR_OK)
        err = replay_frames(&replay, &place);
    file_close(replay.segment);
    file_close(replay.file);
    map_free(&replay.targets);
    arena_free(&replay.arena);
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "cannot be replayed: %s", err_text(err));
    if (replay.frames > 0) {
        open_note_unsynced(store);
        log_line(LOG_INFO, "journal replayed",
                 LOG_FIELDS(log_int("frames", (int64_t)replay.frames), log_int("pieces", (int64_t)replay.entries),
                            log_int("skipped", (int64_t)replay.skipped)));
    }
    return ERR_OK;
}
