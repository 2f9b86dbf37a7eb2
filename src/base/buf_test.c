// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include "base/test.h"

static void the_last_reference_frees(void **state)
{
    (void)state;
    struct buf *buf = buf_copy(BYTES_LITERAL("hello"));
    struct slice slice = slice_of(buf, 1, 3);
    buf_unref(buf);
    assert_true(bytes_is(slice.bytes, "ell"));
    slice_free(&slice);
    assert_null(slice.buf);
    slice_free(&slice); // nothing left to give back
}

static int freed;

static void count_free(struct buf *buf)
{
    freed++;
    free(buf->owner);
    free(buf);
}

static void memory_of_others_goes_back_to_them_once(void **state)
{
    (void)state;
    struct buf *buf = buf_new(0);
    buf->owner = malloc(10);
    buf->data = buf->owner;
    buf->on_free = count_free;
    buf_ref(buf);
    buf_unref(buf);
    assert_int_equal(freed, 0);
    buf_unref(buf);
    assert_int_equal(freed, 1);
    buf_unref(NULL);
}

static struct buf *pool;

static void keep_in_pool(struct buf *buf)
{
    pool = buf;
}

static void a_pool_hands_a_buf_out_again(void **state)
{
    (void)state;
    struct buf *buf = buf_new(4);
    buf->on_free = keep_in_pool;
    buf_unref(buf);
    assert_ptr_equal(pool, buf);
    pool = NULL;
    assert_ptr_equal(buf_reuse(buf), buf);
    buf_ref(buf);
    buf_unref(buf);
    assert_null(pool);
    buf_unref(buf);
    assert_ptr_equal(pool, buf);
    free(buf);
}

static void bytes_that_somebody_waits_for_are_copied_when_they_settle(void **state)
{
    (void)state;
    freed = 0;
    struct buf *buf = buf_new(0);
    buf->owner = malloc(10);
    memcpy(buf->owner, "0123456789", 10);
    buf->data = buf->owner;
    buf->on_free = count_free;
    struct slice slice = slice_of(buf, 2, 3);
    buf_unref(buf);
    slice_settle(&slice);
    assert_int_equal(freed, 1);
    assert_true(bytes_is(slice.bytes, "234"));
    // It has nobody to go back to now, so it stays where it is.
    const struct buf *settled = slice.buf;
    slice_settle(&slice);
    assert_ptr_equal(slice.buf, settled);
    slice_free(&slice);
    slice_settle(&slice); // no memory at all
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(memory_of_others_goes_back_to_them_once),
        cmocka_unit_test(a_pool_hands_a_buf_out_again),
        cmocka_unit_test(bytes_that_somebody_waits_for_are_copied_when_they_settle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
