// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_url.h"

#include "base/test.h"

static const struct kube_kind widgets = { .group = { (const uint8_t *)"shop.example.org", 16 },
                                          .version = { (const uint8_t *)"v1", 2 },
                                          .plural = { (const uint8_t *)"widgets", 7 },
                                          .is_namespaced = true };
static const struct kube_kind namespaces = { .version = { (const uint8_t *)"v1", 2 },
                                             .plural = { (const uint8_t *)"namespaces", 10 } };

static void assert_path(const struct kube_kind *kind, const char *space, const char *name, const char *expected)
{
    struct arena arena = ARENA_INIT;
    struct writer url = WRITER_INIT;
    kube_url_kind(&url, kind, space, name);
    assert_string_equal(kube_url_finish(&url, &arena), expected);
    arena_free(&arena);
}

static void names_every_place(void **state)
{
    (void)state;
    assert_path(&widgets, "shop", "one", "/apis/shop.example.org/v1/namespaces/shop/widgets/one");
    assert_path(&widgets, "shop", NULL, "/apis/shop.example.org/v1/namespaces/shop/widgets");
    assert_path(&widgets, NULL, NULL, "/apis/shop.example.org/v1/widgets");
    assert_path(&namespaces, "shop", "one", "/api/v1/namespaces/one");
    assert_path(&widgets, "a/b", "../x?y", "/apis/shop.example.org/v1/namespaces/a%2Fb/widgets/..%2Fx%3Fy");
}

static void writes_parameters(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer url = WRITER_INIT;
    writer_text(&url, "/api");
    kube_url_parameter(&url, "labelSelector", BYTES_LITERAL("a=b, c in (d)"));
    kube_url_parameter(&url, "fieldSelector", BYTES_NULL);
    kube_url_parameter(&url, "limit", BYTES_LITERAL("500"));
    assert_string_equal(kube_url_finish(&url, &arena), "/api?labelSelector=a%3Db%2C%20c%20in%20%28d%29&limit=500");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_place),
        cmocka_unit_test(writes_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
