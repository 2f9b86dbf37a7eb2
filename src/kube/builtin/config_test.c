// SPDX-License-Identifier: Apache-2.0
// ConfigMaps, Secrets and service accounts.
#include "kube/builtin/builtin_world.h"

#define SECRET "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
#define MAP    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"

static void texts_become_data(void **state)
{
    struct world *world = *state;
    struct json_value *secret = yaml(world, SECRET "data: {a: eA==, b: eA==}\nstringData: {a: hello}\n");
    assert_string_equal(admitted(world, secret, NULL), "");
    assert_string_equal(json_of(world, json_get(secret, "data")), "{\"a\":\"aGVsbG8=\",\"b\":\"eA==\"}");
    assert_null(json_get(secret, "stringData"));
    assert_string_equal(json_of(world, json_get(secret, "type")), "\"Opaque\"");
    assert_string_equal(cell_of(world, secret, "Data", 0), "2");
    assert_string_equal(cell_of(world, secret, "Type", 0), "(path)");
}

static void types_need_their_names(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *rest, *wrong;
    } rows[] = {
        { "type: kubernetes.io/tls\ndata: {tls.crt: ''}\n", "data[tls.key]: Required value" },
        { "type: kubernetes.io/tls\ndata: {tls.crt: '', tls.key: ''}\n", "" },
        { "type: kubernetes.io/basic-auth\n", "[data[username]: Required value, data[password]: Required value]" },
        { "type: kubernetes.io/basic-auth\ndata: {password: eA==}\n", "" },
        { "type: kubernetes.io/ssh-auth\n", "data[ssh-privatekey]: Required value" },
        { "type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: eA==}\n",
          "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": must be JSON" },
        { "type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '{}'}\n", "" },
        { "type: kubernetes.io/service-account-token\n",
          "metadata.annotations[kubernetes.io/service-account.name]: Required value" },
        { "type: my/own\n", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_value *secret = yaml(world, arena_format(&world->arena, SECRET "%s", rows[i].rest));
        assert_string_equal(admitted(world, secret, NULL), rows[i].wrong);
    }
}

static void data_that_is_no_base64_is_refused(void **state)
{
    struct world *world = *state;
    static const char *const wrong[] = { "'?'", "eA", "eA=", "'e A='", "eB==" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *text = arena_format(&world->arena, SECRET "data: {a: %s}\n", wrong[i]);
        assert_string_equal(admitted(world, yaml(world, text), NULL),
                            "data[a]: Invalid value: \"<contents redacted>\": must be base64");
    }
    assert_string_equal(admitted(world, yaml(world, SECRET "data: {a: ''}\n"), NULL), "");
}

static void what_is_immutable_stays(void **state)
{
    struct world *world = *state;
    struct json_value *live = yaml(world, SECRET "type: Opaque\nimmutable: true\ndata: {a: eA==}\n");
    assert_string_equal(admitted(world, yaml(world, SECRET "immutable: true\ndata: {a: eA==}\n"), live), "");
    assert_string_equal(admitted(world, yaml(world, SECRET "type: Other\ndata: {a: eQ==}\n"), live),
                        "[type: Invalid value: \"Other\": field is immutable, data: Forbidden: field is immutable when "
                        "`immutable` is set, immutable: Forbidden: field is immutable when `immutable` is set]");
    live = yaml(world, MAP "immutable: true\n");
    assert_string_equal(admitted(world, yaml(world, MAP "immutable: true\ndata: {a: b}\n"), live),
                        "data: Forbidden: field is immutable when `immutable` is set");
}

static void names_in_data_are_checked(void **state)
{
    struct world *world = *state;
    assert_non_null(strstr(admitted(world, yaml(world, MAP "data: {a/b: c}\n"), NULL), "data[a/b]: Invalid value"));
    assert_string_equal(admitted(world, yaml(world, MAP "data: {a: b}\nbinaryData: {a: eA==}\n"), NULL),
                        "data[a]: Invalid value: \"a\": duplicate of key present in binaryData");
    struct json_value *both = yaml(world, MAP "data: {a: b}\nbinaryData: {c: eA==, d: eA==}\n");
    assert_string_equal(admitted(world, both, NULL), "");
    assert_string_equal(cell_of(world, both, "Data", 0), "3");
}

static void accounts_count_their_secrets(void **state)
{
    struct world *world = *state;
    struct json_value *account =
        yaml(world, "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nsecrets: [{name: a1}, {name: a2}]\n");
    assert_string_equal(admitted(world, account, NULL), "");
    assert_string_equal(cell_of(world, account, "Secrets", 0), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_data),
        cmocka_unit_test(types_need_their_names),
        cmocka_unit_test(data_that_is_no_base64_is_refused),
        cmocka_unit_test(what_is_immutable_stays),
        cmocka_unit_test(names_in_data_are_checked),
        cmocka_unit_test(accounts_count_their_secrets),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
