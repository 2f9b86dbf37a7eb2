// SPDX-License-Identifier: Apache-2.0
#include "nats/trace.h"

#include "base/log.h"
#include "nats/access.h"

#include "base/test.h"

static struct writer lines;

static void sink(void *context, enum log_level level, bytes_t line)
{
    (void)context;
    (void)level;
    writer_bytes(&lines, line);
}

static void on_nothing(struct nats_session *session)
{
    (void)session;
}

static void on_dirty(struct nats_out *out)
{
    (void)out;
}

static void on_slice(struct nats_out *out, struct slice slice)
{
    (void)out;
    slice_free(&slice);
}

static size_t on_waiting(struct nats_out *out)
{
    (void)out;
    return 0;
}

static const struct nats_session_ops ops = { .on_connect = on_nothing };
static const struct nats_out_ops out_ops = { .on_dirty = on_dirty, .on_slice = on_slice, .on_waiting = on_waiting };

// Says INPUT as one client and compares what is logged.
static void assert_traced(const struct nats_options *more, enum log_level level, const char *input,
                          const char *expected)
{
    struct nats_options options = *more;
    struct nats_metrics metrics = { 0 };
    struct nats_accounts accounts;
    struct nats_access *access;
    struct nats_session session;
    size_t wanted;
    assert_int_equal(nats_access_new(NULL, &access, NULL), ERR_OK);
    options.max_payload = options.max_control_line = options.max_pending = 4096;
    struct nats_site site = { .options = &options,
                              .metrics = &metrics,
                              .accounts = &accounts,
                              .access = access,
                              .server_name = "n",
                              .host = "h" };
    nats_accounts_init(&accounts, 1, 0, 1);
    nats_session_init(&session, &site, &ops, &out_ops, 5, BYTES_LITERAL("127.0.0.1"));
    session.peer = "127.0.0.1:5123";
    log_start(&(struct log_config){ .level = level, .format = LOG_AS_NATS, .sink = sink, .is_timeless = true });
    nats_trace_note(&session, "Client connection created");
    assert_int_equal(nats_session_data(&session, bytes_of_text(input), NULL, &wanted), strlen(input));
    writer_u8(&lines, 0);
    assert_string_equal((const char *)lines.buf->data, expected);
    writer_free(&lines);
    nats_out_flush(&session.out);
    nats_session_leave(&session);
    nats_session_deinit(&session);
    nats_accounts_deinit(&accounts);
    nats_chunks_free(&site.chunks);
    nats_access_free(access);
}

static void shows_what_a_client_says_but_not_its_credentials(void **state)
{
    (void)state;
    const struct nats_options options = { 0 };
    assert_traced(&options, LOG_TRACE,
                  "CONNECT {\"verbose\":false,\"pass\":\"secret\"}\r\nsub foo  q 1\r\nPUB a.b r 3\r\nh\"i\r\nPING\r\n",
                  "[0] [DBG] 127.0.0.1:5123 - cid:5 - Client connection created\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [CONNECT [REDACTED]]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [SUB foo  q 1]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [PUB a.b r 3]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- MSG_PAYLOAD: [\"h\\\"i\"]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [PING]\n");
}

static void headers_and_long_payloads_are_shown_as_configured(void **state)
{
    (void)state;
    static const char input[] = "CONNECT {\"headers\":true}\r\nHPUB a 12 16\r\nNATS/1.0\r\n\r\nlong\r\n";
    const struct nats_options short_ones = { .trace_size = 2 };
    const struct nats_options all = { .trace_headers = true };
    assert_traced(&short_ones, LOG_TRACE, input,
                  "[0] [DBG] 127.0.0.1:5123 - cid:5 - Client connection created\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [CONNECT [REDACTED]]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [HPUB a 12 16]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- MSG_PAYLOAD: [\"lo\"...]\n");
    assert_traced(&all, LOG_TRACE, input,
                  "[0] [DBG] 127.0.0.1:5123 - cid:5 - Client connection created\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [CONNECT [REDACTED]]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- [HPUB a 12 16]\n"
                  "[0] [TRC] 127.0.0.1:5123 - cid:5 - <<- MSG_PAYLOAD: [\"NATS/1.0\\r\\n\\r\\nlong\"]\n");
}

static void says_nothing_below_its_level(void **state)
{
    (void)state;
    const struct nats_options options = { 0 };
    assert_traced(&options, LOG_DEBUG, "PUB a 2\r\nhi\r\n",
                  "[0] [DBG] 127.0.0.1:5123 - cid:5 - Client connection created\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_a_client_says_but_not_its_credentials),
        cmocka_unit_test(headers_and_long_payloads_are_shown_as_configured),
        cmocka_unit_test(says_nothing_below_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
