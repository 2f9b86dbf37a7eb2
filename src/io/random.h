// SPDX-License-Identifier: Apache-2.0
// Random bytes from the system, or from the seed of the run in the twin. Any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *to, size_t size);
uint64_t random_u64(void);
// Uniform in [0, bound); bound > 0.
uint64_t random_below(uint64_t bound);
