// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_lists.h"

#include "base/json_edit.h"
#include "base/mem.h"
#include "kube/schema/go_value.h"

#include <stdlib.h>

struct entry {
    bytes_t text; // the item or its key as Go writes it
    size_t index;
};

static void check(const struct json_value *value, const struct schema *schema, const struct field_path *path,
                  struct field_errors *errors);

static int by_text(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = bytes_compare(left->text, right->text);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static int by_index(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

// The members of the key that are there, as an object.
static bytes_t key_text(const struct json_value *item, const struct schema *schema, struct arena *arena)
{
    struct json_value *key = json_new(arena, JSON_OBJECT);
    for (size_t i = 0; i < schema->key_count; i++) {
        const struct json_value *member = json_find(item, schema->keys[i]);
        if (member != NULL)
            json_set(key, schema->keys[i], json_copy(arena, member));
    }
    struct writer out = WRITER_INIT;
    go_value(&out, key);
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static bytes_t item_text(const struct json_value *item, struct arena *arena)
{
    struct writer out = WRITER_INIT;
    go_value(&out, item);
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

// Of those that are the same the second is told, once.
static void tell_repeated(struct entry *entries, size_t count, const struct field_path *path,
                          struct field_errors *errors)
{
    size_t repeated = 0;
    qsort(entries, count, sizeof entries[0], by_text);
    struct entry *found = mem_alloc(count * sizeof *found);
    for (size_t i = 1; i < count; i++) {
        bool is_same = bytes_equal(entries[i].text, entries[i - 1].text);
        bool is_third = i > 1 && is_same && bytes_equal(entries[i].text, entries[i - 2].text);
        if (is_same && !is_third)
            found[repeated++] = entries[i];
    }
    qsort(found, repeated, sizeof found[0], by_index);
    for (size_t i = 0; i < repeated; i++) {
        struct field_path here = field_index(path, found[i].index);
        field_error_add(errors, FIELD_DUPLICATE, field_path_text(errors->arena, &here),
                        arena_copy(errors->arena, found[i].text), BYTES_NULL);
    }
    free(found);
}

static void check_unique(const struct json_value *array, const struct schema *schema, const struct field_path *path,
                         struct field_errors *errors)
{
    struct arena scratch = ARENA_INIT;
    struct entry *entries = arena_array(&scratch, array->count, sizeof *entries);
    bool is_map = schema->list == SCHEMA_LIST_MAP;
    size_t count = 0;
    for (const struct json_value *item = array->first; item != NULL; item = item->next) {
        struct field_path here = field_index(path, count);
        if (is_map && item->type != JSON_OBJECT && item->type != JSON_NULL) {
            field_fail(errors, FIELD_INVALID, &here, arena_copy(errors->arena, item_text(item, &scratch)),
                       "must be an object for an array of list-type map");
            arena_free(&scratch);
            return;
        }
        entries[count] = (struct entry){ is_map ? key_text(item, schema, &scratch) : item_text(item, &scratch), count };
        count++;
    }
    if (count > 1)
        tell_repeated(entries, count, path, errors);
    arena_free(&scratch);
}

static void check_members(const struct json_value *object, const struct schema *schema, const struct field_path *path,
                          struct field_errors *errors)
{
    for (const struct json_value *member = object->first; member != NULL; member = member->next) {
        const struct schema *known = schema_member_find(schema, member->name);
        bool is_key = known == schema->additional;
        struct field_path here = is_key ? field_key(path, member->name) : field_child(path, member->name);
        if (known != NULL)
            check(member, known, &here, errors);
    }
}

static void check(const struct json_value *value, const struct schema *schema, const struct field_path *path,
                  struct field_errors *errors)
{
    if (value->type == JSON_OBJECT)
        check_members(value, schema, path, errors);
    if (value->type != JSON_ARRAY)
        return;
    if (schema->list != SCHEMA_LIST_ATOMIC)
        check_unique(value, schema, path, errors);
    size_t index = 0;
    for (const struct json_value *item = value->first; item != NULL && schema->items != NULL; item = item->next) {
        struct field_path here = field_index(path, index++);
        check(item, schema->items, &here, errors);
    }
}

void schema_lists_check(const struct json_value *object, const struct schema *schema, struct field_errors *errors)
{
    check(object, schema, NULL, errors);
}
