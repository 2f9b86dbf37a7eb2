// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/places.h"

struct entry {
    struct map_node node;
    bytes_t key;
    size_t index;
};

static bytes_t entry_key(const struct map_node *node)
{
    return ((const struct entry *)node)->key;
}

struct places places_of(struct arena *arena)
{
    return (struct places){ .arena = arena, .map = MAP_INIT(entry_key) };
}

// The type and the text: "1" the text is not 1 the number. 1.0 is another number than 1, as in Go.
static bytes_t value_key(struct arena *arena, const struct json_value *value)
{
    uint8_t *key = arena_alloc(arena, value->text.size + 2);
    key[0] = (uint8_t)value->type;
    key[1] = value->is_true;
    if (value->text.size > 0)
        memcpy(key + 2, value->text.data, value->text.size);
    return bytes_of(key, value->text.size + 2);
}

static bool is_scalar(const struct json_value *value)
{
    return value != NULL && value->type != JSON_ARRAY && value->type != JSON_OBJECT;
}

void places_add(struct places *places, const struct json_value *value, size_t index)
{
    if (!is_scalar(value) || places_find(places, value) != PLACES_NONE)
        return;
    struct entry *entry = arena_alloc(places->arena, sizeof *entry);
    entry->key = value_key(places->arena, value);
    entry->index = index;
    map_insert(&places->map, &entry->node);
}

size_t places_find(const struct places *places, const struct json_value *value)
{
    if (!is_scalar(value))
        return PLACES_NONE;
    const struct map_node *node = map_find(&places->map, value_key(places->arena, value));
    return node == NULL ? PLACES_NONE : ((const struct entry *)node)->index;
}

void places_free(struct places *places)
{
    map_free(&places->map);
}
