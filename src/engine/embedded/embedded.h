// SPDX-License-Identifier: Apache-2.0
// The engine on the store of this process.
#pragma once

#include "engine/engine.h"

struct store;

// After store_open, before the loops run: opens the tables of the engine itself. DIAG says what is wrong.
err_t embedded_open(struct store *store, struct engine **ret_engine, diag_t *diag) MUST_CHECK;
// When no loop runs, before store_free. Operations that are not answered are forgotten, readers must be closed.
void embedded_free(struct engine *engine);

struct offsets;
// The offsets of groups, for the coordinator of the Kafka door (offsets.h).
struct offsets *embedded_offsets(struct engine *engine);
