// SPDX-License-Identifier: Apache-2.0
#include "eventing/filter_index.h"

#include "base/mem.h"
#include "base/prefix_tree.h"
#include "cloudevents/cesql/value.h"
#include "cloudevents/filter/filter.h"
#include "eventing/view.h"

#include <stdlib.h>

// An attribute that some rule needs something of.
struct axis {
    struct map_node node;
    bytes_t name; // of the heap
    struct map exact;
    struct prefix_tree prefixes, suffixes; // suffixes are turned round
    struct place *present;
    size_t count; // of places
};

// The rules that need one thing.
struct place {
    struct map_node node; // of axis->exact
    struct axis *axis;
    enum need_kind kind;
    bytes_t value; // of the heap; of a suffix turned round
    struct list_node seats;
    size_t count; // of them
};

struct seat {
    struct list_node node; // of the place
    struct place *place;
    struct filter_rule *rule;
};

// One filter, and everybody who has it.
struct filter_rule {
    struct map_node node;
    struct list_node rest; // when it has no seats
    bytes_t text;          // as filter_write has it; of the heap
    const struct filter *filter;
    struct list_node entries;
    struct seat *seats; // one of them is found when the filter takes an event
    size_t seat_count;
    uint64_t round; // in which it was asked last
};

static bytes_t rule_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct filter_rule, node)->text;
}

static bytes_t axis_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct axis, node)->name;
}

static bytes_t place_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct place, node)->value;
}

static bytes_t copy(bytes_t bytes)
{
    uint8_t *data = mem_alloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(data, bytes.data, bytes.size);
    return bytes_of(data, bytes.size);
}

static void drop(bytes_t bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

static bytes_t turned(bytes_t text, struct arena *arena)
{
    uint8_t *data = arena_alloc(arena, text.size);
    for (size_t i = 0; i < text.size; i++)
        data[i] = text.data[text.size - 1 - i];
    return bytes_of(data, text.size);
}

// --- places

static struct axis *axis_find(const struct filter_index *index, bytes_t name)
{
    struct map_node *node = map_find(&index->axes, name);
    return node == NULL ? NULL : CONTAINER_OF(node, struct axis, node);
}

static struct axis *axis_get(struct filter_index *index, bytes_t name)
{
    struct axis *axis = axis_find(index, name);
    if (axis != NULL)
        return axis;
    axis = mem_zalloc(1, sizeof *axis);
    axis->name = copy(name);
    axis->exact = MAP_INIT(place_key);
    map_insert(&index->axes, &axis->node);
    return axis;
}

static struct place *place_in(const struct axis *axis, enum need_kind kind, bytes_t value)
{
    struct map_node *node;
    switch (kind) {
    case NEED_EXACT:
        node = map_find(&axis->exact, value);
        return node == NULL ? NULL : CONTAINER_OF(node, struct place, node);
    case NEED_PREFIX:
        return prefix_tree_find(&axis->prefixes, value);
    case NEED_SUFFIX:
        return prefix_tree_find(&axis->suffixes, value);
    case NEED_PRESENT:
        break;
    }
    return axis->present;
}

static void place_put(struct axis *axis, struct place *place)
{
    axis->count++;
    switch (place->kind) {
    case NEED_EXACT:
        map_insert(&axis->exact, &place->node);
        break;
    case NEED_PREFIX:
        *prefix_tree_put(&axis->prefixes, place->value) = place;
        break;
    case NEED_SUFFIX:
        *prefix_tree_put(&axis->suffixes, place->value) = place;
        break;
    case NEED_PRESENT:
        axis->present = place;
        break;
    }
}

static void place_take(struct axis *axis, struct place *place)
{
    axis->count--;
    switch (place->kind) {
    case NEED_EXACT:
        map_remove(&axis->exact, &place->node);
        break;
    case NEED_PREFIX:
        prefix_tree_remove(&axis->prefixes, place->value);
        break;
    case NEED_SUFFIX:
        prefix_tree_remove(&axis->suffixes, place->value);
        break;
    case NEED_PRESENT:
        axis->present = NULL;
        break;
    }
}

static bytes_t value_of(const struct need_test *test, struct arena *arena)
{
    return test->kind == NEED_SUFFIX ? turned(test->value, arena) : test->value;
}

static struct place *place_get(struct filter_index *index, const struct need_test *test, struct arena *arena)
{
    struct axis *axis = axis_get(index, test->name);
    bytes_t value = value_of(test, arena);
    struct place *place = place_in(axis, test->kind, value);
    if (place != NULL)
        return place;
    place = mem_zalloc(1, sizeof *place);
    place->axis = axis;
    place->kind = test->kind;
    place->value = copy(value);
    list_init(&place->seats);
    place_put(axis, place);
    return place;
}

// The last one out takes the place along, and the axis.
static void seat_leave(struct filter_index *index, struct seat *seat)
{
    struct place *place = seat->place;
    struct axis *axis = place->axis;
    list_remove(&seat->node);
    if (--place->count > 0)
        return;
    place_take(axis, place);
    drop(place->value);
    free(place);
    if (axis->count > 0)
        return;
    map_remove(&index->axes, &axis->node);
    map_free(&axis->exact);
    prefix_tree_free(&axis->prefixes);
    prefix_tree_free(&axis->suffixes);
    drop(axis->name);
    free(axis);
}

// --- rules

// How many rules are asked beside one that has its seats there, roughly: those that have theirs there already, and for
// what many events have, more.
static size_t cost_of(const struct filter_index *index, const struct need *need, struct arena *arena)
{
    static const size_t costs[] = { [NEED_EXACT] = 1, [NEED_PREFIX] = 16, [NEED_SUFFIX] = 16, [NEED_PRESENT] = 1000 };
    size_t cost = 0;
    for (size_t i = 0; i < need->count; i++) {
        const struct need_test *test = &need->tests[i];
        const struct axis *axis = axis_find(index, test->name);
        const struct place *place = axis == NULL ? NULL : place_in(axis, test->kind, value_of(test, arena));
        cost += costs[test->kind] + (place == NULL ? 0 : place->count);
    }
    return cost;
}

// So a rule that needs one of few types, and the source that all events come from, is found by its type.
static const struct need *cheapest(const struct filter_index *index, const struct need *needs, struct arena *arena)
{
    const struct need *best = needs;
    size_t best_cost = SIZE_MAX;
    for (; needs != NULL; needs = needs->next) {
        size_t cost = cost_of(index, needs, arena);
        if (cost < best_cost) {
            best = needs;
            best_cost = cost;
        }
    }
    return best;
}

static void rule_sit(struct filter_index *index, struct filter_rule *rule)
{
    struct arena arena = ARENA_INIT;
    const struct need *need = cheapest(index, filter_needs(rule->filter, &arena), &arena);
    rule->seat_count = need == NULL ? 0 : need->count;
    rule->seats = mem_zalloc(rule->seat_count, sizeof *rule->seats);
    for (size_t i = 0; i < rule->seat_count; i++) {
        struct seat *seat = &rule->seats[i];
        seat->rule = rule;
        seat->place = place_get(index, &need->tests[i], &arena);
        seat->place->count++;
        list_append(&seat->place->seats, &seat->node);
    }
    if (need == NULL)
        list_append(&index->rest, &rule->rest);
    arena_free(&arena);
}

static struct filter_rule *rule_get(struct filter_index *index, const struct filter *filter, bytes_t text)
{
    struct map_node *node = map_find(&index->rules, text);
    if (node != NULL)
        return CONTAINER_OF(node, struct filter_rule, node);
    struct filter_rule *rule = mem_zalloc(1, sizeof *rule);
    rule->text = copy(text);
    rule->filter = filter;
    list_init(&rule->entries);
    map_insert(&index->rules, &rule->node);
    rule_sit(index, rule);
    return rule;
}

static void rule_drop(struct filter_index *index, struct filter_rule *rule)
{
    for (size_t i = 0; i < rule->seat_count; i++)
        seat_leave(index, &rule->seats[i]);
    list_remove(&rule->rest);
    map_remove(&index->rules, &rule->node);
    drop(rule->text);
    free(rule->seats);
    free(rule);
}

// --- entries

void filter_index_remove(struct filter_index *index, struct filter_entry *entry)
{
    struct filter_rule *rule = entry->rule;
    ASSERT(!index->is_matching);
    if (rule == NULL)
        return;
    list_remove(&entry->node);
    const struct list_node *first = list_first(&rule->entries);
    if (first == NULL)
        rule_drop(index, rule);
    else if (rule->filter == entry->filter)
        rule->filter = CONTAINER_OF_CONST(first, struct filter_entry, node)->filter;
    *entry = (struct filter_entry){ 0 };
}

void filter_index_put(struct filter_index *index, struct filter_entry *entry, const struct filter *filter)
{
    struct writer text = WRITER_INIT;
    ASSERT(!index->is_matching);
    filter_write(filter, &text);
    struct filter_rule *rule = rule_get(index, filter, writer_view(&text));
    writer_free(&text);
    if (rule != entry->rule) {
        filter_index_remove(index, entry);
        list_append(&rule->entries, &entry->node);
    } else if (rule->filter == entry->filter) {
        rule->filter = filter;
    }
    entry->rule = rule;
    entry->filter = filter;
}

// --- events

struct search {
    struct filter_index *index;
    struct cesql_event event;
    void (*on_entry)(void *owner, struct filter_entry *entry);
    void *owner;
};

static void ask_rule(struct search *search, struct filter_rule *rule)
{
    struct filter_index *index = search->index;
    if (rule->round == index->round)
        return;
    rule->round = index->round;
    arena_reset(&index->scratch);
    if (!filter_matches(rule->filter, &search->event, &index->scratch))
        return;
    LIST_EACH(&rule->entries, node)
    {
        search->on_entry(search->owner, LIST_ITEM(node, struct filter_entry, node));
    }
}

static void ask_place(void *owner, void *item)
{
    struct place *place = item;
    LIST_EACH(&place->seats, node)
    {
        ask_rule(owner, LIST_ITEM(node, struct seat, node)->rule);
    }
}

static void ask_axis(struct search *search, const struct axis *axis, bytes_t text)
{
    struct map_node *node = map_find(&axis->exact, text);
    if (node != NULL)
        ask_place(search, CONTAINER_OF(node, struct place, node));
    if (axis->present != NULL)
        ask_place(search, axis->present);
    prefix_tree_match(&axis->prefixes, text, ask_place, search);
    if (axis->suffixes.root != NULL)
        prefix_tree_match(&axis->suffixes, turned(text, &search->index->texts), ask_place, search);
}

static void ask_attributes(struct search *search, const struct cloudevent *event)
{
    struct cloudevent_value value;
    bytes_t name;
    for (size_t at = 0; cloudevent_next(event, &at, &name, &value);) {
        const struct axis *axis = axis_find(search->index, name);
        if (axis == NULL)
            continue;
        char memory[INTEGER_TEXT_SIZE];
        struct cesql_value seen = view_value(&value), text;
        bool is_cast = value_cast(&seen, CESQL_STRING, memory, &text);
        ASSERT(is_cast);
        ask_axis(search, axis, text.text);
    }
}

void filter_index_match(struct filter_index *index, const struct cloudevent *event,
                        void (*on_entry)(void *owner, struct filter_entry *entry), void *owner)
{
    struct search search = { index, view_of(event), on_entry, owner };
    ASSERT(!index->is_matching);
    index->is_matching = true;
    index->round++;
    arena_reset(&index->texts);
    if (index->axes.count > 0)
        ask_attributes(&search, event);
    LIST_EACH(&index->rest, node)
    {
        ask_rule(&search, LIST_ITEM(node, struct filter_rule, rest));
    }
    index->is_matching = false;
}

// --- begin and end

void filter_index_init(struct filter_index *index)
{
    *index = (struct filter_index){ .rules = MAP_INIT(rule_key), .axes = MAP_INIT(axis_key) };
    list_init(&index->rest);
}

void filter_index_deinit(struct filter_index *index)
{
    ASSERT(index->rules.count == 0 && index->axes.count == 0);
    map_free(&index->rules);
    map_free(&index->axes);
    arena_free(&index->texts);
    arena_free(&index->scratch);
}
