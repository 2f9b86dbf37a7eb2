// SPDX-License-Identifier: Apache-2.0
#include "auth/directory.h"
#include "base/assert.h"

#include "base/test.h"

#define NKEY  "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"
#define SEED  "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"
#define TEXT  bytes_of_text
#define ALICE BYTES_LITERAL("alice")

static struct directory *directory;
static diag_t diag;

static int set_up(void **state)
{
    (void)state;
    directory = directory_new();
    diag = (diag_t){ 0 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    directory_free(directory);
    return 0;
}

static err_t add(const char *account, const char *name, const char *password)
{
    const struct user_config config = { .account = TEXT(account),
                                        .name = TEXT(name),
                                        .password = password == NULL ? BYTES_NULL : TEXT(password) };
    return directory_add_user(directory, &config, &diag);
}

static void without_users_everybody_is_in_the_default_account(void **state)
{
    (void)state;
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    const struct principal *anonymous = directory_anonymous(directory);
    assert_int_equal(anonymous->kind, PRINCIPAL_ANONYMOUS);
    assert_true(bytes_is(anonymous->account->name, ACCOUNT_DEFAULT));
    assert_false(anonymous->account->is_system);
    assert_false(directory_checks(directory));
    assert_false(directory_has_nkeys(directory));
    const struct principal *server = directory_server(directory);
    assert_true(bytes_is(server->account->name, ACCOUNT_SYSTEM));
    assert_true(server->account->is_system);
    assert_true(authorize(anonymous, AUTH_PUBLISH, (struct auth_resource){ .subject = TEXT("foo") }));
    assert_false(authorize_filters(anonymous, TEXT(">"), BYTES_NULL));
}

static void accounts_have_their_own_users(void **state)
{
    (void)state;
    assert_int_equal(directory_add_account(directory, TEXT("A"), &diag), ERR_OK);
    assert_int_equal(directory_add_account(directory, TEXT("B"), &diag), ERR_OK);
    assert_int_equal(directory_add_account(directory, TEXT("$SYS"), &diag), ERR_OK);
    assert_int_equal(directory_add_account(directory, TEXT("A"), &diag), ERR_EXISTS);
    assert_int_equal(add("A", "alice", "a"), ERR_OK);
    assert_int_equal(add("B", "bob", "b"), ERR_OK);
    assert_int_equal(add("", "carol", "c"), ERR_OK);
    assert_int_equal(add("B", "alice", "other"), ERR_EXISTS); // names are of the server, not of an account
    assert_non_null(strstr(diag.text, "alice"));
    assert_int_equal(add("C", "dave", "d"), ERR_NOT_FOUND);
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    assert_null(directory_anonymous(directory));
    assert_true(directory_checks(directory));
    struct identity alice = directory_user(directory, ALICE);
    assert_true(bytes_is(alice.principal->account->name, "A"));
    assert_true(bytes_is(alice.secret, "a"));
    assert_true(bytes_is(directory_user(directory, TEXT("bob")).principal->account->name, "B"));
    assert_true(bytes_is(directory_user(directory, TEXT("carol")).principal->account->name, "$G"));
    assert_null(directory_user(directory, TEXT("dave")).principal);
    assert_int_equal(directory_account_count(directory), 4);
    for (size_t i = 0; i < 4; i++) {
        const struct account *account = directory_account_at(directory, i);
        assert_int_equal(account->index, i);
        assert_ptr_equal(directory_account(directory, account->name), account);
    }
    assert_true(bytes_is(directory_account_at(directory, 0)->name, "$G"));
    assert_null(directory_account(directory, TEXT("C")));
}

static void users_of_the_system_account_only_lock_nobody_out(void **state)
{
    (void)state;
    assert_int_equal(add("$SYS", "admin", "a"), ERR_OK);
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    assert_int_equal(directory_anonymous(directory)->kind, PRINCIPAL_ANONYMOUS);
    assert_true(directory_checks(directory));
    assert_true(directory_user(directory, TEXT("admin")).principal->account->is_system);
}

static void another_account_can_be_the_system_account(void **state)
{
    (void)state;
    assert_int_equal(directory_set_system_account(directory, TEXT("ADMIN"), &diag), ERR_NOT_FOUND);
    assert_int_equal(directory_set_system_account(directory, TEXT("$G"), &diag), ERR_INVALID);
    assert_int_equal(directory_add_account(directory, TEXT("ADMIN"), &diag), ERR_OK);
    assert_int_equal(directory_set_system_account(directory, TEXT("ADMIN"), &diag), ERR_OK);
    assert_int_equal(add("$SYS", "eve", "e"), ERR_OK);
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    assert_true(bytes_is(directory_server(directory)->account->name, "ADMIN"));
    assert_false(directory_user(directory, TEXT("eve")).principal->account->is_system);
    assert_null(directory_anonymous(directory));
}

static void no_auth_user_lends_its_rights(void **state)
{
    (void)state;
    assert_int_equal(directory_set_no_auth_user(directory, ALICE, &diag), ERR_OK);
    assert_int_equal(add("", "bob", "b"), ERR_OK);
    assert_int_equal(directory_seal(directory, &diag), ERR_NOT_FOUND);
    assert_string_equal(diag.where, "no_auth_user");
    assert_int_equal(add("", "alice", NULL), ERR_OK); // needs no password for that
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    assert_ptr_equal(directory_anonymous(directory), directory_user(directory, ALICE).principal);
}

static void a_token_lets_nobody_in_without_it(void **state)
{
    (void)state;
    assert_int_equal(directory_set_token(directory, BYTES_LITERAL(""), &diag), ERR_INVALID);
    assert_int_equal(directory_set_token(directory, TEXT("$2b$99$s3cr3t"), &diag), ERR_INVALID);
    assert_null(strstr(diag.text, "s3cr3t"));
    assert_null(directory_token(directory).principal);
    assert_int_equal(directory_set_token(directory, TEXT("s3cr3t"), &diag), ERR_OK);
    assert_int_equal(add("$SYS", "admin", "a"), ERR_OK);
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    assert_null(directory_anonymous(directory));
    assert_int_equal(directory_token(directory).principal->kind, PRINCIPAL_TOKEN);
    assert_true(bytes_is(directory_token(directory).secret, "s3cr3t"));
}

static void refuses_users_that_cannot_be(void **state)
{
    (void)state;
    static const char plain[] = "s3cr3t";
    char name[NAME_SIZE_MAX + 1];
    memset(name, 'n', sizeof(name));
    const struct {
        struct user_config config;
        const char *word;
    } rows[] = {
        { { .password = TEXT(plain) }, "a name or an nkey" },
        { { .name = ALICE, .nkey = TEXT(NKEY) }, "a name or an nkey" },
        { { .name = TEXT("a\nb"), .password = TEXT(plain) }, "control character" },
        { { .name = bytes_of(name, sizeof(name)), .password = TEXT(plain) }, "limit" },
        { { .nkey = TEXT(SEED) }, "public key" },
        { { .nkey = TEXT("ACK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L") }, "public key" },
        { { .nkey = TEXT(NKEY), .password = TEXT(plain) }, "password" },
        { { .name = ALICE, .password = TEXT("$2b$99$s3cr3t") }, "60 characters" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        diag = (diag_t){ 0 };
        assert_int_equal(directory_add_user(directory, &rows[i].config, &diag), ERR_INVALID);
        assert_non_null(strstr(diag.text, rows[i].word));
        assert_null(strstr(diag.text, plain));
        assert_null(strstr(diag.text, SEED));
    }
    assert_int_equal(directory_add_account(directory, TEXT("a b"), &diag), ERR_INVALID);
    assert_int_equal(directory_add_account(directory, TEXT(""), &diag), ERR_INVALID);
}

static void users_carry_their_permissions(void **state)
{
    (void)state;
    const bytes_t rules[] = { BYTES_LITERAL("foo.>"), BYTES_LITERAL("foo..bar") };
    struct permission_config permissions = { .publish_allow = { .rules = rules, .count = 2, .given = true } };
    const struct user_config config = { .nkey = TEXT(NKEY), .permissions = &permissions };
    assert_int_equal(directory_add_user(directory, &config, &diag), ERR_INVALID);
    assert_string_equal(diag.where, "publish.allow[1]");
    assert_non_null(strstr(diag.text, NKEY)); // whose
    permissions.publish_allow.count = 1;
    permissions.subscribe_deny = (struct permission_list){ .rules = rules, .count = 1, .given = true };
    assert_int_equal(directory_add_user(directory, &config, &diag), ERR_OK);
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    assert_true(directory_has_nkeys(directory));
    const struct principal *user = directory_nkey(directory, TEXT(NKEY)).principal;
    assert_int_equal(user->kind, PRINCIPAL_NKEY);
    const struct auth_resource foo = { .subject = TEXT("foo.a") }, bar = { .subject = TEXT("bar") };
    assert_true(authorize(user, AUTH_PUBLISH, foo));
    assert_false(authorize(user, AUTH_PUBLISH, bar));
    assert_false(authorize(user, AUTH_SUBSCRIBE, foo));
    assert_true(authorize(user, AUTH_SUBSCRIBE, bar));
    assert_true(authorize_filters(user, TEXT("*.a"), BYTES_NULL));
    assert_false(authorize_filters(user, TEXT("bar"), BYTES_NULL));
    assert_false(authorize(user, AUTH_DELIVER, foo));
    assert_true(authorize(user, AUTH_DELIVER, bar));
}

static void finds_users_by_distinguished_names(void **state)
{
    (void)state;
    assert_int_equal(add("", "OU=ops,CN=alice", NULL), ERR_OK);
    assert_int_equal(add("", "CN=alice,OU=ops", NULL), ERR_OK);
    assert_int_equal(add("", "CN=bob,OU=ops,DC=example,DC=com", NULL), ERR_OK);
    assert_int_equal(add("", "alice", "a"), ERR_OK);
    assert_int_equal(directory_seal(directory, &diag), ERR_OK);
    assert_true(bytes_is(directory_user_by_dn(directory, TEXT("cn=alice, ou=ops")).principal->name, "CN=alice,OU=ops"));
    assert_true(bytes_is(directory_user_by_dn(directory, TEXT("OU=ops,CN=alice")).principal->name, "OU=ops,CN=alice"));
    assert_true(bytes_is(directory_user_by_dn(directory, TEXT("DC=com,DC=example,OU=ops,CN=bob")).principal->name,
                         "CN=bob,OU=ops,DC=example,DC=com"));
    assert_null(directory_user_by_dn(directory, TEXT("CN=carol,OU=ops")).principal);
    assert_null(directory_user_by_dn(directory, TEXT("alice")).principal);
    assert_null(directory_user_by_dn(directory, BYTES_NULL).principal);
}

int main(void)
{
#define DIRECTORY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        DIRECTORY_TEST(without_users_everybody_is_in_the_default_account),
        DIRECTORY_TEST(accounts_have_their_own_users),
        DIRECTORY_TEST(users_of_the_system_account_only_lock_nobody_out),
        DIRECTORY_TEST(another_account_can_be_the_system_account),
        DIRECTORY_TEST(no_auth_user_lends_its_rights),
        DIRECTORY_TEST(a_token_lets_nobody_in_without_it),
        DIRECTORY_TEST(refuses_users_that_cannot_be),
        DIRECTORY_TEST(users_carry_their_permissions),
        DIRECTORY_TEST(finds_users_by_distinguished_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
