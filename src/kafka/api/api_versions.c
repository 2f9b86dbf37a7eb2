// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/api_versions.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_api_versions_request
static const struct kafka_field api_versions_request_fields[] = {
    /* name                    type          min max  null   tag   default place */
    { "ClientSoftwareName",    KAFKA_STRING, 3,  ANY, NEVER, NONE, 0,      AT(client_software_name) },
    { "ClientSoftwareVersion", KAFKA_STRING, 3,  ANY, NEVER, NONE, 0,      AT(client_software_version) },
    { "ClusterId",             KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(cluster_id) },
    { "NodeId",                KAFKA_INT32,  5,  ANY, NEVER, NONE, -1,     AT(node_id) },
};
static KAFKA_SCHEMA(api_versions_request, "ApiVersionsRequest");
#undef ROW

#define ROW struct kafka_api_version
static const struct kafka_field api_version_fields[] = {
    /* name         type         min max  null   tag   default place */
    { "ApiKey",     KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(api_key) },
    { "MinVersion", KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(min_version) },
    { "MaxVersion", KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(max_version) },
};
static KAFKA_SCHEMA(api_version, "ApiVersion");
#undef ROW

#define ROW struct kafka_supported_feature_key
static const struct kafka_field supported_feature_key_fields[] = {
    /* name         type          min max  null   tag   default place */
    { "Name",       KAFKA_STRING, 3,  ANY, NEVER, NONE, 0,      AT(name) },
    { "MinVersion", KAFKA_INT16,  3,  ANY, NEVER, NONE, 0,      AT(min_version) },
    { "MaxVersion", KAFKA_INT16,  3,  ANY, NEVER, NONE, 0,      AT(max_version) },
};
static KAFKA_SCHEMA(supported_feature_key, "SupportedFeatureKey");
#undef ROW

#define ROW struct kafka_finalized_feature_key
static const struct kafka_field finalized_feature_key_fields[] = {
    /* name              type          min max  null   tag   default place */
    { "Name",            KAFKA_STRING, 3,  ANY, NEVER, NONE, 0,      AT(name) },
    { "MaxVersionLevel", KAFKA_INT16,  3,  ANY, NEVER, NONE, 0,      AT(max_version_level) },
    { "MinVersionLevel", KAFKA_INT16,  3,  ANY, NEVER, NONE, 0,      AT(min_version_level) },
};
static KAFKA_SCHEMA(finalized_feature_key, "FinalizedFeatureKey");
#undef ROW

#define ROW struct kafka_api_versions_response
static const struct kafka_field api_versions_response_fields[] = {
    /* name                     type                        min max  null   tag   default place */
    { "ErrorCode",              KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ApiKeys",                KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(api_keys, api_version_schema) },
    { "ThrottleTimeMs",         KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "SupportedFeatures",      KAFKA_ARRAY | KAFKA_STRUCT, 3,  ANY, NEVER, 0,    0,      AT_STRUCT(supported_features, supported_feature_key_schema) },
    { "FinalizedFeaturesEpoch", KAFKA_INT64,                3,  ANY, NEVER, 1,    -1,     AT(finalized_features_epoch) },
    { "FinalizedFeatures",      KAFKA_ARRAY | KAFKA_STRUCT, 3,  ANY, NEVER, 2,    0,      AT_STRUCT(finalized_features, finalized_feature_key_schema) },
    { "ZkMigrationReady",       KAFKA_BOOL,                 3,  ANY, NEVER, 3,    0,      AT(zk_migration_ready) },
};
static KAFKA_SCHEMA(api_versions_response, "ApiVersionsResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_api_versions_api = {
    .key = 18,
    .name = "ApiVersions",
    .min = 0,
    .max = 5,
    .advertised_min = 0,
    .flexible_from = 3,
    .request = &api_versions_request_schema,
    .response = &api_versions_response_schema,
};
