// SPDX-License-Identifier: Apache-2.0
#include "kafka/gather.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>

struct kafka_gather *kafka_gather_new(struct kafka_call *call)
{
    struct kafka_gather *gather = mem_zalloc(1, sizeof *gather);
    gather->call = call;
    gather->pending = 1;
    list_init(&gather->items);
    return gather;
}

void *kafka_gather_add(struct kafka_gather *gather, size_t size)
{
    ASSERT(size >= sizeof(struct kafka_gathered));
    struct kafka_gathered *item = mem_zalloc(1, size);
    item->gather = gather;
    list_append(&gather->items, &item->node);
    gather->pending++;
    return item;
}

void kafka_gather_release(struct kafka_gather *gather)
{
    ASSERT(gather->pending > 0);
    if (--gather->pending > 0)
        return;
    struct kafka_call *call = gather->call;
    LIST_EACH(&gather->items, node)
    {
        list_remove(node);
        free(LIST_ITEM(node, struct kafka_gathered, node));
    }
    free(gather);
    kafka_call_reply(call);
}

bool kafka_call_names_too_many(struct kafka_call *call, size_t count)
{
    if (count <= KAFKA_NAMED_MAX)
        return false;
    kafka_call_hang_up(call, "the request names more than 100000 things");
    return true;
}

// --- names

struct naming {
    struct map_node node;
    bytes_t name;
    bool is_twice;
};

static bytes_t naming_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct naming, node)->name;
}

struct kafka_names kafka_names_new(struct kafka_call *call)
{
    struct map *map = arena_alloc(&call->arena, sizeof *map);
    *map = MAP_INIT(naming_key);
    return (struct kafka_names){ map, &call->arena };
}

bool kafka_names_add(struct kafka_names *names, bytes_t name)
{
    struct map_node *other = map_find(names->names, name);
    if (other != NULL) {
        CONTAINER_OF(other, struct naming, node)->is_twice = true;
        return false;
    }
    struct naming *naming = arena_array(names->arena, 1, sizeof *naming);
    naming->name = name;
    map_insert(names->names, &naming->node);
    return true;
}

bool kafka_names_twice(const struct kafka_names *names, bytes_t name)
{
    const struct map_node *node = map_find(names->names, name);
    return node != NULL && CONTAINER_OF_CONST(node, struct naming, node)->is_twice;
}

void kafka_names_free(struct kafka_names *names)
{
    map_free(names->names);
}
