// SPDX-License-Identifier: Apache-2.0
// eddy consume TOPIC
#pragma once

#include "cli/cli.h"

enum cli_exit cli_consume(int count, const char *const *texts);
