// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_config.h"

#include "base/test.h"

static const char eddys[] = "{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"clusters\":[{\"name\":\"eddy\",\"cluster\":{"
                            "\"server\":\"https://127.0.0.1:6443\",\"certificate-authority-data\":\"UEVN\"}}],"
                            "\"users\":[{\"name\":\"eddy\",\"user\":{\"token\":\"secret\"}}],\"contexts\":[{\"name\":"
                            "\"eddy\",\"context\":{\"cluster\":\"eddy\",\"user\":\"eddy\",\"namespace\":\"shop\"}}],"
                            "\"current-context\":\"eddy\"}\n";

static const char other[] = "current-context: prod\n"
                            "clusters:\n"
                            "- name: prod\n"
                            "  cluster: {server: 'https://prod:443/path', certificate-authority: ca.crt}\n"
                            "- name: loose\n"
                            "  cluster: {server: 'https://loose', insecure-skip-tls-verify: true}\n"
                            "users:\n"
                            "- name: me\n"
                            "  user: {client-certificate: me.crt, client-key: /keys/me.key}\n"
                            "- name: file\n"
                            "  user: {tokenFile: token}\n"
                            "- name: made\n"
                            "  user: {exec: {command: aws}}\n"
                            "contexts:\n"
                            "- {name: prod, context: {cluster: prod, user: me}}\n"
                            "- {name: loose, context: {cluster: loose, user: file}}\n"
                            "- {name: made, context: {cluster: prod, user: made}}\n"
                            "- {name: lost, context: {cluster: gone}}\n"
                            "- {name: eddy, context: {cluster: prod}}\n";

struct read {
    struct arena arena;
    struct kube_config config;
    diag_t diag;
    err_t err;
};

static struct read read_of(const struct kube_config_file *files, size_t count, const char *context)
{
    struct read read = { .arena = ARENA_INIT };
    read.err = kube_config_read(files, count, context, &read.arena, &read.config, &read.diag);
    return read;
}

static struct read read_one(const char *text, const char *context)
{
    const struct kube_config_file file = { "/etc/kube/config", bytes_of_text(text) };
    return read_of(&file, 1, context);
}

static void reads_what_eddy_writes(void **state)
{
    (void)state;
    struct read read = read_one(eddys, NULL);
    assert_int_equal(read.err, ERR_OK);
    assert_string_equal(read.config.server, "https://127.0.0.1:6443");
    assert_string_equal(read.config.name_space, "shop");
    assert_true(bytes_is(read.config.authority.data, "PEM"));
    assert_true(bytes_is(read.config.token.data, "secret"));
    assert_false(read.config.is_insecure);
    arena_free(&read.arena);
}

static void finds_files_beside_the_kubeconfig(void **state)
{
    (void)state;
    struct read read = read_one(other, NULL);
    assert_int_equal(read.err, ERR_OK);
    assert_string_equal(read.config.server, "https://prod:443/path");
    assert_null(read.config.name_space);
    assert_string_equal(read.config.authority.path, "/etc/kube/ca.crt");
    assert_string_equal(read.config.certificate.path, "/etc/kube/me.crt");
    assert_string_equal(read.config.key.path, "/keys/me.key");
    arena_free(&read.arena);
    read = read_one(other, "loose");
    assert_int_equal(read.err, ERR_OK);
    assert_true(read.config.is_insecure);
    assert_string_equal(read.config.token.path, "/etc/kube/token");
    arena_free(&read.arena);
}

static void takes_the_first_of_several_files(void **state)
{
    (void)state;
    const struct kube_config_file files[] = { { "empty", bytes_of_text("") },
                                              { "a", bytes_of_text(eddys) },
                                              { "b", bytes_of_text(other) } };
    struct read read = read_of(files, 3, NULL);
    assert_int_equal(read.err, ERR_OK);
    assert_string_equal(read.config.server, "https://127.0.0.1:6443");
    arena_free(&read.arena);
    read = read_of(files, 3, "prod");
    assert_int_equal(read.err, ERR_OK);
    assert_string_equal(read.config.authority.path, "ca.crt");
    arena_free(&read.arena);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *context;
        err_t err;
        const char *words;
    } rows[] = {
        { other, "nope", ERR_NOT_FOUND, "no context \"nope\"" },
        { other, "lost", ERR_NOT_FOUND, "no cluster \"gone\"" },
        { other, "made", ERR_UNSUPPORTED, "made by another program" },
        { "kind: Config\n", NULL, ERR_NOT_FOUND, "no current-context" },
        { "", NULL, ERR_NOT_FOUND, "no current-context" },
        { "a: [", NULL, ERR_MALFORMED, "no kubeconfig: line 2" },
        { "current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\n"
          "clusters: [{name: a, cluster: {server: x, certificate-authority-data: '?'}}]",
          NULL, ERR_MALFORMED, "certificate-authority-data is no base64" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct read read = read_one(rows[i].text, rows[i].context);
        assert_int_equal(read.err, rows[i].err);
        assert_string_equal(read.diag.where, "/etc/kube/config");
        if (strstr(read.diag.text, rows[i].words) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", read.diag.text, rows[i].words);
        arena_free(&read.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_eddy_writes),
        cmocka_unit_test(finds_files_beside_the_kubeconfig),
        cmocka_unit_test(takes_the_first_of_several_files),
        cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
