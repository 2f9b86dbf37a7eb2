// SPDX-License-Identifier: Apache-2.0
// The small text files of the data folder: `format`, Kafka's meta.properties and partition.metadata. Synchronous.
#pragma once

#include "base/err.h"
#include "base/writer.h"
#include "store/topic.h"

enum { META_FORMAT_VERSION = 1, META_ID_TEXT_SIZE = 22 };

// Kafka's text of an id: base64url without padding, 22 characters and a terminator.
void meta_id_format(const struct topic_id *id, char to[META_ID_TEXT_SIZE + 1]);
bool meta_id_parse(bytes_t text, struct topic_id *ret_id);

// Checks or makes `format`. ERR_UNSUPPORTED: a newer version wrote it.
err_t meta_format_open(const char *folder, diag_t *diag) MUST_CHECK;
// Reads or makes meta.properties; the cluster id is terminated, of at most SIZE - 1 characters.
err_t meta_cluster_open(const char *folder, char *ret_cluster_id, size_t size, diag_t *diag) MUST_CHECK;
// Of a partition folder. ERR_NOT_FOUND, ERR_MALFORMED.
err_t meta_partition_read(const char *folder, struct topic_id *ret_id) MUST_CHECK;
// Into a folder that nobody needs yet: not atomic, and durable only with SYNC, so it costs one flush or none.
err_t meta_partition_write_new(const char *folder, const struct topic_id *id, bool sync) MUST_CHECK;
// "<topic>-<number>" taken apart; false when it is not the name of a partition folder.
bool meta_partition_name(bytes_t name, bytes_t *ret_topic, int32_t *ret_number);
