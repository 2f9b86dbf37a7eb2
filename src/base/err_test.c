// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include "base/test.h"

static void every_error_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (int err = 0; err < ERR_COUNT; err++) {
        assert_true(strlen(err_name((err_t)err)) > 1);
        assert_true(strlen(err_text((err_t)err)) > 1);
    }
    assert_string_equal(err_name(ERR_NO_SPACE), "NO_SPACE");
    assert_string_equal(err_text(ERR_NO_SPACE), "the disk is full");
}

static void a_complaint_is_filled_and_cut_at_its_size(void **state)
{
    (void)state;
    diag_t diag = { 0 };
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(diag_fail(&diag, ERR_INVALID, "retention.ms", "wants %d, got %s", 7, "x"), ERR_INVALID);
    assert_string_equal(diag.where, "retention.ms");
    assert_string_equal(diag.text, "wants 7, got x");
    assert_int_equal(diag_fail(&diag, ERR_INVALID, longer, "%s", longer), ERR_INVALID);
    assert_int_equal(strlen(diag.where), sizeof diag.where - 1);
    assert_int_equal(strlen(diag.text), sizeof diag.text - 1);
    assert_int_equal(diag_fail(NULL, ERR_CORRUPT, "", "nobody listens"), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_a_sentence),
        cmocka_unit_test(a_complaint_is_filled_and_cut_at_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
