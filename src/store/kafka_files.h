// SPDX-License-Identifier: Apache-2.0
// Kafka's checkpoint files of a data folder, for its tools and for a broker that takes the folder over: written at a
// clean stop. The truth is in the checkpoint slots (slot.h); where there is none yet, somebody else wrote the folder
// and these files are read.
#pragma once

#include "base/err.h"

#include <stdint.h>

struct store;
struct partition;

// On a disk thread, when nothing changes any more: recovery-point-, log-start- and replication-offset-checkpoint.
err_t kafka_files_write(const struct store *store) MUST_CHECK;

enum kafka_file { KAFKA_RECOVERY_POINT, KAFKA_LOG_START, KAFKA_HIGH_WATERMARK };
// While opening: the offset of a partition in that file; -1 when there is none, or the file cannot be read.
int64_t kafka_files_offset(const struct partition *partition, enum kafka_file file);
// While opening: takes the epochs of the partition's leader-epoch-checkpoint, if it is valid.
void kafka_files_epochs(struct partition *partition);
