// SPDX-License-Identifier: Apache-2.0
#include "nats/connect.h"

#include "base/arena.h"
#include "base/assert.h"

#include "base/test.h"

static void reads_what_clients_send(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct nats_connect connect = NATS_CONNECT_INIT;
    bytes_t json =
        BYTES_LITERAL("{\"verbose\": false, \"Pedantic\": false, \"lang\": \"python3\", \"version\": \"2.9\","
                      "\"protocol\": 1, \"headers\": true, \"no_responders\": true, \"name\": null,"
                      "\"user\":\"me\",\"pass\":\"\\u0041\",\"something\":[{}]}");
    assert_int_equal(nats_connect_read(json, &arena, &connect), ERR_OK);
    assert_false(connect.verbose);
    assert_false(connect.pedantic);
    assert_true(connect.echo);
    assert_true(connect.headers);
    assert_true(connect.no_responders);
    assert_int_equal(connect.protocol, 1);
    assert_true(bytes_is(connect.lang, "python3"));
    assert_true(bytes_is(connect.pass, "A"));
    assert_null(connect.name.data);
    // A second one changes what it names.
    assert_int_equal(nats_connect_read(BYTES_LITERAL("{\"ECHO\":false}"), &arena, &connect), ERR_OK);
    assert_false(connect.echo);
    assert_true(connect.headers);
    arena_free(&arena);
}

static void what_is_wrong_changes_nothing(void **state)
{
    (void)state;
    static const char *const rows[] = { "",
                                        "{bad",
                                        "[]",
                                        "1",
                                        "{\"verbose\":1}",
                                        "{\"name\":true}",
                                        "{\"echo\":false,\"protocol\":\"1\"}",
                                        "{\"protocol\":1.5}" };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct nats_connect connect = NATS_CONNECT_INIT;
        if (nats_connect_read(bytes_of_text(rows[i]), &arena, &connect) != ERR_MALFORMED)
            fail_msg("%s", rows[i]);
        assert_true(connect.echo);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_clients_send),
        cmocka_unit_test(what_is_wrong_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
