// SPDX-License-Identifier: Apache-2.0
// Topics and offsets as several commands look them up.
#pragma once

#include "cli/cluster.h"

enum { CLI_REQUEST_TIMEOUT_MS = 30000 };
enum { CLI_LATEST = -1, CLI_EARLIEST = -2 };

// One topic with valid partitions. ERR_NOT_FOUND with the cluster's sentence otherwise. CREATE as in cluster_topics.
err_t cli_topic_find(struct cluster *cluster, const char *name, bool create, struct arena *arena,
                     struct cluster_topic **ret_topic, diag_t *diag) MUST_CHECK;

// Whether TOPIC has it (below 0: none is asked for); FLAG is what asks. ERR_OUT_OF_RANGE.
err_t cli_partition_check(const struct cluster_topic *topic, int64_t partition, const char *flag,
                          diag_t *diag) MUST_CHECK;

// A place as people name it: earliest, latest, an offset, or a time. RET_NUMBER is the offset, or what cli_offsets_find
// takes. ERR_INVALID: the diag says what FLAG expects.
err_t cli_where_parse(const char *flag, const char *text, int64_t *ret_number, bool *ret_is_offset,
                      diag_t *diag) MUST_CHECK;

// For each partition of TOPIC (by its index in the array) the offset at TIMESTAMP: CLI_EARLIEST, CLI_LATEST, or the
// first record at or after a time in Unix milliseconds (the end when there is none).
err_t cli_offsets_find(struct cluster *cluster, const struct cluster_topic *topic, int64_t timestamp,
                       int64_t *ret_offsets, diag_t *diag) MUST_CHECK;
