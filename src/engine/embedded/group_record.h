// SPDX-License-Identifier: Apache-2.0
// The record of a group in __consumer_offsets: GroupMetadataKey version 2, GroupMetadataValue version 3 (versions 0 to
// 4 are read). Kafka's tools read it.
#pragma once

#include "base/writer.h"
#include "engine/embedded/group.h"

void group_record_key_write(struct writer *w, bytes_t group_id);
void group_record_value_write(struct writer *w, const struct group *group);
// Makes the group as it was; groups_begin starts the sessions. ERR_UNSUPPORTED: the key of something else, or a newer
// version; ERR_MALFORMED, ERR_TRUNCATED: then there is no group.
err_t group_record_load(struct groups *groups, bytes_t key, bytes_t value) MUST_CHECK;
