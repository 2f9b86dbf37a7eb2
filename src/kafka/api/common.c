// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/common.h"

#include "base/assert.h"

// The fields that hold these structs carry the versions.
// clang-format off
#define ROW struct kafka_leader_id_and_epoch
static const struct kafka_field kafka_leader_id_and_epoch_fields[] = {
    /* name           type         min max  null   tag   default place */
    { "LeaderId",     KAFKA_INT32, 0,  ANY, NEVER, NONE, -1,     AT(leader_id) },
    { "LeaderEpoch",  KAFKA_INT32, 0,  ANY, NEVER, NONE, -1,     AT(leader_epoch) },
};
KAFKA_SCHEMA(kafka_leader_id_and_epoch, "LeaderIdAndEpoch");
#undef ROW

#define ROW struct kafka_node_endpoint
static const struct kafka_field kafka_node_endpoint_fields[] = {
    /* name     type          min max  null   tag   default place */
    { "NodeId", KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(node_id) },
    { "Host",   KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(host) },
    { "Port",   KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(port) },
    { "Rack",   KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(rack) },
};
KAFKA_SCHEMA(kafka_node_endpoint, "NodeEndpoint");
#undef ROW
// clang-format on
