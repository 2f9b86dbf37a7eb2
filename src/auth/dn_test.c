// SPDX-License-Identifier: Apache-2.0
#include "auth/dn.h"
#include "base/assert.h"

#include "base/test.h"

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void compares_names_by_what_they_mean(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal, same_parts;
    } rows[] = {
        { "CN=alice", "CN=alice", true, true },
        { "CN=alice", "cn=alice", true, true },
        { "CN=alice", "CN=Alice", false, false },
        { "CN=alice", "OU=alice", false, false },
        { "CN=alice,OU=ops", "CN = alice , OU = ops", true, true },
        { "CN=alice,OU=ops", "CN=alice;OU=ops", true, true },
        { "CN=alice,OU=ops", "OU=ops,CN=alice", false, true },
        { "CN=alice,OU=ops", "CN=alice", false, false },
        { "CN=alice,OU=a,OU=a", "CN=alice,OU=a,OU=b", false, false },
        { "CN=alice,OU=a,OU=a,OU=b", "CN=alice,OU=a,OU=b,OU=b", false, false },
        { "CN=alice+UID=7,O=x", "UID=7+CN=alice,O=x", true, true },
        { "CN=alice+UID=7,O=x", "CN=alice,UID=7,O=x", false, false },
        { "CN=a\\,b", "CN=\"a,b\"", true, true },
        { "CN=a\\2cb", "CN=a\\,b", true, true },
        { "CN=a\\2Cb", "CN=a,B=b", false, false },
        { "CN=L\\C4\\8Di", "CN=L\xc4\x8di", true, true },
        { "CN=\\ a\\ ", "CN=\" a \"", true, true },
        { "CN=a", "CN=\" a\"", false, false },
        { "CN=a b", "CN=a  b", false, false },
        { "CN=", "CN=\"\"", true, true },
        { "CN=a=b", "CN=a\\=b", true, true },
        { "E=a@b", "emailAddress=a@b", true, true },
        { "OID.2.5.4.3=a", "CN=a", true, true },
        { "1.2.3.4=#0c0161", "1.2.3.4=#0c0161", true, true },
        { "DC=example,DC=com", "DC=com,DC=example", false, true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct dn a, b;
        assert_int_equal(dn_parse(&arena, bytes_of_text(rows[i].a), &a), ERR_OK);
        assert_int_equal(dn_parse(&arena, bytes_of_text(rows[i].b), &b), ERR_OK);
        if (dn_equal(&a, &b) != rows[i].equal || dn_same_parts(&a, &b) != rows[i].same_parts ||
            dn_same_parts(&b, &a) != rows[i].same_parts)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
    }
}

static void refuses_what_is_no_name(void **state)
{
    (void)state;
    static const char *const bad[] = { "",      "alice",     "CN",        "=a",      "CN=a,",   ",CN=a",
                                       "CN=a+", "CN=\"a",    "CN=\"a\"b", "CN=a\\",  "CN=a\\4", "CN=a\\zz",
                                       "C N=a", "CN=a,,O=b", "C\xc3=a",   "CN=a\\\n" };
    struct dn dn;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (dn_parse(&arena, bytes_of_text(bad[i]), &dn) != ERR_MALFORMED)
            fail_msg("%s", bad[i]);
    char text[DN_SIZE_MAX + 2];
    memset(text, 'a', sizeof(text));
    memcpy(text, "CN=", 3);
    assert_int_equal(dn_parse(&arena, bytes_of(text, DN_SIZE_MAX), &dn), ERR_OK);
    assert_int_equal(dn_parse(&arena, bytes_of(text, DN_SIZE_MAX + 1), &dn), ERR_TOO_LARGE);
    for (size_t i = 0; i < sizeof(text) - 4; i += 4)
        memcpy(text + i, "C=a,", 4);
    assert_int_equal(dn_parse(&arena, bytes_of(text, 4 * DN_PARTS_MAX - 1), &dn), ERR_OK);
    assert_int_equal(dn.count, DN_PARTS_MAX);
    assert_int_equal(dn_parse(&arena, bytes_of(text, 4 * DN_PARTS_MAX + 3), &dn), ERR_TOO_LARGE);
    assert_int_equal(dn_parse(&arena, BYTES_LITERAL("A=1+A=2+A=3+A=4+A=5+A=6+A=7+A=8+A=9"), &dn), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(compares_names_by_what_they_mean, tear_down),
        cmocka_unit_test_teardown(refuses_what_is_no_name, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
