// SPDX-License-Identifier: Apache-2.0
// What names of topics may be. Pure.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum { TOPIC_NAME_MAX = 249 };

// Kafka's rule: 1 to 249 of [a-zA-Z0-9._-], not "." or "..". DIAG (may be NULL) gets Kafka's sentence.
err_t topic_name_check(bytes_t name, diag_t *diag) MUST_CHECK;
