// SPDX-License-Identifier: Apache-2.0
// A kind, or a field of it, as `kubectl explain` explains it by the OpenAPI v3 document of its version. Pure.
#pragma once

#include "base/json.h"
#include "base/writer.h"

struct explain {
    const struct json_value *document; // OpenAPI v3
    bytes_t group, version, kind;
    const char *const *path; // fields, from the object on
    size_t path_size;
    bool recursive; // fields of fields, without their descriptions
};

// ERR_NOT_FOUND: the document does not know the kind, or there is no such field; DIAG names the nearest. Nothing is
// written then.
err_t explain_text(const struct explain *explain, struct writer *out, diag_t *diag) MUST_CHECK;
