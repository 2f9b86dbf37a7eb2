// SPDX-License-Identifier: Apache-2.0
// What the files of the store in memory share.
#pragma once

#include "base/err.h"
#include "base/list.h"

struct loop;
struct store;

struct loop *fake_store_loop(const struct store *store);
struct list_node *fake_store_tables(struct store *store);
// What the next change of a table ends with.
err_t fake_store_put_error(struct store *store);
// A table by its node.
void fake_table_free(struct list_node *node);
