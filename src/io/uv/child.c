// SPDX-License-Identifier: Apache-2.0
// Eddy's side of the keeper: requests go out from any loop, replies come in on one thread, which posts them to the
// child's loop. Output comes straight from the child through pipes that the loop polls.
#include "io/child.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/writer.h"
#include "io/uv/errno_internal.h"
#include "io/uv/keeper_internal.h"
#include "io/uv/loop_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READS_PER_EVENT = 4,
    LEFTOVER_MS = 1000, // an end of output that does not come: a process outside the group holds the pipe
};

struct output {
    uv_poll_t poll;
    struct child *child;
    int fd; // -1: ended
};

struct child {
    struct list_node node; // in keeper.children
    uint64_t id;
    struct loop *loop;
    const struct child_ops *ops;
    void *owner;
    struct output outputs[2]; // standard output, standard error
    size_t handles;           // of the outputs, not closed yet
    struct message ended;     // posted by the reply thread, or by child_spawn
    err_t err;
    int code;
    bool has_ended;
    bool told; // on_exit was called
    struct timer leftover;
};

static struct {
    int socket; // -1: none
    pid_t pid;
    pthread_mutex_t lock; // guards all below
    bool has_thread;
    bool is_gone;
    pthread_t thread;
    struct list_node children;
    uint64_t next_id;
} keeper = { .socket = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

err_t child_keeper_start(void)
{
    ASSERT(keeper.socket < 0);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return err_of_file(errno);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        keeper_run(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return ERR_IO;
    }
    keeper.socket = ends[0];
    keeper.pid = pid;
    keeper.is_gone = false;
    list_init(&keeper.children);
    return ERR_OK;
}

void child_keeper_stop(void)
{
    if (keeper.socket < 0)
        return;
    // Both the keeper and the reply thread read the end of the socket.
    shutdown(keeper.socket, SHUT_RDWR);
    if (keeper.has_thread)
        pthread_join(keeper.thread, NULL);
    keeper.has_thread = false;
    close(keeper.socket);
    keeper.socket = -1;
    while (waitpid(keeper.pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static void post_end(struct child *child, err_t err, int code)
{
    child->err = err;
    child->code = code;
    loop_post(child->loop, &child->ended);
}

// Called with the lock held.
static struct child *take_child(uint64_t id)
{
    LIST_EACH(&keeper.children, node)
    {
        struct child *child = LIST_ITEM(node, struct child, node);
        if (child->id == id) {
            list_remove(&child->node);
            return child;
        }
    }
    return NULL;
}

static void *read_replies(void *unused)
{
    (void)unused;
    struct keeper_reply reply;
    for (;;) {
        ssize_t got = recv(keeper.socket, &reply, sizeof(reply), 0);
        if (got < 0 && errno == EINTR)
            continue;
        pthread_mutex_lock(&keeper.lock);
        if (got != (ssize_t)sizeof(reply))
            break;
        struct child *child = take_child(reply.child);
        if (child != NULL)
            post_end(child, reply.number == 0 ? ERR_OK : err_of_file(reply.number), reply.code);
        pthread_mutex_unlock(&keeper.lock);
    }
    // The keeper is gone, and its children with it.
    keeper.is_gone = true;
    LIST_EACH(&keeper.children, node)
    {
        list_remove(node);
        post_end(LIST_ITEM(node, struct child, node), ERR_IO, 0);
    }
    pthread_mutex_unlock(&keeper.lock);
    return NULL;
}

static void free_when_closed(uv_handle_t *handle)
{
    const struct output *output = handle->data;
    struct child *child = output->child;
    if (--child->handles == 0 && child->told)
        free(child);
}

static void output_close(struct output *output)
{
    if (output->fd < 0)
        return;
    uv_close((uv_handle_t *)&output->poll, free_when_closed);
    close(output->fd);
    output->fd = -1;
}

static void tell_exit(struct child *child)
{
    timer_stop(&child->leftover);
    for (size_t i = 0; i < ARRAY_COUNT(child->outputs); i++)
        output_close(&child->outputs[i]);
    child->told = true;
    child->ops->on_exit(child, child->err, child->code);
    if (child->handles == 0)
        free(child);
}

static void tell_exit_when_complete(struct child *child)
{
    if (child->has_ended && child->outputs[0].fd < 0 && child->outputs[1].fd < 0)
        tell_exit(child);
}

static void on_leftover(struct timer *timer)
{
    tell_exit(CONTAINER_OF(timer, struct child, leftover));
}

static void on_ended(struct message *message)
{
    struct child *child = CONTAINER_OF(message, struct child, ended);
    child->has_ended = true;
    timer_start(&child->leftover, LEFTOVER_MS);
    tell_exit_when_complete(child);
}

static void on_output(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct output *output = poll->data;
    struct child *child = output->child;
    uint8_t *room = loop_scratch(child->loop);
    for (int i = 0; i < READS_PER_EVENT; i++) {
        ssize_t got = read(output->fd, room, LOOP_SCRATCH_SIZE);
        if (got > 0) {
            child->ops->on_output(child, output == &child->outputs[1], bytes_of(room, (size_t)got));
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            output_close(output);
            tell_exit_when_complete(child);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

// The reading end becomes the child's, the other one is returned; -1 when there are no descriptors left.
static int output_open(struct child *child, struct output *output)
{
    int ends[2];
    output->child = child;
    output->fd = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    // Only our end: a child expects its standard output to wait.
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || uv_poll_init(&child->loop->uv, &output->poll, ends[0]) != 0) {
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    output->fd = ends[0];
    output->poll.data = output;
    child->handles++;
    uv_poll_start(&output->poll, UV_READABLE, on_output);
    return ends[1];
}

// Hands the request over. The keeper reads at all times, so this does not wait for longer than it takes to start a few
// processes.
static err_t send_request(const struct keeper_request *request, const int files[KEEPER_FILES])
{
    union {
        char room[CMSG_SPACE(sizeof(int) * KEEPER_FILES)];
        struct cmsghdr align;
    } control = { 0 };
    struct keeper_request copy = *request;
    struct iovec io = { .iov_base = &copy, .iov_len = sizeof(copy) };
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };
    if (files != NULL) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * KEEPER_FILES);
        memcpy(CMSG_DATA(rights), files, sizeof(int) * KEEPER_FILES);
    }
    ssize_t put;
    do
        put = sendmsg(keeper.socket, &message, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    return put < 0 ? ERR_IO : ERR_OK;
}

static uint32_t count_strings(const char *const *strings)
{
    uint32_t count = 0;
    while (strings[count] != NULL)
        count++;
    return count;
}

static void add_string(struct writer *writer, const char *text)
{
    writer_bytes(writer, bytes_of(text, strlen(text) + 1));
}

// A memory file with the strings, or -1.
static int strings_open(const struct child_spec *spec)
{
    struct keeper_strings head = { count_strings(spec->argv), count_strings(spec->env) };
    struct writer writer = WRITER_INIT;
    writer_bytes(&writer, bytes_of(&head, sizeof(head)));
    for (size_t i = 0; i < head.argv_count; i++)
        add_string(&writer, spec->argv[i]);
    for (size_t i = 0; i < head.env_count; i++)
        add_string(&writer, spec->env[i]);
    add_string(&writer, spec->folder == NULL ? "" : spec->folder);

    int fd = memfd_create("child", MFD_CLOEXEC);
    bytes_t left = writer_view(&writer);
    while (fd >= 0 && left.size > 0) {
        ssize_t put = write(fd, left.data, left.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            close(fd);
            fd = -1;
            break;
        }
        left.data += put;
        left.size -= (size_t)put;
    }
    writer_free(&writer);
    return fd;
}

// From here on the reply thread may end it.
static err_t enlist(struct child *child)
{
    err_t err = ERR_OK;
    pthread_mutex_lock(&keeper.lock);
    child->id = ++keeper.next_id;
    if (!keeper.has_thread)
        keeper.has_thread = pthread_create(&keeper.thread, NULL, read_replies, NULL) == 0;
    if (keeper.is_gone || !keeper.has_thread)
        err = ERR_IO;
    else
        list_append(&keeper.children, &child->node);
    pthread_mutex_unlock(&keeper.lock);
    return err;
}

static void spawn_failed(struct child *child, uint64_t id)
{
    pthread_mutex_lock(&keeper.lock);
    bool mine = take_child(id) != NULL;
    pthread_mutex_unlock(&keeper.lock);
    // Otherwise the reply thread saw the keeper's end and told it.
    if (mine)
        post_end(child, ERR_IO, 0);
}

struct child *child_spawn(struct loop *loop, const struct child_spec *spec, const struct child_ops *ops, void *owner)
{
    ASSERT(keeper.socket >= 0);
    ASSERT(spec->argv[0] != NULL);
    struct child *child = mem_zalloc(1, sizeof(*child));
    child->loop = loop;
    child->ops = ops;
    child->owner = owner;
    child->ended.on_message = on_ended;
    timer_init(&child->leftover, loop, on_leftover);
    int files[KEEPER_FILES] = { strings_open(spec), output_open(child, &child->outputs[0]),
                                output_open(child, &child->outputs[1]) };
    if (files[0] < 0 || files[1] < 0 || files[2] < 0 || enlist(child) != ERR_OK) {
        post_end(child, ERR_IO, 0);
    } else {
        uint64_t id = child->id;
        struct keeper_request request = { .child = id, .verb = KEEPER_SPAWN };
        if (send_request(&request, files) != ERR_OK)
            spawn_failed(child, id);
    }
    for (size_t i = 0; i < KEEPER_FILES; i++) {
        if (files[i] >= 0)
            close(files[i]);
    }
    return child;
}

void *child_owner(const struct child *child)
{
    return child->owner;
}

void child_signal(struct child *child, int signal_number)
{
    struct keeper_request request = { .child = child->id, .verb = KEEPER_SIGNAL, .number = signal_number };
    // Without a keeper the child is dead already.
    if (child->id != 0)
        (void)send_request(&request, NULL);
}
