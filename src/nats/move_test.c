// SPDX-License-Identifier: Apache-2.0
// Sessions that have to be on the loop of their account, between two doors without sockets.
#include "nats/session.h"

#include "base/assert.h"
#include "nats/access.h"
#include "nats/config/conf.h"

#include "base/test.h"

enum { DOORS = 2 };

static struct arena arena;
static struct nats_access *access;
static struct nats_options options;
static struct nats_metrics metrics;
static struct nats_accounts accounts[DOORS];
static struct nats_site sites[DOORS];

static struct nats_session session;
static struct writer got;
static enum nats_error error;

static void on_dirty(struct nats_out *out)
{
    (void)out;
}

static void on_slice(struct nats_out *out, struct slice slice)
{
    (void)out;
    writer_bytes(&got, slice.bytes);
    slice_free(&slice);
}

static size_t on_waiting(struct nats_out *out)
{
    (void)out;
    return 0;
}

static void on_fail(struct nats_session *failed, enum nats_error why)
{
    (void)failed;
    error = why;
}

static void on_connect(struct nats_session *connected)
{
    (void)connected;
}

static const struct nats_out_ops out_ops = { .on_dirty = on_dirty, .on_slice = on_slice, .on_waiting = on_waiting };
static const struct nats_session_ops session_ops = { .on_fail = on_fail, .on_connect = on_connect };

// A session comes in at the first door. $G lives at the second one, account A at the first, B at the second.
static void come_in(const char *text)
{
    struct conf_value *root;
    struct nats_config config;
    diag_t diag = { 0 };
    nats_config_default(&config);
    assert_int_equal(conf_parse(&(struct conf_source){ 0 }, bytes_of_text(text), "f", &arena, &root, &diag), ERR_OK);
    assert_int_equal(nats_config_read(root, &arena, &config, &diag), ERR_OK);
    assert_int_equal(nats_access_new(&config, &access, &diag), ERR_OK);
    for (unsigned i = 0; i < DOORS; i++) {
        nats_accounts_init(&accounts[i], 1, i, DOORS);
        nats_accounts_add(&accounts[i], access->directory);
        sites[i] = (struct nats_site){ .options = &options,
                                       .metrics = &metrics,
                                       .accounts = &accounts[i],
                                       .access = access,
                                       .server_name = "n",
                                       .host = "h" };
    }
    nats_session_init(&session, &sites[0], &session_ops, &out_ops, 7, BYTES_LITERAL("127.0.0.1"));
}

static const char users[] =
    "no_auth_user: a\n"
    "accounts { A { users [ { user: a, password: p } ] }, B { users [ { user: b, password: p } ] } }";

static int set_up(void **state)
{
    (void)state;
    arena = ARENA_INIT;
    got = WRITER_INIT;
    error = NATS_ERROR_COUNT;
    options = (struct nats_options){ .max_payload = 1000, .max_control_line = 4096, .max_pending = 1 << 20 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nats_session_leave(&session);
    nats_session_deinit(&session);
    for (unsigned i = 0; i < DOORS; i++) {
        nats_accounts_deinit(&accounts[i]);
        nats_chunks_free(&sites[i].chunks);
    }
    nats_access_free(access);
    writer_free(&got);
    arena_free(&arena);
    return 0;
}

// Returns how many bytes it took.
static size_t say(const char *text)
{
    size_t wanted;
    return nats_session_data(&session, bytes_of_text(text), NULL, &wanted);
}

static void assert_heard(const char *text)
{
    nats_out_flush(&session.out);
    assert_true(bytes_is(writer_view(&got), text));
    writer_reset(&got);
}

static void accounts_are_spread_as_they_are_configured(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned home; // of four
    } rows[] = { { "$G", 3 }, { "$SYS", 3 }, { "A", 2 }, { "B", 1 }, { "C", 0 }, { "D", 3 }, { "E", 2 } };
    come_in("accounts { A {}, B {}, C {}, D {}, E {} }");
    for (unsigned at = 0; at < 4; at++) {
        struct nats_accounts all;
        nats_accounts_init(&all, 1, at, 4);
        nats_accounts_add(&all, access->directory);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
            assert_int_equal(nats_account_find(&all, bytes_of_text(rows[i].name))->home, rows[i].home);
        nats_accounts_deinit(&all);
    }
}

static void what_follows_connect_waits_for_the_other_loop(void **state)
{
    (void)state;
    static const char connect[] = "CONNECT {\"user\":\"b\",\"pass\":\"p\",\"verbose\":true}\r\n";
    come_in(users);
    char text[200];
    snprintf(text, sizeof(text), "%sSUB x 1\r\nPUB x 1\r\n!\r\nPING\r\n", connect);
    assert_int_equal(say(text), strlen(connect));
    assert_heard("+OK\r\n");
    assert_true(session.is_leaving && nats_session_must_wait(&session));
    assert_int_equal(session.account->home, 1);
    assert_int_equal(say("PING\r\n"), 0);
    options.max_payload = 500; // as the other door has it
    nats_session_arrive(&session, &sites[1]);
    assert_ptr_equal(session.account, nats_account_find(&accounts[1], BYTES_LITERAL("B")));
    assert_false(session.is_leaving || session.is_abroad || nats_session_must_wait(&session));
    assert_int_equal(session.limits.payload_size, 500);
    const char *rest = text + strlen(connect);
    assert_int_equal(say(rest), strlen(rest));
    assert_heard("+OK\r\n+OK\r\nMSG x 1 1\r\n!\r\nPONG\r\n");
    assert_int_equal(accounts[0].by_name.count, accounts[1].by_name.count);
    assert_int_equal(nats_account_find(&accounts[1], BYTES_LITERAL("B"))->list.count, 1);
    assert_int_equal(nats_account_find(&accounts[0], BYTES_LITERAL("B"))->list.count, 0);
}

static void who_is_at_home_stays(void **state)
{
    (void)state;
    come_in(users);
    static const char text[] = "CONNECT {\"user\":\"a\",\"pass\":\"p\"}\r\nPING\r\n";
    assert_int_equal(say(text), strlen(text));
    assert_false(session.is_leaving || session.is_abroad);
    assert_int_equal(session.account->home, 0);
}

static void without_connect_the_first_command_waits(void **state)
{
    (void)state;
    come_in(""); // everybody is in $G
    assert_true(session.is_abroad);
    assert_int_equal(say("P"), 0);
    assert_true(session.is_leaving);
    nats_session_arrive(&session, &sites[1]);
    assert_int_equal(say("PING\r\n"), 6);
    assert_heard("PONG\r\n");
}

static void who_may_not_come_in_does_not_leave(void **state)
{
    (void)state;
    come_in(users);
    (void)say("CONNECT {\"user\":\"b\",\"pass\":\"x\"}\r\n");
    assert_int_equal(error, NATS_ERROR_AUTHORIZATION);
    assert_false(session.is_leaving);
}

// no_auth_user lets it in without CONNECT, and CONNECT then says that it is somebody else.
static void subscriptions_before_connect_do_not_come_along(void **state)
{
    (void)state;
    come_in(users);
    assert_int_equal(say("SUB x 1\r\n"), 9);
    struct nats_account *a = session.account;
    assert_int_equal(a->list.count, 1);
    (void)say("CONNECT {\"user\":\"b\",\"pass\":\"p\"}\r\n");
    assert_true(session.is_leaving);
    assert_int_equal(a->list.count, 0);
    assert_int_equal(session.subscriptions.count, 0);
}

int main(void)
{
#define MOVE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        MOVE_TEST(accounts_are_spread_as_they_are_configured),
        MOVE_TEST(what_follows_connect_waits_for_the_other_loop),
        MOVE_TEST(who_is_at_home_stays),
        MOVE_TEST(without_connect_the_first_command_waits),
        MOVE_TEST(who_may_not_come_in_does_not_leave),
        MOVE_TEST(subscriptions_before_connect_do_not_come_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
