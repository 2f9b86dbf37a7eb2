// SPDX-License-Identifier: Apache-2.0
// Bodies in Kubernetes' protocol buffers (application/vnd.kubernetes.protobuf), which newer kubectl sends for built-in
// kinds, as JSON trees. Pure. There are no messages compiled in: the schema of a kind says with extensions which field
// has which number.
//   x-eddy-protobuf: 3               the field's number; [2, 1]: it is number 1 of message 2, whose members stand in
//                                    JSON where that message would be
//   x-eddy-protobuf-optional: true   zero is a value, not nothing (Go has a pointer there)
//   x-eddy-protobuf-type: Quantity   what type and format do not tell: Quantity, MicroTime,
//                                    FieldsV1, bytes (base64 in JSON)
// Sources: apimachinery's runtime/serializer/protobuf (the envelope), the generated.proto files of k8s.io/api.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define PROTO_MEDIA_TYPE "application/vnd.kubernetes.protobuf"

enum {
    PROTO_DEPTH_MAX = 32,      // messages in messages
    PROTO_VALUES_MAX = 200000, // of the tree
};

// BODY is magic, envelope and message; SCHEMA is the openAPIV3Schema of the kind, where metadata need not be described.
// Fields that the schema has no number for are skipped. The tree has apiVersion and kind of the envelope, and lives in
// the arena; its texts are views of BODY. A SCHEMA without any numbers (or NULL) is ERR_UNSUPPORTED. Zeros are left
// out, as in the JSON of Kubernetes' own types. ERR_MALFORMED, ERR_TOO_LARGE, ERR_UNSUPPORTED: DIAG says where and why.
err_t proto_read(bytes_t body, const struct json_value *schema, struct arena *arena, struct json_value **ret_object,
                 diag_t *diag) MUST_CHECK;

// The schema of DeleteOptions (meta/v1), for the bodies of deletions; made in the arena.
const struct json_value *proto_delete_options(struct arena *arena) __attribute__((returns_nonnull));
// A schema out of a text of eddy's own, YAML or JSON.
const struct json_value *proto_schema(const char *text, struct arena *arena) __attribute__((returns_nonnull));
