// SPDX-License-Identifier: Apache-2.0
// Which partition a key belongs to: the murmur2 hash that Java's clients use, so that eddy produce and a Java producer
// agree.
#pragma once

#include "base/bytes.h"

// Kafka's 32-bit murmur2 (Utils.murmur2).
uint32_t partitioner_murmur2(bytes_t key);
// In [0, count); count > 0.
int32_t partitioner_of_key(bytes_t key, int32_t count);
