// SPDX-License-Identifier: Apache-2.0
// Lease: who leads, and until when.
#include "kube/builtin/builtin.h"
#include "kube/embed.h"

EMBED(lease_definition, "lease");

const struct kind_rules lease_rules = {
    .definition = lease_definition,
    .no_generation = true,
};
