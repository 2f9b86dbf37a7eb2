// SPDX-License-Identifier: Apache-2.0
// eddy apply
#pragma once

#include "cli/cli.h"

enum cli_exit cli_apply(int count, const char *const *texts);
