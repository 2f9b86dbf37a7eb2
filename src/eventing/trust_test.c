// SPDX-License-Identifier: Apache-2.0
#include "eventing/trust.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/test.h"
#include "io/file.h"
#include "io/random.h"
#include "io/testing/certificates.h"
#include "io/tls.h"

static struct map trusts;
static struct buf *texts[2];

static int set_up(void **state)
{
    (void)state;
    trusts_init(&trusts);
    char path[64];
    snprintf(path, sizeof path, "/tmp/eddy-trust-%016llx", (unsigned long long)random_u64());
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct test_certificate *made =
            test_certificate_new(NULL, &(struct test_certificate_config){ .subject = "CN=ca", .is_authority = true });
        test_certificate_write(made, path);
        test_certificate_free(made);
        assert_int_equal(file_read_whole(path, 100000, &texts[i]), ERR_OK);
        assert_int_equal(file_remove(path), ERR_OK);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    map_free(&trusts);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        buf_unref(texts[i]);
    return 0;
}

static struct trust *get(bytes_t authorities)
{
    struct trust *trust;
    assert_int_equal(trust_get(&trusts, authorities, &trust, NULL), ERR_OK);
    return trust;
}

static bytes_t text(size_t i)
{
    return bytes_of(texts[i]->data, texts[i]->capacity);
}

static void is_one_for_all_who_name_the_same(void **state)
{
    struct trust *one = get(text(0)), *again = get(text(0)), *other = get(text(1)), *system = get(BYTES_NULL);
    (void)state;
    assert_ptr_equal(one, again);
    assert_ptr_not_equal(one->tls, other->tls);
    assert_ptr_not_equal(one->tls, system->tls);
    assert_int_equal(trusts.count, 3);
    trust_unref(one);
    assert_int_equal(trusts.count, 3);
    trust_unref(again);
    trust_unref(other);
    trust_unref(system);
    trust_unref(NULL);
    assert_int_equal(trusts.count, 0);
}

static void refuses_what_is_no_certificate(void **state)
{
    static const char *const cases[] = { "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct trust *trust;
        diag_t diag = { 0 };
        assert_int_equal(trust_get(&trusts, bytes_of_text(cases[i]), &trust, &diag), ERR_INVALID);
        assert_true(strlen(diag.text) > 10);
        assert_int_equal(trusts.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_one_for_all_who_name_the_same),
        cmocka_unit_test(refuses_what_is_no_certificate),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
