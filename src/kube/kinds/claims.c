// SPDX-License-Identifier: Apache-2.0
#include "kube/kinds/claims.h"

#include "base/list.h"
#include "base/mem.h"

#include <stdlib.h>

struct claim_name {
    struct map_node node;
    struct list_node claims; // the holder first
    size_t size;
    char text[];
};

struct claim {
    struct map_node node;
    struct list_node of_name;
    struct claim_name *name;
    char *object, *uid, *created; // of the heap
    bool has_it;
};

static bytes_t name_key(const struct map_node *node)
{
    const struct claim_name *name = CONTAINER_OF_CONST(node, struct claim_name, node);
    return bytes_of(name->text, name->size);
}

static bytes_t claim_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct claim, node)->object);
}

void claims_init(struct claims *claims, void (*on_change)(void *owner, bytes_t object), void *owner)
{
    *claims = (struct claims){
        .names = MAP_INIT(name_key), .claims = MAP_INIT(claim_key), .on_change = on_change, .owner = owner
    };
}

static struct claim_name *name_find(const struct claims *claims, bytes_t name)
{
    struct map_node *node = map_find(&claims->names, name);
    return node == NULL ? NULL : CONTAINER_OF(node, struct claim_name, node);
}

static struct claim_name *name_get(struct claims *claims, bytes_t name)
{
    struct claim_name *found = name_find(claims, name);
    if (found != NULL)
        return found;
    found = mem_zalloc(1, sizeof *found + name.size);
    found->size = name.size;
    memcpy(found->text, name.data, name.size);
    list_init(&found->claims);
    map_insert(&claims->names, &found->node);
    return found;
}

static struct claim *claim_find(const struct claims *claims, bytes_t object)
{
    struct map_node *node = map_find(&claims->claims, object);
    return node == NULL ? NULL : CONTAINER_OF(node, struct claim, node);
}

// NULL: nobody asks yet.
static struct claim *holder_of(const struct claim_name *name)
{
    struct list_node *first = list_first(&name->claims);
    return first == NULL ? NULL : LIST_ITEM(first, struct claim, of_name);
}

static void tell(struct claims *claims, const struct claim *claim)
{
    if (claim != NULL && claims->on_change != NULL)
        claims->on_change(claims->owner, bytes_of_text(claim->object));
}

static void claim_free(struct claims *claims, struct claim *claim)
{
    struct claim_name *name = claim->name;
    map_remove(&claims->claims, &claim->node);
    list_remove(&claim->of_name);
    free(claim->object);
    free(claim->uid);
    free(claim->created);
    free(claim);
    if (!list_empty(&name->claims))
        return;
    map_remove(&claims->names, &name->node);
    free(name);
}

void claims_deinit(struct claims *claims)
{
    for (struct map_node *node = map_next(&claims->claims, NULL), *next; node != NULL; node = next) {
        next = map_next(&claims->claims, node);
        claim_free(claims, CONTAINER_OF(node, struct claim, node));
    }
    map_free(&claims->claims);
    map_free(&claims->names);
}

static bool goes_before(const struct claim *a, const struct claim *b)
{
    int order = strcmp(a->created, b->created);
    return order != 0 ? order < 0 : a->has_it && !b->has_it;
}

static void line_up(struct claim *claim)
{
    LIST_EACH(&claim->name->claims, node)
    {
        if (!goes_before(claim, LIST_ITEM(node, struct claim, of_name)))
            continue;
        list_insert_before(node, &claim->of_name);
        return;
    }
    list_append(&claim->name->claims, &claim->of_name);
}

void claims_ask(struct claims *claims, bytes_t name, const struct claimant *claimant)
{
    struct claim *claim = claim_find(claims, claimant->object);
    if (claim != NULL && bytes_is(claimant->uid, claim->uid) && bytes_equal(name_key(&claim->name->node), name))
        return;
    claims_drop(claims, claimant->object);
    claim = mem_zalloc(1, sizeof *claim);
    claim->object = bytes_to_text(claimant->object);
    claim->uid = bytes_to_text(claimant->uid);
    claim->created = bytes_to_text(claimant->created);
    claim->has_it = claimant->has_it;
    claim->name = name_get(claims, name);
    map_insert(&claims->claims, &claim->node);
    const struct claim *was = holder_of(claim->name);
    line_up(claim);
    if (holder_of(claim->name) == claim)
        tell(claims, was);
}

void claims_drop(struct claims *claims, bytes_t object)
{
    struct claim *claim = claim_find(claims, object);
    if (claim == NULL)
        return;
    struct claim_name *name = claim->name;
    bool is_holder = holder_of(name) == claim, is_last = claim->of_name.next == claim->of_name.prev;
    claim_free(claims, claim);
    if (is_holder && !is_last)
        tell(claims, holder_of(name));
}

bytes_t claims_holder(const struct claims *claims, bytes_t name)
{
    const struct claim_name *found = name_find(claims, name);
    const struct claim *holder = found == NULL ? NULL : holder_of(found);
    return holder == NULL ? BYTES_NULL : bytes_of_text(holder->object);
}
