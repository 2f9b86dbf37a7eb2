// SPDX-License-Identifier: Apache-2.0
#include "io/net.h"

#include "base/assert.h"
#include "base/test.h"

#include <stdio.h>

struct sample {
    const char *text;
    const char *host;
    uint16_t port;
    const char *formatted;
};

static void parses_every_form(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        { "example.org:80", "example.org", 80, "example.org:80" },
        { "example.org", "example.org", 9092, "example.org:9092" },
        { "[::1]:81", "::1", 81, "[::1]:81" },
        { "[::1]", "::1", 9092, "[::1]:9092" },
        { "::1", "::1", 9092, "[::1]:9092" },
        { ":82", "localhost", 82, "localhost:82" },
        { "83", "localhost", 83, "localhost:83" },
        { "10.0.0.1:0", "10.0.0.1", 0, "10.0.0.1:0" },
        { "a:65535", "a", 65535, "a:65535" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct address address;
        diag_t diag;
        char text[280];
        assert_int_equal(address_parse(samples[i].text, 9092, &address, &diag), ERR_OK);
        assert_string_equal(address.host, samples[i].host);
        assert_int_equal(address.port, samples[i].port);
        address_format(&address, text, sizeof(text));
        assert_string_equal(text, samples[i].formatted);
    }
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char *const samples[] = { "",     "a:",        "a:b",   "a:65536", "a:-1",   "99999", "[::1",
                                           "[]:1", "[::1]junk", "a b:1", "a/b:1",   "[::1]:", ":" };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct address address = { .host = "untouched", .port = 7 };
        diag_t diag = { 0 };
        assert_int_equal(address_parse(samples[i], 9092, &address, &diag), ERR_INVALID);
        assert_true(diag.text[0] != '\0');
        assert_string_equal(address.host, "untouched");
        assert_int_equal(address_parse(samples[i], 9092, &address, NULL), ERR_INVALID);
    }
}

static void refuses_a_host_over_255_characters(void **state)
{
    (void)state;
    char text[300];
    struct address address;
    memset(text, 'a', sizeof(text));
    text[256] = '\0';
    assert_int_equal(address_parse(text, 1, &address, NULL), ERR_INVALID);
    text[255] = '\0';
    assert_int_equal(address_parse(text, 1, &address, NULL), ERR_OK);
}

static void knows_loopback(void **state)
{
    (void)state;
    static const char *const near[] = { "localhost", "127.0.0.1", "127.255.3.4", "::1" };
    static const char *const far[] = {
        "localhost.example.org", "127.0.0.1.example.org", "127.0.0", "127.0.0.256", "128.0.0.1", "0.0.0.0", "::", "127"
    };
    struct address address;
    for (size_t i = 0; i < ARRAY_COUNT(near); i++) {
        snprintf(address.host, sizeof(address.host), "%s", near[i]);
        assert_true(address_is_loopback(&address));
    }
    for (size_t i = 0; i < ARRAY_COUNT(far); i++) {
        snprintf(address.host, sizeof(address.host), "%s", far[i]);
        assert_false(address_is_loopback(&address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_every_form),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(refuses_a_host_over_255_characters),
        cmocka_unit_test(knows_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
