// SPDX-License-Identifier: Apache-2.0
// eddy watch
#pragma once

#include "cli/cli.h"

enum cli_exit cli_watch(int count, const char *const *texts);
