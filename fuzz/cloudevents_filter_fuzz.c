// SPDX-License-Identifier: Apache-2.0
// Filters of triggers (cloudevents/filter/): a Trigger's spec in JSON. What compiles decides the same twice, is turned
// round by a not, needs nothing that an event which it takes has not, and can be explained; what does not is
// complained about.
#include "cloudevents/filter/filter.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

static const struct json_limits limits = { .size = 1 << 16, .values = 4096 };
static const char *const usual[] = {
    "id", "A-1", "source", "/shop", "type", "order.created", "datacontenttype", "Text/Plain; charset=utf-8", "empty", ""
};

static bool get(const void *context, bytes_t name, struct cesql_value *ret_value)
{
    (void)context;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i += 2) {
        if (bytes_is(name, usual[i])) {
            *ret_value = (struct cesql_value){ .type = CESQL_STRING, .text = bytes_of_text(usual[i + 1]) };
            return true;
        }
    }
    if (!bytes_is(name, "count"))
        return false;
    *ret_value = (struct cesql_value){ .type = CESQL_INTEGER, .integer = 42 };
    return true;
}

static const struct cesql_event event = { get, NULL };

// filters: [{"not": {"all": filters}}] takes what filters did not, unless it takes all there is.
static void check_not(struct arena *arena, struct json_value *spec, const struct filter *filter)
{
    const struct json_value *filters = json_get(spec, "filters");
    if (filters == NULL || filters->type != JSON_ARRAY || filters->count == 0)
        return;
    struct json_value all = *filters, outer = { .type = JSON_OBJECT, .name = BYTES_LITERAL("not") };
    struct json_value dialect = { .type = JSON_OBJECT },
                      list = { .type = JSON_ARRAY, .name = BYTES_LITERAL("filters") };
    struct json_value root = { .type = JSON_OBJECT };
    struct filter opposite;
    all.name = BYTES_LITERAL("all");
    all.next = NULL;
    outer.first = outer.last = &all;
    dialect.first = dialect.last = &outer;
    list.first = list.last = &dialect;
    root.first = root.last = &list;
    outer.count = dialect.count = list.count = root.count = 1;
    err_t err = filter_compile(&root, arena, &opposite, NULL);
    ASSERT(err == ERR_OK || err == ERR_TOO_LARGE);
    if (err == ERR_OK && filter->root != NULL)
        ASSERT(filter_matches(&opposite, &event, arena) != filter_matches(filter, &event, arena));
}

static void check_needs(struct arena *arena, const struct filter *filter)
{
    bool matches = filter_matches(filter, &event, arena);
    for (const struct need *need = filter_needs(filter, arena); need != NULL; need = need->next)
        ASSERT(!matches || need_holds(need, &event));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct json_value *spec;
    struct filter filter;
    diag_t diag = { 0 };
    if (json_parse(bytes_of(data, size), &limits, &arena, &spec, NULL) != ERR_OK) {
        arena_free(&arena);
        return 0;
    }
    if (filter_compile(spec, &arena, &filter, &diag) == ERR_OK) {
        struct writer out = WRITER_INIT;
        out.limit = 1 << 16;
        ASSERT(filter_matches(&filter, &event, &arena) == filter_matches(&filter, &event, &arena));
        check_needs(&arena, &filter);
        filter_explain(&filter, &event, &out);
        ASSERT(out.size > 0);
        writer_free(&out);
        check_not(&arena, spec, &filter);
    } else {
        ASSERT(diag.where[0] != '\0' && diag.text[0] != '\0');
    }
    arena_free(&arena);
    return 0;
}
