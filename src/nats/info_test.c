// SPDX-License-Identifier: Apache-2.0
#include "nats/info.h"

#include "base/assert.h"
#include "base/json.h"
#include "nats/nats.h"

#include "base/test.h"

// The key of zeros, as the reference implementation of nkeys writes it.
static void an_id_is_a_servers_public_key(void **state)
{
    (void)state;
    static const uint8_t zeros[32] = { 0 };
    char id[NATS_SERVER_ID_SIZE + 1];
    nats_server_id_make(zeros, id);
    assert_string_equal(id, "NAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB5PU");
}

static void info_is_one_line_of_json(void **state)
{
    (void)state;
    struct nats_info info = { .server_id = "NX",
                              .server_name = "my \"server\"",
                              .host = "::1",
                              .port = 4222,
                              .max_payload = 1048576,
                              .client_id = 5,
                              .client_ip = BYTES_LITERAL("127.0.0.1"),
                              .account = bytes_of_text(NATS_ACCOUNT_SYSTEM),
                              .is_lame_duck = true };
    struct writer out = WRITER_INIT;
    nats_info_write(&info, &out);
    bytes_t line = writer_view(&out);
    assert_memory_equal(line.data, "INFO {", 6);
    assert_memory_equal(line.data + line.size - 4, "} \r\n", 4);
    struct arena arena = ARENA_INIT;
    struct json_value *root;
    const struct json_limits limits = { 4096, 100 };
    assert_int_equal(json_parse(bytes_of(line.data + 5, line.size - 8), &limits, &arena, &root, NULL), ERR_OK);
    bytes_t text;
    bool is_true = false;
    assert_true(json_get_text(json_get(root, "version"), &text));
    assert_true(bytes_is(text, NATS_VERSION));
    assert_true(json_get_text(json_get(root, "server_name"), &text));
    assert_true(bytes_is(text, "my \"server\""));
    assert_true(json_get_bool(json_get(root, "ldm"), &is_true) && is_true);
    assert_true(json_get_bool(json_get(root, "acc_is_sys"), &is_true) && is_true);
    assert_true(json_get_text(json_get(root, "remote_account"), &text));
    arena_free(&arena);
    writer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_a_servers_public_key),
        cmocka_unit_test(info_is_one_line_of_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
