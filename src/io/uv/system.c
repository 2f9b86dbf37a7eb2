// SPDX-License-Identifier: Apache-2.0
#include "io/system.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/uv/errno_internal.h"
#include "io/uv/loop_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int signal_numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
_Static_assert((int)SYSTEM_USER_1 == SIGUSR1 && (int)SYSTEM_USER_2 == SIGUSR2, "numbers as on Linux");

struct watch {
    uv_signal_t handles[ARRAY_COUNT(signal_numbers)];
    size_t open;
    void (*on_signal)(int signal_number, void *owner);
    void *owner;
};

static struct watch *watch; // touched on the loop of system_on_signal only

const char *const *system_environment(void)
{
    return (const char *const *)environ;
}

void system_streams_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            abort();
    }
}

static err_t write_all(int fd, bytes_t bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN) {
            // Somebody who shares the terminal or pipe made it non-blocking.
            struct pollfd polled = { .fd = fd, .events = POLLOUT };
            poll(&polled, 1, -1);
            continue;
        }
        if (put < 0)
            return err_of_file(errno);
        bytes.data += put;
        bytes.size -= (size_t)put;
    }
    return ERR_OK;
}

err_t system_write_out(bytes_t bytes)
{
    return write_all(STDOUT_FILENO, bytes);
}

err_t system_write_err(bytes_t bytes)
{
    return write_all(STDERR_FILENO, bytes);
}

err_t system_err_to_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return err_of_file(errno);
    int got = dup2(fd, STDERR_FILENO);
    err_t err = got < 0 ? err_of_file(errno) : ERR_OK;
    close(fd);
    return err;
}

err_t system_read_in(void *to, size_t size, size_t *ret_size)
{
    ssize_t got;
    do
        got = read(STDIN_FILENO, to, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_of_file(errno);
    *ret_size = (size_t)got;
    return ERR_OK;
}

bool system_out_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

bool system_in_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static void on_uv_signal(uv_signal_t *handle, int signal_number)
{
    struct watch *of = handle->data;
    of->on_signal(signal_number, of->owner);
}

void system_on_signal(struct loop *loop, void (*on_signal)(int signal_number, void *owner), void *owner)
{
    ASSERT(watch == NULL);
    signal(SIGPIPE, SIG_IGN);
    watch = mem_zalloc(1, sizeof(*watch));
    watch->on_signal = on_signal;
    watch->owner = owner;
    watch->open = ARRAY_COUNT(signal_numbers);
    for (size_t i = 0; i < ARRAY_COUNT(signal_numbers); i++) {
        int failed = uv_signal_init(&loop->uv, &watch->handles[i]);
        ASSERT(failed == 0);
        watch->handles[i].data = watch;
        failed = uv_signal_start(&watch->handles[i], on_uv_signal, signal_numbers[i]);
        ASSERT(failed == 0);
    }
}

static void on_signal_closed(uv_handle_t *handle)
{
    struct watch *of = handle->data;
    if (--of->open == 0)
        free(of);
}

void system_signals_stop(void)
{
    if (watch == NULL)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(signal_numbers); i++)
        uv_close((uv_handle_t *)&watch->handles[i], on_signal_closed);
    watch = NULL;
}

unsigned system_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    // More CPUs than the set has room for.
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (unsigned)count;
}

char *system_folder(void)
{
    char path[PATH_MAX];
    return mem_text(getcwd(path, sizeof(path)) == NULL ? "/" : path);
}

uint64_t system_process_id(void)
{
    return (uint64_t)getpid();
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

err_t system_run_program(const char *const *argv, int *ret_code)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before[2];
    posix_spawnattr_t attributes;
    sigset_t defaults;
    pid_t child;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGQUIT);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    sigaction(SIGINT, &ignore, &before[0]);
    sigaction(SIGQUIT, &ignore, &before[1]);
    // posix_spawn does not write to the arguments; its type is older than const.
    int failed = posix_spawnp(&child, argv[0], NULL, &attributes, (char *const *)(uintptr_t)argv, environ);
    if (failed == 0)
        *ret_code = wait_for(child);
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGQUIT, &before[1], NULL);
    posix_spawnattr_destroy(&attributes);
    return failed == 0 ? ERR_OK : err_of_file(failed);
}

uint64_t system_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

// The text of a small file under /proc; empty when it cannot be read.
static void read_small(const char *path, char *to, size_t size)
{
    to[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, to, size - 1);
    to[got < 0 ? 0 : got] = '\0';
    close(fd);
}

size_t system_find_processes(const char *name, uint64_t *to, size_t max)
{
    DIR *dir = opendir("/proc");
    if (dir == NULL)
        return 0;
    size_t count = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        int64_t id;
        char path[64], text[64];
        if (!bytes_to_int64(bytes_of_text(entry->d_name), &id) || (uint64_t)id == system_process_id())
            continue;
        snprintf(path, sizeof(path), "/proc/%lld/comm", (long long)id);
        read_small(path, text, sizeof(text));
        text[strcspn(text, "\n")] = '\0';
        if (strcmp(text, name) != 0)
            continue;
        if (count < max)
            to[count] = (uint64_t)id;
        count++;
    }
    closedir(dir);
    return count;
}

err_t system_send_signal(uint64_t process_id, enum system_signal signal_number)
{
    if (process_id == 0 || process_id > INT32_MAX) // 0 and below mean groups of processes
        return ERR_NOT_FOUND;
    if (kill((pid_t)process_id, (int)signal_number) == 0)
        return ERR_OK;
    return errno == ESRCH ? ERR_NOT_FOUND : errno == EPERM ? ERR_DENIED : ERR_INVALID;
}

static uint64_t resident_size(void)
{
    char text[256];
    unsigned long long total, resident;
    read_small("/proc/self/statm", text, sizeof(text));
    if (sscanf(text, "%llu %llu", &total, &resident) != 2)
        return 0;
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    uint64_t count = 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count < 3 ? 0 : count - 3; // ".", ".." and the one that lists them
}

// Field 22 of proc(5) stat, in ticks since boot; the name in field 2 may contain anything, so count from its last ')'.
static int64_t started_wall_ms(void)
{
    char text[1024];
    read_small("/proc/self/stat", text, sizeof(text));
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    struct timespec up;
    if (at == NULL || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
        return 0;
    int64_t up_ms = (int64_t)up.tv_sec * 1000 + up.tv_nsec / 1000000;
    int64_t ticks = strtoll(at, NULL, 10);
    return clock_wall_ms() - (up_ms - ticks * 1000 / sysconf(_SC_CLK_TCK));
}

static int64_t started_ms;

static void find_start(void)
{
    started_ms = started_wall_ms();
}

void system_load_read(uint64_t *ret_resident_size, uint64_t *ret_cpu_ns)
{
    struct timespec cpu = { 0 };
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    *ret_resident_size = resident_size();
    *ret_cpu_ns = (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
}

void system_usage_read(struct system_usage *ret_usage)
{
    // Once: a clock that is set later must not move the start.
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_start);
    struct rlimit limit = { 0 };
    getrlimit(RLIMIT_NOFILE, &limit);
    *ret_usage = (struct system_usage){
        .open_files = open_files(),
        .max_files = limit.rlim_cur,
        .started_wall_ms = started_ms,
    };
    system_load_read(&ret_usage->resident_size, &ret_usage->cpu_ns);
}

_Noreturn void system_exit(int code)
{
    exit(code);
}
