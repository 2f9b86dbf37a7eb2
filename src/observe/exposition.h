// SPDX-License-Identifier: Apache-2.0
// Prometheus text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): what base/metric.h holds, and the
// few calls that collectors need to write families of their own.
#pragma once

#include "base/metric.h"
#include "base/writer.h"

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

// All sets of the registry. On the registry's loop.
void exposition_registry(const struct metric_registry *registry, struct writer *out);

// "# HELP" and "# TYPE" lines; all samples of the name follow before the next family.
void exposition_family(struct writer *out, const char *name, const char *help, enum metric_type type);
// KEY="VALUE" with VALUE escaped; a comma first when AND.
void exposition_label(struct writer *out, bool and, const char *key, bytes_t value);
// The samples of SAMPLE->histogram, in the unit of its row.
void exposition_histogram(struct writer *out, const struct metric_sample *sample);
// The shortest text that reads back as the same number.
void exposition_number(struct writer *out, double value);
