// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_kinds.h"

#include "base/test.h"

static const char core[] =
    "{\"items\":[{\"metadata\":{\"name\":\"\"},\"versions\":[{\"version\":\"v1\",\"resources\":["
    "{\"resource\":\"configmaps\",\"responseKind\":{\"kind\":\"ConfigMap\"},\"scope\":\"Namespaced\",\"shortNames\":"
    "[\"cm\"],\"singularResource\":\"configmap\",\"verbs\":[\"get\",\"list\"]},"
    "{\"resource\":\"namespaces\",\"responseKind\":{\"kind\":\"Namespace\"},\"scope\":\"Cluster\",\"shortNames\":"
    "[\"ns\"],\"verbs\":[\"list\"]},"
    "{\"resource\":\"events\",\"responseKind\":{\"kind\":\"Event\"},\"scope\":\"Namespaced\",\"verbs\":[]}]}]}]}";

static const char groups[] =
    "{\"items\":[{\"metadata\":{\"name\":\"events.k8s.io\"},\"versions\":[{\"version\":\"v1\",\"resources\":["
    "{\"resource\":\"events\",\"responseKind\":{\"kind\":\"Event\"},\"scope\":\"Namespaced\"}]}]},"
    "{\"metadata\":{\"name\":\"shop.example.org\"},\"versions\":[{\"version\":\"v1\",\"resources\":["
    "{\"resource\":\"widgets\",\"responseKind\":{\"kind\":\"Widget\"},\"scope\":\"Namespaced\",\"singularResource\":"
    "\"widget\",\"shortNames\":[\"wd\"],\"categories\":[\"all\",\"shop\"]},"
    "{\"resource\":\"cm\",\"responseKind\":{\"kind\":\"Cm\"},\"scope\":\"Cluster\",\"categories\":[\"shop\"]}]},"
    "{\"version\":\"v1alpha1\",\"resources\":["
    "{\"resource\":\"widgets\",\"responseKind\":{\"kind\":\"Widget\"},\"scope\":\"Namespaced\",\"categories\":"
    "[\"all\"]},"
    "{\"resource\":\"gadgets\",\"responseKind\":{\"kind\":\"Gadget\"},\"scope\":\"Namespaced\"}]}]}]}";

struct fixture {
    struct arena arena;
    struct kube_kinds kinds;
};

static int setup(void **state)
{
    static struct fixture fixture;
    static const struct json_limits limits = { .size = 1 << 16, .values = 1 << 12 };
    struct json_value *tree;
    fixture = (struct fixture){ .arena = ARENA_INIT };
    assert_int_equal(json_parse(bytes_of_text(core), &limits, &fixture.arena, &tree, NULL), ERR_OK);
    kube_kinds_add(&fixture.kinds, tree, &fixture.arena);
    assert_int_equal(json_parse(bytes_of_text(groups), &limits, &fixture.arena, &tree, NULL), ERR_OK);
    kube_kinds_add(&fixture.kinds, tree, &fixture.arena);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_free(&((struct fixture *)*state)->arena);
    return 0;
}

// "widgets.v1.shop.example.org", or "" where there is no such kind.
static const char *found(void **state, const char *text)
{
    struct fixture *fixture = *state;
    const struct kube_kind *kind = kube_kinds_find(&fixture->kinds, bytes_of_text(text));
    if (kind == NULL)
        return "";
    return arena_format(&fixture->arena, "%.*s.%.*s.%.*s", BYTES_ARG(kind->plural), BYTES_ARG(kind->version),
                        BYTES_ARG(kind->group));
}

static void finds_a_kind_by_all_that_it_is_called(void **state)
{
    static const char *const words[] = { "widgets",
                                         "widget",
                                         "Widget",
                                         "WIDGETS",
                                         "wd",
                                         "wd.shop",
                                         "widget.shop.example.org",
                                         "widgets.v1.shop.example.org",
                                         "widgets.v1." };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_string_equal(found(state, words[i]), "widgets.v1.shop.example.org");
    assert_string_equal(found(state, "widgets.v1alpha1.shop.example.org"), "widgets.v1alpha1.shop.example.org");
    assert_string_equal(found(state, "gadget"), "gadgets.v1alpha1.shop.example.org");
    assert_string_equal(found(state, "namespace"), "namespaces.v1.");
}

static void prefers_the_core_group_and_the_plural(void **state)
{
    assert_string_equal(found(state, "events"), "events.v1.");
    assert_string_equal(found(state, "events.events.k8s.io"), "events.v1.events.k8s.io");
    assert_string_equal(found(state, "cm"), "cm.v1.shop.example.org");
    assert_string_equal(found(state, "cm.v1."), "cm.v1.shop.example.org");
}

static void knows_what_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(found(state, "nonsense"), "");
    assert_string_equal(found(state, "widgets.other.org"), "");
    assert_string_equal(found(state, ""), "");
    assert_string_equal(kube_kinds_nearest(&fixture->kinds, bytes_of_text("widgts.shop"), &fixture->arena), "widgets");
    assert_null(kube_kinds_nearest(&fixture->kinds, bytes_of_text("nonsense"), &fixture->arena));
}

static void lists_a_category_once(void **state)
{
    struct fixture *fixture = *state;
    bytes_t shop = bytes_of_text("shop");
    const struct kube_kind *kind = kube_kinds_in_category(&fixture->kinds, bytes_of_text("all"), NULL);
    assert_true(bytes_is(kind->plural, "widgets"));
    assert_null(kube_kinds_in_category(&fixture->kinds, bytes_of_text("all"), kind));
    kind = kube_kinds_in_category(&fixture->kinds, shop, kube_kinds_in_category(&fixture->kinds, shop, NULL));
    assert_true(bytes_is(kind->plural, "cm"));
}

static void finds_the_kind_of_an_object(void **state)
{
    struct fixture *fixture = *state;
    const struct kube_kind *kind =
        kube_kinds_of_object(&fixture->kinds, bytes_of_text("shop.example.org/v1alpha1"), bytes_of_text("Widget"));
    assert_true(bytes_is(kind->version, "v1alpha1"));
    kind = kube_kinds_of_object(&fixture->kinds, bytes_of_text("v1"), bytes_of_text("ConfigMap"));
    assert_true(bytes_is(kind->plural, "configmaps"));
    assert_true(kube_kind_can(kind, "list"));
    assert_false(kube_kind_can(kind, "watch"));
    assert_true(bytes_is(kube_kind_api_version(kind, &fixture->arena), "v1"));
    assert_null(kube_kinds_of_object(&fixture->kinds, bytes_of_text("v1"), bytes_of_text("configmap")));
    assert_null(kube_kinds_of_object(&fixture->kinds, bytes_of_text("v2"), bytes_of_text("ConfigMap")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_a_kind_by_all_that_it_is_called),
        TEST(prefers_the_core_group_and_the_plural),
        TEST(knows_what_is_not_there),
        TEST(lists_a_category_once),
        TEST(finds_the_kind_of_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
