// SPDX-License-Identifier: Apache-2.0
#include "auth/password.h"
#include "base/assert.h"

#include "base/test.h"

static void compares_secrets_of_any_size(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        { "", "", true },
        { "s3cr3t", "s3cr3t", true },
        { "s3cr3t", "s3cr3T", false },
        { "s3cr3t", "s3cr3t ", false },
        { "s3cr3t", "", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(secret_equal(bytes_of_text(rows[i].a), bytes_of_text(rows[i].b)), rows[i].equal);
        assert_int_equal(password_verify(bytes_of_text(rows[i].a), bytes_of_text(rows[i].b)), rows[i].equal);
    }
    assert_true(secret_equal(BYTES_NULL, BYTES_LITERAL("")));
    assert_false(secret_equal(bytes_of("a\0b", 3), bytes_of("a\0c", 3)));
}

// The test vectors of jBCrypt and of crypt_blowfish: other implementations than the one that is called.
static void verifies_bcrypt_hashes_that_others_made(void **state)
{
    (void)state;
    static const struct {
        const char *hash, *password;
    } rows[] = {
        { "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", "" },
        { "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a" },
        { "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "abc" },
        { "$2b$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "abc" },
        { "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3" },
        // The last letter of the salt carries bits that do not count ('v' instead of 'u').
        { "$2b$06$If6bvum7DFjUnE9p2uDeDv0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "abc" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t hash = bytes_of_text(rows[i].hash);
        assert_true(password_is_hash(hash));
        assert_int_equal(password_check(hash, "users[0]", NULL), ERR_OK);
        assert_true(password_verify(hash, bytes_of_text(rows[i].password)));
        assert_false(password_verify(hash, BYTES_LITERAL("abd")));
        assert_false(password_verify(hash, hash)); // the hash itself is no password
    }
}

static void of_a_password_72_bytes_without_nul_count(void **state)
{
    (void)state;
    bytes_t hash = BYTES_LITERAL("$2b$04$abcdefghijklmnopqrstuum2G75IXDN/xsgbNa/hCiPSKyIHQd70S");
    char password[100];
    for (size_t i = 0; i < sizeof(password); i++)
        password[i] = (char)('0' + i % 10);
    assert_true(password_verify(hash, bytes_of(password, 72)));
    assert_true(password_verify(hash, bytes_of(password, 100)));
    assert_false(password_verify(hash, bytes_of(password, 71)));
    hash = BYTES_LITERAL("$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i");
    assert_true(password_verify(hash, bytes_of("abc", 3)));
    assert_false(password_verify(hash, bytes_of("abc\0abc", 7)));
}

static void complains_about_hashes_that_cannot_be_verified(void **state)
{
    (void)state;
    static const struct {
        const char *hash, *word;
    } rows[] = {
        { "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "faulty" },
        { "$2b$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0", "has 59" },
        { "$2b$16$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "has 16" },
        { "$2b$03$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "has 3" },
        { "$2b$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h!i", "character 59" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        diag_t diag = { 0 };
        assert_int_equal(password_check(bytes_of_text(rows[i].hash), "users[0].password", &diag), ERR_INVALID);
        assert_string_equal(diag.where, "users[0].password");
        assert_non_null(strstr(diag.text, rows[i].word));
        assert_null(strstr(diag.text, "If6bvum7DFjUnE9p2uDeDu"));
    }
    static const char *const plain[] = { "",           "$",          "$2",     "$2b$",   "$2b$1x$aaa",
                                         "$2c$10$aaa", "$1$abc$def", "2b$10$", "$2b-10$" };
    for (size_t i = 0; i < ARRAY_COUNT(plain); i++) {
        assert_false(password_is_hash(bytes_of_text(plain[i])));
        assert_int_equal(password_check(bytes_of_text(plain[i]), "x", NULL), ERR_OK);
        assert_true(password_verify(bytes_of_text(plain[i]), bytes_of_text(plain[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_secrets_of_any_size),
        cmocka_unit_test(verifies_bcrypt_hashes_that_others_made),
        cmocka_unit_test(of_a_password_72_bytes_without_nul_count),
        cmocka_unit_test(complains_about_hashes_that_cannot_be_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
