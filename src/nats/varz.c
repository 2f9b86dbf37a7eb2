// SPDX-License-Identifier: Apache-2.0
// /varz: the server.
#include "nats/pages.h"

#include "auth/directory.h"
#include "base/metric.h"
#include "io/clock.h"
#include "io/system.h"
#include "io/tls.h"

enum {
    NS_PER_MS = 1000000,
    CPU_PERIOD_NS = 1000000000, // the shortest one that a share of the CPU is computed for
};

// Absent when it is not so.
static void write_flag(struct json_writer *json, const char *name, bool is_set)
{
    if (is_set)
        json_field_bool(json, name, true);
}

static void write_seconds(struct json_writer *json, const char *name, int64_t ms)
{
    json_key(json, name);
    json_double(json, (double)ms / 1000);
}

static void write_identity(struct nats_request *request)
{
    const struct nats_site *site = &request->door->site;
    const struct nats_access *access = site->access;
    struct json_writer *json = &request->json;
    json_field_text(json, "server_id", site->server_id);
    json_field_text(json, "server_name", site->server_name);
    json_field_text(json, "version", NATS_VERSION);
    json_field_int(json, "proto", 1);
    json_field_text(json, "go", "none"); // readers expect the member
    json_field_text(json, "host", site->host);
    json_field_int(json, "port", site->port);
    write_flag(json, "auth_required", directory_checks(access->directory));
    write_flag(json, "tls_required", access->tls != NULL && !access->tls_is_optional);
    write_flag(json, "tls_verify", access->tls_verifies);
}

static void write_limits(struct nats_request *request)
{
    const struct nats_options *options = &request->door->options;
    const struct nats_monitor *monitor = request->door->monitor;
    struct json_writer *json = &request->json;
    json_field_int(json, "max_connections", options->max_connections);
    if (options->max_subscriptions > 0)
        json_field_int(json, "max_subscriptions", options->max_subscriptions);
    json_field_int(json, "ping_interval", options->ping_interval_ms * NS_PER_MS);
    json_field_int(json, "ping_max", options->ping_max);
    json_field_text(json, "http_host", monitor == NULL ? "" : monitor->address.host);
    json_field_int(json, "http_port", monitor == NULL ? 0 : monitor->address.port);
    json_field_text(json, "http_base_path", "");
    json_field_int(json, "https_port", 0);
    write_seconds(json, "auth_timeout", request->door->site.access->auth_timeout_ms);
    json_field_int(json, "max_control_line", options->max_control_line);
    json_field_int(json, "max_payload", options->max_payload);
    json_field_int(json, "max_pending", options->max_pending);
}

// What one server without these has to say about them.
static void write_absent(struct json_writer *json)
{
    static const char *const names[] = { "cluster", "gateway", "leaf", "mqtt", "websocket", "jetstream" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        json_key(json, names[i]);
        json_object_begin(json);
        json_object_end(json);
    }
}

// Percent of one core since the last look.
static double cpu_percent(struct nats_door *door, uint64_t cpu_ns)
{
    int64_t now_ns = clock_mono_ns();
    int64_t passed_ns = now_ns - door->cpu_at_ns;
    if (passed_ns < CPU_PERIOD_NS)
        return door->cpu_percent;
    if (door->cpu_at_ns != 0)
        door->cpu_percent = (double)(int64_t)((double)(cpu_ns - door->cpu_ns) * 1000 / (double)passed_ns) / 10;
    door->cpu_ns = cpu_ns;
    door->cpu_at_ns = now_ns;
    return door->cpu_percent;
}

static void write_process(struct nats_request *request)
{
    struct nats_door *door = request->door;
    struct json_writer *json = &request->json;
    uint64_t resident_size, cpu_ns;
    char text[NATS_TIME_SIZE];
    system_load_read(&resident_size, &cpu_ns);
    const struct nats_access *access = door->site.access;
    write_seconds(json, "tls_timeout", access->tls == NULL ? TLS_HANDSHAKE_TIMEOUT_MS : access->tls_timeout_ms);
    json_field_int(json, "write_deadline", door->options.write_deadline_ms * NS_PER_MS);
    nats_page_time(request, "start", door->group->start_ms);
    nats_page_time(request, "now", request->now_ms);
    json_field_text(json, "uptime", nats_uptime_text(request->now_ms - door->group->start_ms, text));
    json_field_int(json, "mem", (int64_t)resident_size);
    json_field_int(json, "cores", system_cpu_count());
    json_field_int(json, "gomaxprocs", system_cpu_count());
    json_key(json, "cpu");
    json_double(json, cpu_percent(door, cpu_ns));
}

#define OF(member) offsetof(struct nats_metrics, member)

static void write_counts(struct nats_request *request)
{
    static const struct {
        const char *name;
        size_t of;
    } rows[] = {
        { "routes", SIZE_MAX }, // there are none
        { "remotes", SIZE_MAX },
        { "leafnodes", SIZE_MAX },
        { "in_msgs", OF(in_msgs) },
        { "in_bytes", OF(in_bytes) },
        { "in_client_msgs", OF(in_msgs) },
        { "in_client_bytes", OF(in_bytes) },
        { "out_msgs", OF(out_msgs) },
        { "out_bytes", OF(out_bytes) },
        { "out_client_msgs", OF(out_msgs) },
        { "out_client_bytes", OF(out_bytes) },
        { "slow_consumers", OF(slow_consumers) },
        { "stale_connections", OF(stale_connections) },
        { "stalled_clients", OF(stalled_clients) },
        { "subscriptions", OF(subscriptions) },
    };
    const struct nats_group *group = request->door->group;
    json_field_int(&request->json, "connections", gauge_get(&group->connections));
    json_field_int(&request->json, "total_connections", gauge_get(&group->total_connections));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        json_field_int(&request->json, rows[i].name, rows[i].of == SIZE_MAX ? 0 : nats_group_sum(group, rows[i].of));
}

static void write_asked(struct nats_request *request)
{
    const struct nats_monitor *monitor = request->door->monitor;
    struct json_writer *json = &request->json;
    json_key(json, "http_req_stats");
    json_object_begin(json);
    for (size_t i = 0; monitor != NULL && i < NATS_PAGE_COUNT; i++)
        if (monitor->asked[i] > 0)
            json_field_int(json, nats_page_path(i), (int64_t)monitor->asked[i]);
    json_object_end(json);
}

static void write_kinds(struct json_writer *json, const char *name, int64_t clients)
{
    json_key(json, name);
    json_object_begin(json);
    json_field_int(json, "clients", clients);
    json_field_int(json, "routes", 0);
    json_field_int(json, "gateways", 0);
    json_field_int(json, "leafs", 0);
    json_object_end(json);
}

// nats-server lets few streams write at the same time and counts who waits; here nobody waits for that.
static void write_disk_waits(struct json_writer *json)
{
    static const char *const names[] = { "waiters", "waits", "wait_time", "max_wait_time" };
    json_key(json, "disk_io_wait_stats");
    json_object_begin(json);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        json_field_int(json, names[i], 0);
    json_object_end(json);
}

void nats_page_varz(struct nats_request *request)
{
    struct json_writer *json = &request->json;
    const struct nats_group *group = request->door->group;
    json_object_begin(json);
    write_identity(request);
    write_limits(request);
    write_absent(json);
    write_process(request);
    write_counts(request);
    write_asked(request);
    nats_page_time(request, "config_load_time", request->door->config_ms);
    json_field_text(json, "config_digest", "");
    json_field_bytes(json, "system_account", nats_page_system_account(request));
    write_kinds(json, "slow_consumer_stats", nats_group_sum(group, OF(slow_consumers)));
    write_kinds(json, "stale_connection_stats", nats_group_sum(group, OF(stale_connections)));
    write_disk_waits(json);
    json_object_end(json);
}
