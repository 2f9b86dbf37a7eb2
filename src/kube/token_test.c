// SPDX-License-Identifier: Apache-2.0
#include "kube/token.h"

#include "auth/digest.h"
#include "base/base64.h"
#include "base/test.h"

static const bytes_t key = { (const uint8_t *)"0123456789abcdef0123456789abcdef", 32 };

static struct token token_of(const bytes_t *audiences, size_t count)
{
    return (struct token){ .name_space = BYTES_LITERAL("default"),
                           .name = BYTES_LITERAL("robot"),
                           .uid = BYTES_LITERAL("u-1"),
                           .audiences = audiences,
                           .audience_count = count,
                           .issued_s = 1000,
                           .expires_s = 4600 };
}

static const bytes_t ours[] = { { (const uint8_t *)TOKEN_AUDIENCE, sizeof TOKEN_AUDIENCE - 1 } };

static void is_read_back_until_it_expires(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct token made = token_of(ours, 1), read = { 0 };
    bytes_t text = token_sign(key, &made, &arena);
    assert_int_equal(token_verify(key, text, 4599, &arena, &read), ERR_OK);
    assert_true(bytes_is(read.name_space, "default"));
    assert_true(bytes_is(read.name, "robot"));
    assert_true(bytes_is(read.uid, "u-1"));
    assert_int_equal(read.expires_s, 4600);
    assert_int_equal(token_verify(key, text, 4600, &arena, &read), ERR_TIMEOUT);
    arena_free(&arena);
}

static void is_refused_when_any_byte_of_it_changes(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct token made = token_of(ours, 1), read;
    bytes_t text = token_sign(key, &made, &arena);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t *changed = (uint8_t *)arena_text(&arena, text);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(token_verify(key, bytes_of(changed, text.size), 2000, &arena, &read), ERR_DENIED);
        assert_int_equal(token_verify(key, bytes_of(text.data, i), 2000, &arena, &read), ERR_DENIED);
    }
    arena_free(&arena);
}

static void is_refused_by_a_server_with_another_key(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct token made = token_of(ours, 1), read;
    bytes_t text = token_sign(BYTES_LITERAL("another"), &made, &arena);
    assert_int_equal(token_verify(key, text, 2000, &arena, &read), ERR_DENIED);
    arena_free(&arena);
}

static void is_refused_when_it_is_for_somebody_else(void **state)
{
    (void)state;
    static const bytes_t others[] = { { (const uint8_t *)"vault", 5 } };
    struct arena arena = ARENA_INIT;
    struct token made = token_of(others, 1), read;
    assert_int_equal(token_verify(key, token_sign(key, &made, &arena), 2000, &arena, &read), ERR_DENIED);
    arena_free(&arena);
}

// RFC 8725 2.1: a header that names no algorithm, without a seal or with a good one.
static void is_refused_with_another_header(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct token made = token_of(ours, 1), read;
    bytes_t text = token_sign(key, &made, &arena);
    const uint8_t *first = memchr(text.data, '.', text.size);
    const uint8_t *second = memchr(first + 1, '.', text.size - (size_t)(first + 1 - text.data));
    const char *sealed = arena_format(&arena, "eyJhbGciOiJub25lIn0%.*s", (int)(second - first), (const char *)first);
    uint8_t seal[DIGEST_SIZE];
    char signature[BASE64_SIZE(DIGEST_SIZE) + 1] = "";
    digest_hmac_sha256(key, bytes_of_text(sealed), seal);
    (void)base64_encode(BASE64_URL, bytes_of(seal, sizeof seal), signature);
    const char *forms[] = { arena_format(&arena, "%s.", sealed), arena_format(&arena, "%s.%s", sealed, signature) };
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(token_verify(key, bytes_of_text(forms[i]), 2000, &arena, &read), ERR_DENIED);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_back_until_it_expires),
        cmocka_unit_test(is_refused_when_any_byte_of_it_changes),
        cmocka_unit_test(is_refused_by_a_server_with_another_key),
        cmocka_unit_test(is_refused_when_it_is_for_somebody_else),
        cmocka_unit_test(is_refused_with_another_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
