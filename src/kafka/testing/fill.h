// SPDX-License-Identifier: Apache-2.0
// For tests and the fuzz corpus: fills a message with values that differ from the defaults, and compares two messages,
// by their tables.
#pragma once

#include "kafka/schema.h"

// Fills every field that VERSION carries. Values follow from *SEED, which moves on. Records become ARENA bytes.
void kafka_fill(const struct kafka_schema *schema, int version, uint64_t *seed, struct arena *arena, void *out);
// NULL if the fields that VERSION carries are equal, else the name of one that is not.
const char *kafka_difference(const struct kafka_schema *schema, int version, const void *a, const void *b);
