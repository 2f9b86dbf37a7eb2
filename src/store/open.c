// SPDX-License-Identifier: Apache-2.0
// The store with its catalog. On its own, so that a program may use the log core without the catalog.
#include "store/core.h"

err_t store_open(const struct store_options *options, struct loop *const *loops, size_t loop_count,
                 struct store **ret_store, diag_t *diag)
{
    return store_core_open(options, loops, loop_count, &catalog_part, ret_store, diag);
}
