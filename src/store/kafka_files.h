// SPDX-License-Identifier: Apache-2.0
// Kafka's checkpoint files of a data folder, for its tools and for a broker that takes the folder over: written at a
// clean stop. The truth is in the checkpoint slots (slot.h).
#pragma once

#include "base/err.h"

struct store;

// On a disk thread, when nothing changes any more: recovery-point-, log-start- and replication-offset-checkpoint.
err_t kafka_files_write(const struct store *store) MUST_CHECK;
