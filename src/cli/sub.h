// SPDX-License-Identifier: Apache-2.0
// eddy sub
#pragma once

#include "cli/cli.h"

enum cli_exit cli_sub(int count, const char *const *texts);
