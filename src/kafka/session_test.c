// SPDX-License-Identifier: Apache-2.0
#include "kafka/session.h"

#include "base/assert.h"
#include "base/test.h"

// A protocol of three calls that end when the test says: 1 overlaps with itself, 2 does not, 3 answers at once.
struct text_message {
    int32_t number;
};
#define ROW struct text_message
static const struct kafka_field text_message_fields[] = {
    { "Number", KAFKA_INT32, 0, ANY, NEVER, NONE, 0, AT(number) },
};
static KAFKA_SCHEMA(text_message, "Text");
#undef ROW

static struct kafka_call *open_calls[8];
static size_t open_count, progress_count, idle_count;
static uint8_t sent[64];
static size_t sent_count;
static bool is_full;
static const char *hang_up;

static void handle_later(struct kafka_call *call)
{
    open_calls[open_count++] = call;
}

static void handle_now(struct kafka_call *call)
{
    struct text_message *request = call->request, *response = call->response;
    response->number = request->number;
    kafka_call_reply(call);
}

#define API(number, does_overlap, handler)                                                                             \
    {                                                                                                                  \
        .name = "Test", .key = number, .min = 0, .max = 1, .advertised_min = 0, .flexible_from = 100,                  \
        .overlaps = does_overlap, .request = &text_message_schema, .response = &text_message_schema, .handle = handler \
    }
static const struct kafka_api apis[] = { API(1, true, handle_later), API(2, false, handle_later),
                                         API(3, false, handle_now) };

static const struct kafka_api *find(int16_t key)
{
    return key >= 1 && key <= 3 ? &apis[key - 1] : NULL;
}

// Notes the number at the end of each answer.
static void on_send(struct kafka_session *session, struct slice slice)
{
    (void)session;
    assert_int_equal(slice.bytes.size, 12);
    sent[sent_count++] = slice.bytes.data[11];
    slice_free(&slice);
}

static bool on_is_full(struct kafka_session *session)
{
    (void)session;
    return is_full;
}

static void on_progress(struct kafka_session *session, const struct kafka_call *call, size_t size)
{
    (void)session, (void)call, (void)size;
    progress_count++;
}

static void on_hang_up(struct kafka_session *session, const char *why)
{
    (void)session;
    hang_up = why;
}

static void on_idle(struct kafka_session *session)
{
    (void)session;
    idle_count++;
}

static const struct kafka_session_ops ops = { on_send, on_is_full, on_progress, on_hang_up, on_idle, find };

static int start(void **state)
{
    static struct kafka_session session;
    open_count = progress_count = idle_count = sent_count = 0;
    is_full = false;
    hang_up = NULL;
    kafka_session_init(&session, NULL, &ops, "test", 100000);
    *state = &session;
    return 0;
}

static void take(struct kafka_session *session, uint8_t key, uint8_t version, uint8_t number)
{
    uint8_t bytes[] = { 0, key, 0, version, 0, 0, 0, number, 0xff, 0xff, 0, 0, 0, number };
    struct buf *buf = buf_copy(bytes_of(bytes, sizeof(bytes)));
    kafka_session_take(session, (struct slice){ buf, bytes_of(buf->data, sizeof(bytes)) });
}

static void answer(size_t index)
{
    struct text_message *request = open_calls[index]->request, *response = open_calls[index]->response;
    response->number = request->number;
    kafka_call_reply(open_calls[index]);
}

static void answers_leave_in_the_order_of_requests(void **state)
{
    struct kafka_session *session = *state;
    take(session, 1, 0, 10);
    take(session, 1, 0, 11);
    take(session, 1, 0, 12);
    assert_int_equal(open_count, 3);
    answer(2);
    answer(1);
    assert_int_equal(sent_count, 0);
    answer(0);
    assert_int_equal(sent_count, 3);
    assert_memory_equal(sent, "\x0a\x0b\x0c", 3);
    assert_int_equal(session->size, 0);
    assert_true(kafka_session_close(session));
}

static void what_does_not_overlap_waits_for_its_turn(void **state)
{
    struct kafka_session *session = *state;
    take(session, 1, 0, 1);
    take(session, 2, 0, 2);
    take(session, 1, 0, 3);
    assert_int_equal(open_count, 1);
    answer(0);
    assert_int_equal(open_count, 2);
    answer(1);
    assert_int_equal(open_count, 3);
    answer(2);
    assert_memory_equal(sent, "\x01\x02\x03", 3);
    assert_true(kafka_session_close(session));
}

static void many_immediate_answers_do_not_nest(void **state)
{
    struct kafka_session *session = *state;
    take(session, 2, 0, 1);
    for (uint8_t i = 2; i < 12; i++)
        take(session, 3, 1, i);
    assert_int_equal(sent_count, 0);
    answer(0);
    assert_int_equal(sent_count, 11);
    assert_int_equal(progress_count, 11);
    assert_true(kafka_session_close(session));
}

static void starts_nothing_while_the_other_side_does_not_read(void **state)
{
    struct kafka_session *session = *state;
    is_full = true;
    take(session, 3, 0, 1);
    assert_int_equal(sent_count, 0);
    is_full = false;
    kafka_session_pump(session);
    assert_int_equal(sent_count, 1);
    assert_true(kafka_session_close(session));
}

static void is_busy_when_it_holds_too_much(void **state)
{
    struct kafka_session *session = *state;
    session->limit = 1000;
    take(session, 2, 0, 1);
    assert_false(kafka_session_is_busy(session));
    take(session, 2, 0, 2);
    assert_true(kafka_session_is_busy(session));
    answer(0);
    assert_false(kafka_session_is_busy(session));
    answer(1);
    assert_true(kafka_session_close(session));
}

static void hangs_up_after_what_came_before_is_answered(void **state)
{
    struct kafka_session *session = *state;
    take(session, 1, 0, 1);
    take(session, 99, 0, 2); // no such API
    take(session, 3, 0, 3);
    assert_null(hang_up);
    answer(0);
    assert_non_null(hang_up);
    assert_int_equal(sent_count, 1);
    assert_true(kafka_session_is_busy(session));
    assert_true(kafka_session_close(session));
}

static void hangs_up_on_versions_and_bodies_it_cannot_read(void **state)
{
    struct kafka_session *session = *state;
    take(session, 3, 2, 1); // version 2 is not served
    assert_non_null(hang_up);
    assert_true(kafka_session_close(session));
    start(state);
    uint8_t bytes[] = { 0, 3, 0, 0, 0, 0, 0, 7, 0xff, 0xff, 0, 0 }; // half a number
    struct buf *buf = buf_copy(bytes_of(bytes, sizeof(bytes)));
    kafka_session_take(session, (struct slice){ buf, bytes_of(buf->data, sizeof(bytes)) });
    assert_non_null(hang_up);
    assert_true(kafka_session_close(session));
}

static void a_malformed_overlapping_request_waits_with_its_verdict(void **state)
{
    struct kafka_session *session = *state;
    take(session, 1, 0, 1);
    take(session, 1, 9, 2);
    assert_null(hang_up);
    answer(0);
    assert_non_null(hang_up);
    assert_int_equal(sent_count, 1);
    assert_true(kafka_session_close(session));
}

static void is_idle_when_the_last_call_ends_after_close(void **state)
{
    struct kafka_session *session = *state;
    take(session, 1, 0, 1);
    take(session, 1, 0, 2);
    take(session, 2, 0, 3); // never started
    assert_false(kafka_session_close(session));
    answer(1);
    assert_int_equal(idle_count, 0);
    answer(0);
    assert_int_equal(idle_count, 1);
    assert_int_equal(sent_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_leave_in_the_order_of_requests, start),
        cmocka_unit_test_setup(what_does_not_overlap_waits_for_its_turn, start),
        cmocka_unit_test_setup(many_immediate_answers_do_not_nest, start),
        cmocka_unit_test_setup(starts_nothing_while_the_other_side_does_not_read, start),
        cmocka_unit_test_setup(is_busy_when_it_holds_too_much, start),
        cmocka_unit_test_setup(hangs_up_after_what_came_before_is_answered, start),
        cmocka_unit_test_setup(hangs_up_on_versions_and_bodies_it_cannot_read, start),
        cmocka_unit_test_setup(a_malformed_overlapping_request_waits_with_its_verdict, start),
        cmocka_unit_test_setup(is_idle_when_the_last_call_ends_after_close, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
