// SPDX-License-Identifier: Apache-2.0
// `eddy serve`: options, then app/app.h.
#pragma once

#include "cli/cli.h"

enum cli_exit cli_serve(int count, const char *const *texts);
