// SPDX-License-Identifier: Apache-2.0
// eddy describe
#pragma once

#include "cli/cli.h"

enum cli_exit cli_describe(int count, const char *const *texts);
