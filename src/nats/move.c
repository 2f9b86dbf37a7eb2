// SPDX-License-Identifier: Apache-2.0
// A session goes to the loop of its account, once CONNECT has said which that is: with its socket, what it has not been
// sent and what it said behind CONNECT. It has no subscriptions, and nothing of the door that it leaves.
#include "nats/door.h"

#include "base/assert.h"

void nats_conn_depart(struct nats_conn *nc)
{
    struct nats_door *from = nc->door, *to = from->group->doors[nc->session.account->home];
    ASSERT(nc->session.is_leaving && nc->session.subscriptions.count == 0);
    nats_conn_release(nc);
    nc->ping_left_ms = timer_left_ms(&nc->ping);
    nc->access_count = from->access_count;
    nats_conn_stop(nc);
    list_remove(&nc->node);
    list_remove(&nc->dirty_node);
    list_remove(&nc->sending_node);
    from->conn_count--;
    nc->door = to;
    if (conn_move(nc->conn, to->loop))
        return;
    // It has failed: on_close comes here.
    nc->door = from;
    list_append(&from->conns, &nc->node);
    from->conn_count++;
}

void nats_conn_arrive(struct conn *conn)
{
    struct nats_conn *nc = conn_owner(conn);
    struct nats_door *door = nc->door;
    struct timer *timers[] = { &nc->ping, &nc->stall, &nc->admission };
    list_append(&door->conns, &nc->node);
    door->conn_count++;
    for (size_t i = 0; i < ARRAY_COUNT(timers); i++)
        timer_init(timers[i], door->loop, timers[i]->on_timer);
    if (nc->ping_left_ms >= 0)
        timer_start(&nc->ping, nc->ping_left_ms);
    if (conn_queued(conn) > 0)
        nats_conn_watch(nc);
    // The users changed meanwhile, so the principal may be gone; as for everybody who is not done with CONNECT then.
    bool is_late = nc->access_count != door->access_count;
    if (is_late)
        nc->session.principal = NULL;
    nats_session_arrive(&nc->session, &door->site);
    if (is_late || door->is_closing) {
        nats_session_fail(&nc->session, NATS_ERROR_SERVER_SHUTDOWN);
        return;
    }
    if (door->site.is_lame_duck)
        nats_session_inform(&nc->session, NULL);
    nats_conn_queue_up(nc);
}
