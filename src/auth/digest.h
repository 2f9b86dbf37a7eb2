// SPDX-License-Identifier: Apache-2.0
// A name for some bytes: their SHA-256 as text.
#pragma once

#include "base/bytes.h"

enum { DIGEST_TEXT_SIZE = 65 };

// 64 hexadecimal digits, terminated. Returns RET_TEXT.
const char *digest_sha256(bytes_t bytes, char ret_text[DIGEST_TEXT_SIZE]);
