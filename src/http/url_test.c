// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/test.h"

static void takes_urls_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        uint16_t port;
        const char *origin, *host, *target;
    } rows[] = {
        { "http://localhost:8080/a/b?c=d&e", "localhost", 8080, "http://localhost:8080", "localhost:8080",
          "/a/b?c=d&e" },
        { "http://example.com", "example.com", 80, "http://example.com:80", "example.com", "/" },
        { "https://example.com", "example.com", 443, "https://example.com:443", "example.com", "/" },
        { "HTTPS://EXAMPLE.com:0443/PATH", "example.com", 443, "https://example.com:443", "example.com", "/PATH" },
        { "https://example.com:80/", "example.com", 80, "https://example.com:80", "example.com:80", "/" },
        { "http://example.com:443", "example.com", 443, "http://example.com:443", "example.com:443", "/" },
        { "http://example.com:/x", "example.com", 80, "http://example.com:80", "example.com", "/x" },
        { "http://h?q", "h", 80, "http://h:80", "h", "/?q" },
        { "http://h?", "h", 80, "http://h:80", "h", "/?" },
        { "http://h/?a?b/c", "h", 80, "http://h:80", "h", "/?a?b/c" },
        { "http://h#f", "h", 80, "http://h:80", "h", "/" },
        { "http://h/p#f?not=query", "h", 80, "http://h:80", "h", "/p" },
        { "http://h//a/../b;c=d/%2F%c3%a9", "h", 80, "http://h:80", "h", "//a/../b;c=d/%2F%c3%a9" },
        { "http://my_svc.ns.svc.cluster.local/", "my_svc.ns.svc.cluster.local", 80,
          "http://my_svc.ns.svc.cluster.local:80", "my_svc.ns.svc.cluster.local", "/" },
        { "http://127.0.0.1:1/", "127.0.0.1", 1, "http://127.0.0.1:1", "127.0.0.1:1", "/" },
        { "http://[::1]", "::1", 80, "http://[::1]:80", "[::1]", "/" },
        { "http://[2001:DB8::A]:65535/x", "2001:db8::a", 65535, "http://[2001:db8::a]:65535", "[2001:db8::a]:65535",
          "/x" },
        { "http://[1:2:3:4:5:6:7:8]/", "1:2:3:4:5:6:7:8", 80, "http://[1:2:3:4:5:6:7:8]:80", "[1:2:3:4:5:6:7:8]", "/" },
        { "http://[::ffff:1.2.3.4]/", "::ffff:1.2.3.4", 80, "http://[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]", "/" },
        { "http://[::]/", "::", 80, "http://[::]:80", "[::]", "/" },
        { "http://[1::]/", "1::", 80, "http://[1::]:80", "[1::]", "/" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_url url;
        diag_t diag;
        assert_int_equal(http_url_parse(bytes_of_text(rows[i].text), &url, &diag), ERR_OK);
        assert_int_equal(url.is_secure, rows[i].origin[4] == 's');
        assert_string_equal(url.address.host, rows[i].name);
        assert_int_equal(url.address.port, rows[i].port);
        assert_true(bytes_is(url.origin, rows[i].origin));
        assert_true(bytes_is(url.host, rows[i].host));
        assert_true(bytes_is(url.target, rows[i].target));
        http_url_free(&url);
    }
}

static void refuses_what_is_not_a_url_to_send_to(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "http",
        "http:",
        "http:/h",
        "http://",
        "http:///x",
        "//h/x",
        "/x",
        "h/x",
        "ftp://h/",
        "httpx://h/",
        "http://:80/",
        "http://user@h/",
        "http://user:word@h/",
        "http://@h/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:-1/",
        "http://h:+1/",
        "http://h:1x/",
        "http://h:80:80/",
        "http://h h/",
        "http://h%41/",
        "http://caf\xc3\xa9/",
        "http://h\\x/",
        "http://h/a b",
        "http://h/\xc3\xa9",
        "http://h/%",
        "http://h/%4",
        "http://h/%zz",
        "http://h/a\r\nX: y",
        "http://h/?a b",
        "http://h/?%g0",
        "http://h/[",
        "http://h/#a b",
        "http://h\r\n/",
        "http://[::1",
        "http://::1/",
        "http://[]/",
        "http://[:]/",
        "http://[:::]/",
        "http://[1]/",
        "http://[1:2:3:4:5:6:7]/",
        "http://[1:2:3:4:5:6:7:8:9]/",
        "http://[1::2::3]/",
        "http://[1:2:3:4:5:6:7::8]/",
        "http://[12345::]/",
        "http://[::g]/",
        "http://[:1::2]/",
        "http://[::1:]/",
        "http://[::1.2.3]/",
        "http://[::1.2.3.256]/",
        "http://[::1.2.3.04]/",
        "http://[1.2.3.4::]/",
        "http://[1:2:3:4:5:6:7:1.2.3.4]/",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://[::1]x/",
        "http://[::1]80/",
        "http://h/p?q#f#g",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct http_url url;
        diag_t diag = { 0 };
        if (http_url_parse(bytes_of_text(texts[i]), &url, &diag) == ERR_OK)
            fail_msg("taken: %s", texts[i]);
        assert_string_equal(diag.where, "url");
        assert_true(strlen(diag.text) > 10);
    }
    struct http_url url;
    assert_int_equal(http_url_parse(BYTES_LITERAL("http://h\0/"), &url, NULL), ERR_INVALID);
}

static void has_limits(void **state)
{
    (void)state;
    char *text = mem_format("http://h/%0*d", HTTP_URL_SIZE_MAX - 8, 0);
    struct http_url url;
    assert_int_equal(http_url_parse(bytes_of(text, HTTP_URL_SIZE_MAX), &url, NULL), ERR_OK);
    assert_int_equal(url.target.size, HTTP_URL_SIZE_MAX - 8);
    http_url_free(&url);
    assert_int_equal(http_url_parse(bytes_of(text, HTTP_URL_SIZE_MAX + 1), &url, NULL), ERR_TOO_LARGE);
    text[8] = 'a';
    assert_int_equal(http_url_parse(bytes_of(text, 7 + 255), &url, NULL), ERR_OK);
    assert_int_equal(strlen(url.address.host), 255);
    http_url_free(&url);
    assert_int_equal(http_url_parse(bytes_of(text, 7 + 256), &url, NULL), ERR_INVALID);
    free(text);
}

// The examples of RFC 3986 5.4, and what stands beside them.
static void resolves_relative_references(void **state)
{
    static const struct {
        const char *reference, *wanted;
    } cases[] = {
        { "g", "http://a/b/c/g" },      { "./g", "http://a/b/c/g" },    { "g/", "http://a/b/c/g/" },
        { "/g", "http://a/g" },         { "//g", "http://g" },          { "?y", "http://a/b/c/d;p?y" },
        { "g?y", "http://a/b/c/g?y" },  { "#s", "http://a/b/c/d;p?q" }, { "g#s", "http://a/b/c/g" },
        { ";x", "http://a/b/c/;x" },    { "", "http://a/b/c/d;p?q" },   { ".", "http://a/b/c/" },
        { "./", "http://a/b/c/" },      { "..", "http://a/b/" },        { "../g", "http://a/b/g" },
        { "../..", "http://a/" },       { "../../../g", "http://a/g" }, { "/./g", "http://a/g" },
        { "/../g", "http://a/g" },      { "g.", "http://a/b/c/g." },    { "..g", "http://a/b/c/..g" },
        { "./g/.", "http://a/b/c/g/" }, { "g/../h", "http://a/b/c/h" }, { "g?y/../x", "http://a/b/c/g?y/../x" },
    };
    struct http_url base;
    struct arena arena = ARENA_INIT;
    (void)state;
    assert_int_equal(http_url_parse(BYTES_LITERAL("http://a/b/c/d;p?q"), &base, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_string_equal(http_url_resolve(&base, bytes_of_text(cases[i].reference), &arena), cases[i].wanted);
        assert_false(http_url_is_absolute(bytes_of_text(cases[i].reference)));
    }
    http_url_free(&base);
    arena_free(&arena);
    assert_true(http_url_is_absolute(BYTES_LITERAL("http://a/")));
    assert_true(http_url_is_absolute(BYTES_LITERAL("mailto:a")));
    assert_false(http_url_is_absolute(BYTES_LITERAL("/a:b")));
    assert_false(http_url_is_absolute(BYTES_LITERAL(":b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls_apart),
        cmocka_unit_test(refuses_what_is_not_a_url_to_send_to),
        cmocka_unit_test(has_limits),
        cmocka_unit_test(resolves_relative_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
