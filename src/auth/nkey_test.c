// SPDX-License-Identifier: Apache-2.0
#include "auth/nkey.h"
#include "base/assert.h"
#include "base/base64.h"

#include "base/test.h"

// A pair of the NATS documentation; the signature was made with another implementation of Ed25519.
#define SEED   "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"
#define PUBLIC "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"
#define NONCE  "PXoWU7zWAMt75FY"
#define SIGNED "ZaAiVDgB5CeYoXoQ7cBCmq-ZllzUnGUoDVb8C7PilWvCs8XKfUchAUhz2P4BYAF--Dg3w05CqyQFRDiGL6LrDw"

static void reads_and_writes_the_keys_of_the_documentation(void **state)
{
    (void)state;
    struct nkey_seed seed;
    struct nkey key, derived;
    assert_int_equal(nkey_seed_parse(BYTES_LITERAL(SEED), &seed), ERR_OK);
    assert_int_equal(seed.kind, NKEY_USER);
    assert_int_equal(nkey_parse(BYTES_LITERAL(PUBLIC), &key), ERR_OK);
    assert_int_equal(key.kind, NKEY_USER);
    nkey_seed_public(&seed, &derived);
    assert_memory_equal(key.bytes, derived.bytes, NKEY_SIZE);
    char text[NKEY_TEXT_SIZE + 1], seed_text[NKEY_SEED_TEXT_SIZE + 1];
    nkey_format(&derived, text);
    assert_string_equal(text, PUBLIC);
    nkey_seed_format(&seed, seed_text);
    assert_string_equal(seed_text, SEED);
    nkey_seed_wipe(&seed);
    static const uint8_t zeros[NKEY_SIZE];
    assert_memory_equal(seed.bytes, zeros, NKEY_SIZE);
}

static void verifies_the_signature_of_a_nonce(void **state)
{
    (void)state;
    struct nkey_seed seed;
    struct nkey key;
    assert_int_equal(nkey_seed_parse(BYTES_LITERAL(SEED), &seed), ERR_OK);
    assert_int_equal(nkey_parse(BYTES_LITERAL(PUBLIC), &key), ERR_OK);
    uint8_t want[BASE64_SIZE(NKEY_SIGNATURE_SIZE)], made[NKEY_SIGNATURE_SIZE];
    size_t size;
    assert_true(base64_decode(BASE64_URL, BYTES_LITERAL(SIGNED), want, &size));
    assert_int_equal(size, NKEY_SIGNATURE_SIZE);
    nkey_seed_sign(&seed, BYTES_LITERAL(NONCE), made);
    assert_memory_equal(made, want, NKEY_SIGNATURE_SIZE);
    assert_true(nkey_verify(&key, BYTES_LITERAL(NONCE), bytes_of(want, size)));

    assert_false(nkey_verify(&key, BYTES_LITERAL("PXoWU7zWAMt75FZ"), bytes_of(want, size)));
    assert_false(nkey_verify(&key, BYTES_LITERAL(NONCE), bytes_of(want, size - 1)));
    assert_false(nkey_verify(&key, BYTES_LITERAL(NONCE), BYTES_NULL));
    want[10] ^= 1;
    assert_false(nkey_verify(&key, BYTES_LITERAL(NONCE), bytes_of(want, size)));
    want[10] ^= 1;
    key.bytes[3] ^= 1;
    assert_false(nkey_verify(&key, BYTES_LITERAL(NONCE), bytes_of(want, size)));
}

static void the_first_letter_says_what_a_key_is_for(void **state)
{
    (void)state;
    static const struct {
        enum nkey_kind kind;
        char letter;
    } rows[] = { { NKEY_ACCOUNT, 'A' }, { NKEY_CLUSTER, 'C' }, { NKEY_OPERATOR, 'O' },
                 { NKEY_SERVER, 'N' },  { NKEY_USER, 'U' },    { NKEY_CURVE, 'X' } };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nkey_seed seed, seed_again;
        struct nkey key, again;
        nkey_seed_new(rows[i].kind, &seed);
        char text[NKEY_TEXT_SIZE + 1], seed_text[NKEY_SEED_TEXT_SIZE + 1];
        nkey_seed_format(&seed, seed_text);
        assert_int_equal(strlen(seed_text), NKEY_SEED_TEXT_SIZE);
        assert_int_equal(seed_text[0], 'S');
        assert_int_equal(seed_text[1], rows[i].letter);
        assert_int_equal(nkey_seed_parse(bytes_of_text(seed_text), &seed_again), ERR_OK);
        assert_int_equal(seed_again.kind, rows[i].kind);
        assert_memory_equal(seed_again.bytes, seed.bytes, NKEY_SIZE);
        nkey_seed_public(&seed, &key);
        nkey_format(&key, text);
        assert_int_equal(strlen(text), NKEY_TEXT_SIZE);
        assert_int_equal(text[0], rows[i].letter);
        assert_int_equal(nkey_parse(bytes_of_text(text), &again), ERR_OK);
        assert_int_equal(again.kind, rows[i].kind);
        uint8_t signature[NKEY_SIGNATURE_SIZE];
        nkey_seed_sign(&seed, BYTES_LITERAL("x"), signature);
        // A curve key is for encryption; a signature of its seed does not count.
        assert_int_equal(nkey_verify(&again, BYTES_LITERAL("x"), bytes_of(signature, sizeof(signature))),
                         rows[i].kind != NKEY_CURVE);
    }
}

static void refuses_texts_that_are_no_keys(void **state)
{
    (void)state;
    struct nkey key = { .kind = NKEY_SERVER };
    struct nkey_seed seed = { .kind = NKEY_SERVER };
    // Every single changed letter is noticed.
    for (size_t i = 0; i < NKEY_TEXT_SIZE; i++) {
        char text[] = PUBLIC;
        text[i] = text[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(nkey_parse(bytes_of_text(text), &key), ERR_OK);
    }
    for (size_t i = 0; i < NKEY_SEED_TEXT_SIZE; i++) {
        char text[] = SEED;
        text[i] = text[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(nkey_seed_parse(bytes_of_text(text), &seed), ERR_OK);
    }
    for (size_t size = 0; size < NKEY_TEXT_SIZE; size++)
        assert_int_equal(nkey_parse(bytes_of(PUBLIC, size), &key), ERR_MALFORMED);
    for (size_t size = 0; size < NKEY_SEED_TEXT_SIZE; size++)
        assert_int_equal(nkey_seed_parse(bytes_of(SEED, size), &seed), ERR_MALFORMED);
    assert_int_equal(nkey_parse(BYTES_LITERAL(SEED), &key), ERR_MALFORMED); // a secret in the wrong place
    assert_int_equal(nkey_seed_parse(BYTES_LITERAL(PUBLIC), &seed), ERR_MALFORMED);
    assert_int_equal(nkey_parse(BYTES_LITERAL(PUBLIC "A"), &key), ERR_MALFORMED);
    assert_int_equal(nkey_parse(BYTES_LITERAL("uck5n7n66obOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"), &key),
                     ERR_MALFORMED);
    assert_int_equal(nkey_parse(BYTES_LITERAL("UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7K"), &key),
                     ERR_CORRUPT);
    char nul[] = PUBLIC;
    nul[20] = '\0';
    assert_int_equal(nkey_parse(bytes_of(nul, NKEY_TEXT_SIZE), &key), ERR_MALFORMED);
    assert_int_equal(key.kind, NKEY_SERVER);
    assert_int_equal(seed.kind, NKEY_SERVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_keys_of_the_documentation),
        cmocka_unit_test(verifies_the_signature_of_a_nonce),
        cmocka_unit_test(the_first_letter_says_what_a_key_is_for),
        cmocka_unit_test(refuses_texts_that_are_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
