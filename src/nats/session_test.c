// SPDX-License-Identifier: Apache-2.0
#include "nats/session.h"

#include "base/assert.h"
#include "nats/access.h"

#include "base/test.h"

// A door without sockets: what each client is sent lands in a writer.
struct world {
    struct nats_options options;
    struct nats_metrics metrics;
    struct nats_accounts accounts;
    struct nats_access *access;
    struct nats_site site;
};

struct peer {
    struct nats_session session;
    struct writer got;
    size_t waiting; // of what it was handed: not taken
    bool is_stuck, is_dirty;
    size_t slices;
    const struct buf *shared; // the last one
    enum nats_error error;
};

static struct peer *peer_of(struct nats_out *out)
{
    return CONTAINER_OF(out, struct peer, session.out);
}

static void on_dirty(struct nats_out *out)
{
    peer_of(out)->is_dirty = true;
}

static void on_slice(struct nats_out *out, struct slice slice)
{
    struct peer *peer = peer_of(out);
    peer->slices++;
    peer->shared = slice.buf;
    peer->waiting += peer->is_stuck ? slice.bytes.size : 0;
    writer_bytes(&peer->got, slice.bytes);
    slice_free(&slice);
}

static size_t on_waiting(struct nats_out *out)
{
    return peer_of(out)->waiting;
}

static void on_fail(struct nats_session *session, enum nats_error error)
{
    CONTAINER_OF(session, struct peer, session)->error = error;
}

static void on_connect(struct nats_session *session)
{
    (void)session;
}

static const struct nats_out_ops out_ops = { .on_dirty = on_dirty, .on_slice = on_slice, .on_waiting = on_waiting };
static const struct nats_session_ops session_ops = { .on_fail = on_fail, .on_connect = on_connect };

static void world_init(struct world *world)
{
    struct nats_access *access;
    diag_t diag;
    assert_int_equal(nats_access_new(NULL, &access, &diag), ERR_OK);
    *world = (struct world){
        .access = access,
        .options = { .max_payload = 1 << 20, .max_control_line = 4096, .max_pending = 1 << 20, .producer_stall = true }
    };
    world->site = (struct nats_site){ .options = &world->options,
                                      .metrics = &world->metrics,
                                      .accounts = &world->accounts,
                                      .access = world->access,
                                      .server_name = "n",
                                      .host = "h" };
    nats_accounts_init(&world->accounts, 1, 0, 1);
}

static void world_deinit(struct world *world)
{
    nats_accounts_deinit(&world->accounts);
    nats_chunks_free(&world->site.chunks);
    nats_access_free(world->access);
}

static size_t say_bytes(struct peer *peer, bytes_t input, struct buf *buf)
{
    size_t wanted;
    return nats_session_data(&peer->session, input, buf, &wanted);
}

static void say(struct peer *peer, const char *text)
{
    assert_int_equal(say_bytes(peer, bytes_of_text(text), NULL), strlen(text));
}

static void peer_init(struct peer *peer, struct world *world, uint64_t id)
{
    *peer = (struct peer){ .error = NATS_ERROR_COUNT };
    nats_session_init(&peer->session, &world->site, &session_ops, &out_ops, id, BYTES_LITERAL("127.0.0.1"));
    say(peer, "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true}\r\n");
}

static void peer_deinit(struct peer *peer)
{
    nats_session_leave(&peer->session);
    nats_session_deinit(&peer->session);
    writer_free(&peer->got);
}

// What it got since the last time.
static bytes_t heard(struct peer *peer, struct writer *to)
{
    nats_out_flush(&peer->session.out);
    peer->is_dirty = false;
    writer_reset(to);
    writer_bytes(to, writer_view(&peer->got));
    writer_reset(&peer->got);
    return writer_view(to);
}

static void assert_heard(struct peer *peer, const char *text)
{
    struct writer all = WRITER_INIT;
    bytes_t got = heard(peer, &all);
    if (!bytes_is(got, text))
        fail_msg("heard \"%.*s\"", BYTES_ARG(got));
    writer_free(&all);
}

static void each_subscription_gets_its_copy(void **state)
{
    (void)state;
    struct world world;
    struct peer a, b;
    world_init(&world);
    peer_init(&a, &world, 1);
    peer_init(&b, &world, 2);
    say(&a, "SUB foo 1\r\nSUB foo 2\r\nSUB f.* 3\r\n");
    say(&b, "SUB foo 7\r\n");
    say(&b, "PUB foo 2\r\nhi\r\nPUB  f.x  r 0\r\n\r\n");
    assert_heard(&a, "MSG foo 1 2\r\nhi\r\nMSG foo 2 2\r\nhi\r\nMSG f.x 3 r 0\r\n\r\n");
    assert_heard(&b, "MSG foo 7 2\r\nhi\r\n");
    assert_false(a.is_dirty);
    nats_accounts_count(&world.accounts, &world.metrics);
    assert_int_equal(gauge_get(&world.metrics.in_msgs), 2);
    assert_int_equal(gauge_get(&world.metrics.in_bytes), 2);
    assert_int_equal(gauge_get(&world.metrics.out_msgs), 4);
    assert_int_equal(gauge_get(&world.metrics.out_bytes), 6);
    assert_int_equal(gauge_get(&world.metrics.subscriptions), 4);
    peer_deinit(&a);
    say(&b, "PUB f.x 1\r\nx\r\n");
    assert_heard(&b, "");
    peer_deinit(&b);
    assert_int_equal(gauge_get(&world.metrics.subscriptions), 0);
    world_deinit(&world);
}

static size_t count_messages(struct peer *peer)
{
    struct writer all = WRITER_INIT;
    bytes_t got = heard(peer, &all);
    size_t count = 0;
    for (size_t i = 0; i + 4 <= got.size; i++)
        count += memcmp(got.data + i, "MSG ", 4) == 0;
    writer_free(&all);
    return count;
}

// One queue under two subjects is one queue; who has left or wants no echo is passed over.
static void a_queue_gives_each_message_to_one_that_takes_it(void **state)
{
    (void)state;
    struct world world;
    struct peer a, b, c;
    world_init(&world);
    peer_init(&a, &world, 1);
    peer_init(&b, &world, 2);
    peer_init(&c, &world, 3);
    say(&a, "SUB foo.bar q 1\r\n");
    say(&b, "SUB foo.* q 1\r\nSUB > other 2\r\n");
    say(&c, "CONNECT {\"echo\":false}\r\nSUB foo.> q 1\r\n");
    for (int i = 0; i < 300; i++)
        say(&c, "PUB foo.bar 1\r\nx\r\n");
    size_t to_a = count_messages(&a), to_b = count_messages(&b) - 300;
    assert_int_equal(count_messages(&c), 0);
    assert_int_equal(to_a + to_b, 300);
    assert_in_range(to_a, 60, 240);
    nats_session_fail(&a.session, NATS_ERROR_CLIENT_CLOSED);
    say(&c, "PUB foo.bar 1\r\nx\r\n");
    assert_int_equal(count_messages(&a), 0);
    assert_int_equal(count_messages(&b), 2);
    peer_deinit(&a);
    peer_deinit(&b);
    peer_deinit(&c);
    world_deinit(&world);
}

static void a_subscription_ends_with_its_last_message(void **state)
{
    (void)state;
    struct world world;
    struct peer a;
    world_init(&world);
    peer_init(&a, &world, 1);
    say(&a, "SUB foo 1\r\nSUB foo 2\r\nUNSUB 1 2\r\nUNSUB 2 1\r\nPUB foo 1\r\na\r\n");
    assert_int_equal(a.session.subscriptions.count, 1);
    say(&a, "PUB foo 1\r\nb\r\nPUB foo 1\r\nc\r\n");
    assert_int_equal(a.session.subscriptions.count, 0);
    assert_heard(&a, "MSG foo 1 1\r\na\r\nMSG foo 2 1\r\na\r\nMSG foo 1 1\r\nb\r\n");
    peer_deinit(&a);
    world_deinit(&world);
}

static void who_does_not_take_stalls_its_publisher_and_is_closed(void **state)
{
    (void)state;
    struct world world;
    struct peer slow, publisher;
    world_init(&world);
    world.options.max_pending = 10000;
    peer_init(&slow, &world, 1);
    peer_init(&publisher, &world, 2);
    slow.is_stuck = true;
    say(&slow, "SUB foo 1\r\n");
    char message[1100] = "PUB foo 1000\r\n";
    memset(message + 14, 'x', 1000);
    memcpy(message + 1014, "\r\n", 3);
    for (int i = 0; i < 7; i++) {
        say(&publisher, message);
        nats_out_flush(&slow.session.out);
        assert_false(publisher.session.is_stalled);
    }
    say(&publisher, message);
    assert_true(publisher.session.is_stalled);
    assert_int_equal(say_bytes(&publisher, bytes_of_text(message), NULL), 0);
    publisher.session.is_stalled = false;
    publisher.session.may_not_stall = true;
    say(&publisher, message);
    assert_false(publisher.session.is_stalled);
    assert_int_equal(slow.error, NATS_ERROR_COUNT);
    say(&publisher, message);
    assert_int_equal(slow.error, NATS_ERROR_SLOW_PENDING);
    assert_true(slow.session.is_closed);
    assert_int_equal(gauge_get(&world.metrics.stalled_clients), 1);
    peer_deinit(&slow);
    peer_deinit(&publisher);
    world_deinit(&world);
}

static void a_turn_makes_bounded_output(void **state)
{
    (void)state;
    struct world world;
    struct peer a, publisher;
    world_init(&world);
    world.options.max_pending = 64 << 20;
    peer_init(&a, &world, 1);
    peer_init(&publisher, &world, 2);
    say(&a, "SUB foo 1\r\nSUB foo 2\r\n");
    struct writer input = WRITER_INIT;
    for (int i = 0; i < 20000; i++) {
        writer_text(&input, "PUB foo 1000\r\n");
        memset(writer_reserve(&input, 1000), 'x', 1000);
        writer_advance(&input, 1000);
        writer_text(&input, "\r\n");
    }
    size_t used = 0, turns = 0;
    while (used < input.size) {
        used += say_bytes(&publisher, bytes_of(input.buf->data + used, input.size - used), NULL);
        nats_out_flush(&a.session.out);
        assert_in_range(a.got.size, 1, NATS_TURN_SIZE_MAX + 2 * NATS_CHUNK_SIZE);
        writer_reset(&a.got);
        world.site.chunks.turn_size = 0;
        turns++;
    }
    assert_in_range(turns, 4, 8);
    writer_free(&input);
    peer_deinit(&a);
    peer_deinit(&publisher);
    world_deinit(&world);
}

static void large_payloads_are_shared_and_small_ones_copied(void **state)
{
    (void)state;
    struct world world;
    struct peer a, publisher;
    world_init(&world);
    peer_init(&a, &world, 1);
    peer_init(&publisher, &world, 2);
    say(&a, "SUB foo 1\r\n");
    enum { SIZE = 100000 };
    struct buf *buf = buf_new(SIZE + 100);
    size_t head = (size_t)snprintf((char *)buf->data, buf->capacity, "PUB foo %d\r\n", SIZE);
    memset(buf->data + head, 'y', SIZE);
    memcpy(buf->data + head + SIZE, "\r\n", 2);
    assert_int_equal(say_bytes(&publisher, bytes_of(buf->data, head + SIZE + 2), buf), head + SIZE + 2);
    assert_ptr_equal(a.shared, buf);
    assert_int_equal(a.slices, 2); // the line, the payload
    struct writer all = WRITER_INIT;
    bytes_t got = heard(&a, &all);
    assert_int_equal(got.size, strlen("MSG foo 1 100000\r\n") + SIZE + 2);
    assert_memory_equal(got.data, "MSG foo 1 100000\r\nyy", 20);
    writer_free(&all);
    assert_int_equal(buf->refs, 1);
    // Without memory of its own it is copied.
    assert_int_equal(say_bytes(&publisher, bytes_of(buf->data, head + SIZE + 2), NULL), head + SIZE + 2);
    nats_out_flush(&a.session.out);
    assert_ptr_not_equal(a.shared, buf);
    buf_unref(buf);
    peer_deinit(&a);
    peer_deinit(&publisher);
    world_deinit(&world);
}

static void a_client_that_gets_little_takes_little(void **state)
{
    (void)state;
    struct world world;
    struct peer a;
    world_init(&world);
    peer_init(&a, &world, 1);
    say(&a, "PING\r\n");
    assert_int_equal(a.session.out.chunk->capacity, 512);
    nats_out_flush(&a.session.out);
    assert_null(a.session.out.chunk);
    for (int i = 0; i < 5000; i++)
        say(&a, "PING\r\n");
    assert_int_equal(a.session.out.chunk->capacity, 32768);
    nats_out_flush(&a.session.out);
    say(&a, "PING\r\n"); // as much as last time, it guesses
    assert_int_equal(a.session.out.chunk->capacity, 32768);
    nats_out_flush(&a.session.out);
    say(&a, "PING\r\n");
    assert_int_equal(a.session.out.chunk->capacity, 512);
    peer_deinit(&a);
    world_deinit(&world);
}

static void nothing_is_taken_after_a_violation(void **state)
{
    (void)state;
    struct world world;
    struct peer a;
    world_init(&world);
    peer_init(&a, &world, 1);
    assert_int_equal(say_bytes(&a, BYTES_LITERAL("PING\r\nFOO\r\nPING\r\n"), NULL), 6);
    assert_int_equal(a.error, NATS_ERROR_UNKNOWN_OPERATION);
    assert_int_equal(say_bytes(&a, BYTES_LITERAL("PING\r\n"), NULL), 0);
    assert_heard(&a, "PONG\r\n-ERR 'Unknown Protocol Operation'\r\n");
    peer_deinit(&a);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_subscription_gets_its_copy),
        cmocka_unit_test(a_queue_gives_each_message_to_one_that_takes_it),
        cmocka_unit_test(a_subscription_ends_with_its_last_message),
        cmocka_unit_test(who_does_not_take_stalls_its_publisher_and_is_closed),
        cmocka_unit_test(a_turn_makes_bounded_output),
        cmocka_unit_test(large_payloads_are_shared_and_small_ones_copied),
        cmocka_unit_test(a_client_that_gets_little_takes_little),
        cmocka_unit_test(nothing_is_taken_after_a_violation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
