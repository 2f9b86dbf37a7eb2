// SPDX-License-Identifier: Apache-2.0
// eddy version
#pragma once

#include "cli/cli.h"

enum cli_exit cli_version(int count, const char *const *texts);
