// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/merge.h"

#include "kube/apply/list_index.h"
#include "kube/apply/zip.h"

struct merge {
    struct arena *arena;
    diag_t *diag;
};

// NULL in RET_OUT: nothing is left to stand there.
static err_t merge_value(struct merge *merge, struct typed type, const struct json_value *live,
                         const struct json_value *config, struct json_value **ret_out);

static err_t merge_maps(struct merge *merge, struct typed type, const struct json_value *live,
                        const struct json_value *config, struct json_value **ret_out)
{
    struct json_value *out = json_new(merge->arena, JSON_OBJECT);
    struct zip zip = zip_of(merge->arena, live, config);
    for (struct zip_pair pair; zip_next(&zip, &pair);) {
        struct json_value *member = NULL;
        err_t err = merge_value(merge, typed_member(type, pair.name, NULL, NULL), pair.left, pair.right, &member);
        if (err != ERR_OK)
            return err;
        if (member == NULL)
            continue;
        member->name = pair.name;
        json_append(out, member);
    }
    *ret_out = out->count == 0 ? NULL : out;
    return ERR_OK;
}

// --- lists

// Two lists that are read side by side. SHARED counts through the items of CONFIG that LIVE has as well.
struct weave {
    struct merge *merge;
    struct typed type; // of the list
    struct list_index live, config;
    size_t live_at, config_at;
    size_t shared; // in config.items: the next that live has as well; config.count: none
    bool *merged;  // by place in config
    struct json_value *out;
    err_t err;
};

static size_t next_shared(const struct weave *weave, size_t from)
{
    while (from < weave->config.count && list_index_find(&weave->live, &weave->config.items[from].element) == NULL)
        from++;
    return from;
}

static void weave_put(struct weave *weave, const struct json_value *live, const struct json_value *config)
{
    struct json_value *item = NULL;
    weave->err = merge_value(weave->merge, typed_item(weave->type), live, config, &item);
    if (weave->err != ERR_OK || item == NULL)
        return;
    item->name = BYTES_NULL;
    json_append(weave->out, item);
}

// The next item of CONFIG, with LIVE's where there is exactly one.
static void weave_config(struct weave *weave)
{
    const struct list_item *item = &weave->config.items[weave->config_at];
    const struct list_item *live = list_index_find(&weave->live, &item->element);
    weave->merged[weave->config_at] = true;
    weave_put(weave, live == NULL || live->twins > 1 ? NULL : live->value, item->value);
    if (weave->shared == weave->config_at)
        weave->shared = next_shared(weave, weave->config_at + 1);
    weave->config_at++;
}

// The same item is next on both sides, or live's must wait for its turn in config's order: true when that is done.
static bool weave_both(struct weave *weave)
{
    const struct path_element *element = &weave->live.items[weave->live_at].element;
    if (path_element_compare(element, &weave->config.items[weave->config_at].element) == 0) {
        weave->live_at++;
        weave_config(weave);
        return true;
    }
    bool waits = list_index_find(&weave->config, element) != NULL && weave->shared < weave->config.count &&
                 path_element_compare(element, &weave->config.items[weave->shared].element) != 0;
    weave->live_at += waits;
    return waits;
}

static void weave_step(struct weave *weave)
{
    bool has_live = weave->live_at < weave->live.count;
    if (has_live && weave->config_at < weave->config.count && weave_both(weave))
        return;
    if (has_live) {
        const struct list_item *item = &weave->live.items[weave->live_at];
        const struct list_item *config = list_index_find(&weave->config, &item->element);
        if (config == NULL) {
            weave_put(weave, item->value, NULL);
            weave->live_at++;
            return;
        }
        weave->live_at += weave->merged[config->place];
    }
    if (weave->config_at < weave->config.count)
        weave_config(weave);
}

static err_t merge_lists(struct merge *merge, struct typed type, const struct json_value *live,
                         const struct json_value *config, struct json_value **ret_out)
{
    struct weave weave = { .merge = merge, .type = type };
    err_t err = list_index_make(type, config, merge->arena, &weave.config, merge->diag);
    if (err == ERR_OK)
        err = list_index_make(type, live, merge->arena, &weave.live, merge->diag);
    if (err != ERR_OK)
        return err;
    weave.out = json_new(merge->arena, JSON_ARRAY);
    weave.merged = arena_array(merge->arena, weave.config.count, sizeof *weave.merged);
    weave.shared = next_shared(&weave, 0);
    while (weave.err == ERR_OK && (weave.live_at < weave.live.count || weave.config_at < weave.config.count))
        weave_step(&weave);
    *ret_out = weave.out->count == 0 ? NULL : weave.out;
    return weave.err;
}

// --- values

static bool has_inside(const struct json_value *value, enum json_type type)
{
    return value != NULL && value->type == type && value->first != NULL;
}

static err_t merge_value(struct merge *merge, struct typed type, const struct json_value *live,
                         const struct json_value *config, struct json_value **ret_out)
{
    const struct json_value *last = config == NULL ? live : config;
    enum shape shape = typed_shape(type, last);
    bool is_list = shape == SHAPE_LIST;
    enum json_type inside = is_list ? JSON_ARRAY : JSON_OBJECT;
    bool is_leaf = shape == SHAPE_SCALAR || (is_list ? typed_list_of(type).atomic : typed_map_is_atomic(type)) ||
                   (!has_inside(live, inside) && !has_inside(config, inside));
    if (!is_leaf)
        return is_list ? merge_lists(merge, type, live, config, ret_out)
                       : merge_maps(merge, type, live, config, ret_out);
    *ret_out = json_copy(merge->arena, last);
    return ERR_OK;
}

err_t fields_merge(struct typed type, const struct json_value *live, const struct json_value *config,
                   struct arena *arena, struct json_value **ret_object, diag_t *diag)
{
    struct merge merge = { .arena = arena, .diag = diag };
    struct json_value *out = NULL;
    err_t err = merge_value(&merge, type, live, config, &out);
    if (err == ERR_OK)
        *ret_object = out == NULL ? json_new(arena, JSON_NULL) : out;
    return err;
}

// --- removal

static struct json_value *remove_below(struct typed type, const struct json_value *value, const struct field_node *node,
                                       struct arena *arena)
{
    if (node == NULL || node->below == NULL)
        return json_copy(arena, value);
    return fields_remove(type, value, node->below, arena);
}

static struct json_value *remove_members(struct typed type, const struct json_value *map, const struct field_set *set,
                                         struct arena *arena)
{
    struct json_value *out = json_new(arena, JSON_OBJECT);
    for (const struct json_value *member = map->first; member != NULL; member = member->next) {
        struct path_element element = path_field(member->name);
        const struct field_node *node = field_set_find(set, &element);
        if (node != NULL && node->member)
            continue;
        struct json_value *rest = remove_below(typed_member(type, member->name, NULL, NULL), member, node, arena);
        rest->name = member->name;
        json_append(out, rest);
    }
    return out;
}

static struct json_value *remove_items(struct typed type, const struct json_value *list, const struct field_set *set,
                                       struct arena *arena)
{
    struct json_value *out = json_new(arena, JSON_ARRAY);
    struct list_index index;
    if (list_index_make(type, list, arena, &index, NULL) != ERR_OK)
        return json_copy(arena, list);
    for (size_t i = 0; i < index.count; i++) {
        const struct field_node *node = field_set_find(set, &index.items[i].element);
        if (node != NULL && node->member)
            continue;
        json_append(out, remove_below(typed_item(type), index.items[i].value, node, arena));
    }
    return out;
}

struct json_value *fields_remove(struct typed type, const struct json_value *value, const struct field_set *set,
                                 struct arena *arena)
{
    enum shape shape = typed_shape(type, value);
    if (shape == SHAPE_SCALAR)
        return json_copy(arena, value);
    struct json_value *out = NULL;
    if (shape == SHAPE_LIST && value->type == JSON_ARRAY && !typed_list_of(type).atomic)
        out = remove_items(type, value, set, arena);
    if (shape == SHAPE_MAP && value->type == JSON_OBJECT && !typed_map_is_atomic(type))
        out = remove_members(type, value, set, arena);
    return out == NULL || out->count == 0 ? json_new(arena, JSON_NULL) : out;
}
