// SPDX-License-Identifier: Apache-2.0
// OpenAPI documents of version 2 as protocol buffers (gnostic's openapi.v2.Document): the one form in which kubectl up
// to 1.28 takes /openapi/v2. Pure.
#pragma once

#include "base/json.h"
#include "base/writer.h"

// DOCUMENT is an OpenAPI v2 document (swagger "2.0"). What the messages have no field for, and what has another type
// than they expect, is left out: definitions, paths, their operations, parameters and answers, schemas, and extensions
// (x-...) go along; security, examples and files do not.
void openapi_v2_write(struct writer *out, const struct json_value *document);
