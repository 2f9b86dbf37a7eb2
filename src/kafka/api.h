// SPDX-License-Identifier: Apache-2.0
// What Kafka calls an API: a key, versions, two schemas, and the function that answers it. api/<name>.c defines one,
// api.c lists them. Also the headers that frame every request and response.
#pragma once

#include "kafka/schema.h"

struct kafka_call;

struct kafka_api {
    const char *name;
    int16_t key;
    int8_t min, max;       // versions served
    int8_t advertised_min; // lower than min where old clients look at it (Produce)
    int8_t flexible_from;  // first version with compact forms and tagged fields
    bool overlaps;         // may start while earlier requests of its kind are under way (session.h)
    const struct kafka_schema *request, *response;
    void (*handle)(struct kafka_call *call); // NULL: asked of others, not served
};

// All APIs that are served, in order of their keys; behind them those that only our client asks for, up to
// kafka_known_api_count.
extern const struct kafka_api *const kafka_apis[];
extern const size_t kafka_api_count, kafka_known_api_count;

// NULL if the key is not served.
const struct kafka_api *kafka_api_find(int16_t key);

static inline bool kafka_api_is_flexible(const struct kafka_api *api, int version)
{
    return version >= api->flexible_from;
}

// Request header v1, v2 (KIP-482). Version 0 had no client id; no API that is left uses it.
struct kafka_request_header {
    int16_t api_key;
    int16_t api_version;
    int32_t correlation_id;
    bytes_t client_id; // may be null
};

// Reads key and version, then the rest in the form that this API's version has; a key we do not know is read as v1.
void kafka_request_header_decode(struct reader *reader, struct kafka_request_header *ret_header);
void kafka_request_header_encode(const struct kafka_api *api, const struct kafka_request_header *header,
                                 struct kafka_frame *frame);
// ApiVersions always has header v0, so that a client which guessed the version too high can read the answer (KIP-511).
void kafka_response_header_encode(const struct kafka_api *api, int version, int32_t correlation_id,
                                  struct kafka_frame *frame);
void kafka_response_header_decode(const struct kafka_api *api, int version, struct reader *reader,
                                  int32_t *ret_correlation_id);
