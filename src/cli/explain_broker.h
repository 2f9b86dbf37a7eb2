// SPDX-License-Identifier: Apache-2.0
// eddy explain --broker
#pragma once

#include "cli/cli.h"

// Whether the command line asks for that, and not for a kind of resource.
bool cli_explains_broker(int count, const char *const *texts);
// A flag of that, without --broker; NULL: none.
const char *cli_explain_misses_broker(int count, const char *const *texts);
enum cli_exit cli_explain_broker(int count, const char *const *texts);
