// SPDX-License-Identifier: Apache-2.0
// Records of a topic as commands read and write them, on a cluster.
#pragma once

#include "base/batch.h"
#include "cli/cluster.h"

// Reads a topic from given positions on. Set the fields, then call cli_records_read.
struct cli_reader {
    struct cluster *cluster;
    const struct cluster_topic *topic;
    int64_t *positions;  // by the partition's index: the next offset; moves on
    const int64_t *ends; // by the partition's index: where to stop; NULL: wait for more
    // Each record, in the order of its partition; views are valid during the call. False: stop. AT is the partition's
    // index.
    bool (*on_record)(struct cli_reader *reader, size_t at, const struct batch_header *batch,
                      const struct record *record);
    // After each answer: false stops. May be NULL.
    bool (*on_round)(struct cli_reader *reader);
    void *owner;
    diag_t *diag;
    // private
    struct writer room;
    bool is_done;
    err_t err;
};

// Until the ends are reached or a callback stops it. The errors of cluster_call; ERR_INVALID: what a partition's leader
// refused; of batches that cannot be read: those of batch_records.
err_t cli_records_read(struct cli_reader *reader) MUST_CHECK;

// Appends a batch to the partition with index AT and waits until it is durable on all copies (ACKS -1) or on the leader
// (1). ERR_INVALID: it was refused, and is not stored; ERR_RESET, ERR_CLOSED, ERR_TIMEOUT: nobody knows.
err_t cli_batch_send(struct cluster *cluster, const struct cluster_topic *topic, size_t at, const struct slice *batch,
                     int16_t acks, int64_t *ret_base_offset, diag_t *diag) MUST_CHECK;
