// SPDX-License-Identifier: Apache-2.0
// eddy reply
#pragma once

#include "cli/cli.h"

enum cli_exit cli_reply(int count, const char *const *texts);
