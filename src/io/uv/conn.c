// SPDX-License-Identifier: Apache-2.0
// An open connection. Sends queue slices; the loop's write phase sends them with one call. What the kernel does not
// take waits until the socket is writable again, and leaves at the end of that turn together with what came meanwhile.
#include "io/uv/conn_internal.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/uv/errno_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    HIGH_MARK = 1 << 20,
    LOW_MARK = 256 << 10,
    DRAIN_TIMEOUT_MS = 5000,
    ANSWER_TIMEOUT_MS = 30000, // for what an owner owes after its peer's end: Kafka's clients wait no longer by default
    LINGER_TIMEOUT_MS = 500,
    QUEUE_KEPT = 64, // slices of an empty queue whose memory is kept
    DISCARDS_PER_EVENT = 16,
};

static void on_write(struct deferred *write);
static void on_notice(struct deferred *notice);
static void on_timer(struct timer *timer);
static void on_poll(uv_poll_t *poll, int status, int events);

static struct conn *conn_new(struct loop *loop)
{
    struct conn *conn = mem_zalloc(1, sizeof(*conn));
    conn->loop = loop;
    conn->fd = -1;
    conn->low = LOW_MARK;
    conn->high = HIGH_MARK;
    conn->write.on_turn_end = on_write;
    conn->notice.on_turn_end = on_notice;
    timer_init(&conn->timer, loop, on_timer);
    return conn;
}

static void conn_free(struct conn *conn)
{
    tls_stream_free(conn->tls);
    free(conn->queue);
    free(conn);
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

bool conn_watch(struct conn *conn)
{
    uv_poll_t *poll = mem_zalloc(1, sizeof(*poll));
    if (uv_poll_init(&conn->loop->uv, poll, conn->fd) != 0) {
        free(poll);
        return false;
    }
    poll->data = conn;
    conn->poll = poll;
    conn->interest = 0;
    return true;
}

void conn_unwatch(struct conn *conn)
{
    if (conn->poll != NULL)
        uv_close((uv_handle_t *)conn->poll, on_poll_closed);
    conn->poll = NULL;
}

bool conn_reads(const struct conn *conn)
{
    // A peer that takes nothing makes a TLS stream say no more than this.
    bool stuck = conn->tls != NULL && tls_stream_output(conn->tls).size >= TLS_OUTPUT_STUCK;
    return conn->state == CONN_OPEN && !conn->paused && !conn->closing && !conn->ended && !stuck;
}

// A change costs two system calls, so owners' pauses take effect only when an event really came.
void conn_set_interest(struct conn *conn)
{
    int want = conn_reads(conn) || conn->state == CONN_LINGERING ? UV_READABLE : 0;
    bool will_write = list_linked(&conn->write.node) && (conn->interest & UV_WRITABLE) != 0;
    if (conn->blocked || will_write)
        want |= UV_WRITABLE;
    if (want == conn->interest)
        return;
    conn->interest = want;
    int failed = want == 0 ? uv_poll_stop(conn->poll) : uv_poll_start(conn->poll, want, on_poll);
    ASSERT(failed == 0);
}

void conn_drop_queue(struct conn *conn)
{
    for (size_t i = conn->head; i < conn->count; i++)
        slice_free(&conn->queue[i]);
    conn->head = conn->count = conn->queued = 0;
}

void conn_finish(struct conn *conn, err_t why)
{
    if (conn->state == CONN_DONE)
        return;
    conn->state = CONN_DONE;
    conn->why = why;
    timer_stop(&conn->timer);
    connecting_cancel(conn->connecting);
    conn->connecting = NULL;
    // Before the descriptor: its number may be another connection's soon, and the handle must not touch that.
    conn_unwatch(conn);
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    conn_drop_queue(conn);
    loop_defer_cancel(conn->loop, &conn->write);
    loop_add_notice(conn->loop, &conn->notice);
}

static void tell_owed(struct conn *conn)
{
    if (conn->tls != NULL && conn_reads(conn) && conn_tls_has_input(conn)) {
        conn_tls_read(conn);
        if (conn->state == CONN_DONE)
            return;
        conn_set_interest(conn);
    }
    // The owner may have sent again since the queue was low.
    if (!conn->full || conn->queued > conn->low || conn->closing)
        return;
    conn->full = false;
    if (conn->ops->on_drain != NULL)
        conn->ops->on_drain(conn);
}

static void on_notice(struct deferred *notice)
{
    struct conn *conn = CONTAINER_OF(notice, struct conn, notice);
    if (conn->state == CONN_DONE) {
        conn->ops->on_close(conn, conn->why);
        conn_free(conn);
        return;
    }
    conn->in_call = true;
    tell_owed(conn);
    conn->in_call = false;
}

static void on_timer(struct timer *timer)
{
    struct conn *conn = CONTAINER_OF(timer, struct conn, timer);
    if (conn->tls != NULL)
        conn_tls_set_late(conn);
    if (conn->closing)
        conn_finish(conn, conn->why);
    else
        conn_finish(conn, conn->ended ? ERR_RESET : ERR_TIMEOUT);
}

// Takes what the peer sent and drops it. ERR_AGAIN: it may send more; ERR_RESET: it will not.
static err_t discard_input(struct conn *conn, bool *ret_any)
{
    *ret_any = false;
    for (int i = 0; i < DISCARDS_PER_EVENT; i++) {
        ssize_t got = recv(conn->fd, loop_scratch(conn->loop), LOOP_SCRATCH_SIZE, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return ERR_RESET;
        if (got < 0 && errno == EAGAIN)
            return ERR_AGAIN;
        *ret_any = true;
    }
    return ERR_AGAIN;
}

void conn_linger(struct conn *conn, err_t why)
{
    shutdown(conn->fd, SHUT_WR);
    conn->why = why;
    conn->closing = true;
    conn_drop_queue(conn);
    conn->blocked = false;
    conn->state = CONN_LINGERING;
    timer_start(&conn->timer, LINGER_TIMEOUT_MS);
    conn_set_interest(conn);
}

// The queue is empty and nothing will be added. Closing a socket with unread input makes the kernel send a reset, which
// may destroy our last bytes on their way (RFC 9112 9.6): unread input is taken first.
static void end_output(struct conn *conn)
{
    bool any;
    if (conn->ended) {
        conn_finish(conn, conn->closing ? ERR_OK : ERR_RESET);
    } else if (discard_input(conn, &any) != ERR_AGAIN || !any) {
        conn_finish(conn, ERR_OK);
    } else {
        conn_linger(conn, ERR_OK);
    }
}

void conn_forget_sent(struct conn *conn, size_t size)
{
    conn->queued -= size;
    while (size > 0) {
        struct slice *first = &conn->queue[conn->head];
        if (size < first->bytes.size) {
            first->bytes.data += size;
            first->bytes.size -= size;
            break;
        }
        size -= first->bytes.size;
        slice_free(first);
        conn->head++;
    }
    if (conn->head < conn->count)
        return;
    conn->head = conn->count = 0;
    if (conn->capacity > QUEUE_KEPT) {
        free(conn->queue);
        conn->queue = NULL;
        conn->capacity = 0;
    }
}

// One call for the whole queue (more only above IOV_MAX slices).
err_t conn_send_plain(struct conn *conn, size_t limit)
{
    struct iovec io[IOV_MAX];
    while (conn->queued > 0 && limit > 0) {
        size_t used = 0, size = 0;
        for (size_t i = conn->head; i < conn->count && used < IOV_MAX && size < limit; i++, used++) {
            bytes_t bytes = conn->queue[i].bytes;
            if (bytes.size > limit - size)
                bytes.size = limit - size;
            // The kernel only reads from it.
            io[used] = (struct iovec){ .iov_base = (void *)(uintptr_t)bytes.data, .iov_len = bytes.size };
            size += bytes.size;
        }
        struct msghdr message = { .msg_iov = io, .msg_iovlen = used };
        ssize_t put = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno != EAGAIN)
            return err_of_socket(errno);
        if (put > 0) {
            conn_forget_sent(conn, (size_t)put);
            limit -= (size_t)put;
        }
        if (put < 0 || (size_t)put < size) {
            conn->blocked = true;
            break;
        }
    }
    return ERR_OK;
}

static void on_write(struct deferred *write)
{
    struct conn *conn = CONTAINER_OF(write, struct conn, write);
    if (conn->state != CONN_OPEN || conn->blocked)
        return;
    err_t err = conn->tls == NULL ? conn_send_plain(conn, SIZE_MAX) : conn_tls_send(conn);
    if (err != ERR_OK) {
        conn_finish(conn, err);
        return;
    }
    if (conn->full && conn->queued <= conn->low)
        loop_add_notice(conn->loop, &conn->notice);
    if (conn_queued(conn) == 0 && (conn->closing || (conn->ended && conn->ops->on_end == NULL)))
        end_output(conn);
    else
        conn_set_interest(conn);
}

// The peer's end of stream. It may have closed one direction only: what is queued still goes out, and what the owner
// sends, in this turn or until it closes.
void conn_end_input(struct conn *conn)
{
    conn->ended = true;
    if (conn->ops->on_end != NULL) {
        timer_start(&conn->timer, ANSWER_TIMEOUT_MS);
        conn->ops->on_end(conn);
        return;
    }
    timer_start(&conn->timer, DRAIN_TIMEOUT_MS);
    loop_add_write(conn->loop, &conn->write);
}

// One read for each event: what does not fit is there in the next turn, when the others had theirs, and a room that
// fits a frame exactly costs no second call to learn so.
static void read_socket(struct conn *conn)
{
    size_t size = 0;
    uint8_t *room = conn->ops->on_room(conn, &size);
    if (!conn_reads(conn)) // on_room may close
        return;
    ASSERT(room != NULL && size > 0);
    ssize_t got;
    do
        got = recv(conn->fd, room, size, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        conn->ops->on_data(conn, (size_t)got);
    else if (got == 0)
        conn_end_input(conn);
    else if (errno != EAGAIN)
        conn_finish(conn, err_of_socket(errno));
}

static void on_lingering(struct conn *conn)
{
    bool any;
    if (discard_input(conn, &any) != ERR_AGAIN)
        conn_finish(conn, conn->why);
}

static void serve(struct conn *conn, int status, int events)
{
    if (status < 0) {
        // libuv stops a handle whose socket has an error. Bytes from before the error can still be read; the last read
        // then gives its number.
        conn->interest = 0;
        if (!conn_reads(conn) && conn->state == CONN_OPEN) {
            conn_finish(conn, socket_error(conn->fd));
            return;
        }
        events = UV_READABLE;
    }
    if (conn->state == CONN_LINGERING) {
        on_lingering(conn);
    } else {
        if ((events & UV_WRITABLE) != 0 && conn->blocked) {
            conn->blocked = false;
            loop_add_write(conn->loop, &conn->write);
        }
        if ((events & UV_READABLE) != 0 && conn_reads(conn)) {
            if (conn->tls == NULL)
                read_socket(conn);
            else
                conn_tls_read(conn);
        }
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *conn = poll->data;
    conn->in_call = true;
    serve(conn, status, events);
    conn->in_call = false;
    if (conn->state != CONN_DONE)
        conn_set_interest(conn);
}

static err_t take_socket(struct conn *conn, int fd, const union socket_address *peer)
{
    conn->fd = fd;
    if (!conn_watch(conn)) {
        close(fd);
        conn->fd = -1;
        return ERR_IO;
    }
    conn->state = CONN_OPEN;
    socket_address_format(peer, conn->peer);
    return ERR_OK;
}

err_t conn_accepted(struct loop *loop, int fd, const union socket_address *peer, struct conn **ret_conn)
{
    struct conn *conn = conn_new(loop);
    err_t err = take_socket(conn, fd, peer);
    conn->in_call = true;
    if (err == ERR_OK)
        *ret_conn = conn;
    else
        conn_free(conn);
    return err;
}

void conn_accept_done(struct conn *conn)
{
    ASSERT(conn->ops != NULL);
    conn->in_call = false;
}

void conn_attach(struct conn *conn, const struct conn_ops *ops, void *owner)
{
    ASSERT(conn->ops == NULL);
    conn->ops = ops;
    conn->owner = owner;
    conn_set_interest(conn);
}

struct conn *conn_open(struct loop *loop, const struct address *address, const struct conn_ops *ops, void *owner)
{
    struct conn *conn = conn_new(loop);
    conn->ops = ops;
    conn->owner = owner;
    conn->state = CONN_CONNECTING;
    address_format(address, conn->peer, sizeof(conn->peer));
    timer_start(&conn->timer, CONNECT_TIMEOUT_MS);
    conn->connecting = connecting_start(conn, address);
    return conn;
}

void conn_opened(struct conn *conn, int fd, const union socket_address *peer)
{
    ASSERT(conn->state == CONN_CONNECTING);
    conn->connecting = NULL;
    if (take_socket(conn, fd, peer) != ERR_OK) {
        conn_finish(conn, ERR_IO);
        return;
    }
    loop_add_write(conn->loop, &conn->write);
    if (conn->closing) // with the drain's timer running
        return;
    timer_stop(&conn->timer);
    conn->in_call = true;
    conn->ops->on_open(conn);
    conn->in_call = false;
    if (conn->state != CONN_DONE)
        conn_set_interest(conn);
}

void *conn_owner(const struct conn *conn)
{
    return conn->owner;
}

struct loop *conn_loop(const struct conn *conn)
{
    return conn->loop;
}

const char *conn_peer(const struct conn *conn)
{
    return conn->peer;
}

// The memory in front of the head is used again before more is taken.
static void queue_make_room(struct conn *conn)
{
    if (conn->count < conn->capacity)
        return;
    if (conn->head > conn->count / 2) {
        memmove(conn->queue, conn->queue + conn->head, (conn->count - conn->head) * sizeof(*conn->queue));
        conn->count -= conn->head;
        conn->head = 0;
    }
    MEM_GROW(conn->queue, conn->count, conn->capacity);
}

void conn_send(struct conn *conn, struct slice slice)
{
    if (conn->state == CONN_DONE || conn->closing || slice.bytes.size == 0) {
        slice_free(&slice);
        return;
    }
    queue_make_room(conn);
    conn->queue[conn->count++] = slice;
    conn->queued += slice.bytes.size;
    conn->full = conn->full || conn->queued > conn->high;
    if (!conn->blocked)
        loop_add_write(conn->loop, &conn->write);
}

size_t conn_queued(const struct conn *conn)
{
    return conn->queued + (conn->tls == NULL ? 0 : tls_stream_output(conn->tls).size);
}

bool conn_is_full(const struct conn *conn)
{
    return conn->full;
}

void conn_marks_set(struct conn *conn, size_t low, size_t high)
{
    ASSERT(low <= high);
    conn->low = low;
    conn->high = high;
    conn->full = conn->full || conn->queued > high;
    if (conn->full && conn->queued <= low && conn->state != CONN_DONE)
        loop_add_notice(conn->loop, &conn->notice);
}

void conn_pause(struct conn *conn)
{
    conn->paused = true;
}

void conn_resume(struct conn *conn)
{
    if (!conn->paused)
        return;
    conn->paused = false;
    if (conn->state != CONN_OPEN)
        return;
    conn_set_interest(conn);
    if (conn->tls != NULL && conn_tls_has_input(conn))
        loop_add_notice(conn->loop, &conn->notice);
}

void conn_close(struct conn *conn)
{
    if (conn->closing || conn->state == CONN_DONE)
        return;
    conn->closing = true;
    if (conn->state == CONN_CONNECTING && conn->queued == 0) {
        conn_finish(conn, ERR_OK);
        return;
    }
    timer_start(&conn->timer, DRAIN_TIMEOUT_MS);
    if (!conn->blocked)
        loop_add_write(conn->loop, &conn->write);
}

void conn_abort(struct conn *conn)
{
    conn_finish(conn, ERR_OK);
}
