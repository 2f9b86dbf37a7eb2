// SPDX-License-Identifier: Apache-2.0
#include "auth/directory.h"
#include "base/assert.h"
#include "io/tls.h"
#include "nats/access.h"

#include "base/test.h"

static struct arena arena;
static diag_t diag;

static int set_up(void **state)
{
    (void)state;
    arena = ARENA_INIT;
    diag = (diag_t){ 0 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static err_t access_of(const char *text, struct nats_access **ret_access)
{
    struct conf_value *root;
    struct nats_config config;
    nats_config_default(&config);
    err_t err = conf_parse(&(struct conf_source){ 0 }, bytes_of_text(text), "f", &arena, &root, &diag);
    if (err == ERR_OK)
        err = nats_config_read(root, &arena, &config, &diag);
    if (err == ERR_OK)
        err = nats_config_check(&config, &diag);
    return err == ERR_OK ? nats_access_new(&config, ret_access, &diag) : err;
}

static struct nats_access *good(const char *text)
{
    struct nats_access *access = NULL;
    err_t err = access_of(text, &access);
    if (err != ERR_OK)
        fail_msg("%s: %s: %s", text, diag.where, diag.text);
    return access;
}

// Beyond loopback a door may listen only when this says so.
static void tells_whether_somebody_has_to_prove_who_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool checks;
    } rows[] = {
        { "", false },
        { "port: 4222", false },
        { "accounts { A {} }", false },
        { "authorization { token: t }", true },
        { "authorization { user: a, password: b }", true },
        { "accounts { A { users: [{ user: a, password: b }] } }", true },
        { "accounts { A { users: [{ user: a, password: b }] } }, no_auth_user: a", true },
        // Everybody else comes into $G without a word.
        { "accounts { SYS { users: [{ user: a, password: b }] } }, system_account: SYS", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nats_access *access = good(rows[i].text);
        if (nats_access_checks(access) != rows[i].checks)
            fail_msg("%s", rows[i].text);
        nats_access_free(access);
    }
    struct nats_access *access;
    assert_int_equal(nats_access_new(NULL, &access, &diag), ERR_OK);
    assert_false(nats_access_checks(access));
    nats_access_free(access);
}

static void users_are_in_their_accounts_with_their_permissions(void **state)
{
    (void)state;
    struct nats_access *access =
        good("accounts {\n"
             " A { users: [{ user: a, password: x, permissions: { publish: { allow: \"in.>\", deny: in.b }, subscribe: "
             "\"q v\",\n"
             "     allow_responses: { max: 3, expires: \"1m\" } } }, { user: free, password: y, permissions: { "
             "publish: [] } }] }\n"
             " B { default_permissions: { publish: only }, users: [{ user: b, password: x }] } }\n"
             "authorization { timeout: 0.25 }");
    const struct principal *a = directory_user(access->directory, BYTES_LITERAL("a")).principal;
    const struct principal *b = directory_user(access->directory, BYTES_LITERAL("b")).principal;
    const struct principal *free_one = directory_user(access->directory, BYTES_LITERAL("free")).principal;
    assert_true(bytes_is(a->account->name, "A") && bytes_is(b->account->name, "B"));
    assert_true(permissions_publish(a->permissions, BYTES_LITERAL("in.a")));
    assert_false(permissions_publish(a->permissions, BYTES_LITERAL("in.b")));
    assert_true(permissions_subscribe(a->permissions, BYTES_LITERAL("q"), BYTES_LITERAL("v")));
    assert_false(permissions_subscribe(a->permissions, BYTES_LITERAL("q"), BYTES_NULL));
    struct response_limits responses = permissions_responses(a->permissions);
    assert_true(responses.allowed && responses.max == 3 && responses.expire_ms == 60000);
    assert_false(permissions_publish(b->permissions, BYTES_LITERAL("x")));
    // nats-server takes an empty list for none.
    assert_true(permissions_publish(free_one->permissions, BYTES_LITERAL("x")));
    assert_int_equal(access->auth_timeout_ms, 250);
    nats_access_free(access);
}

static void refuses_what_it_cannot_keep(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where;
        err_t err;
    } rows[] = {
        { "accounts { A { limits { max_connections: 1 } } }", "f:1:12", ERR_UNSUPPORTED },
        { "accounts { A { users: [{ user: a, password: b, permissions: { publish: \"a..b\" } }] } }", "f:1:24",
          ERR_INVALID },
        { "authorization { users: [{ nkey: UABC }] }", "f:1:25", ERR_INVALID },
        { "tls { cert_file: none.pem, key_file: none.pem }", NULL, ERR_NOT_FOUND },
        { "tls { cert_file: c, key_file: k, connection_rate_limit: 5 }", "tls.connection_rate_limit", ERR_UNSUPPORTED },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nats_access *access;
        err_t err = access_of(rows[i].text, &access);
        if (err != rows[i].err || diag.text[0] == '\0' ||
            (rows[i].where != NULL && strcmp(diag.where, rows[i].where) != 0))
            fail_msg("%s: %s %s: %s", rows[i].text, err_text(err), diag.where, diag.text);
    }
}

static void only_pinned_keys_are_let_in(void **state)
{
    (void)state;
    uint8_t pins[2][TLS_KEY_HASH_SIZE] = { { 1 }, { 2 } };
    struct nats_access access = { .pins = pins, .pin_count = 2 };
    struct tls_peer peer = { .key_sha256 = { 2 } };
    assert_true(nats_access_is_pinned(&access, &peer));
    peer.key_sha256[31] = 1;
    assert_false(nats_access_is_pinned(&access, &peer));
    assert_false(nats_access_is_pinned(&access, NULL));
    access.pin_count = 0;
    assert_true(nats_access_is_pinned(&access, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_whether_somebody_has_to_prove_who_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(users_are_in_their_accounts_with_their_permissions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_it_cannot_keep, set_up, tear_down),
        cmocka_unit_test(only_pinned_keys_are_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
