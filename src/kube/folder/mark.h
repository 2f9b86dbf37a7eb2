// SPDX-License-Identifier: Apache-2.0
// The mark that tells which objects a folder applied: an annotation with the folder's name, written together with the
// object by the manager eddy-apply. Both have to be there: an annotation alone could have been copied from one object
// to another. So what was applied is known wherever the object is, also after a restart. Pure.
#pragma once

#include "base/json_edit.h"

#define MARK_MANAGER    "eddy-apply"
#define MARK_ANNOTATION "eddy.dev/applied-from"

// What a folder is called in marks: its path from the root on, without "." and "..", links not followed. HERE is
// the folder that relative paths begin in. In the arena.
const char *mark_folder(struct arena *arena, const char *here, const char *path);
// A copy of the object with the mark of FOLDER, which outlives it as OBJECT does.
struct json_value *mark_set(struct arena *arena, const struct json_value *object, const char *folder)
    __attribute__((returns_nonnull));
// A stored object's text may have a mark: cheaper than reading it.
bool mark_is_likely(bytes_t text);
bool mark_is(const struct json_value *object, const char *folder);
