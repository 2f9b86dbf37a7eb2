// SPDX-License-Identifier: Apache-2.0
#include "eventing/inbox.h"

#include "base/assert.h"
#include "eventing/hops.h"

#include "base/test.h"

static void addresses_name_what_they_name(void **state)
{
    static const struct {
        const char *host, *path, *wanted;
    } rows[] = {
        { "", "/default/b", "0 default b" },
        { "127.0.0.1", "/default/b", "0 default b" },
        { "localhost", "/channels/ns/c", "1 ns c" },
        { "localhost", "/kafkasinks/ns/k", "2 ns k" },
        { "localhost", "/", "at root" },
        { "localhost", "", "at root" },
        { "localhost", "/a", "no path" },
        { "localhost", "/a/", "no path" },
        { "localhost", "//b", "no path" },
        { "localhost", "/a/b/c", "no path" },
        { "localhost", "/a/b/", "no path" },
        { "broker-ingress.knative-eventing.svc.cluster.local", "/default/b", "0 default b" },
        { "Broker-Ingress.knative-eventing.SVC", "/default/b", "0 default b" },
        { "kafka-broker-ingress.knative-eventing.svc", "/default/b", "0 default b" },
        { "kafka-sink-ingress.knative-eventing.svc.cluster.local", "/ns/k", "2 ns k" },
        { "broker-ingress.knative-eventing.svc.cluster.local", "/", "at root" },
        { "broker-ingress.knative-eventing.svc.cluster.local.", "/default/b", "0 default b" },
        { "broker-ingress.knative-eventing", "/default/b", "0 default b" },
        { "kafka-channel-ingress.knative-eventing.svc", "/ns/c", "1 ns c" },
        { "imc-dispatcher.knative-eventing.svc.cluster.local", "/ns/c", "1 ns c" },
        { "broker-ingress.knative-eventing.svc.cluster.local", "/a", "no path" },
        { "c-kn-channel.ns.svc.cluster.local", "/", "1 ns c" },
        { "c-kn-channel.ns.svc", "", "1 ns c" },
        { "c-kn-channel.ns.svc", "/x", "no path" },
        { "-kn-channel.ns.svc", "/", "nowhere" },
        { "other.ns.svc.cluster.local", "/", "nowhere" },
        { "other.svc", "/", "nowhere" },
        { "c-kn-channel.ns.svc.cluster.local.", "/", "1 ns c" },
        { "c-kn-channel.dev", "/a/b", "0 a b" }, // may be a name of the world: this server's own
        { ".", "/a/b", "0 a b" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        enum inbox_kind kind;
        bytes_t name_space, name;
        enum inbox_match match =
            inbox_match(bytes_of_text(rows[i].host), bytes_of_text(rows[i].path), &kind, &name_space, &name);
        const char *found = match == INBOX_NOWHERE   ? "nowhere"
                            : match == INBOX_AT_ROOT ? "at root"
                            : match == INBOX_NO_PATH ? "no path"
                                                     : arena_format(&arena, "%d %.*s %.*s", (int)kind,
                                                                    BYTES_ARG(name_space), BYTES_ARG(name));
        if (strcmp(found, rows[i].wanted) != 0)
            fail_msg("%s%s: %s", rows[i].host, rows[i].path, found);
        arena_free(&arena);
    }
}

static void each_path_of_ours_leads_back(void **state)
{
    struct arena arena = ARENA_INIT;
    (void)state;
    for (int i = 0; i < INBOX_KIND_COUNT; i++) {
        enum inbox_kind kind;
        bytes_t name_space, name;
        const char *path = inbox_path(&arena, (enum inbox_kind)i, BYTES_LITERAL("ns"), BYTES_LITERAL("x"));
        assert_int_equal(inbox_match(BYTES_NULL, bytes_of_text(path), &kind, &name_space, &name), INBOX_FOUND);
        assert_int_equal(kind, i);
    }
    arena_free(&arena);
}

static void inboxes_come_change_and_go(void **state)
{
    struct inboxes inboxes;
    bytes_t ns = BYTES_LITERAL("ns"), x = BYTES_LITERAL("x");
    (void)state;
    inboxes_init(&inboxes);
    assert_null(inbox_find(&inboxes, INBOX_BROKER, ns, x));
    inbox_put(&inboxes, INBOX_BROKER, ns, x, BYTES_LITERAL("t1"), CLOUDEVENT_MODE_BINARY);
    inbox_put(&inboxes, INBOX_CHANNEL, ns, x, BYTES_LITERAL("t2"), CLOUDEVENT_MODE_BINARY);
    assert_true(bytes_is(inbox_find(&inboxes, INBOX_BROKER, ns, x)->topic, "t1"));
    inbox_put(&inboxes, INBOX_BROKER, ns, x, BYTES_LITERAL("t3"), CLOUDEVENT_MODE_BINARY);
    assert_true(bytes_is(inbox_find(&inboxes, INBOX_BROKER, ns, x)->topic, "t3"));
    inbox_remove(&inboxes, INBOX_BROKER, ns, x);
    assert_null(inbox_find(&inboxes, INBOX_BROKER, ns, x));
    assert_true(bytes_is(inbox_find(&inboxes, INBOX_CHANNEL, ns, x)->topic, "t2"));
    inboxes_deinit(&inboxes);
}

static void hops_go_down_and_end(void **state)
{
    struct arena arena = ARENA_INIT;
    struct cloudevent event = { .core = { [CLOUDEVENT_ID] = BYTES_LITERAL("1") } }, answer = event;
    diag_t diag;
    int count = 0;
    (void)state;
    assert_int_equal(hops_enter(&event, &arena, &diag), ERR_OK);
    assert_true(bytes_is(cloudevent_extension_text(&event, "knativebrokerttl"), "255"));
    for (; hops_enter(&event, &arena, &diag) == ERR_OK; count++) {
        hops_put_back(&answer, &event, &arena);
        hops_take_off(&event, &arena);
        assert_null(cloudevent_extension_text(&event, "knativebrokerttl").data);
        hops_put_back(&event, &answer, &arena);
    }
    assert_int_equal(count, HOPS_MAX - 1);
    assert_string_equal(diag.text,
                        "no hops are left: it is 1, and each broker takes one away; an event without it gets "
                        "255, which a loop of answers uses up");
    struct cloudevent_value word = cloudevent_string(BYTES_LITERAL("x"));
    assert_int_equal(cloudevent_set(&event, BYTES_LITERAL("knativebrokerttl"), word, &arena, NULL), ERR_OK);
    assert_int_equal(hops_enter(&event, &arena, &diag), ERR_INVALID);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_name_what_they_name),
        cmocka_unit_test(each_path_of_ours_leads_back),
        cmocka_unit_test(inboxes_come_change_and_go),
        cmocka_unit_test(hops_go_down_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
