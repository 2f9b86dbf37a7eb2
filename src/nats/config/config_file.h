// SPDX-License-Identifier: Apache-2.0
// The configuration file on the disk: conf.h's callbacks on io/. Before the loops run, for it waits for the disk.
#pragma once

#include "nats/config/config.h"

// Reads the file over what stands in CONFIG, with the files that it includes. ENVIRONMENT: NAME=VALUE texts, ended by
// NULL. What nats_config_read returns, or what reading the file did. RET_TEXT, the file's content on ARENA, may be
// NULL.
err_t nats_config_load(const char *path, const char *const *environment, struct arena *arena,
                       struct nats_config *config, bytes_t *ret_text, diag_t *diag) MUST_CHECK;
