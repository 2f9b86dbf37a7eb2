// SPDX-License-Identifier: Apache-2.0
#include "nats/config/config.h"

#include "base/writer.h"
#include "io/clock.h"

#include "base/test.h"

static err_t read_nothing(void *owner, const char *path, struct arena *arena, bytes_t *ret_text, diag_t *diag)
{
    (void)owner;
    (void)arena;
    *ret_text = BYTES_NULL;
    return diag_fail(diag, ERR_NOT_FOUND, path, "there is no such file");
}

static const char *no_variable(void *owner, const char *name)
{
    (void)owner;
    (void)name;
    return NULL;
}

static struct arena arena;
static struct nats_config config;
static diag_t diag;

static int give_back(void **state)
{
    (void)state;
    arena_free(&arena);
    arena = ARENA_INIT;
    return 0;
}

// Reads TEXT over the defaults into `config`.
static err_t load(const char *text)
{
    static const struct conf_source source = { read_nothing, no_variable, NULL };
    struct conf_value *root;
    give_back(NULL);
    diag = (diag_t){ 0 };
    nats_config_default(&config);
    err_t err = conf_parse(&source, bytes_of_text(text), "f", &arena, &root, &diag);
    if (err == ERR_OK)
        err = nats_config_read(root, &arena, &config, &diag);
    return err != ERR_OK ? err : nats_config_check(&config, &diag);
}

static void accepts(const char *text)
{
    if (load(text) != ERR_OK)
        fail_msg("%s\nis refused: %s: %s", text, diag.where, diag.text);
}

static void refuses(const char *text, err_t err, const char *where, const char *words)
{
    if (load(text) != err || strcmp(diag.where, where) != 0 || strncmp(diag.text, words, strlen(words)) != 0)
        fail_msg("%s\nis refused with  %s: %s\ninstead of  %s: %s", text, diag.where, diag.text, where, words);
}

static void has_the_defaults_of_nats_server(void **state)
{
    (void)state;
    accepts("");
    assert_string_equal(config.host, "0.0.0.0");
    assert_int_equal(config.port, 4222);
    assert_int_equal(config.max_payload, 1048576);
    assert_int_equal(config.max_pending, 67108864);
    assert_int_equal(config.ping_interval_ms, 120000);
    assert_int_equal(config.lame_duck_grace_ms, 10000);
    assert_true(config.logtime);
    assert_null(config.notes);
    accepts("max_payload: 0, ping_max: 0, port: 0, host: '', write_deadline: '0s'");
    assert_int_equal(config.max_payload, 1048576);
    assert_int_equal(config.ping_max, 2);
    assert_int_equal(config.port, 4222);
    assert_string_equal(config.host, "0.0.0.0");
    assert_int_equal(config.write_deadline_ms, 10000);
}

static void reads_values_of_every_type(void **state)
{
    (void)state;
    accepts("Server_Name: one, MAX_CONN: 7\nmonitor_port: 8222\nmax_pending 128MB; max_payload = 2mb\ndebug: on\n"
            "ping_interval: 1m30s, write_deadline: \"1.5s\"\nserver_tags: [a, 'b:c']\nlogtime: no\nlogfile: /tmp/x\n"
            "lame_duck_duration: 45s, trace_verbose: true, no_header_support: yes, max_sub_tokens: 16");
    assert_string_equal(config.server_name, "one");
    assert_int_equal(config.max_connections, 7);
    assert_int_equal(config.http_port, 8222);
    assert_int_equal(config.max_pending, 128 << 20);
    assert_int_equal(config.max_payload, 2 << 20);
    assert_true(config.debug && config.trace && config.trace_more && config.no_headers && !config.logtime);
    assert_int_equal(config.ping_interval_ms, 90000);
    assert_int_equal(config.write_deadline_ms, 1500);
    assert_int_equal(config.lame_duck_duration_ms, 45000);
    assert_int_equal(config.max_subscription_tokens, 16);
    assert_int_equal(config.server_tags.count, 2);
    assert_string_equal(config.server_tags.items[1], "b:c");
    assert_string_equal(config.log_file, "/tmp/x");
    accepts("ping_interval: 5");
    assert_int_equal(config.ping_interval_ms, 5000);
    assert_string_equal(config.notes->text,
                        "\"ping_interval\" should be a duration in quotes: the number is taken as seconds");
}

static void reads_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port;
    } rows[] = {
        { "listen: 4223", "0.0.0.0", 4223 },           { "listen: 127.0.0.1:4223", "127.0.0.1", 4223 },
        { "listen: ':4223'", "0.0.0.0", 4223 },        { "listen: '[::1]:4223'", "::1", 4223 },
        { "listen: 'localhost:-1'", "localhost", -1 }, { "net: ::1\nport: -1", "::1", -1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        accepts(rows[i].text);
        assert_string_equal(config.host, rows[i].host);
        assert_int_equal(config.port, rows[i].port);
    }
    accepts("http: 127.0.0.1:8222");
    assert_string_equal(config.http_host, "127.0.0.1");
    accepts("http: ':8222'");
    assert_null(config.http_host); // as host
    assert_int_equal(config.http_port, 8222);
    refuses("listen: localhost", ERR_INVALID, "f:1:1",
            "\"listen\": a port, or host:port is expected, not a text such as");
    refuses("listen: '::1:4222'", ERR_INVALID, "f:1:1", "\"listen\": a port, or host:port");
    refuses("listen: 'a:65536'", ERR_INVALID, "f:1:1", "\"listen\": a port, or host:port");
    refuses("listen: 'a:'", ERR_INVALID, "f:1:1", "\"listen\": a port, or host:port");
    refuses("http: 1, https: 2", ERR_INVALID, "https_port", "monitoring has one port");
}

static void reads_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; // -1: it is none
    } rows[] = {
        { "0", 0 },          { "1s", 1000 },   { "1h2m3s", 3723000 }, { "1.5s", 1500 }, { "0.1s", 100 },
        { "300ms", 300 },    { "1us", 1 },     { "2000us", 2 },       { "1ns", 1 },     { "2h45m", 9900000 },
        { "+5s", 5000 },     { "-5s", -5000 }, { ".5s", 500 },        { "5.s", 5000 },  { "\xc2\xb5s", -1 },
        { "7\xc2\xb5s", 1 }, { "", -1 },       { "5", -1 },           { "s", -1 },      { "5 s", -1 },
        { "5d", -1 },        { "1.2.3s", -1 }, { "-", -1 },           { "--5s", -1 },   { "9999999h", -1 },
        { "1m1", -1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = 77;
        bool is_one = nats_duration_parse(bytes_of_text(rows[i].text), &ms);
        if (is_one != (rows[i].ms != -1) || ms != (is_one ? rows[i].ms : 77))
            fail_msg("%s is read as %lld", rows[i].text, (long long)ms);
    }
}

static void reads_users_and_their_permissions(void **state)
{
    (void)state;
    accepts("authorization {\n"
            "  GUEST { publish: 'in.>', subscribe: { allow: [a, b], deny: c } }\n"
            "  timeout: 0.5\n"
            "  default_permissions { subscribe: '_INBOX.>', allow_responses: { max: 3, expires: 1m30s } }\n"
            "  users: [ { user: ann, password: x, permissions: $GUEST }, { username: ben, pass: y } ]\n"
            "}\nno_auth_user: ben");
    const struct nats_user_config *ann = config.authorization.users, *ben = ann->next;
    assert_null(ben->next);
    assert_int_equal(config.authorization.timeout_ms, 500);
    assert_true(bytes_is(ann->name, "ann") && bytes_is(ann->password, "x"));
    assert_int_equal(ann->permissions->publish_allow.count, 1);
    assert_true(bytes_is(ann->permissions->subscribe_allow.items[1], "b"));
    assert_true(bytes_is(ann->permissions->subscribe_deny.items[0], "c"));
    assert_false(ann->permissions->publish_deny.given || ann->permissions->allow_responses);
    assert_ptr_equal(ben->permissions, config.authorization.default_permissions);
    assert_true(ben->permissions->allow_responses);
    assert_int_equal(ben->permissions->responses_max, 3);
    assert_int_equal(ben->permissions->responses_expire_ms, 90000);
    accepts("authorization { users: [ { nkey: UABC }, { user: a, password: b, permissions: { publish: [] } } ] }");
    assert_true(bytes_is(config.authorization.users->nkey, "UABC"));
    assert_null(config.authorization.users->permissions);
    const struct nats_permissions_config *none = config.authorization.users->next->permissions;
    assert_true(none->publish_allow.given && none->publish_allow.count == 0);
    accepts("authorization { token: $2a$04$abc }");
    assert_string_equal(config.authorization.token, "$2a$04$abc");
}

static void reads_accounts(void **state)
{
    (void)state;
    accepts("accounts {\n A { users: [ {user: a, password: b} ], limits { max_connections: 5, max_subs: 6, max_pay: 1k "
            "} }\n"
            " B { default_permissions { publish: x }\n users: [ {user: c, password: d} ] }\n}\nsystem_account: B");
    const struct nats_account_config *a = config.accounts, *b = a->next;
    assert_true(bytes_is(a->name, "A") && bytes_is(b->name, "B"));
    assert_int_equal(a->max_connections, 5);
    assert_int_equal(a->max_subscriptions, 6);
    assert_int_equal(a->max_payload, 1000);
    assert_null(a->users->permissions);
    assert_ptr_equal(b->users->permissions, b->default_permissions);
    assert_string_equal(config.system_account, "B");
    accepts("accounts: [A, B]");
    assert_null(config.accounts->next->next);
}

// A list is not walked again for each of its items: a reload reads it while others wait.
static void reads_many_users_and_accounts(void **state)
{
    (void)state;
    enum { MANY = 50000 };
    struct writer text = WRITER_INIT;
    writer_text(&text, "authorization { users: [\n");
    for (int i = 0; i < MANY; i++)
        writer_format(&text, "{user: u%d, password: p}\n", i);
    writer_text(&text, "] }\naccounts {\n");
    for (int i = 0; i < MANY; i++)
        writer_format(&text, "A%d {}\n", i);
    writer_text(&text, "}\n");
    writer_u8(&text, '\0');
    int64_t begin_ns = clock_mono_ns();
    accepts((const char *)writer_view(&text).data);
    assert_true(clock_mono_ns() - begin_ns < INT64_C(5000000000)); // it takes 0.2 s, and 20 otherwise
    size_t users = 0, accounts = 0;
    for (const struct nats_user_config *user = config.authorization.users; user != NULL; user = user->next)
        users++;
    for (const struct nats_account_config *account = config.accounts; account != NULL; account = account->next)
        accounts++;
    assert_int_equal(users, MANY);
    assert_int_equal(accounts, MANY);
    writer_free(&text);
    accepts("authorization { users: [ {user: a} ], Users: [ {user: b} ] }, accounts { A {} }, Accounts: [ B ]");
    assert_true(bytes_is(config.authorization.users->next->name, "b"));
    assert_true(bytes_is(config.accounts->next->name, "B"));
    refuses("accounts { A {} }, Accounts { A {} }", ERR_INVALID, "f:1:31", "the account \"A\" is there twice");
    refuses("accounts: [A], Accounts { A {} }", ERR_INVALID, "f:1:27", "the account \"A\" is there twice");
}

static void reads_tls(void **state)
{
    (void)state;
    accepts("tls { cert_file: c, key_file: k, ca_file: a, verify_and_map: true, timeout: 3, handshake_first: auto }");
    assert_true(config.tls.given && config.tls.verify && config.tls.verify_and_map);
    assert_int_equal(config.tls.timeout_ms, 3000);
    assert_int_equal(config.tls.handshake, NATS_HANDSHAKE_AUTO);
    assert_int_equal(config.tls.handshake_delay_ms, 50);
    accepts("tls { cert_file: c, key_file: k, immediate: 300ms, min_version: '1.3' }");
    assert_int_equal(config.tls.handshake_delay_ms, 300);
    assert_string_equal(config.tls.min_version, "1.3");
    accepts("tls { cert_file: c, key_file: k, handshake_first: true }");
    assert_int_equal(config.tls.handshake, NATS_HANDSHAKE_FIRST);
    refuses("tls { verify: true }", ERR_INVALID, "tls", "needs a certificate and its key");
    refuses("tls { handshake_first: soon }", ERR_INVALID, "f:1:7", "\"handshake_first\": true, false");
    refuses("tls { handshake_first: '-5s' }", ERR_INVALID, "f:1:7", "\"handshake_first\": true, false");
    refuses("tls { pinned_certs: [abc] }", ERR_INVALID, "f:1:22", "a SHA-256 sum in hexadecimal is expected");
    refuses("tls { cert_fil: x }", ERR_INVALID, "f:1:7",
            "unknown field \"cert_fil\" in tls; did you mean \"cert_file\"?");
}

static void refuses_what_is_unknown_or_wrong(void **state)
{
    (void)state;
    refuses("prt: 1", ERR_INVALID, "f:1:1", "unknown field \"prt\" in the configuration; did you mean \"port\"?");
    refuses("authorization{ user: a }", ERR_MALFORMED, "f:1:14", "a blank belongs before '{'");
    refuses("debug: true\n  port: x", ERR_INVALID, "f:2:3", "\"port\": a number is expected, not a text such as x");
    refuses("server_name: 5", ERR_INVALID, "f:1:1",
            "\"server_name\": a text (in quotes) is expected, not a number such as 5");
    refuses("debug: 1", ERR_INVALID, "f:1:1", "\"debug\": true or false is expected");
    refuses("max_payload: 3gb", ERR_INVALID, "f:1:1", "\"max_payload\" is at most 2147483647");
    refuses("max_payload: -1", ERR_INVALID, "f:1:1", "\"max_payload\" is at least 0");
    refuses("max_payload: 65mb", ERR_INVALID, "max_payload", "is 68157440, more than max_pending (67108864)");
    refuses("lame_duck_duration: 10s", ERR_INVALID, "f:1:1", "\"lame_duck_duration\" is at least 30000 ms");
    refuses("lame_duck_duration: 2m", ERR_INVALID, "f:1:1", "\"lame_duck_duration\": a duration such as \"2m\"");
    refuses("lame_duck_duration: 30s, lame_duck_grace_period: 30s", ERR_INVALID, "lame_duck_grace_period",
            "is not shorter");
    refuses("server_name: 'a b'", ERR_INVALID, "f:1:1", "server_name cannot have a blank");
    refuses("authorization { users: [ 5 ] }", ERR_INVALID, "f:1:26", "a map { ... } is expected, not a number");
    refuses("authorization { users: [ {password: x} ] }", ERR_INVALID, "f:1:26", "a user has a user name or an nkey");
    refuses("authorization { token: a, user: b }", ERR_INVALID, "f:1:1", "a token stands alone");
    refuses("authorization { user: a, users: [] }", ERR_INVALID, "f:1:1", "one user, or a list of users");
    refuses("authorization { users: [ {user: a}, {user: a} ] }", ERR_INVALID, "f:1:37",
            "the user \"a\" is there twice");
    refuses("accounts { A { users: [{user: a}] }, B { users: [{user: a}] } }", ERR_INVALID, "f:1:50",
            "the user \"a\" is");
    refuses("accounts: [A, A]", ERR_INVALID, "f:1:15", "the account \"A\" is there twice");
    refuses("accounts { $G {} }", ERR_INVALID, "f:1:12", "\"$G\" is not a name");
    refuses("no_auth_user: x", ERR_INVALID, "no_auth_user", "there is no user \"x\"");
    refuses("accounts { A { users: [{user: a}] } }\nno_auth_user: x", ERR_INVALID, "no_auth_user", "there is no user");
    accepts("x: 1\nport: $x");
}

static void an_empty_text_says_nothing(void **state)
{
    (void)state;
    accepts(
        "server_name: '', client_advertise: '', http_base_path: '', no_auth_user: '', system_account: '', log_file: "
        "'', pid_file: '', ports_file_dir: '', store_dir: ''");
    const char *const texts[] = { config.server_name,    config.client_advertise, config.http_base_path,
                                  config.no_auth_user,   config.system_account,   config.log_file,
                                  config.ports_file_dir, config.pid_file,         config.store_dir };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_null(texts[i]);
}

static void no_complaint_has_a_secret_in_it(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "authorization { token: 271828 }",
        "authorization { token: -271828x }",
        "authorization { user: a, password: 271828 }",
        "authorization { user: a, pass: 271828271828271828271828 }",
        "authorization { users: [ {user: a, password: 271828} ] }",
        "authorization { users: [ {user: a, pass: 271828.5} ] }",
        "authorization { users: [ {user: a, pass: [271828]} ] }",
        "accounts { A { users: [ {user: a, password: 271828k} ] } }",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_not_equal(load(texts[i]), ERR_OK);
        if (strstr(diag.text, "271828") != NULL)
            fail_msg("%s: %s", texts[i], diag.text);
    }
    refuses("authorization { token: 271828 }", ERR_INVALID, "f:1:17",
            "\"token\": a text (in quotes) is expected, not a number");
}

static void refuses_in_words_what_is_not_served(void **state)
{
    (void)state;
    refuses("cluster { name: x }", ERR_UNSUPPORTED, "f:1:1",
            "\"cluster\": eddy is one server; servers that find each other");
    refuses("leafnodes { port: 1 }", ERR_UNSUPPORTED, "f:1:1", "\"leafnodes\": eddy is one server");
    refuses("jetstream: enabled", ERR_UNSUPPORTED, "f:1:1", "\"jetstream\": JetStream is not served yet");
    refuses("jetstream {}", ERR_UNSUPPORTED, "f:1:1", "\"jetstream\": JetStream is not served yet");
    refuses("mqtt { port: 1883 }", ERR_UNSUPPORTED, "f:1:1", "\"mqtt\": MQTT is not served");
    refuses("operator: x.jwt", ERR_UNSUPPORTED, "f:1:1", "\"operator\": JWTs of an operator are not read");
    refuses("accounts { A { exports: [] } }", ERR_UNSUPPORTED, "f:1:16",
            "\"exports\": accounts cannot share subjects yet");
    refuses("authorization { users: [ {user: a, connection_types: [MQTT]} ] }", ERR_UNSUPPORTED, "f:1:36",
            "this user could not");
    accepts("jetstream: false, syslog: no, proxy_protocol: false");
    accepts("jetstream: disabled");
    accepts("prof_port: 6060\nlog_size_limit: 1mb");
    assert_int_equal(config.notes->place.line, 1);
    assert_string_equal(config.notes->text, "\"prof_port\" changes nothing: there is no profiler in eddy");
    assert_int_equal(config.notes->next->place.line, 2);
    assert_null(config.notes->next->next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(has_the_defaults_of_nats_server, give_back),
        cmocka_unit_test_teardown(reads_values_of_every_type, give_back),
        cmocka_unit_test_teardown(reads_addresses, give_back),
        cmocka_unit_test(reads_durations),
        cmocka_unit_test_teardown(reads_users_and_their_permissions, give_back),
        cmocka_unit_test_teardown(reads_accounts, give_back),
        cmocka_unit_test_teardown(reads_many_users_and_accounts, give_back),
        cmocka_unit_test_teardown(reads_tls, give_back),
        cmocka_unit_test_teardown(refuses_what_is_unknown_or_wrong, give_back),
        cmocka_unit_test_teardown(an_empty_text_says_nothing, give_back),
        cmocka_unit_test_teardown(no_complaint_has_a_secret_in_it, give_back),
        cmocka_unit_test_teardown(refuses_in_words_what_is_not_served, give_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
