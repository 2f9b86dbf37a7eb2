// SPDX-License-Identifier: Apache-2.0
#include "app/nats_server.h"

#include "app/nats_settings.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/system.h"
#include "nats/monitor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACE_SIZE = 300, PATH_SIZE = 4096 };

struct server {
    const struct nats_flags *flags;
    struct nats_settings first; // the door has texts of it
    struct nats_settings now;   // after the configuration was read again
    struct nats_settings old;   // before that, until the door has taken the new ones
    bool is_reloaded, has_old;  // `now` is not `first`; there is `old`
    bool is_taking, is_asked;   // the door is at it; the configuration is to be read once more after that
    struct loop *loop;
    struct nats_door *door;
    struct nats_monitor *monitor; // NULL: none, or closed
    struct address address, monitor_address;
    char ports_path[PATH_SIZE]; // empty: there is no such file
    bool is_lame_duck, is_stopping;
    struct message ready; // the first thing on the loop
};

static const struct nats_config *config_of(const struct server *server)
{
    return server->is_reloaded ? &server->now.config : &server->first.config;
}

// ---- log

static void say(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(enum log_level level, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_line(level, text, LOG_NONE);
}

// -V without -D: what clients say, and nothing of what is for developers.
static void log_sink(void *context, enum log_level level, bytes_t line)
{
    if (level == LOG_DEBUG && !config_of(context)->debug)
        return;
    // There is no better place to complain about standard error than standard error.
    (void)system_write_err(line);
}

static int64_t log_now(void *context)
{
    int64_t now_ms = clock_wall_ms();
    return config_of(context)->logtime_utc ? now_ms : clock_local_ms(now_ms);
}

static void start_log(struct server *server)
{
    const struct nats_config *config = config_of(server);
    log_start(&(struct log_config){
        .level = config->trace   ? LOG_TRACE
                 : config->debug ? LOG_DEBUG
                                 : LOG_INFO,
        .format = LOG_AS_NATS,
        .sink = log_sink,
        .now_ms = log_now,
        .context = server,
        .process_id = system_process_id(),
        .is_timeless = !config->logtime,
    });
}

static void reopen_log(const struct server *server)
{
    const char *path = config_of(server)->log_file;
    if (path == NULL) {
        say(LOG_INFO, "File log re-open ignored, not a file logger");
        return;
    }
    err_t err = system_err_to_file(path);
    if (err != ERR_OK)
        say(LOG_ERROR, "Cannot open the log file %s again: %s", path, err_text(err));
    else
        say(LOG_INFO, "File log re-opened");
}

// ---- files that tell others about this process

static err_t write_pid(const struct server *server, diag_t *diag)
{
    char text[32];
    const char *path = config_of(server)->pid_file;
    if (path == NULL)
        return ERR_OK;
    snprintf(text, sizeof text, "%llu", (unsigned long long)system_process_id());
    err_t err = file_replace(path, bytes_of_text(text));
    return err == ERR_OK ? err : diag_fail(diag, err, path, "cannot write the pid file: %s", err_text(err));
}

// A client on this machine reaches a server on all addresses by loopback.
static const char *reachable(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
}

// "NAME":["SCHEME://ADDRESS"]
static void write_url(struct json_writer *json, const char *name, const char *scheme, struct address address)
{
    char place[PLACE_SIZE], url[PLACE_SIZE + 8];
    const char *host = reachable(address.host);
    if (host != address.host)
        snprintf(address.host, sizeof address.host, "%s", host);
    address_format(&address, place, sizeof place);
    snprintf(url, sizeof url, "%s://%s", scheme, place);
    json_key(json, name);
    json_array_begin(json);
    json_text(json, url);
    json_array_end(json);
}

static void write_ports(struct server *server)
{
    const char *folder = config_of(server)->ports_file_dir;
    if (folder == NULL)
        return;
    int size = snprintf(server->ports_path, sizeof server->ports_path, "%s/" NATS_SERVER_NAME "_%llu.ports", folder,
                        (unsigned long long)system_process_id());
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_object_begin(&json);
    write_url(&json, "nats", "nats", server->address);
    if (server->monitor != NULL)
        write_url(&json, "monitoring", "http", server->monitor_address);
    json_object_end(&json);
    err_t err = size < PATH_SIZE ? file_replace(server->ports_path, writer_view(&out)) : ERR_TOO_LARGE;
    writer_free(&out);
    if (err == ERR_OK)
        return;
    say(LOG_ERROR, "Error writing ports file to %s: %s", folder, err_text(err));
    server->ports_path[0] = '\0';
}

static void remove_ports(const struct server *server)
{
    if (server->ports_path[0] != '\0' && file_remove(server->ports_path) != ERR_OK)
        say(LOG_ERROR, "Error cleaning up ports file %s", server->ports_path);
}

// ---- the end

static void end_if_closed(struct server *server)
{
    if (server->door != NULL || server->monitor != NULL)
        return;
    system_signals_stop();
    loop_stop(server->loop);
}

static void on_closed(void *owner)
{
    struct server *server = owner;
    server->door = NULL;
    end_if_closed(server);
}

static void on_monitor_closed(void *owner)
{
    struct server *server = owner;
    server->monitor = NULL;
    end_if_closed(server);
}

static void begin_stop(struct server *server)
{
    if (server->is_stopping)
        return;
    server->is_stopping = true;
    say(LOG_INFO, "Initiating Shutdown...");
    if (server->monitor != NULL)
        nats_monitor_close(server->monitor, on_monitor_closed, server);
    nats_door_close(server->door, on_closed, server);
}

static void on_empty(void *owner)
{
    begin_stop(owner);
}

static void begin_lame_duck(struct server *server)
{
    if (server->is_lame_duck || server->is_stopping)
        return;
    server->is_lame_duck = true;
    say(LOG_INFO, "Entering lame duck mode, stop accepting new clients");
    nats_door_lame_duck(server->door, on_empty, server);
}

// ---- SIGHUP

static void reload(struct server *server);

static void on_access_taken(void *owner)
{
    struct server *server = owner;
    bool is_asked = server->is_asked;
    if (server->has_old)
        nats_settings_free(&server->old);
    server->has_old = server->is_taking = server->is_asked = false;
    if (is_asked && !server->is_stopping)
        reload(server);
}

static void reload(struct server *server)
{
    struct nats_settings fresh;
    if (server->is_taking) {
        server->is_asked = true;
        return;
    }
    diag_t diag = { 0 };
    if (server->flags->config_file == NULL) {
        say(LOG_ERROR, "Failed to reload server configuration: there is no configuration file");
        return;
    }
    if (nats_settings_read(server->flags, &fresh, &diag) != ERR_OK) {
        say(LOG_ERROR, "Failed to reload server configuration: %s: %s", diag.where, diag.text);
        return;
    }
    const char *fixed = nats_settings_fixed(&server->first, &fresh);
    if (fixed != NULL) {
        say(LOG_ERROR, "Failed to reload server configuration: config reload not supported for %s: restart the server",
            fixed);
        nats_settings_free(&fresh);
        return;
    }
    struct nats_options options;
    nats_settings_options(&fresh, &options);
    nats_door_update(server->door, &options);
    server->is_taking = true;
    nats_door_access_set(server->door, fresh.access, on_access_taken, server);
    server->has_old = server->is_reloaded;
    server->old = server->now;
    server->now = fresh;
    server->is_reloaded = true;
    start_log(server);
    say(LOG_INFO, "Reloaded server configuration (sha256:%s)", fresh.digest);
}

static void on_signal(int number, void *owner)
{
    struct server *server = owner;
    static const struct {
        int number;
        const char *name; // Go's, as they stand in the log
    } names[] = { { SYSTEM_INTERRUPT, "interrupt" },
                  { SYSTEM_TERMINATE, "terminated" },
                  { SYSTEM_HANGUP, "hangup" },
                  { SYSTEM_USER_1, "user defined signal 1" },
                  { SYSTEM_USER_2, "user defined signal 2" } };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number)
            say(LOG_INFO, "Trapped \"%s\" signal", names[i].name);
    if (number == SYSTEM_USER_1)
        reopen_log(server);
    else if (number == SYSTEM_USER_2)
        begin_lame_duck(server);
    else if (number != SYSTEM_HANGUP)
        begin_stop(server);
    else if (!server->is_stopping)
        reload(server);
}

// ---- start

static void say_start(const struct server *server)
{
    say(LOG_INFO, "Starting " NATS_SERVER_NAME);
    say(LOG_INFO, "  Version:  %s (eddy %s)", NATS_VERSION, EDDY_VERSION);
    if (server->flags->config_file != NULL)
        say(LOG_INFO, "Using configuration file: %s (sha256:%s)", server->flags->config_file, server->first.digest);
    for (const struct nats_note *note = server->first.config.notes; note != NULL; note = note->next)
        say(LOG_WARN, "%s:%u: %s", note->place.file, note->place.line, note->text);
}

static const char *bind_failure(err_t err, const diag_t *diag)
{
    return err == ERR_BUSY ? "address already in use" : err == ERR_DENIED ? "permission denied" : diag->text;
}

static err_t open_door(struct server *server)
{
    const struct nats_config *config = &server->first.config;
    struct nats_options options;
    char place[PLACE_SIZE];
    diag_t diag = { 0 };
    nats_settings_options(&server->first, &options);
    snprintf(server->address.host, sizeof server->address.host, "%s", config->host);
    server->address.port = config->port < 0 ? 0 : (uint16_t)config->port;
    err_t err =
        nats_door_open(&server->loop, 1, &server->address, &options, server->first.access, &server->door, &diag);
    if (err == ERR_OK)
        server->address.port = nats_door_port(server->door);
    address_format(&server->address, place, sizeof place);
    if (err == ERR_OK)
        say(LOG_INFO, "Listening for client connections on %s", place);
    else
        say(LOG_ERROR, "Error listening on port: %s, \"listen tcp %s: bind: %s\"", place, place,
            bind_failure(err, &diag));
    return err;
}

// Where others can reach it it is as open as nats-server's, which exporters know by any name and dashboards read. On
// loopback it is guarded as all our doors.
static err_t open_monitor(struct server *server)
{
    static const char *const any_name[] = { "*" };
    const struct nats_config *config = &server->first.config;
    struct address *address = &server->monitor_address;
    char place[PLACE_SIZE];
    diag_t diag = { 0 };
    if (config->http_port == 0)
        return ERR_OK;
    snprintf(address->host, sizeof address->host, "%s", config->http_host == NULL ? config->host : config->http_host);
    address->port = config->http_port < 0 ? 0 : (uint16_t)config->http_port;
    bool is_open = !address_is_loopback(address);
    struct nats_monitor_options options = { .guard = { any_name, is_open ? 1 : 0, is_open }, .any_page = is_open };
    http_limits_default(&options.limits);
    err_t err = nats_monitor_open(server->door, address, &options, &server->monitor, &diag);
    if (err == ERR_OK)
        address->port = nats_monitor_port(server->monitor);
    address_format(address, place, sizeof place);
    if (err == ERR_OK)
        say(LOG_INFO, "Starting http monitor on %s", place);
    else
        say(LOG_ERROR, "Can't start monitoring: can't listen to the monitor port: listen tcp %s: bind: %s", place,
            bind_failure(err, &diag));
    return err;
}

static void on_ready(struct message *message)
{
    (void)message;
    say(LOG_INFO, "Server is ready");
}

static enum app_end serve(struct server *server)
{
    diag_t diag = { 0 };
    if (open_door(server) != ERR_OK)
        return APP_FAILED;
    enum app_end end = APP_STOPPED;
    system_on_signal(server->loop, on_signal, server);
    err_t err = open_monitor(server);
    if (err == ERR_OK) {
        write_ports(server);
        err = write_pid(server, &diag);
        if (err != ERR_OK)
            say(LOG_ERROR, "%s: %s", diag.where, diag.text);
    }
    if (err == ERR_OK) {
        server->ready.on_message = on_ready;
        loop_post(server->loop, &server->ready);
    } else {
        end = APP_FAILED;
        begin_stop(server);
    }
    loop_run(server->loop);
    remove_ports(server);
    say(LOG_INFO, "Server Exiting..");
    return end;
}

enum app_end nats_server_run(const struct nats_flags *flags, diag_t *diag)
{
    struct server *server = mem_zalloc(1, sizeof *server);
    server->flags = flags;
    enum app_end end = APP_FAILED;
    err_t err = nats_settings_read(flags, &server->first, diag);
    if (err != ERR_OK)
        goto done;
    if (server->first.config.log_file != NULL)
        err = system_err_to_file(server->first.config.log_file);
    if (err != ERR_OK) {
        (void)diag_fail(diag, err, server->first.config.log_file, "cannot open the log file: %s", err_text(err));
    } else {
        start_log(server);
        say_start(server);
        (void)system_raise_file_limit();
        disk_start((const unsigned[DISK_QUEUE_COUNT]){ [DISK_COMPUTE] = 1 });
        server->loop = loop_new(0);
        end = serve(server);
        disk_stop();
        loop_free(server->loop);
    }
    if (server->is_reloaded)
        nats_settings_free(&server->now);
    nats_settings_free(&server->first);
done:
    free(server);
    return end;
}
