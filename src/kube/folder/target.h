// SPDX-License-Identifier: Apache-2.0
// One object that a folder wants, and how far it has come: applied by server-side apply with force, tried again for as
// long as it fails.
#pragma once

#include "kube/folder/folder.h"

enum target_state {
    TARGET_WANTED, // to be applied, not before due_ms
    TARGET_RUNNING,
    TARGET_DONE,
    TARGET_FAILED, // and wanted again from due_ms on
};

struct target {
    struct map_node node; // of folder->targets
    struct folder *folder;
    const struct manifest *manifest; // of a file that is held
    char *key;
    enum target_state state;
    bool is_named;            // by a file
    bool is_newer;            // other text came while it was applied
    bool lacks_kind;          // it failed for that
    struct manifests *in_use; // by the apply under way; held
    unsigned failures;
    int64_t due_ms;
    char *said; // the complaint that was logged; NULL: none
};

struct map target_map(void);
// The target of that object names it from now on, and is wanted if its text is another one.
struct target *target_name(struct folder *folder, const struct manifest *manifest);
// No file names it any more; freed, or when its apply has ended.
void target_drop(struct target *target);
// Applies it; it is TARGET_WANTED or TARGET_FAILED and due.
void target_start(struct target *target);
void target_free(struct target *target);
