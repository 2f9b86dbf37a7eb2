// SPDX-License-Identifier: Apache-2.0
// A connection changes its loop. Its poller stays behind and is closed there; everything else is memory, which a
// message carries over: descriptor, queue, TLS with what it has not decrypted and not sent. What the kernel holds stays
// there: the new poller finds it.
#include "io/uv/conn_internal.h"

#include "base/assert.h"

static void on_arrival(struct message *message)
{
    struct conn *conn = CONTAINER_OF(message, struct conn, arrival);
    struct loop *loop = conn->loop;
    atomic_fetch_sub(&loop->arriving, 1);
    conn->state = CONN_OPEN;
    timer_init(&conn->timer, loop, conn->timer.on_timer);
    if (conn->left_ms >= 0)
        timer_start(&conn->timer, conn->left_ms);
    if (!conn_watch(conn))
        conn_finish(conn, ERR_IO); // told after the arrival
    conn->in_call = true;
    conn->ops->on_arrive(conn);
    conn->in_call = false;
    if (conn->state == CONN_DONE)
        return;
    conn_set_interest(conn);
    if (!conn->blocked)
        loop_add_write(loop, &conn->write);
    loop_add_notice(loop, &conn->notice); // looks itself what is owed: on_drain, and input that TLS holds
}

bool conn_move(struct conn *conn, struct loop *to)
{
    ASSERT(conn->state != CONN_CONNECTING && conn->state != CONN_MOVING);
    if (conn->state != CONN_OPEN || conn->closing)
        return false;
    ASSERT(!conn->in_call); // who called back would go on with it
    ASSERT(conn->ops->on_arrive != NULL);
    conn->left_ms = timer_left_ms(&conn->timer);
    timer_stop(&conn->timer);
    conn_unwatch(conn);
    loop_defer_cancel(conn->loop, &conn->write);
    loop_defer_cancel(conn->loop, &conn->notice);
    for (size_t i = conn->head; i < conn->count; i++)
        slice_settle(&conn->queue[i]);
    conn->state = CONN_MOVING;
    conn->loop = to;
    conn->arrival.on_message = on_arrival;
    atomic_fetch_add(&to->arriving, 1);
    loop_post(to, &conn->arrival);
    return true;
}
