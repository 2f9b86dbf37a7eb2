// SPDX-License-Identifier: Apache-2.0
#include "observe/process.h"

#include "base/assert.h"
#include "base/version.h"
#include "io/system.h"
#include "observe/exposition.h"

static double resident(const struct system_usage *usage)
{
    return (double)usage->resident_size;
}

static double cpu(const struct system_usage *usage)
{
    return (double)usage->cpu_ns / 1e9;
}

static double open_files(const struct system_usage *usage)
{
    return (double)usage->open_files;
}

static double max_files(const struct system_usage *usage)
{
    return (double)usage->max_files;
}

static double start(const struct system_usage *usage)
{
    return (double)usage->started_wall_ms / 1e3;
}

static const struct process_row {
    const char *name, *help;
    enum metric_type type;
    double (*value)(const struct system_usage *usage);
} rows[] = {
    { "process_resident_memory_bytes", "Resident memory size in bytes.", METRIC_GAUGE, resident },
    { "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", METRIC_COUNTER, cpu },
    { "process_open_fds", "Number of open file descriptors.", METRIC_GAUGE, open_files },
    { "process_max_fds", "Maximum number of open file descriptors.", METRIC_GAUGE, max_files },
    { "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", METRIC_GAUGE, start },
};

static void collect(struct collector *collector, struct scraper *scraper, struct writer *out)
{
    (void)collector;
    struct system_usage usage;
    system_usage_read(&usage);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        exposition_family(out, rows[i].name, rows[i].help, rows[i].type);
        writer_format(out, "%s ", rows[i].name);
        exposition_number(out, rows[i].value(&usage));
        writer_u8(out, '\n');
    }
    exposition_family(out, "eddy_build_info", "The version that runs; always 1.", METRIC_GAUGE);
    writer_text(out, "eddy_build_info{version=\"" EDDY_VERSION "\"} 1\n");
    scraper_collected(scraper);
}

void process_collector_init(struct process_collector *process)
{
    *process = (struct process_collector){ .collector.collect = collect };
}
