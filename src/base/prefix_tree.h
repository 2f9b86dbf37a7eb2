// SPDX-License-Identifier: Apache-2.0
// Texts with an item each, and which of them a text begins with: found in time by that text's length, however many
// there are. A radix tree; owns its nodes, not the items.
#pragma once

#include "base/bytes.h"

struct prefix_node;

struct prefix_tree {
    struct prefix_node *root; // NULL: nothing was put yet
};

// Where the item of TEXT stands, to be set by the caller; NULL stands there when TEXT is new. Until the next change.
void **prefix_tree_put(struct prefix_tree *tree, bytes_t text) __attribute__((returns_nonnull));
// NULL: there is none.
void *prefix_tree_find(const struct prefix_tree *tree, bytes_t text);
// TEXT is there.
void prefix_tree_remove(struct prefix_tree *tree, bytes_t text);
// The item of each text that TEXT begins with, the shortest first. ON_ITEM does not change the tree.
void prefix_tree_match(const struct prefix_tree *tree, bytes_t text, void (*on_item)(void *owner, void *item),
                       void *owner);
void prefix_tree_free(struct prefix_tree *tree);
