// SPDX-License-Identifier: Apache-2.0
// eddy delete
#pragma once

#include "cli/cli.h"

enum cli_exit cli_delete(int count, const char *const *texts);
