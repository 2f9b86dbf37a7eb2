// SPDX-License-Identifier: Apache-2.0
#include "kafka/api.h"

#include "base/assert.h"
#include "kafka/api/alter_configs.h"
#include "kafka/api/alter_partition_reassignments.h"
#include "kafka/api/api_versions.h"
#include "kafka/api/consumer_group_describe.h"
#include "kafka/api/create_partitions.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/delete_groups.h"
#include "kafka/api/delete_records.h"
#include "kafka/api/delete_topics.h"
#include "kafka/api/describe_cluster.h"
#include "kafka/api/describe_configs.h"
#include "kafka/api/describe_groups.h"
#include "kafka/api/describe_log_dirs.h"
#include "kafka/api/describe_producers.h"
#include "kafka/api/describe_quorum.h"
#include "kafka/api/describe_topic_partitions.h"
#include "kafka/api/elect_leaders.h"
#include "kafka/api/fetch.h"
#include "kafka/api/find_coordinator.h"
#include "kafka/api/heartbeat.h"
#include "kafka/api/incremental_alter_configs.h"
#include "kafka/api/init_producer_id.h"
#include "kafka/api/join_group.h"
#include "kafka/api/leave_group.h"
#include "kafka/api/list_config_resources.h"
#include "kafka/api/list_groups.h"
#include "kafka/api/list_offsets.h"
#include "kafka/api/list_partition_reassignments.h"
#include "kafka/api/metadata.h"
#include "kafka/api/offset_commit.h"
#include "kafka/api/offset_delete.h"
#include "kafka/api/offset_fetch.h"
#include "kafka/api/offset_for_leader_epoch.h"
#include "kafka/api/produce.h"
#include "kafka/api/sync_group.h"

// clang-format off
const struct kafka_api *const kafka_apis[] = {
    &kafka_produce_api,
    &kafka_fetch_api,
    &kafka_list_offsets_api,
    &kafka_metadata_api,
    &kafka_offset_commit_api,
    &kafka_offset_fetch_api,
    &kafka_find_coordinator_api,
    &kafka_join_group_api,
    &kafka_heartbeat_api,
    &kafka_leave_group_api,
    &kafka_sync_group_api,
    &kafka_describe_groups_api,
    &kafka_list_groups_api,
    &kafka_api_versions_api,
    &kafka_create_topics_api,
    &kafka_delete_topics_api,
    &kafka_delete_records_api,
    &kafka_init_producer_id_api,
    &kafka_offset_for_leader_epoch_api,
    &kafka_describe_configs_api,
    &kafka_alter_configs_api,
    &kafka_describe_log_dirs_api,
    &kafka_create_partitions_api,
    &kafka_delete_groups_api,
    &kafka_elect_leaders_api,
    &kafka_incremental_alter_configs_api,
    &kafka_alter_partition_reassignments_api,
    &kafka_list_partition_reassignments_api,
    &kafka_offset_delete_api,
    &kafka_describe_quorum_api,
    &kafka_describe_cluster_api,
    &kafka_describe_producers_api,
    &kafka_list_config_resources_api,
    &kafka_describe_topic_partitions_api,

    &kafka_consumer_group_describe_api,
};
// clang-format on
enum { ASKED_COUNT = 1 };
const size_t kafka_known_api_count = ARRAY_COUNT(kafka_apis);
const size_t kafka_api_count = ARRAY_COUNT(kafka_apis) - ASKED_COUNT;

const struct kafka_api *kafka_api_find(int16_t key)
{
    for (size_t i = 0; i < kafka_api_count; i++)
        if (kafka_apis[i]->key == key)
            return kafka_apis[i];
    return NULL;
}

void kafka_request_header_decode(struct reader *reader, struct kafka_request_header *ret_header)
{
    *ret_header = (struct kafka_request_header){
        .api_key = reader_i16(reader),
        .api_version = reader_i16(reader),
    };
    ret_header->correlation_id = reader_i32(reader);
    int16_t size = reader_i16(reader);
    if (size >= 0)
        ret_header->client_id = reader_bytes(reader, (size_t)size);
    const struct kafka_api *api = kafka_api_find(ret_header->api_key);
    if (api != NULL && kafka_api_is_flexible(api, ret_header->api_version))
        kafka_skip_tags(reader);
}

void kafka_request_header_encode(const struct kafka_api *api, const struct kafka_request_header *header,
                                 struct kafka_frame *frame)
{
    struct writer *w = &frame->writer;
    writer_i16(w, api->key);
    writer_i16(w, header->api_version);
    writer_i32(w, header->correlation_id);
    ASSERT(header->client_id.size <= INT16_MAX);
    writer_i16(w, header->client_id.data == NULL ? (int16_t)-1 : (int16_t)header->client_id.size);
    writer_bytes(w, header->client_id);
    if (kafka_api_is_flexible(api, header->api_version))
        writer_u8(w, 0);
}

static bool response_header_has_tags(const struct kafka_api *api, int version)
{
    return api != &kafka_api_versions_api && kafka_api_is_flexible(api, version);
}

void kafka_response_header_encode(const struct kafka_api *api, int version, int32_t correlation_id,
                                  struct kafka_frame *frame)
{
    writer_i32(&frame->writer, correlation_id);
    if (response_header_has_tags(api, version))
        writer_u8(&frame->writer, 0);
}

void kafka_response_header_decode(const struct kafka_api *api, int version, struct reader *reader,
                                  int32_t *ret_correlation_id)
{
    *ret_correlation_id = reader_i32(reader);
    if (response_header_has_tags(api, version))
        kafka_skip_tags(reader);
}
