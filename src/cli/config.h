// SPDX-License-Identifier: Apache-2.0
// `eddy config`: what `eddy serve` would run with, and why.
#pragma once

#include "cli/cli.h"

enum cli_exit cli_config(int count, const char *const *texts);
