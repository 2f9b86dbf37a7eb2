// SPDX-License-Identifier: Apache-2.0
// For this folder's tests: events as one line of text, "id=1 source=/s type=t n:Integer=5 | json {}". What every event
// has, specversion 1.0, is left out. Include it last.
#pragma once

#include "base/assert.h"
#include "base/writer.h"
#include "cloudevents/cloudevent.h"

#include "base/test.h"

static inline bool is_default_type(bytes_t name, enum cloudevent_type type)
{
    enum cloudevent_core core;
    return type == CLOUDEVENT_TYPE_STRING || cloudevent_core_find(name, &core);
}

static inline void dump_event(struct writer *to, const struct cloudevent *event)
{
    static const char *const forms[] = { "bytes", "json", "text", "binary" };
    bytes_t name;
    struct cloudevent_value value;
    assert_true(bytes_is(event->core[CLOUDEVENT_SPECVERSION], "1.0"));
    for (size_t at = 0; cloudevent_next(event, &at, &name, &value);) {
        if (bytes_is(name, "specversion"))
            continue;
        writer_format(to, "%s%.*s", to->size == 0 ? "" : " ", BYTES_ARG(name));
        if (!is_default_type(name, value.type))
            writer_format(to, ":%s", cloudevent_type_name(value.type));
        writer_format(to, "=%.*s", BYTES_ARG(value.text));
        assert_int_equal(cloudevent_check(name, value, NULL), ERR_OK);
    }
    if (event->is_from_03)
        writer_text(to, " (0.3)");
    if (event->data.data != NULL)
        writer_format(to, " | %s %.*s", forms[event->form], BYTES_ARG(event->data));
}

// The event, or "! where: text" of the error.
static inline void dump_result(struct writer *to, err_t err, const struct cloudevent *event, const diag_t *diag)
{
    if (err == ERR_OK)
        dump_event(to, event);
    else
        writer_format(to, "! %s: %s", diag->where, diag->text);
}

static inline void expect_text(size_t row, struct writer *got, const char *expected)
{
    if (!bytes_is(writer_view(got), expected))
        fail_msg("row %zu\nexpected %s\ngot      %.*s", row, expected, BYTES_ARG(writer_view(got)));
    writer_free(got);
}
