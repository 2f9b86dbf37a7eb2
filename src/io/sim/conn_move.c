// SPDX-License-Identifier: Apache-2.0
// A connection changes its loop: on its way it is in no list of a loop, and what the wire has for it waits there.
#include "io/sim/net_sim.h"

static void on_arrival(struct message *message)
{
    struct conn *conn = CONTAINER_OF(message, struct conn, arrival);
    struct loop *loop = conn->loop;
    ASSERT(!conn->dead);
    loop->arriving--;
    sim_trace_add(loop->sim, SIM_EVENT_NET, conn->id, loop->id);
    conn->state = CONN_OPEN;
    timer_init(&conn->timer, loop, conn->timer.on_timer);
    if (conn->left_ms >= 0)
        timer_start(&conn->timer, conn->left_ms);
    conn->in_call = true;
    conn->ops->on_arrive(conn);
    conn->in_call = false;
    if (conn->state == CONN_OPEN && !loop->sim->crashed)
        conn_look(conn);
}

bool conn_move(struct conn *conn, struct loop *to)
{
    ASSERT(conn->state != CONN_CONNECTING && conn->state != CONN_MOVING);
    if (conn->state != CONN_OPEN || conn->closing)
        return false;
    ASSERT(!conn->in_call);
    ASSERT(conn->ops->on_arrive != NULL);
    conn->left_ms = timer_left_ms(&conn->timer);
    timer_stop(&conn->timer);
    list_remove(&conn->ready.node);
    list_remove(&conn->unsent.node);
    list_remove(&conn->notice.node);
    for (size_t i = conn->head; i < conn->count; i++)
        slice_settle(&conn->queue[i]);
    conn->state = CONN_MOVING;
    conn->loop = to;
    conn->arrival.on_message = on_arrival;
    to->arriving++;
    loop_post(to, &conn->arrival);
    return true;
}
