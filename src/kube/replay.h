// SPDX-License-Identifier: Apache-2.0
// What the history held before a restart, read back from the end of the resources' topic: every record there says
// which change made it. So watches go on over a restart. What a change replaced is not known any more.
#pragma once

#include "engine/engine.h"

struct resources;

struct replay {
    struct resources *resources; // private, as all
    struct engine_reader *reader;
    int64_t next; // the offset of the record that is expected
    void (*on_done)(struct resources *resources);
};

// On the loop, before anything is written, with every kind known. ON_DONE comes when the history has all that was
// written, at once if there is nothing to read. What cannot be read is forgotten, with a line in the log.
void replay_start(struct replay *replay, struct resources *resources, void (*on_done)(struct resources *resources));
void replay_stop(struct replay *replay);
