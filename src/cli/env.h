// SPDX-License-Identifier: Apache-2.0
// eddy env
#pragma once

#include "cli/cli.h"

enum cli_exit cli_env(int count, const char *const *texts);
