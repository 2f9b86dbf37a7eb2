// SPDX-License-Identifier: Apache-2.0
// The index against asking every filter: random filters come, change and go, and random events find the same takers.
#include "eventing/filter_index.h"

#include "base/test.h"
#include "cloudevents/filter/filter.h"
#include "eventing/view.h"

#include <stdio.h>

enum { SEEDS = 400, ENTRIES = 40, STEPS = 60, EVENTS = 4, TEXT = 2048 };

static uint32_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static const char *pick(const char *const *texts, size_t count)
{
    return texts[roll((uint32_t)count)];
}

// --- random filters

static const char *const names[] = { "type",  "source", "subject",         "time", "dataschema",
                                     "count", "flag",   "datacontenttype", "myext" };
static const char *const older_names[] = { "type", "count", "flag", "schemaurl", "datamediatype", "myext" };
static const char *const values[] = { "a",  "b",    "ab",    "abc",  "ba", "cab",  "1",
                                      "01", "true", "false", "TRUE", "10", "/a/b", "2020-01-01T00:00:00Z" };

struct text {
    char data[TEXT];
    size_t size;
};

static void add(struct text *text, const char *more)
{
    text->size += (size_t)snprintf(text->data + text->size, sizeof text->data - text->size, "%s", more);
    assert_true(text->size < sizeof text->data);
}

static void add_entry(struct text *text, const char *name, const char *value)
{
    add(text, "{\"");
    add(text, name);
    add(text, "\":\"");
    add(text, value);
    add(text, "\"}");
}

static void add_operand(struct text *text)
{
    switch (roll(5)) {
    case 0:
        add(text, pick(names, ARRAY_COUNT(names)));
        break;
    case 1:
        add(text, roll(2) == 0 ? "1" : "10");
        break;
    case 2:
        add(text, roll(2) == 0 ? "TRUE" : "FALSE");
        break;
    default:
        add(text, "'");
        add(text, pick(values, ARRAY_COUNT(values)));
        add(text, "'");
    }
}

static void add_expression(struct text *text, int depth);

static void add_test(struct text *text)
{
    static const char *const patterns[] = { " LIKE 'a%'",
                                            " LIKE '%b'",
                                            " LIKE 'a%b'",
                                            " LIKE 'ab'",
                                            " LIKE '_b%'",
                                            " NOT LIKE 'a%'",
                                            " IN ('a', 'ab', '01')",
                                            " NOT IN ('a', 'b')",
                                            " IN ('true', subject)",
                                            " IN (1, TRUE)" };
    static const char *const operators[] = { " = ", " = ", " = ", " != ", " < " };
    switch (roll(4)) {
    case 0:
        add(text, roll(2) == 0 ? "EXISTS " : "NOT EXISTS ");
        add(text, pick(names, ARRAY_COUNT(names)));
        break;
    case 1:
        add(text, pick(names, ARRAY_COUNT(names)));
        add(text, pick(patterns, ARRAY_COUNT(patterns)));
        break;
    default:
        if (roll(2) == 0)
            add(text, pick(names, ARRAY_COUNT(names)));
        else
            add_operand(text);
        add(text, pick(operators, ARRAY_COUNT(operators)));
        add_operand(text);
    }
}

static void add_expression(struct text *text, int depth)
{
    static const char *const logic[] = { " AND ", " AND ", " OR ", " XOR " };
    uint32_t what = depth == 0 ? 3 : roll(6);
    if (what < 2) {
        add(text, "(");
        add_expression(text, depth - 1);
        add(text, ")");
        add(text, pick(logic, ARRAY_COUNT(logic)));
        add(text, "(");
        add_expression(text, depth - 1);
        add(text, ")");
    } else if (what == 2) {
        add(text, "NOT (");
        add_expression(text, depth - 1);
        add(text, ")");
    } else {
        add_test(text);
    }
}

static void add_filter(struct text *text, int depth);

static void add_list(struct text *text, int depth)
{
    add(text, "[");
    for (uint32_t i = 0, count = 1 + roll(3); i < count; i++) {
        add(text, i == 0 ? "" : ",");
        add_filter(text, depth);
    }
    add(text, "]");
}

static void add_filter(struct text *text, int depth)
{
    static const char *const dialects[] = { "exact", "prefix", "suffix" };
    uint32_t what = depth == 0 ? 3 + roll(4) : roll(8);
    add(text, "{\"");
    if (what < 2) {
        add(text, what == 0 ? "all\":" : "any\":");
        add_list(text, depth - 1);
    } else if (what == 2) {
        add(text, "not\":");
        add_filter(text, depth - 1);
    } else if (what == 3) {
        add(text, "cesql\":\"");
        add_expression(text, 2);
        add(text, "\"");
    } else {
        add(text, pick(dialects, ARRAY_COUNT(dialects)));
        add(text, "\":");
        const char *name = roll(4) == 0 ? pick(older_names, ARRAY_COUNT(older_names)) : pick(names, ARRAY_COUNT(names));
        add_entry(text, name, pick(values, ARRAY_COUNT(values)));
    }
    add(text, "}");
}

static void make_spec(struct text *text)
{
    text->size = 0;
    uint32_t what = roll(8);
    if (what == 0) {
        add(text, "{}");
    } else if (what < 3) {
        add(text, "{\"filter\":{\"attributes\":");
        add_entry(text, pick(older_names, ARRAY_COUNT(older_names)),
                  roll(5) == 0 ? "" : pick(values, ARRAY_COUNT(values)));
        add(text, "}}");
    } else {
        add(text, "{\"filters\":");
        add_list(text, 2);
        add(text, "}");
    }
}

// --- whoever wants events

struct taker {
    struct filter_entry entry;
    struct filter filter;
    struct arena arena;
    bool is_in, has_taken;
};

static struct filter_index index_of_all;
static struct taker takers[ENTRIES];
static struct text text;

static struct filter *compile(struct arena *arena)
{
    static const struct json_limits limits = { .size = TEXT, .values = 1000 };
    struct json_value *spec;
    diag_t diag = { 0 };
    struct filter *filter = arena_alloc(arena, sizeof *filter);
    make_spec(&text);
    if (json_parse(bytes_of_text(text.data), &limits, arena, &spec, &diag) != ERR_OK ||
        filter_compile(spec, arena, filter, &diag) != ERR_OK)
        fail_msg("%s: %s: %s", text.data, diag.where, diag.text);
    return filter;
}

static void change_one(void)
{
    struct taker *taker = &takers[roll(ENTRIES)];
    if (taker->is_in && roll(3) == 0) {
        filter_index_remove(&index_of_all, &taker->entry);
        arena_free(&taker->arena);
        taker->is_in = false;
        return;
    }
    struct arena arena = ARENA_INIT;
    uint32_t before = seed;
    struct filter *filter = compile(&arena);
    filter_index_put(&index_of_all, &taker->entry, filter);
    arena_free(&taker->arena);
    taker->arena = arena;
    taker->filter = *filter;
    taker->is_in = true;
    if (roll(4) == 0) { // the next one has the same
        uint32_t after = seed;
        seed = before;
        taker = &takers[(size_t)(taker - takers + 1) % ENTRIES];
        struct arena again = ARENA_INIT;
        filter = compile(&again);
        filter_index_put(&index_of_all, &taker->entry, filter);
        arena_free(&taker->arena);
        taker->arena = again;
        taker->filter = *filter;
        taker->is_in = true;
        seed = after;
    }
}

// --- random events

static struct cloudevent event;
static struct cloudevent_extension extensions[3];

static bytes_t some_value(void)
{
    return bytes_of_text(pick(values, ARRAY_COUNT(values)));
}

static void make_event(void)
{
    const struct cloudevent_value counts[] = { { CLOUDEVENT_TYPE_INTEGER, BYTES_LITERAL("1") },
                                               { CLOUDEVENT_TYPE_INTEGER, BYTES_LITERAL("10") },
                                               { CLOUDEVENT_TYPE_STRING, BYTES_LITERAL("01") },
                                               { CLOUDEVENT_TYPE_STRING, BYTES_LITERAL("") } };
    const struct cloudevent_value flags[] = { { CLOUDEVENT_TYPE_BOOLEAN, BYTES_LITERAL("true") },
                                              { CLOUDEVENT_TYPE_BOOLEAN, BYTES_LITERAL("false") },
                                              { CLOUDEVENT_TYPE_STRING, BYTES_LITERAL("TRUE") } };
    event = (struct cloudevent){ .core = { [CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0"),
                                           [CLOUDEVENT_ID] = some_value(),
                                           [CLOUDEVENT_SOURCE] = some_value(),
                                           [CLOUDEVENT_TYPE] = some_value() } };
    for (int core = CLOUDEVENT_SUBJECT; core < CLOUDEVENT_CORE_COUNT; core++)
        event.core[core] = roll(2) == 0 ? BYTES_NULL : some_value();
    if (roll(4) == 0)
        event.core[CLOUDEVENT_DATACONTENTTYPE] = BYTES_LITERAL("A; charset=utf-8");
    event.extensions = extensions;
    if (roll(2) == 0)
        extensions[event.extension_count++] =
            (struct cloudevent_extension){ BYTES_LITERAL("count"), counts[roll(ARRAY_COUNT(counts))] };
    if (roll(2) == 0)
        extensions[event.extension_count++] =
            (struct cloudevent_extension){ BYTES_LITERAL("flag"), flags[roll(ARRAY_COUNT(flags))] };
    if (roll(2) == 0)
        extensions[event.extension_count++] =
            (struct cloudevent_extension){ BYTES_LITERAL("myext"), { CLOUDEVENT_TYPE_STRING, some_value() } };
}

static int taken;

static void on_entry(void *owner, struct filter_entry *entry)
{
    struct taker *taker = CONTAINER_OF(entry, struct taker, entry);
    assert_ptr_equal(owner, &takers);
    assert_true(taker->is_in);
    assert_false(taker->has_taken); // none twice
    taker->has_taken = true;
    taken++;
}

static void compare(uint32_t of_seed)
{
    struct cesql_event view = view_of(&event);
    struct arena scratch = ARENA_INIT;
    for (size_t i = 0; i < ENTRIES; i++)
        takers[i].has_taken = false;
    filter_index_match(&index_of_all, &event, on_entry, &takers);
    for (size_t i = 0; i < ENTRIES; i++) {
        bool wants = takers[i].is_in && filter_matches(&takers[i].filter, &view, &scratch);
        if (takers[i].has_taken == wants)
            continue;
        struct writer out = WRITER_INIT;
        filter_explain(&takers[i].filter, &view, &out);
        writer_u8(&out, 0);
        fail_msg("seed %u: %s", of_seed, (const char *)writer_view(&out).data);
    }
    arena_free(&scratch);
}

static void an_event_finds_whom_asking_all_finds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SEEDS; i++) {
        seed = i;
        filter_index_init(&index_of_all);
        for (int step = 0; step < STEPS; step++) {
            change_one();
            for (int e = 0; e < EVENTS; e++) {
                make_event();
                compare(i);
            }
        }
        for (size_t e = 0; e < ENTRIES; e++) {
            filter_index_remove(&index_of_all, &takers[e].entry);
            arena_free(&takers[e].arena);
            takers[e] = (struct taker){ 0 };
        }
        filter_index_deinit(&index_of_all); // asserts that nothing is left
    }
    assert_true(taken > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_finds_whom_asking_all_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
