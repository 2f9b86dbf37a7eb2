// SPDX-License-Identifier: Apache-2.0
// The engine on the store of this process.
#pragma once

#include "engine/engine.h"

struct store;

// After store_open, before the loops run: opens the tables of the engine itself. DIAG says what is wrong.
err_t embedded_open(struct store *store, struct engine **ret_engine, diag_t *diag) MUST_CHECK;
// When no loop runs, before store_free. Operations that are not answered are forgotten, readers must be closed.
void embedded_free(struct engine *engine);

// Before the loops run, after the tables are open. ON_READY comes on the store's first loop when what transactions had
// decided before an unclean stop is done; until then nothing but transactions may be asked of the engine.
void embedded_on_ready(struct engine *engine, void (*on_ready)(void *owner), void *owner);
// On any loop, before store_stop, when nobody asks any more: transactions that are under way end, those that wait get
// ERR_CLOSED; then ON_STOPPED there. One that is decided and cannot be applied now (a full disk) is answered with
// ERR_OK, because the next start applies it.
void embedded_stop(struct engine *engine, void (*on_stopped)(void *owner), void *owner);

struct offsets;
// The offsets of groups, for the coordinator of the Kafka door (offsets.h).
struct offsets *embedded_offsets(struct engine *engine);
