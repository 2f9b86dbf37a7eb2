// SPDX-License-Identifier: Apache-2.0
#include "store/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 2000 };

static bytes_t key_of(unsigned number, char text[16])
{
    return bytes_of(text, (size_t)snprintf(text, 16, "k%05u", number));
}

static void put(struct rows *rows, unsigned number, int64_t version)
{
    char text[16];
    bytes_t key = key_of(number, text);
    free(rows_set(rows, row_new(key, BYTES_LITERAL("value"), version)));
}

// A walk by seek sees exactly the keys that PRESENT says, in order.
static void walk_is(const struct rows *rows, const int64_t *versions)
{
    size_t count = 0;
    const struct row *row = rows_seek(rows, BYTES_NULL, false);
    for (unsigned i = 0; i < KEYS; i++) {
        if (versions[i] == 0)
            continue;
        char text[16];
        assert_non_null(row);
        assert_true(bytes_equal(row_key(row), key_of(i, text)));
        assert_int_equal(row->version, versions[i]);
        row = rows_seek(rows, row_key(row), true);
        count++;
    }
    assert_null(row);
    assert_int_equal(rows->count, count);
    assert_int_equal(rows->size, count * (6 + 5));
}

static void agrees_with_an_array_over_random_changes(void **state)
{
    (void)state;
    struct rows rows = ROWS_INIT;
    static int64_t versions[KEYS];
    uint64_t random = 7;
    memset(versions, 0, sizeof versions);
    for (int64_t step = 1; step <= 20000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
        unsigned number = (unsigned)(random >> 33) % KEYS;
        char text[16];
        if ((random >> 20) % 5 < 2) {
            struct row *old = rows_remove(&rows, key_of(number, text));
            assert_int_equal(old != NULL, versions[number] != 0);
            free(old);
            versions[number] = 0;
        } else {
            put(&rows, number, step);
            versions[number] = step;
        }
        const struct row *found = rows_find(&rows, key_of(number, text));
        assert_int_equal(found == NULL ? 0 : found->version, versions[number]);
        if (step % 2000 == 0)
            walk_is(&rows, versions);
    }
    rows_free(&rows);
}

static void seeks_between_keys_and_past_the_end(void **state)
{
    (void)state;
    struct rows rows = ROWS_INIT;
    assert_null(rows_seek(&rows, BYTES_NULL, false));
    for (unsigned i = 0; i < KEYS; i += 2)
        put(&rows, i, 1);
    char text[16], next[16];
    for (unsigned i = 1; i + 1 < KEYS; i += 2) {
        const struct row *row = rows_seek(&rows, key_of(i, text), false);
        assert_true(bytes_equal(row_key(row), key_of(i + 1, next)));
    }
    assert_null(rows_seek(&rows, key_of(KEYS - 1, text), false));
    assert_null(rows_seek(&rows, key_of(KEYS - 2, text), true));
    rows_free(&rows);
}

static void keeps_an_empty_key_and_an_empty_value(void **state)
{
    (void)state;
    struct rows rows = ROWS_INIT;
    assert_null(rows_set(&rows, row_new(BYTES_LITERAL(""), BYTES_LITERAL(""), 3)));
    assert_int_equal(rows_find(&rows, BYTES_LITERAL(""))->version, 3);
    assert_non_null(rows_seek(&rows, BYTES_NULL, true));
    assert_null(rows_seek(&rows, BYTES_LITERAL(""), true));
    rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array_over_random_changes),
        cmocka_unit_test(seeks_between_keys_and_past_the_end),
        cmocka_unit_test(keeps_an_empty_key_and_an_empty_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
