// SPDX-License-Identifier: Apache-2.0
#include "base/prefix_tree.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

// Every node but the root has a label. One that lost its item stays as long as anything is below it; so there are never
// more of them than bytes in the texts.
struct prefix_node {
    void *item;
    struct prefix_node **children;
    uint8_t *firsts; // of their labels
    size_t count;    // of them
    size_t size;     // of the label
    uint8_t label[];
};

static struct prefix_node *node_new(bytes_t label)
{
    struct prefix_node *node = mem_zalloc(1, sizeof *node + label.size);
    node->size = label.size;
    if (label.size > 0)
        memcpy(node->label, label.data, label.size);
    return node;
}

static void node_free(struct prefix_node *node)
{
    free((void *)node->children);
    free(node->firsts);
    free(node);
}

// NULL: no child begins with that byte.
static struct prefix_node **node_child(const struct prefix_node *node, uint8_t first)
{
    const uint8_t *found = node->count == 0 ? NULL : memchr(node->firsts, first, node->count);
    return found == NULL ? NULL : &node->children[found - node->firsts];
}

static void node_add(struct prefix_node *node, struct prefix_node *child)
{
    node->children = mem_realloc((void *)node->children, (node->count + 1) * sizeof(struct prefix_node *));
    node->firsts = mem_realloc(node->firsts, node->count + 1);
    node->children[node->count] = child;
    node->firsts[node->count++] = child->label[0];
}

static void node_drop(struct prefix_node *node, struct prefix_node **child)
{
    size_t at = (size_t)(child - node->children);
    node->count--;
    node->children[at] = node->children[node->count];
    node->firsts[at] = node->firsts[node->count];
}

static bytes_t rest_of(bytes_t text, size_t from)
{
    return bytes_of(text.data + from, text.size - from);
}

static size_t common_size(const struct prefix_node *node, bytes_t text)
{
    size_t size = 0;
    while (size < node->size && size < text.size && node->label[size] == text.data[size])
        size++;
    return size;
}

// Puts a node with the first SIZE bytes of its label above NODE.
static struct prefix_node *node_split(struct prefix_node *node, size_t size)
{
    struct prefix_node *above = node_new(bytes_of(node->label, size));
    node->size -= size;
    memmove(node->label, node->label + size, node->size);
    node_add(above, node);
    return above;
}

void **prefix_tree_put(struct prefix_tree *tree, bytes_t text)
{
    if (tree->root == NULL)
        tree->root = node_new(BYTES_NULL);
    struct prefix_node *node = tree->root;
    while (text.size > 0) {
        struct prefix_node **link = node_child(node, text.data[0]);
        if (link == NULL) {
            struct prefix_node *child = node_new(text);
            node_add(node, child);
            return &child->item;
        }
        size_t size = common_size(*link, text);
        if (size < (*link)->size)
            *link = node_split(*link, size);
        node = *link;
        text = rest_of(text, size);
    }
    return &node->item;
}

// The child of NODE whose label TEXT begins with.
static struct prefix_node *node_below(const struct prefix_node *node, bytes_t text)
{
    struct prefix_node **link = text.size == 0 ? NULL : node_child(node, text.data[0]);
    return link != NULL && common_size(*link, text) == (*link)->size ? *link : NULL;
}

void *prefix_tree_find(const struct prefix_tree *tree, bytes_t text)
{
    const struct prefix_node *node = tree->root;
    while (node != NULL && text.size > 0) {
        node = node_below(node, text);
        text = node == NULL ? text : rest_of(text, node->size);
    }
    return node == NULL ? NULL : node->item;
}

void prefix_tree_remove(struct prefix_tree *tree, bytes_t text)
{
    struct prefix_node *node = tree->root, *keeper = node;
    bytes_t below_keeper = text;
    ASSERT(node != NULL);
    while (text.size > 0) {
        node = node_below(node, text);
        ASSERT(node != NULL);
        text = rest_of(text, node->size);
        if (text.size > 0 && (node->item != NULL || node->count > 1)) {
            keeper = node;
            below_keeper = text;
        }
    }
    ASSERT(node->item != NULL);
    node->item = NULL;
    if (node == tree->root || node->count > 0)
        return;
    // From below the keeper to here nothing has an item or another child.
    struct prefix_node **link = node_child(keeper, below_keeper.data[0]);
    ASSERT(link != NULL);
    struct prefix_node *gone = *link;
    node_drop(keeper, link);
    while (gone != NULL) {
        struct prefix_node *next = gone->count == 0 ? NULL : gone->children[0];
        node_free(gone);
        gone = next;
    }
}

void prefix_tree_match(const struct prefix_tree *tree, bytes_t text, void (*on_item)(void *owner, void *item),
                       void *owner)
{
    const struct prefix_node *node = tree->root;
    while (node != NULL) {
        if (node->item != NULL)
            on_item(owner, node->item);
        node = node_below(node, text);
        text = node == NULL ? text : rest_of(text, node->size);
    }
}

static void free_all(struct prefix_node *node)
{
    for (size_t i = 0; i < node->count; i++)
        free_all(node->children[i]);
    node_free(node);
}

void prefix_tree_free(struct prefix_tree *tree)
{
    if (tree->root != NULL)
        free_all(tree->root);
    tree->root = NULL;
}
