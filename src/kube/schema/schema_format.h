// SPDX-License-Identifier: Apache-2.0
// `format` of strings, those that the Kubernetes API checks in custom resources (k8s.io/kube-openapi, strfmt). Others,
// int32 and int64 among them, say something to readers only.
#pragma once

#include "base/bytes.h"

typedef bool schema_format_check(bytes_t text);

// Dashes in names do not count ("date-time" is "datetime"). NULL: a format that is not checked.
schema_format_check *schema_format_find(bytes_t name);

// RFC 3339 5.6, seconds up to 59: times in metadata.
schema_format_check schema_format_date_time;
