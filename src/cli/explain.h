// SPDX-License-Identifier: Apache-2.0
// eddy explain
#pragma once

#include "cli/cli.h"

enum cli_exit cli_explain(int count, const char *const *texts);
