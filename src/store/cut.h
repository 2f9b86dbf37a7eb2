// SPDX-License-Identifier: Apache-2.0
// The disk was full before a commit could be written: what is not durable is taken back, its callers get ERR_NO_SPACE,
// and the partition goes on from its durable end.
#pragma once

struct partition;

// Owner loop; no write of the partition is in flight.
void partition_cut(struct partition *partition);
