// SPDX-License-Identifier: Apache-2.0
// A name for some bytes: their SHA-256 as text, or MD5 where others have named things by it. And a seal on them:
// HMAC-SHA256.
#pragma once

#include "base/bytes.h"

enum { DIGEST_TEXT_SIZE = 65, DIGEST_SIZE = 32, DIGEST_MD5_TEXT_SIZE = 33 };

// 64 hexadecimal digits, terminated. Returns RET_TEXT.
const char *digest_sha256(bytes_t bytes, char ret_text[DIGEST_TEXT_SIZE]);
// 32 of them. No protection against anybody: two texts with one MD5 are easily made.
const char *digest_md5(bytes_t bytes, char ret_text[DIGEST_MD5_TEXT_SIZE]);
// What only those who have KEY can make of BYTES (RFC 2104).
void digest_hmac_sha256(bytes_t key, bytes_t bytes, uint8_t ret_digest[DIGEST_SIZE]);
// Takes as long for a wrong one as for a right one.
bool digest_equal(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE]);
