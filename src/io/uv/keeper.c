// SPDX-License-Identifier: Apache-2.0
// The keeper process: one thread, no loop of ours, little memory. It polls its socket and a descriptor for SIGCHLD.
#include "io/uv/keeper_internal.h"

#include "base/assert.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GRACE_MS = 2000, // between SIGTERM and SIGKILL when eddy is gone
    STDERR = 2,
};

// A child that runs: the leader of its own process group.
struct kept {
    struct list_node node;
    uint64_t child;
    pid_t pid;
};

struct keeper {
    int socket;
    int signals;
    struct list_node children;
};

static void reply(const struct keeper *keeper, uint64_t child, int number, int code)
{
    struct keeper_reply message = { .child = child, .number = number, .code = code };
    // Fails only when eddy is gone, which the next receive tells.
    (void)!send(keeper->socket, &message, sizeof(message), MSG_NOSIGNAL);
}

struct spawn {
    char **argv;
    char **env;
    const char *folder;
    char *text; // holds all of them
};

static void spawn_free(struct spawn *spawn)
{
    free(spawn->argv);
    free(spawn->env);
    free(spawn->text);
}

static char **take_strings(char **at, size_t count)
{
    char **strings = mem_zalloc(count + 1, sizeof(*strings));
    for (size_t i = 0; i < count; i++) {
        strings[i] = *at;
        *at += strlen(*at) + 1;
    }
    return strings;
}

// The writer is this very program, so the form is not in doubt.
static void spawn_read(int fd, struct spawn *spawn)
{
    struct stat status;
    int failed = fstat(fd, &status);
    ASSERT(failed == 0 && (size_t)status.st_size > sizeof(struct keeper_strings));
    size_t size = (size_t)status.st_size;
    spawn->text = mem_alloc(size);
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(fd, spawn->text + done, size - done, (off_t)done);
        ASSERT(got > 0);
        done += (size_t)got;
    }
    struct keeper_strings head;
    memcpy(&head, spawn->text, sizeof(head));
    char *at = spawn->text + sizeof(head);
    spawn->argv = take_strings(&at, head.argv_count);
    spawn->env = take_strings(&at, head.env_count);
    spawn->folder = at[0] == '\0' ? NULL : at;
}

// In the new process, up to the program. Returns errno.
static int become(const struct spawn *spawn, const int files[KEEPER_FILES], pid_t keeper)
{
    // A keeper that is killed takes its children along; one that was killed before this line is no parent any more.
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return errno;
    if (getppid() != keeper)
        _exit(1);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(files[1], 1) < 0 || dup2(files[2], STDERR) < 0)
        return errno;
    close(null);
    if (spawn->folder != NULL && chdir(spawn->folder) != 0)
        return errno;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    environ = spawn->env; // execvp looks into its PATH
    execvp(spawn->argv[0], spawn->argv);
    return errno;
}

// Gives errno, 0 once the program runs. The pipe closes itself at exec, or brings the number.
static int start(const struct spawn *spawn, const int files[KEEPER_FILES], pid_t *ret_pid)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return errno;
    pid_t keeper = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        int number = errno;
        close(report[0]);
        close(report[1]);
        return number;
    }
    if (pid == 0) {
        int number = become(spawn, files, keeper);
        (void)!write(report[1], &number, sizeof(number));
        _exit(127);
    }
    close(report[1]);
    int number = 0;
    ssize_t got;
    do
        got = read(report[0], &number, sizeof(number));
    while (got < 0 && errno == EINTR);
    close(report[0]);
    if (got == (ssize_t)sizeof(number)) {
        waitpid(pid, NULL, 0);
        return number;
    }
    *ret_pid = pid;
    return 0;
}

static void on_spawn(struct keeper *keeper, uint64_t child, const int files[KEEPER_FILES])
{
    struct spawn spawn;
    pid_t pid = 0;
    spawn_read(files[0], &spawn);
    int number = start(&spawn, files, &pid);
    spawn_free(&spawn);
    if (number != 0) {
        reply(keeper, child, number, 0);
        return;
    }
    struct kept *kept = mem_zalloc(1, sizeof(*kept));
    kept->child = child;
    kept->pid = pid;
    list_append(&keeper->children, &kept->node);
}

static void on_signal(struct keeper *keeper, uint64_t child, int number)
{
    LIST_EACH(&keeper->children, node)
    {
        const struct kept *kept = LIST_ITEM(node, struct kept, node);
        if (kept->child == child)
            kill(-kept->pid, number);
    }
}

// Takes one request. False when eddy is gone.
static bool take_request(struct keeper *keeper)
{
    struct keeper_request request;
    int files[KEEPER_FILES] = { -1, -1, -1 };
    union {
        char room[CMSG_SPACE(sizeof(files))];
        struct cmsghdr align;
    } control;
    struct iovec io = { .iov_base = &request, .iov_len = sizeof(request) };
    struct msghdr message = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t got = recvmsg(keeper->socket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR)
        return true;
    if (got != (ssize_t)sizeof(request))
        return false;
    const struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    bool complete = rights != NULL && rights->cmsg_len == CMSG_LEN(sizeof(files));
    if (complete)
        memcpy(files, CMSG_DATA(rights), sizeof(files));
    if (request.verb == KEEPER_SIGNAL)
        on_signal(keeper, request.child, request.number);
    else if (complete)
        on_spawn(keeper, request.child, files);
    else
        reply(keeper, request.child, EMFILE, 0); // no room for the descriptors here
    for (size_t i = 0; complete && i < KEEPER_FILES; i++)
        close(files[i]);
    return true;
}

static int code_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

// Reaps all that ended. Orphans of children come to the keeper too (PR_SET_CHILD_SUBREAPER), and nobody asks for them.
static void reap(struct keeper *keeper)
{
    for (;;) {
        siginfo_t info = { 0 };
        // Its number is kept until the group is gone, so that no stranger can get it meanwhile.
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return;
        LIST_EACH(&keeper->children, node)
        {
            struct kept *kept = LIST_ITEM(node, struct kept, node);
            if (kept->pid != info.si_pid)
                continue;
            kill(-kept->pid, SIGKILL);
            reply(keeper, kept->child, 0, code_of(&info));
            list_remove(&kept->node);
            free(kept);
        }
        waitpid(info.si_pid, NULL, 0);
    }
}

static void drain_signals(const struct keeper *keeper)
{
    struct signalfd_siginfo info;
    while (read(keeper->signals, &info, sizeof(info)) > 0)
        continue;
}

static bool has_processes(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Kills whoever is a child of this process now, orphans that left their group among them. False where the kernel does
// not tell who that is.
static bool kill_direct_children(void)
{
    FILE *list = fopen("/proc/thread-self/children", "re");
    if (list == NULL)
        return false;
    int pid;
    while (fscanf(list, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    fclose(list);
    return true;
}

static void end_children(struct keeper *keeper)
{
    LIST_EACH(&keeper->children, node)
    kill(-LIST_ITEM(node, struct kept, node)->pid, SIGTERM);
    int64_t end_ns = clock_mono_ns() + (int64_t)GRACE_MS * 1000000;
    while (!list_empty(&keeper->children) && clock_mono_ns() < end_ns) {
        struct pollfd signals = { .fd = keeper->signals, .events = POLLIN };
        poll(&signals, 1, 50);
        drain_signals(keeper);
        reap(keeper);
    }
    LIST_EACH(&keeper->children, node)
    kill(-LIST_ITEM(node, struct kept, node)->pid, SIGKILL);
    // The death of one brings its own children here: until nobody is left.
    while (has_processes() && kill_direct_children()) {
        struct pollfd signals = { .fd = keeper->signals, .events = POLLIN };
        poll(&signals, 1, 10);
        drain_signals(keeper);
        reap(keeper);
    }
}

// Out of the way of whoever waits for the end of eddy's standard streams, and of the signals that a terminal sends.
static void leave_session(void)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
    for (size_t i = 0; i < ARRAY_COUNT(ignored); i++)
        signal(ignored[i], SIG_IGN);
    setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= STDERR; fd++)
        dup2(null, fd);
    if (null > STDERR)
        close(null);
    prctl(PR_SET_NAME, "eddy-keeper");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void keeper_run(int socket)
{
    struct keeper keeper = { .socket = socket };
    list_init(&keeper.children);
    leave_session();
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL);
    keeper.signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
    ASSERT(keeper.signals >= 0);
    for (;;) {
        struct pollfd polled[] = {
            { .fd = keeper.signals, .events = POLLIN },
            { .fd = socket, .events = POLLIN },
        };
        if (poll(polled, ARRAY_COUNT(polled), -1) < 0)
            continue;
        drain_signals(&keeper);
        reap(&keeper);
        if (polled[1].revents != 0 && !take_request(&keeper))
            break;
    }
    end_children(&keeper);
}
