// SPDX-License-Identifier: Apache-2.0
// Replacing segments by a cleaned file. The steps on disk: `<first>.log.cleaned` (whole and synced, made by the caller)
// is renamed `<first>.log.<last>.swap`, from which moment it counts; the old files go; it is renamed `<first>.log`.
// Recovery drops a .cleaned and finishes a .swap.
#pragma once

#include "base/arena.h"
#include "base/err.h"

// Synchronous, while opening: finishes or undoes what a crash interrupted in FOLDER.
err_t swap_finish(const char *folder, struct arena *arena) MUST_CHECK;
