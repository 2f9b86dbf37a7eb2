// SPDX-License-Identifier: Apache-2.0
#include "app/app_internal.h"
#include "app/kube_door.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "io/child.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/system.h"

#include <stdlib.h>

enum {
    LOOPS_DEFAULT_MAX = 16,
    FAILURE_GRACE_MS = 1000, // for clients and probes to hear that the store failed
};

// ---- log

static void log_sink(void *context, enum log_level level, bytes_t line)
{
    (void)context;
    (void)level;
    // There is no better place to complain about standard error than standard error.
    (void)system_write_err(line);
}

static int64_t log_now(void *context)
{
    (void)context;
    return clock_wall_ms();
}

static void start_log(const struct app_config *config)
{
    log_start(&(struct log_config){
        .level = (enum log_level)config->log_level,
        .format = (enum log_format)config->log_format,
        .sink = log_sink,
        .now_ms = log_now,
    });
}

// ---- stop

static void stop_loops(struct app *app)
{
    timer_stop(&app->grace);
    system_signals_stop();
    for (size_t i = 0; i < app->loop_count; i++)
        loop_stop(app->loops[i]);
}

static void on_store_stopped(void *owner, err_t err)
{
    struct app *app = owner;
    if (err != ERR_OK) {
        log_line(LOG_ERROR, "the store did not stop cleanly", LOG_FIELDS(log_err(err)));
        if (app->end == APP_STOPPED)
            app->end = APP_FAILED;
    }
    stop_loops(app);
}

void app_on_doors_closed(struct app *app)
{
    if (app->store_failed)
        stop_loops(app); // nothing more can be promised to the disk
    else
        store_stop(app->store, on_store_stopped, app);
}

static void begin_stop(struct app *app, const char *why)
{
    if (app->stopping)
        return;
    app->stopping = true;
    if (app->facts.not_ready == NULL || !app->store_failed)
        app->facts.not_ready = "eddy is stopping.";
    log_line(LOG_INFO, "stopping", LOG_FIELDS(log_text("why", why)));
    app_doors_close(app);
}

static void on_grace(struct timer *timer)
{
    begin_stop(CONTAINER_OF(timer, struct app, grace), "the store failed");
}

static void on_store_failure(void *owner, err_t err, const char *path)
{
    struct app *app = owner;
    app->store_failed = true;
    app->end = APP_STORE_FAILED;
    app->facts.not_ready =
        "The disk failed: nothing is acknowledged any more. eddy ends; look at the log and the disk, "
        "then start it again.";
    log_line(LOG_ERROR, "the disk failed; nothing is acknowledged any more and eddy ends",
             LOG_FIELDS(log_err(err), log_text("path", path)));
    timer_start(&app->grace, FAILURE_GRACE_MS);
}

// ---- SIGHUP

static void on_change(const struct option_row *row, bool needs_restart)
{
    log_line(needs_restart ? LOG_WARN : LOG_INFO,
             needs_restart ? "this option changed in the configuration and needs a restart" : "option changed",
             LOG_FIELDS(log_text("option", row->name)));
}

static void reload(struct app *app)
{
    struct app_config config = { 0 };
    struct option_set fresh;
    diag_t diag = { 0 };
    int count = app->arguments->count;
    err_t err = app_config_read(&fresh, &config, count, app->arguments->texts, NULL, NULL, &diag);
    if (err != ERR_OK) {
        log_line(LOG_ERROR, "the configuration was read again and is not valid; nothing changes",
                 LOG_FIELDS(log_text("where", diag.where), log_text("complaint", diag.text)));
        return;
    }
    log_line(LOG_INFO, "the configuration was read again", LOG_FIELDS(log_text("file", config.file)));
    app_config_merge(app->set, &fresh, on_change);
    app_doors_access(app, &config);
    app_config_free(&fresh, &config);
    log_set_level((enum log_level)app->config->log_level);
    app_doors_update(app);
}

static void on_signal(int signal_number, void *owner)
{
    struct app *app = owner;
    if (signal_number == SYSTEM_USER_1 || signal_number == SYSTEM_USER_2) {
        log_line(LOG_WARN, "this signal means nothing here", LOG_FIELDS(log_int("signal", signal_number)));
    } else if (signal_number == SYSTEM_HANGUP) {
        if (!app->stopping)
            reload(app);
    } else if (app->stopping) {
        log_line(LOG_WARN, "ending at once, as asked for the second time", LOG_NONE);
        system_exit(APP_FAILED);
    } else {
        begin_stop(app, "signal");
    }
}

// ---- start

static size_t loop_count(const struct app_config *config)
{
    if (config->loops > 0)
        return (size_t)config->loops;
    size_t cpus = system_cpu_count();
    size_t count = cpus <= 2 ? 1 : cpus / 2;
    return count > LOOPS_DEFAULT_MAX ? LOOPS_DEFAULT_MAX : count;
}

static void on_stray(void *owner, bytes_t name, const char *nearest)
{
    (void)owner;
    static const char words[] = "this variable is no option of eddy and is ignored";
    if (nearest == NULL)
        log_line(LOG_WARN, words, LOG_FIELDS(log_bytes("variable", name)));
    else
        log_line(LOG_WARN, words, LOG_FIELDS(log_bytes("variable", name), log_text("did_you_mean", nearest)));
}

static void start_process(struct app *app)
{
    const struct app_config *config = app->config;
    uint64_t files = system_raise_file_limit();
    const unsigned threads[DISK_QUEUE_COUNT] = {
        [DISK_FLUSH] = (unsigned)config->flush_threads,
        [DISK_READ] = (unsigned)config->read_threads,
        [DISK_BACKGROUND] = (unsigned)config->background_threads,
        [DISK_COMPUTE] = 1,
    };
    disk_start(threads);
    app->loop_count = loop_count(config);
    for (size_t i = 0; i < app->loop_count; i++)
        app->loops[i] = loop_new((unsigned)i);
    scraper_init(&app->scraper, app->loops[0]);
    log_line(LOG_INFO, "eddy starts",
             LOG_FIELDS(log_text("version", EDDY_VERSION), log_text("data", config->data),
                        log_int("loops", (int64_t)app->loop_count), log_int("files_max", (int64_t)files)));
    app_env_strays(on_stray, NULL);
    if (config->flush != FLUSH_COMMIT || config->kafka.acks_one == KAFKA_ACKS_ONE_WRITTEN)
        log_line(LOG_WARN, "a power loss may take what was acknowledged: a weaker mode is on",
                 LOG_FIELDS(log_bool("flush_before_ack", config->flush == FLUSH_COMMIT),
                            log_bool("acks_one_flushed", config->kafka.acks_one == KAFKA_ACKS_ONE_FLUSHED)));
}

// Later the manifests may come and go; at a start a path that leads nowhere is a slip.
static err_t check_apply(const struct app *app, diag_t *diag)
{
    const char *path = app->config->kube.apply;
    struct file_stamp stamp;
    err_t err = path == NULL ? ERR_OK : file_look(path, &stamp);
    if (err == ERR_NOT_FOUND)
        return diag_fail(diag, err, "--apply", "there is no file or folder %s", path);
    return err == ERR_OK ? ERR_OK : diag_fail(diag, err, "--apply", "%s cannot be read: %s", path, err_text(err));
}

static err_t start_store(struct app *app, diag_t *diag)
{
    struct store_options options;
    app_store_options(app->config, &options);
    int64_t from_ns = clock_mono_ns();
    err_t err = store_open(&options, app->loops, app->loop_count, &app->store, diag);
    if (err != ERR_OK)
        return err;
    log_line(LOG_INFO, "the store is open",
             LOG_FIELDS(log_text("cluster", store_cluster_id(app->store)),
                        log_int("topics", (int64_t)topic_count(app->store)),
                        log_int("recovery_ms", (clock_mono_ns() - from_ns) / 1000000)));
    store_on_failure(app->store, on_store_failure, app);
    err = embedded_open(app->store, &app->engine, diag);
    if (err == ERR_OK)
        app->coordinator = coordinator_open(embedded_offsets(app->engine), &app->config->kafka.groups);
    return err;
}

static const char *advertised(const struct app *app)
{
    if (app->config->kafka.advertise != NULL)
        return app->config->kafka.advertise;
    for (size_t i = 0; i < app->facts.door_count; i++)
        if (strcmp(app->places[i].name, "kafka") == 0)
            return app->places[i].address;
    return "";
}

static void on_begin(struct message *message)
{
    struct app *app = CONTAINER_OF(message, struct app, begin);
    if (app->end != APP_STOPPED) {
        begin_stop(app, "a door did not open");
        return;
    }
    app->facts.not_ready = NULL;
    app_doors_print(app);
    (void)system_write_out(BYTES_LITERAL("ready\n"));
}

// Doors open before the loops run; if one does not, the loops run only to stop what is open.
static void start_doors(struct app *app, diag_t *diag)
{
    app->facts.not_ready = "eddy is starting.";
    metric_set_add(&app->scraper.registry, &app->store_set, store_metric_rows, store_metric_row_count);
    for (size_t i = 0; i < app->loop_count; i++)
        metric_values_add(&app->store_set, &app->store_values[i], store_metrics_of(app->store, i), NULL);
    process_collector_init(&app->process);
    scraper_add(&app->scraper, &app->process.collector);
    nats_collector_init(&app->nats.collector);
    scraper_add(&app->scraper, &app->nats.collector.collector);
    events_collector_init(&app->kube.collector);
    scraper_add(&app->scraper, &app->kube.collector.collector);
    if (app_doors_open(app, diag) != ERR_OK)
        app->end = APP_FAILED;
    topics_collector_init(&app->topics, app->store, app->config->kafka.node_id, advertised(app));
    scraper_add(&app->scraper, &app->topics.collector);
}

static void end_process(struct app *app)
{
    disk_stop();
    kube_door_free(app);
    coordinator_free(app->coordinator);
    embedded_free(app->engine);
    if (app->store != NULL)
        store_free(app->store);
    scraper_deinit(&app->scraper);
    for (size_t i = 0; i < app->loop_count; i++)
        loop_free(app->loops[i]);
    child_keeper_stop();
    free(app->console_hosts);
}

enum app_end app_run(struct option_set *set, struct app_config *config, const struct app_arguments *arguments,
                     diag_t *diag)
{
    struct app *app = mem_zalloc(1, sizeof *app);
    app->config = config;
    app->set = set;
    app->arguments = arguments;
    start_log(config);
    err_t err = child_keeper_start();
    if (err != ERR_OK) {
        (void)diag_fail(diag, err, "start", "the keeper of child processes does not start: %s", err_text(err));
        free(app);
        return APP_FAILED;
    }
    start_process(app);
    if (check_apply(app, diag) != ERR_OK || start_store(app, diag) != ERR_OK) {
        end_process(app);
        free(app);
        return APP_FAILED;
    }
    timer_init(&app->grace, app->loops[0], on_grace);
    start_doors(app, diag);
    system_on_signal(app->loops[0], on_signal, app);
    app->begin.on_message = on_begin;
    loop_post(app->loops[0], &app->begin);
    for (size_t i = 1; i < app->loop_count; i++)
        loop_start_thread(app->loops[i]);
    loop_run(app->loops[0]);
    for (size_t i = 1; i < app->loop_count; i++)
        loop_join(app->loops[i]);
    end_process(app);
    enum app_end end = app->end;
    log_line(LOG_INFO, "stopped", LOG_FIELDS(log_int("code", end)));
    free(app);
    return end;
}
