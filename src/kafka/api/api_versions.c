// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/api_versions.h"

#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "store/store.h"

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

static bool is_name_character(uint8_t c, bool is_edge)
{
    bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_word || (!is_edge && (c == '-' || c == '.'));
}

// KIP-511: [a-zA-Z0-9](?:[a-zA-Z0-9\\-.]*[a-zA-Z0-9])?
static bool is_software_name(bytes_t name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_name_character(name.data[i], i == 0 || i + 1 == name.size))
            return false;
    return name.size > 0;
}

static int16_t request_error(const struct kafka_call *call)
{
    const struct kafka_api_versions_request *request = call->request;
    if (call->version >= 3 &&
        (!is_software_name(request->client_software_name) || !is_software_name(request->client_software_version)))
        return KAFKA_INVALID_REQUEST;
    if (call->version < 5)
        return KAFKA_NONE;
    // A client that reached another cluster or broker than it meant starts over (KIP-1242).
    bool is_other_cluster =
        request->cluster_id.data != NULL && !bytes_is(request->cluster_id, store_cluster_id(call->door->store));
    bool is_other_node = request->node_id >= 0 && request->node_id != call->door->options->node_id;
    return is_other_cluster || is_other_node ? KAFKA_REBOOTSTRAP_REQUIRED : KAFKA_NONE;
}

// No features: transaction.version in particular, so that clients keep to the older transaction protocol.
static void handle(struct kafka_call *call)
{
    struct kafka_api_versions_response *response = call->response;
    bool is_known = call->version >= call->api->min && call->version <= call->api->max;
    response->error_code = is_known ? request_error(call) : (int16_t)KAFKA_UNSUPPORTED_VERSION;
    response->api_keys.items = kafka_new(&api_version_schema, kafka_api_count, &call->arena);
    for (size_t i = 0; i < kafka_api_count; i++) {
        const struct kafka_api *api = kafka_apis[i];
        if (response->error_code != KAFKA_NONE && api != call->api)
            continue;
        response->api_keys.items[response->api_keys.count++] = (struct kafka_api_version){
            .api_key = api->key, .min_version = api->advertised_min, .max_version = api->max
        };
    }
    kafka_call_reply_version(call, is_known ? call->version : 0);
}

const struct kafka_api kafka_api_versions_api = {
    .key = 18,
    .name = "ApiVersions",
    .min = 0,
    .max = 5,
    .advertised_min = 0,
    .flexible_from = 3,
    .request = &api_versions_request_schema,
    .response = &api_versions_response_schema,
    .handle = handle,
};
