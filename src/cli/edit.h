// SPDX-License-Identifier: Apache-2.0
// eddy edit
#pragma once

#include "cli/cli.h"

enum cli_exit cli_edit(int count, const char *const *texts);
