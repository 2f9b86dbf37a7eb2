// SPDX-License-Identifier: Apache-2.0
#include "kafka/door.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "kafka/framer.h"
#include "store/store.h"

#include <stdlib.h>

// Frames up to this size are received whatever else is going on.
#define SMALL_FRAME_SIZE ((size_t)64 * 1024)
// With many loops the share of one is small, and a usual batch must fit beside others.
#define QUEUED_MIN ((size_t)2 * 1024 * 1024)

struct kafka_conn {
    struct list_node node, blocked_node;
    struct kafka_door *door;
    struct conn *conn; // NULL when it is gone
    struct kafka_framer framer;
    struct kafka_session session;
    size_t reserved; // bytes of the large frame that is being received
    int64_t active_ms;
    size_t idle_queued; // bytes it had not taken when it last seemed idle
    bool is_paused, is_reading;
    char peer[64];
};

static void conn_read_on(struct kafka_conn *kc);

// --- the door's memory

static size_t door_limit(const struct kafka_door *door)
{
    if (door->options->queued_request_size > 0)
        return (size_t)door->options->queued_request_size;
    size_t half = store_memory_share(door->store) / 2;
    return half > QUEUED_MIN ? half : QUEUED_MIN;
}

static void door_unblock(struct kafka_door *door)
{
    struct list_node *node;
    while ((node = list_first(&door->blocked)) != NULL && door->queued_size < door_limit(door)) {
        struct kafka_conn *kc = LIST_ITEM(node, struct kafka_conn, blocked_node);
        list_remove(node);
        conn_read_on(kc);
        if (list_linked(&kc->blocked_node))
            return; // there is some room, but not enough for that one
    }
}

// The store's tail has the rest of the memory.
static void door_hold(struct kafka_door *door, size_t size)
{
    door->queued_size += size;
    store_memory_lend(door->store, door->loop, door->queued_size);
}

static void door_give_back(struct kafka_door *door, size_t size)
{
    ASSERT(door->queued_size >= size);
    door->queued_size -= size;
    store_memory_lend(door->store, door->loop, door->queued_size);
    door_unblock(door);
}

// True if the frame that is being received may go on: small ones always, large ones while the door has room, and one
// large one in any case.
static bool conn_reserve(struct kafka_conn *kc)
{
    size_t wanted = kafka_framer_wanted(&kc->framer);
    if (wanted <= SMALL_FRAME_SIZE || kc->reserved > 0)
        return true;
    struct kafka_door *door = kc->door;
    if (door->queued_size > 0 && door->queued_size + wanted > door_limit(door)) {
        if (!list_linked(&kc->blocked_node))
            list_append(&door->blocked, &kc->blocked_node);
        return false;
    }
    kc->reserved = wanted;
    door_hold(door, wanted);
    return true;
}

// --- a connection

static void conn_hang_up(struct kafka_conn *kc, const char *why)
{
    counter_add(&kc->door->metrics.bad_requests, 1);
    kc->session.is_broken = true;
    log_line(LOG_WARN, "closing a kafka connection", LOG_FIELDS(log_text("peer", kc->peer), log_text("why", why)));
    if (kc->conn != NULL)
        conn_close(kc->conn);
}

static void conn_take_frame(struct kafka_conn *kc, struct slice frame)
{
    struct kafka_door *door = kc->door;
    size_t reserved = kc->reserved;
    kc->reserved = 0;
    door_hold(door, frame.bytes.size);
    counter_add(&door->metrics.request_bytes, frame.bytes.size + 4);
    kafka_session_take(&kc->session, frame);
    door_give_back(door, reserved);
}

// Hands complete frames to the session while it wants them, and decides whether to read more.
static void conn_read_on(struct kafka_conn *kc)
{
    if (kc->is_reading || kc->conn == NULL)
        return;
    kc->is_reading = true;
    err_t err = ERR_OK;
    struct slice frame;
    while (!kafka_session_is_busy(&kc->session) && (err = kafka_framer_next(&kc->framer, &frame)) == ERR_OK)
        conn_take_frame(kc, frame);
    kc->is_reading = false;
    if (err == ERR_MALFORMED)
        conn_hang_up(kc, "the frame length is negative");
    if (err == ERR_TOO_LARGE)
        conn_hang_up(kc, "the frame is larger than socket.request.max.bytes");
    bool wants_more = err == ERR_AGAIN && !kafka_session_is_busy(&kc->session) && conn_reserve(kc);
    if (wants_more && kc->is_paused)
        conn_resume(kc->conn);
    if (!wants_more && !kc->is_paused)
        conn_pause(kc->conn);
    kc->is_paused = !wants_more;
}

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct kafka_conn *kc = conn_owner(conn);
    return kafka_framer_room(&kc->framer, ret_size);
}

// A peer that ended its stream gets what it is owed; then the connection ends too.
static void conn_end_if_answered(struct kafka_conn *kc)
{
    if (kc->session.is_ended && kc->conn != NULL && kafka_session_is_answered(&kc->session))
        conn_close(kc->conn);
}

static void on_end(struct conn *conn)
{
    struct kafka_conn *kc = conn_owner(conn);
    kafka_session_end(&kc->session);
    conn_end_if_answered(kc);
}

static void conn_touch(struct kafka_conn *kc)
{
    kc->active_ms = loop_now_ms(kc->door->loop);
    list_remove(&kc->node);
    list_append(&kc->door->conns, &kc->node);
}

static void on_data(struct conn *conn, size_t size)
{
    struct kafka_conn *kc = conn_owner(conn);
    conn_touch(kc);
    kafka_framer_fill(&kc->framer, size);
    conn_read_on(kc);
}

static void on_drain(struct conn *conn)
{
    struct kafka_conn *kc = conn_owner(conn);
    conn_touch(kc);
    kafka_session_pump(&kc->session);
    conn_read_on(kc);
}

static void door_finish_close(struct kafka_door *door);

static void conn_free(struct kafka_conn *kc)
{
    struct kafka_door *door = kc->door;
    free(kc);
    door->conn_count--;
    door_finish_close(door);
}

static void on_close(struct conn *conn, err_t why)
{
    struct kafka_conn *kc = conn_owner(conn);
    struct kafka_door *door = kc->door;
    (void)why;
    kc->conn = NULL;
    gauge_add(&door->metrics.connections, -1);
    list_remove(&kc->node);
    list_remove(&kc->blocked_node);
    kafka_framer_deinit(&kc->framer);
    size_t reserved = kc->reserved;
    kc->reserved = 0;
    if (kafka_session_close(&kc->session))
        conn_free(kc);
    door_give_back(door, reserved);
}

static const struct conn_ops conn_ops = {
    .on_room = on_room,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_end = on_end,
    .on_close = on_close,
};

// --- what the session asks for

static struct kafka_conn *conn_of(struct kafka_session *session)
{
    return CONTAINER_OF(session, struct kafka_conn, session);
}

static void on_send(struct kafka_session *session, struct slice slice)
{
    struct kafka_conn *kc = conn_of(session);
    counter_add(&kc->door->metrics.answer_bytes, slice.bytes.size);
    conn_send(kc->conn, slice);
}

static bool on_is_full(struct kafka_session *session)
{
    const struct kafka_conn *kc = conn_of(session);
    return kc->conn != NULL && conn_is_full(kc->conn);
}

static void on_progress(struct kafka_session *session, const struct kafka_call *call, size_t size)
{
    struct kafka_conn *kc = conn_of(session);
    (void)size;
    if (kc->conn != NULL)
        conn_touch(kc);
    histogram_record(&kc->door->metrics.request_ns, clock_mono_ns() - call->started_ns);
    door_give_back(kc->door, call->frame.bytes.size);
    if (kc->conn != NULL && kc->is_paused)
        conn_read_on(kc);
    conn_end_if_answered(kc);
}

static void on_hang_up(struct kafka_session *session, const char *why)
{
    conn_hang_up(conn_of(session), why);
}

static void on_idle(struct kafka_session *session)
{
    conn_free(conn_of(session));
}

static const struct kafka_session_ops session_ops = {
    .on_send = on_send,
    .on_is_full = on_is_full,
    .on_progress = on_progress,
    .on_hang_up = on_hang_up,
    .on_idle = on_idle,
    .on_find = kafka_api_find,
};

static void on_accept(void *owner, struct conn *conn)
{
    struct kafka_door *door = owner;
    struct kafka_conn *kc = mem_zalloc(1, sizeof(*kc));
    kc->door = door;
    kc->conn = conn;
    kc->active_ms = loop_now_ms(door->loop);
    list_append(&door->conns, &kc->node);
    door->conn_count++;
    gauge_add(&door->metrics.connections, 1);
    bytes_t peer = bytes_of_text(conn_peer(conn));
    memcpy(kc->peer, peer.data, peer.size < sizeof(kc->peer) ? peer.size : sizeof(kc->peer) - 1);
    kafka_framer_init(&kc->framer, (size_t)door->options->request_max_size);
    kafka_session_init(&kc->session, door, &session_ops, kc->peer, (size_t)door->options->in_flight_size);
    conn_attach(conn, &conn_ops, kc);
    if (!timer_active(&door->idle_timer))
        timer_start(&door->idle_timer, door->options->idle_ms);
}

// --- the door

static void on_idle_timer(struct timer *timer)
{
    struct kafka_door *door = CONTAINER_OF(timer, struct kafka_door, idle_timer);
    int64_t now_ms = loop_now_ms(door->loop);
    LIST_EACH(&door->conns, node)
    {
        struct kafka_conn *kc = LIST_ITEM(node, struct kafka_conn, node);
        int64_t left_ms = kc->active_ms + door->options->idle_ms - now_ms;
        if (left_ms > 0) {
            timer_start(timer, left_ms);
            return;
        }
        // A request under way is activity too (a Fetch may wait longer than that), and so is a peer that reads slowly.
        size_t queued = conn_queued(kc->conn);
        bool is_reading_slowly = queued > 0 && queued != kc->idle_queued;
        kc->idle_queued = queued;
        if (list_empty(&kc->session.started) && !is_reading_slowly)
            conn_abort(kc->conn);
        conn_touch(kc);
    }
    if (!list_empty(&door->conns))
        timer_start(timer, door->options->idle_ms);
}

static err_t door_advertise(struct kafka_door *door, const struct address *address, diag_t *diag)
{
    door->advertised = *address;
    door->advertised.port = listener_port(door->listener);
    if (door->options->advertise != NULL && door->options->advertise[0] != '\0')
        return address_parse(door->options->advertise, door->advertised.port, &door->advertised, diag);
    if (!bytes_is(bytes_of_text(address->host), "0.0.0.0") && !bytes_is(bytes_of_text(address->host), "::"))
        return ERR_OK;
    memcpy(door->advertised.host, "localhost", sizeof("localhost"));
    log_line(LOG_WARN, "kafka clients on other machines need --kafka-advertise HOST:PORT", LOG_NONE);
    return ERR_OK;
}

err_t kafka_door_open(struct loop *loop, struct store *store, struct coordinator *coordinator,
                      const struct address *address, const struct kafka_options *options, struct kafka_door **ret_door,
                      diag_t *diag)
{
    struct kafka_door *door = mem_zalloc(1, sizeof(*door));
    door->loop = loop;
    door->store = store;
    door->coordinator = coordinator;
    door->options = options;
    list_init(&door->conns);
    list_init(&door->blocked);
    err_t err = listener_open(loop, address, on_accept, door, &door->listener, diag);
    if (err != ERR_OK) {
        free(door);
        return err;
    }
    err = door_advertise(door, address, diag);
    if (err != ERR_OK) {
        listener_close(door->listener);
        free(door);
        return err;
    }
    timer_init(&door->idle_timer, loop, on_idle_timer);
    kafka_fetch_cache_init(&door->fetch_cache, (size_t)options->fetch_session_slots, &door->metrics);
    *ret_door = door;
    return ERR_OK;
}

uint16_t kafka_door_port(const struct kafka_door *door)
{
    return listener_port(door->listener);
}

struct kafka_metrics *kafka_door_metrics(struct kafka_door *door)
{
    return &door->metrics;
}

static void on_closed_message(struct message *message)
{
    struct kafka_door *door = CONTAINER_OF(message, struct kafka_door, closed_message);
    void (*on_closed)(void *) = door->on_closed;
    void *owner = door->owner;
    kafka_fetch_cache_deinit(&door->fetch_cache);
    free(door);
    on_closed(owner);
}

static void door_finish_close(struct kafka_door *door)
{
    if (!door->is_closing || door->conn_count > 0)
        return;
    door->closed_message.on_message = on_closed_message;
    loop_post(door->loop, &door->closed_message);
}

void kafka_door_close(struct kafka_door *door, void (*on_closed)(void *owner), void *owner)
{
    ASSERT(!door->is_closing);
    door->on_closed = on_closed;
    door->owner = owner;
    listener_close(door->listener);
    timer_stop(&door->idle_timer);
    LIST_EACH(&door->conns, node)
    conn_close(LIST_ITEM(node, struct kafka_conn, node)->conn);
    door->is_closing = true;
    door_finish_close(door);
}

// --- look-ups that handlers share

const struct topic *kafka_door_topic(const struct kafka_door *door, bool by_id, bytes_t name,
                                     const struct kafka_uuid *id)
{
    struct topic_id topic_id;
    memcpy(&topic_id, id, sizeof(topic_id));
    return by_id ? topic_find_id(door->store, &topic_id) : topic_find(door->store, name);
}

int16_t kafka_unknown_topic_error(bool by_id)
{
    return by_id ? KAFKA_UNKNOWN_TOPIC_ID : KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
}

int16_t kafka_door_epoch_error(const struct kafka_door *door, int32_t current_leader_epoch)
{
    int32_t epoch = store_leader_epoch(door->store);
    if (current_leader_epoch < 0 || current_leader_epoch == epoch)
        return KAFKA_NONE;
    return current_leader_epoch < epoch ? KAFKA_FENCED_LEADER_EPOCH : KAFKA_UNKNOWN_LEADER_EPOCH;
}
