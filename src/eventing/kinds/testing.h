// SPDX-License-Identifier: Apache-2.0
// Rules on texts: what they fill in, and what they complain of. Tests only.
#pragma once

#include "base/json_write.h"
#include "eventing/kinds/rules.h"

#include "base/test.h"

static struct arena arena;

static inline int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static inline struct json_value *tree(const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 20000 };
    struct json_value *value = NULL;
    assert_int_equal(json_parse(bytes_of_text(text), &limits, &arena, &value, NULL), ERR_OK);
    return value;
}

// All errors, "" where there is none. LIVE may be NULL.
static inline const char *complaints(void (*check)(struct field_errors *errors, const struct json_value *object,
                                                   const struct json_value *live),
                                     const char *object, const char *live)
{
    struct field_errors errors = field_errors_in(&arena);
    struct writer out = WRITER_INIT;
    check(&errors, tree(object), live == NULL ? NULL : tree(live));
    if (errors.count > 0)
        field_errors_write(&out, &errors);
    const char *text = arena_text(&arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static inline void assert_filled(void (*fill)(struct arena *arena, struct json_value *object,
                                              const struct json_value *live),
                                 const char *object, const char *live, const char *expected)
{
    struct json_value *filled = tree(object);
    fill(&arena, filled, live == NULL ? NULL : tree(live));
    if (json_equal(filled, tree(expected)))
        return;
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, filled);
    fail_msg("%.*s", BYTES_ARG(writer_view(&out)));
}
