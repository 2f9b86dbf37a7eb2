// SPDX-License-Identifier: Apache-2.0
// Follows a folder of manifests (--apply): applies what its files name, again when they change, and deletes what it
// applied before and no file names any more. On the API's loop; files are looked at and read on disk threads.
#pragma once

#include "io/disk.h"
#include "kube/api.h"
#include "kube/folder/files.h"

struct target;

struct folder {
    struct kube *kube;
    const char *name; // in marks
    struct folder_files files;
    struct disk_job look;
    struct timer next_look;
    struct timer next_try; // of a target that failed
    struct deferred step;
    struct map targets;    // by key: what the files name, and what is still under way
    struct target **order; // what the files name, in the order in which it is applied
    size_t count;
    size_t running;         // applies under way
    size_t pruning;         // deletes under way
    int64_t kinds_until_ms; // a kind may come until then: its definition was applied just now
    int64_t generation;     // of the kinds that the last tries saw
    size_t clashes;         // objects that are named twice
    size_t pruned;          // since the last summary
    // What the last look told of the files, which belong to the next one already.
    size_t broken;   // files that cannot be read, and 1 when not all could be looked at
    bool has_unread; // a file is new and will be read soon
    char *unknown;   // the path of something of which it is not known what it names; NULL: none
    bool wants_prune, has_news, is_stopping, is_begun;
    char *said_look, *said_clashes, *said_prune; // NULL: nothing to complain about
    struct arena arena;
};

// ROOT is there; *RET_FOLDER is freed by folder_free. The API answers already.
struct folder *folder_start(struct kube *kube, const char *root) __attribute__((returns_nonnull));
// Accept NULL. Nothing new begins; what is under way ends by itself.
void folder_stop(struct folder *folder);
// When no loop runs.
void folder_free(struct folder *folder);

// Something was done, for targets and prunes: what is left is looked at when the turn ends.
void folder_step(struct folder *folder);
// Keeps TEXT as what was said last. True: it is another one, and is to be said. NULL: there is nothing to say any more.
bool folder_says(char **said, const char *text);
