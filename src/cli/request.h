// SPDX-License-Identifier: Apache-2.0
// eddy request
#pragma once

#include "cli/cli.h"

enum cli_exit cli_request(int count, const char *const *texts);
