// SPDX-License-Identifier: Apache-2.0
// The syntax of RFC 3986: which texts are URI references. Nothing is resolved or normalized.
#pragma once

#include "base/bytes.h"

// RFC 3986 4.1. The empty text is one, too.
bool uri_reference_is_valid(bytes_t text);
// A reference that has a scheme. A fragment is allowed: the schemas that people name have them.
bool uri_is_absolute(bytes_t text);
