// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/waiting.h"

#include "base/mem.h"
#include "kube/controller.h"

#include <stdlib.h>

struct waiting_name {
    struct map_node node;
    size_t size;
    char key[]; // "NAMESPACE/NAME"
};

static bytes_t name_key(const struct map_node *node)
{
    const struct waiting_name *name = CONTAINER_OF_CONST(node, struct waiting_name, node);
    return bytes_of(name->key, name->size);
}

void waiting_init(struct waiting *waiting)
{
    waiting->names = MAP_INIT(name_key);
}

static void name_free(struct waiting *waiting, struct map_node *node)
{
    map_remove(&waiting->names, node);
    free(CONTAINER_OF(node, struct waiting_name, node));
}

void waiting_deinit(struct waiting *waiting)
{
    struct map_node *node;
    while ((node = map_next(&waiting->names, NULL)) != NULL)
        name_free(waiting, node);
    map_free(&waiting->names);
}

void waiting_set(struct waiting *waiting, const struct work *work, bool is_one)
{
    struct map_node *node = map_find(&waiting->names, work->key);
    if (node != NULL && !is_one)
        name_free(waiting, node);
    if (node != NULL || !is_one)
        return;
    struct waiting_name *name = mem_alloc(sizeof *name + work->key.size);
    name->size = work->key.size;
    memcpy(name->key, work->key.data, name->size);
    map_insert(&waiting->names, &name->node);
}

void waiting_enqueue(const struct waiting *waiting, struct controller *controller)
{
    for (struct map_node *node = map_next(&waiting->names, NULL); node != NULL;
         node = map_next(&waiting->names, node)) {
        bytes_t name_space, name;
        key_names(name_key(node), &name_space, &name);
        controller_enqueue(controller, name_space, name);
    }
}
