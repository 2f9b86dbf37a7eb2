// SPDX-License-Identifier: Apache-2.0
#include "auth/login.h"
#include "auth/nkey.h"
#include "base/assert.h"
#include "base/base64.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/loop.h"
#include "io/tls.h"

#include "base/test.h"

enum {
    TEST_LIMIT_MS = 60000, // a test that hangs ends here and fails
};

#define TEXT   bytes_of_text
#define NKEY   "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"
#define NONCE  "PXoWU7zWAMt75FY"
#define SIGNED "ZaAiVDgB5CeYoXoQ7cBCmq-ZllzUnGUoDVb8C7PilWvCs8XKfUchAUhz2P4BYAF--Dg3w05CqyQFRDiGL6LrDw"
#define HASHED "$2b$04$abcdefghijklmnopqrstuu35fBIWlNgF8BcAW/t2cO158N8svSFHy" // s3cr3t
#define SLOW   "$2a$12$abcdefghijklmnopqrstuu35fBIWlNgF8BcAW/t2cO158N8svSFHy" // of nothing, and slow to find out

static struct loop *loop;
static struct directory *directory;
static struct verifier *verifier;
static struct timer limit;
static struct {
    size_t count;
    struct verdict last;
    size_t until; // stops the loop at this count
} told;

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static void add(const char *account, const char *name, const char *nkey, const char *password)
{
    const struct user_config config = { .account = TEXT(account),
                                        .name = TEXT(name),
                                        .nkey = TEXT(nkey),
                                        .password = password == NULL ? BYTES_NULL : TEXT(password) };
    assert_int_equal(directory_add_user(directory, &config, NULL), ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_new(0);
    static const unsigned threads[DISK_QUEUE_COUNT] = { [DISK_COMPUTE] = 1 };
    disk_start(threads);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    memset(&told, 0, sizeof(told));
    verifier = verifier_new(loop);
    directory = directory_new();
    assert_int_equal(directory_add_account(directory, TEXT("A"), NULL), ERR_OK);
    add("A", "alice", "", "s3cr3t");
    add("A", "bob", "", HASHED);
    add("A", "slow", "", SLOW);
    add("A", "carol", "", NULL);
    add("A", "guest", "", "");
    add("", "", NKEY, NULL);
    return 0;
}

static void stop_loop(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void run_for(int64_t time_ms)
{
    struct timer timer;
    timer_init(&timer, loop, stop_loop);
    timer_start(&timer, time_ms);
    loop_run(loop);
}

static int tear_down(void **state)
{
    (void)state;
    verifier_free(verifier);
    disk_stop();
    run_for(1); // what disk_stop posted
    timer_stop(&limit);
    loop_free(loop);
    directory_free(directory);
    return 0;
}

static void on_login(void *owner, struct verdict verdict)
{
    assert_ptr_equal(owner, &told);
    told.last = verdict;
    if (++told.count == told.until)
        loop_stop(loop);
}

static struct login *start(struct credentials credentials, struct verdict *ret_verdict)
{
    return login_start(verifier, directory, &credentials, on_login, &told, ret_verdict);
}

// Whoever comes in by it, or why not; decided at once.
static const char *decide(struct credentials credentials)
{
    struct verdict verdict;
    assert_null(start(credentials, &verdict));
    assert_int_equal(verdict.principal == NULL, verdict.denial != DENIAL_NONE);
    static char name[80];
    if (verdict.principal == NULL)
        return denial_text(verdict.denial);
    snprintf(name, sizeof(name), "%.*s", BYTES_ARG(verdict.principal->name));
    return name;
}

static void seal(void)
{
    assert_int_equal(directory_seal(directory, NULL), ERR_OK);
}

static void plain_passwords_are_decided_at_once(void **state)
{
    (void)state;
    seal();
    static const struct {
        const char *user, *password, *token, *result;
    } rows[] = {
        { "alice", "s3cr3t", "", "alice" },
        { "alice", "s3cr3T", "", "the password is wrong" },
        { "alice", "", "", "the password is wrong" },
        { "dave", "s3cr3t", "", "there is no such user" },
        { NKEY, "", "", "there is no such user" },
        { "carol", "", "", "the user has no password: it comes with a certificate only" },
        { "guest", "", "", "guest" },
        { "guest", "x", "", "the password is wrong" },
        { "", "", "", "no credentials were shown" },
        { "", "s3cr3t", "", "no credentials were shown" },
        { "", "", "s3cr3t", "the token is wrong" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(decide((struct credentials){ .user = TEXT(rows[i].user),
                                                         .password = TEXT(rows[i].password),
                                                         .token = TEXT(rows[i].token) }),
                            rows[i].result);
    run_for(5);
    assert_int_equal(told.count, 0);
}

static void who_shows_nothing_is_the_one_that_was_named_for_it(void **state)
{
    (void)state;
    assert_int_equal(directory_set_no_auth_user(directory, TEXT("bob"), NULL), ERR_OK);
    seal();
    assert_string_equal(decide((struct credentials){ 0 }), "bob");
    assert_string_equal(decide((struct credentials){ .user = TEXT("alice") }), "the password is wrong");
    assert_string_equal(decide((struct credentials){ .token = TEXT("x") }), "the token is wrong");
}

static void who_shows_nothing_can_be_an_nkey(void **state)
{
    (void)state;
    assert_int_equal(directory_set_no_auth_user(directory, TEXT(NKEY), NULL), ERR_OK);
    seal();
    assert_string_equal(decide((struct credentials){ 0 }), NKEY);
    assert_string_equal(decide((struct credentials){ .nkey = TEXT(NKEY) }), NKEY);
    assert_string_equal(decide((struct credentials){ .user = TEXT("alice") }), "the password is wrong");
}

static void where_nothing_is_checked_everything_is_let_in(void **state)
{
    (void)state;
    directory_free(directory);
    directory = directory_new();
    seal();
    struct verdict verdict;
    assert_null(start((struct credentials){ .user = TEXT("x"), .nkey = TEXT(NKEY) }, &verdict));
    assert_int_equal(verdict.principal->kind, PRINCIPAL_ANONYMOUS);
}

static void a_token_is_for_all(void **state)
{
    (void)state;
    assert_int_equal(directory_set_token(directory, TEXT("t0k3n"), NULL), ERR_OK);
    seal();
    struct verdict verdict;
    assert_null(start((struct credentials){ .token = TEXT("t0k3n") }, &verdict));
    assert_int_equal(verdict.principal->kind, PRINCIPAL_TOKEN);
    assert_true(bytes_is(verdict.principal->account->name, "$G"));
    assert_string_equal(decide((struct credentials){ .token = TEXT("t0k3") }), "the token is wrong");
    assert_string_equal(decide((struct credentials){ 0 }), "no credentials were shown");
}

static void where_only_a_token_counts_no_name_does(void **state)
{
    (void)state;
    directory_free(directory);
    directory = directory_new();
    assert_int_equal(directory_set_token(directory, TEXT("t0k3n"), NULL), ERR_OK);
    seal();
    struct verdict verdict;
    struct credentials credentials = { .user = TEXT("x"), .password = TEXT("y"), .token = TEXT("t0k3n") };
    assert_null(start(credentials, &verdict));
    assert_int_equal(verdict.principal->kind, PRINCIPAL_TOKEN);
    credentials.by_certificate = true;
    assert_null(start(credentials, &verdict));
    assert_int_equal(verdict.principal->kind, PRINCIPAL_TOKEN);
    credentials.token = TEXT("t0k3");
    assert_string_equal(decide(credentials), "the token is wrong");
    credentials.token = BYTES_NULL;
    assert_string_equal(decide(credentials), "no credentials were shown");
}

static void an_nkey_signs_the_nonce(void **state)
{
    (void)state;
    seal();
    char standard[128];
    size_t size;
    uint8_t signature[BASE64_SIZE(NKEY_SIGNATURE_SIZE)];
    assert_true(base64_decode(BASE64_URL, BYTES_LITERAL(SIGNED), signature, &size));
    size = base64_encode(BASE64_STANDARD, bytes_of(signature, size), standard);
    struct credentials right = { .nkey = TEXT(NKEY), .signature = TEXT(SIGNED), .nonce = TEXT(NONCE) };
    assert_string_equal(decide(right), NKEY);
    struct credentials other = right;
    other.signature = bytes_of(standard, size);
    assert_string_equal(decide(other), NKEY);
    other = right;
    other.nonce = TEXT("PXoWU7zWAMt75FZ");
    assert_string_equal(decide(other), "the signature of the nonce is wrong");
    // Nothing is no nonce, though it can be signed.
    struct nkey_seed seed;
    assert_int_equal(nkey_seed_parse(TEXT("SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"), &seed),
                     ERR_OK);
    nkey_seed_sign(&seed, BYTES_NULL, signature);
    other.signature = bytes_of(standard, base64_encode(BASE64_URL, bytes_of(signature, NKEY_SIGNATURE_SIZE), standard));
    other.nonce = BYTES_NULL;
    assert_string_equal(decide(other), "the signature of the nonce is wrong");
    other = right;
    other.signature = BYTES_NULL;
    assert_string_equal(decide(other), "the nonce was not signed");
    other.signature = TEXT("%%%");
    assert_string_equal(decide(other), "the signature of the nonce is wrong");
    other.signature = TEXT(SIGNED SIGNED);
    assert_string_equal(decide(other), "the signature of the nonce is wrong");
    other = right;
    other.nkey = TEXT("UBQRQBKW2LPUL5HZSFHZ2ZZ4NYHJB3PSZG5PLFMALMOII3GERMM6BRJT");
    assert_string_equal(decide(other), "there is no such nkey");
}

static void a_certificate_names_its_user(void **state)
{
    (void)state;
    add("", "CN=eve,OU=ops", "", NULL);
    add("", "eve@example.com", "", NULL);
    add("", "eve.example.com", "", NULL);
    add("", "spiffe://example.com/eve", "", NULL);
    add("", "locked@example.com", "", "s3cr3t");
    seal();
    const bytes_t emails[] = { BYTES_LITERAL("nobody@example.com"), BYTES_LITERAL("eve@example.com") };
    const bytes_t hosts[] = { BYTES_LITERAL("eve.example.com") },
                  uris[] = { BYTES_LITERAL("spiffe://example.com/eve") };
    const bytes_t locked[] = { BYTES_LITERAL("locked@example.com") };
    struct tls_peer peer = {
        .subject = TEXT("OU=ops,CN=eve"), .emails = { emails, 2 }, .hosts = { hosts, 1 }, .uris = { uris, 1 }
    };
    // What the client says of itself does not count.
    struct credentials shown = {
        .by_certificate = true, .certificate = &peer, .user = TEXT("alice"), .password = TEXT("s3cr3t")
    };
    assert_string_equal(decide(shown), "eve@example.com");
    peer.emails.count = 1;
    assert_string_equal(decide(shown), "eve.example.com");
    peer.hosts.count = 0;
    assert_string_equal(decide(shown), "spiffe://example.com/eve");
    peer.uris.count = 0;
    assert_string_equal(decide(shown), "CN=eve,OU=ops");
    peer.subject = TEXT("CN=mallory");
    assert_string_equal(decide(shown), "no user has a name of the certificate");
    peer.emails = (struct tls_names){ locked, 1 };
    assert_string_equal(decide(shown), "locked@example.com");
    shown.password = BYTES_NULL;
    assert_string_equal(decide(shown), "the password is wrong");
    shown.certificate = NULL;
    assert_string_equal(decide(shown), "no certificate was shown");
}

static void a_hash_is_verified_off_the_loop(void **state)
{
    (void)state;
    seal();
    struct verdict verdict = { 0 };
    told.until = 1;
    assert_non_null(start((struct credentials){ .user = TEXT("bob"), .password = TEXT("s3cr3t") }, &verdict));
    assert_int_equal(told.count, 0);
    loop_run(loop);
    assert_true(bytes_is(told.last.principal->name, "bob"));
    assert_int_equal(told.last.denial, DENIAL_NONE);
    told.until = 2;
    assert_non_null(start((struct credentials){ .user = TEXT("bob"), .password = TEXT("s3cr3T") }, &verdict));
    loop_run(loop);
    assert_null(told.last.principal);
    assert_int_equal(told.last.denial, DENIAL_WRONG_PASSWORD);
    // A slow one: the loop goes on meanwhile, and plain passwords do not wait for it.
    assert_non_null(start((struct credentials){ .user = TEXT("slow"), .password = TEXT("x") }, &verdict));
    int64_t from_ns = clock_mono_ns();
    run_for(1);
    assert_true(clock_mono_ns() - from_ns < 100 * INT64_C(1000000));
    assert_int_equal(told.count, 2);
    assert_string_equal(decide((struct credentials){ .user = TEXT("alice"), .password = TEXT("s3cr3t") }), "alice");
    told.until = 3;
    loop_run(loop);
    assert_int_equal(told.last.denial, DENIAL_WRONG_PASSWORD);
}

static void cancelled_logins_say_nothing(void **state)
{
    (void)state;
    seal();
    struct verdict verdict;
    const struct credentials slow = { .user = TEXT("slow"), .password = TEXT("x") };
    const struct credentials bob = { .user = TEXT("bob"), .password = TEXT("s3cr3t") };
    struct login *running = start(slow, &verdict), *waiting = start(bob, &verdict);
    assert_non_null(start(bob, &verdict));
    login_cancel(running);
    login_cancel(waiting);
    told.until = 1;
    loop_run(loop);
    assert_true(bytes_is(told.last.principal->name, "bob"));
    run_for(20);
    assert_int_equal(told.count, 1);
    // Freed with one under way and one waiting: the threads and tear_down end it.
    assert_non_null(start(slow, &verdict));
    assert_non_null(start(bob, &verdict));
    verifier_free(verifier);
    verifier = NULL;
    run_for(1000);
    assert_int_equal(told.count, 1);
}

static void a_flood_of_logins_is_bounded(void **state)
{
    (void)state;
    seal();
    struct verdict verdict;
    const struct credentials bob = { .user = TEXT("bob"), .password = TEXT("wrong") };
    for (size_t i = 0; i <= VERIFIER_WAITING_MAX; i++) // one of them runs
        assert_non_null(start(bob, &verdict));
    assert_null(start(bob, &verdict));
    assert_null(verdict.principal);
    assert_int_equal(verdict.denial, DENIAL_BUSY);
    told.until = VERIFIER_WAITING_MAX + 1;
    loop_run(loop);
    assert_non_null(start(bob, &verdict));
}

static void log_lines_hold_no_secrets(void **state)
{
    (void)state;
    static const struct tls_peer peer;
    char name[100];
    memset(name, 'n', sizeof(name));
    const struct {
        struct credentials credentials;
        const char *text;
    } rows[] = {
        { { .user = BYTES_NULL }, "no credentials" },
        { { .user = TEXT("alice"), .password = TEXT("s3cr3t") }, "user \"alice\", a password" },
        { { .password = TEXT("s3cr3t") }, "a password" },
        { { .token = TEXT("s3cr3t") }, "a token" },
        { { .nkey = TEXT(NKEY), .signature = TEXT("s3cr3t"), .nonce = TEXT("s3cr3t") },
          "nkey \"" NKEY "\", a signature" },
        { { .nkey = TEXT("SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU") },
          "nkey \"(not a public key)\"" },
        { { .user = TEXT("a\r\nINFO \"b"), .certificate = &peer }, "user \"a??INFO \"b\", a certificate" },
        { { .user = bytes_of(name, sizeof(name)) },
          "user \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\"" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[256];
        credentials_describe(&rows[i].credentials, text, sizeof(text));
        assert_string_equal(text, rows[i].text);
        credentials_describe(&rows[i].credentials, text, 6); // cut
        assert_memory_equal(text, rows[i].text, 5);
        assert_int_equal(text[5], '\0');
    }
}

int main(void)
{
#define LOGIN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LOGIN_TEST(plain_passwords_are_decided_at_once),
        LOGIN_TEST(who_shows_nothing_is_the_one_that_was_named_for_it),
        LOGIN_TEST(who_shows_nothing_can_be_an_nkey),
        LOGIN_TEST(where_nothing_is_checked_everything_is_let_in),
        LOGIN_TEST(a_token_is_for_all),
        LOGIN_TEST(where_only_a_token_counts_no_name_does),
        LOGIN_TEST(an_nkey_signs_the_nonce),
        LOGIN_TEST(a_certificate_names_its_user),
        LOGIN_TEST(a_hash_is_verified_off_the_loop),
        LOGIN_TEST(cancelled_logins_say_nothing),
        LOGIN_TEST(a_flood_of_logins_is_bounded),
        LOGIN_TEST(log_lines_hold_no_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
