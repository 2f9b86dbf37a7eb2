// SPDX-License-Identifier: Apache-2.0
// An intrusive doubly linked ring. The head is a node that belongs to no item; a node that is in no list points to
// itself or is zeroed.
#pragma once

#include "base/assert.h"

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *prev, *next;
};

static inline void list_init(struct list_node *head)
{
    head->prev = head->next = head;
}

static inline bool list_empty(const struct list_node *head)
{
    return head->next == head || head->next == NULL;
}

static inline bool list_linked(const struct list_node *node)
{
    return node->next != NULL && node->next != node;
}

static inline void list_insert_before(struct list_node *at, struct list_node *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void list_append(struct list_node *head, struct list_node *node)
{
    list_insert_before(head, node);
}

// Safe on a node that is in no list.
static inline void list_remove(struct list_node *node)
{
    if (node->next == NULL)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

// The first node, or NULL.
static inline struct list_node *list_first(const struct list_node *head)
{
    return list_empty(head) ? NULL : head->next;
}

// Moves all of FROM to the end of TO.
static inline void list_splice(struct list_node *to, struct list_node *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define LIST_ITEM(node, type, member) CONTAINER_OF(node, type, member)
// The body may remove NODE from the list.
#define LIST_EACH(head, node)                                                                                          \
    for (struct list_node *node = (head)->next, *node##_next = node->next; node != (head);                             \
         node = node##_next, node##_next = node->next)
