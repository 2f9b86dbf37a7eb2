// SPDX-License-Identifier: Apache-2.0
#include "store/config_change.h"

// The next word of a list, trimmed of blanks; LEFT moves on. False at the end.
static bool word_next(bytes_t *left, bytes_t *ret_word)
{
    if (left->size == 0)
        return false;
    const uint8_t *comma = memchr(left->data, ',', left->size);
    size_t size = comma == NULL ? left->size : (size_t)(comma - left->data);
    bytes_t word = bytes_of(left->data, size);
    size_t used = comma == NULL ? size : size + 1;
    *left = bytes_of(left->data + used, left->size - used);
    while (word.size > 0 && word.data[0] == ' ')
        word = bytes_of(word.data + 1, word.size - 1);
    while (word.size > 0 && word.data[word.size - 1] == ' ')
        word.size--;
    *ret_word = word;
    return true;
}

static bool list_has(bytes_t list, bytes_t word)
{
    bytes_t other;
    while (word_next(&list, &other)) {
        if (bytes_equal(other, word))
            return true;
    }
    return false;
}

// LIST with the words of VALUE that it does not have, or without them.
static bytes_t list_change(bytes_t list, bytes_t value, bool append, struct arena *arena)
{
    uint8_t *to = arena_alloc(arena, list.size + value.size + 2);
    size_t size = 0;
    bytes_t word, left = list;
    for (int pass = 0; pass < (append ? 2 : 1); pass++) {
        while (word_next(&left, &word)) {
            if (word.size == 0 || (append ? pass == 1 && list_has(list, word) : list_has(value, word)))
                continue;
            if (size > 0)
                to[size++] = ',';
            memcpy(to + size, word.data, word.size);
            size += word.size;
        }
        left = value;
    }
    return bytes_of(to, size);
}

static size_t place_of(const bytes_t *names, size_t count, bytes_t name)
{
    size_t i = 0;
    while (i < count && !bytes_equal(names[i], name))
        i++;
    return i;
}

struct config_list config_list_change(const struct config_list *before, const struct config_change *changes,
                                      size_t count, struct arena *arena)
{
    size_t used = before->count;
    bytes_t *names = arena_array(arena, used + count + 1, sizeof *names);
    bytes_t *values = arena_array(arena, used + count + 1, sizeof *values);
    for (size_t i = 0; i < used; i++) {
        names[i] = before->names[i];
        values[i] = before->values[i];
    }
    for (size_t i = 0; i < count; i++) {
        const struct config_change *change = &changes[i];
        size_t at = place_of(names, used, change->name);
        bytes_t now = at < used ? values[at] : change->fallback;
        if (change->kind == CONFIG_DELETE) {
            if (at < used) {
                used--;
                memmove(names + at, names + at + 1, (used - at) * sizeof *names);
                memmove(values + at, values + at + 1, (used - at) * sizeof *values);
            }
            continue;
        }
        names[at] = change->name;
        values[at] = change->kind == CONFIG_SET ? change->value
                                                : list_change(now, change->value, change->kind == CONFIG_APPEND, arena);
        used += at == used ? 1 : 0;
    }
    return (struct config_list){ names, values, used };
}

const bytes_t *config_list_find(const struct config_list *list, bytes_t name)
{
    size_t at = place_of(list->names, list->count, name);
    return at < list->count ? &list->values[at] : NULL;
}

bool config_list_equal(const struct config_list *a, const struct config_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const bytes_t *other = config_list_find(b, a->names[i]);
        if (other == NULL || !bytes_equal(*other, a->values[i]))
            return false;
    }
    return true;
}
