// SPDX-License-Identifier: Apache-2.0
// eddy pub
#pragma once

#include "cli/cli.h"

enum cli_exit cli_pub(int count, const char *const *texts);
