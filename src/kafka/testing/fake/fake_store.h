// SPDX-License-Identifier: Apache-2.0
// A store in memory, with the interface of store/*.h and one loop, so that the handlers are tested without a disk and
// with errors at will. Every operation answers in a later turn. Link it instead of the store.
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct store;

struct store *fake_store_new(struct loop *loop);
void fake_store_free(struct store *store);
// The next append ends with ERR.
void fake_store_fail_append(struct store *store, err_t err);
// The next changes of tables end with ERR, until it is called with ERR_OK.
void fake_store_fail_puts(struct store *store, err_t err);
// Holds appends back until it is called with false.
void fake_store_hold(struct store *store, bool hold);
// Operations asked for and not answered.
unsigned fake_store_pending(const struct store *store);
