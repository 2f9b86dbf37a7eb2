// SPDX-License-Identifier: Apache-2.0
// The process_... families that every Prometheus client has (prometheus.io/docs/instrumenting/writing_clientlibs), and
// eddy_build_info.
#pragma once

#include "observe/scrape.h"

struct process_collector {
    struct collector collector;
};

void process_collector_init(struct process_collector *process);
