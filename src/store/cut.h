// SPDX-License-Identifier: Apache-2.0
// The disk was full before a commit could be written: what is not durable is taken back, and the partition goes on from
// its durable end. Then its callers get ERR_NO_SPACE: what was refused does not come back with a power loss.
#pragma once

struct partition;

// Owner loop; no write of the partition is in flight.
void partition_cut(struct partition *partition);
