// SPDX-License-Identifier: Apache-2.0
// What is known only while the store opens.
#pragma once

#include "store/slot.h"

struct opening {
    struct slot slot;
    bool clean;    // the checkpoint was written at a stop and is complete
    bool unsynced; // recovery read data that may be in the page cache only
};

// Recovery looked at data behind a recovery point: everything is synced once before the doors open.
void open_note_unsynced(struct store *store);
