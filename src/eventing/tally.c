// SPDX-License-Identifier: Apache-2.0
#include "eventing/tally.h"

#include "base/assert.h"
#include "base/mem.h"
#include "eventing/consumer.h"

#include <stdlib.h>
#include <string.h>

bytes_t tally_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct tally, node)->key);
}

static char *key_of(const char *kind, bytes_t name_space, bytes_t name)
{
    return mem_format("%s/%.*s/%.*s", kind, BYTES_ARG(name_space), BYTES_ARG(name));
}

struct tally *tally_find(const struct map *tallies, const char *kind, bytes_t name_space, bytes_t name)
{
    char *key = key_of(kind, name_space, name);
    struct map_node *node = map_find(tallies, bytes_of_text(key));
    free(key);
    return node == NULL ? NULL : CONTAINER_OF(node, struct tally, node);
}

struct tally *tally_get(struct map *tallies, const char *kind, bytes_t name_space, bytes_t name, unsigned parts)
{
    struct tally *tally = tally_find(tallies, kind, name_space, name);
    if (tally != NULL)
        return tally;
    char *key = key_of(kind, name_space, name);
    size_t before = strlen(kind) + 1;
    tally = mem_zalloc(1, sizeof *tally);
    tally->key = key;
    tally->kind = kind;
    tally->name_space = bytes_of(key + before, name_space.size);
    tally->name = bytes_of(key + before + name_space.size + 1, name.size);
    tally->parts = parts;
    tally->latency = (parts & TALLY_LATENCY) == 0 ? NULL : mem_zalloc(1, sizeof *tally->latency);
    list_init(&tally->consumers);
    map_insert(tallies, &tally->node);
    return tally;
}

void tally_drop(struct map *tallies, struct tally *tally)
{
    if (tally == NULL)
        return;
    ASSERT(list_empty(&tally->consumers));
    map_remove(tallies, &tally->node);
    free(tally->latency);
    free(tally->key);
    free(tally);
}

void tallies_free(struct map *tallies)
{
    struct map_node *node;
    while ((node = map_next(tallies, NULL)) != NULL)
        tally_drop(tallies, CONTAINER_OF(node, struct tally, node));
    map_free(tallies);
}

void tally_add(struct tally *tally, struct consumer *consumer)
{
    consumer->counts = &tally->counts;
    consumer->latency = tally->latency;
    list_append(&tally->consumers, &consumer->tallied);
}
