// SPDX-License-Identifier: Apache-2.0
// What a folder applied before and does not name any more.
#pragma once

#include "kube/folder/folder.h"

// Deletes such objects: all that have the folder's mark and are no target; some at a time, the rest when it is called
// again (folder->wants_prune). What the files name has to be known: whoever calls has made sure of it.
void prune_start(struct folder *folder);
