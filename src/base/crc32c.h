// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli) as Kafka, iSCSI (RFC 3720 B.4) and ext4 use it: "123456789" gives 0xE3069283.
#pragma once

#include "base/bytes.h"

// SEED is 0 to start, or the result over the bytes before: crc32c(crc32c(0, a), b) is the CRC of a and b joined.
uint32_t crc32c(uint32_t seed, bytes_t bytes);
