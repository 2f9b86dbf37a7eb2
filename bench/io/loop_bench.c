// SPDX-License-Identifier: Apache-2.0
// loop_bench CONNECTIONS ROUNDS SIZE: what a loop costs beside bare epoll. A driver sends SIZE bytes on every
// connection, then takes all the answers, ROUNDS times; the server's thread echoes them, once with io/ and once with
// nothing but epoll, recv and send. Prints the server thread's CPU nanoseconds for each echo, and for each message
// between two loops.
#include "base/assert.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/system.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    ROOM_SIZE = 65536,
    MESSAGES = 4000000,
    WINDOW = 1000,
};

static int64_t cpu_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    int failed = connect(fd, (struct sockaddr *)&in, sizeof(in));
    ASSERT(failed == 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void drive(const int *fds, int count, int rounds, size_t size)
{
    static uint8_t room[ROOM_SIZE];
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            ssize_t put = send(fds[i], room, size, 0);
            ASSERT(put == (ssize_t)size);
        }
        for (int i = 0; i < count; i++) {
            ssize_t got = recv(fds[i], room, size, MSG_WAITALL);
            ASSERT(got == (ssize_t)size);
        }
    }
}

// CPU of THREAD for each echo.
static double measure(pthread_t thread, uint16_t port, int count, int rounds, size_t size)
{
    int *fds = mem_zalloc((size_t)count, sizeof(*fds));
    clockid_t clock;
    pthread_getcpuclockid(thread, &clock);
    for (int i = 0; i < count; i++)
        fds[i] = connect_to(port);
    drive(fds, count, rounds / 10 + 1, size);
    int64_t before_ns = cpu_ns(clock);
    drive(fds, count, rounds, size);
    int64_t spent_ns = cpu_ns(clock) - before_ns;
    for (int i = 0; i < count; i++)
        close(fds[i]);
    free(fds);
    return (double)spent_ns / ((double)count * rounds);
}

// The server on io/. One buf for each read, sent back without a copy, as a door does.
static struct buf *free_buf;

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    (void)conn;
    if (free_buf == NULL)
        free_buf = buf_new(4096);
    *ret_size = free_buf->capacity;
    return free_buf->data;
}

static void on_data(struct conn *conn, size_t size)
{
    struct buf *buf = free_buf;
    free_buf = NULL;
    conn_send(conn, slice_of(buf, 0, size));
    buf_unref(buf);
}

static void on_close(struct conn *conn, err_t why)
{
    (void)conn;
    (void)why;
}

static const struct conn_ops ops = { .on_room = on_room, .on_data = on_data, .on_close = on_close };

static void on_accept(void *owner, struct conn *conn)
{
    conn_attach(conn, &ops, owner);
}

static void *run_server(void *loop)
{
    loop_run(loop);
    return NULL;
}

static void on_shut(struct message *message)
{
    (void)message;
}

static double measure_io(int count, int rounds, size_t size)
{
    struct loop *loop = loop_new(0);
    struct address address = { .host = "127.0.0.1" };
    struct listener *listener;
    err_t err = listener_open(loop, &address, on_accept, NULL, &listener, NULL);
    ASSERT(err == ERR_OK);
    pthread_t thread;
    pthread_create(&thread, NULL, run_server, loop);
    double cost_ns = measure(thread, listener_port(listener), count, rounds, size);
    struct message wake = { .on_message = on_shut };
    loop_post(loop, &wake);
    usleep(100000); // the closes of the driver's sockets
    loop_stop(loop);
    pthread_join(thread, NULL);
    listener_close(listener);
    loop_free(loop);
    return cost_ns;
}

// The server on bare epoll.
struct bare {
    int listener, poll;
};

static void *run_bare(void *argument)
{
    const struct bare *bare = argument;
    static uint8_t room[ROOM_SIZE];
    struct epoll_event events[1024];
    for (;;) {
        int ready = epoll_wait(bare->poll, events, 1024, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == bare->listener) {
                struct epoll_event event = { .events = EPOLLIN };
                event.data.fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
                if (event.data.fd >= 0)
                    epoll_ctl(bare->poll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t got = recv(fd, room, sizeof(room), 0);
            if (got > 0)
                (void)!send(fd, room, (size_t)got, MSG_NOSIGNAL);
            else
                close(fd);
        }
    }
    return NULL;
}

static double measure_bare(int count, int rounds, size_t size)
{
    static struct bare bare;
    struct sockaddr_in in = { .sin_family = AF_INET };
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t in_size = sizeof(in);
    int on = 1;
    bare.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(bare.listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int failed = bind(bare.listener, (struct sockaddr *)&in, sizeof(in)) + listen(bare.listener, 4096) +
                 getsockname(bare.listener, (struct sockaddr *)&in, &in_size);
    ASSERT(failed == 0);
    bare.poll = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN };
    event.data.fd = bare.listener;
    epoll_ctl(bare.poll, EPOLL_CTL_ADD, bare.listener, &event);
    pthread_t thread; // ends with the process
    pthread_create(&thread, NULL, run_bare, &bare);
    return measure(thread, ntohs(in.sin_port), count, rounds, size);
}

// Messages there and back between two loops, WINDOW of them on the way.
static struct loop *near, *far;
static int sent, returned;

static void on_near(struct message *message);

static void on_far(struct message *message)
{
    message->on_message = on_near;
    loop_post(near, message);
}

static void on_near(struct message *message)
{
    returned++;
    if (sent < MESSAGES) {
        sent++;
        message->on_message = on_far;
        loop_post(far, message);
    } else if (returned == sent) {
        loop_stop(near);
    }
}

static double measure_messages(void)
{
    static struct message messages[WINDOW];
    near = loop_new(0);
    far = loop_new(1);
    loop_start_thread(far);
    int64_t before_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (; sent < WINDOW; sent++) {
        messages[sent].on_message = on_far;
        loop_post(far, &messages[sent]);
    }
    loop_run(near);
    int64_t spent_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - before_ns;
    loop_stop(far);
    loop_join(far);
    loop_free(near);
    loop_free(far);
    return (double)spent_ns / (2.0 * MESSAGES);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: loop_bench CONNECTIONS ROUNDS SIZE\n");
        return 2;
    }
    int count = atoi(argv[1]), rounds = atoi(argv[2]);
    size_t size = (size_t)atoi(argv[3]);
    ASSERT(count > 0 && rounds > 0 && size > 0 && size <= 4096);
    system_raise_file_limit();
    double message_ns = measure_messages();
    double io_ns = measure_io(count, rounds, size);
    double bare_ns = measure_bare(count, rounds, size);
    printf("{\"connections\": %d, \"size\": %zu, \"io_ns\": %.0f, \"epoll_ns\": %.0f, \"ratio\": %.3f, "
           "\"message_ns\": %.1f}\n",
           count, size, io_ns, bare_ns, io_ns / bare_ns, message_ns);
    return 0;
}
